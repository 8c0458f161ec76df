"""The exposure: one row per (kind, subject) whose data came back within the misuse, sorted, the same bytes for the same inputs.

Subjects are aggregated range by range in the order of the file, so that memory stays within the engine's limit and the result is
sorted as it is written. Texts are compared by their UTF-8 bytes; a number stands where its digits stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amends.count.scope.chosen import LAYERS, MOST_DIGITS, Ground
from amends.count.scope.disclosures import SEVERAL, kinds_of, plain, tail
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, U64

GROUP_BYTES = 300  # of memory that one row takes while it is aggregated, where each subject has about three; measured
ROW_GROUP_ROWS = 250_000
TENS = 10 ** np.arange(MOST_DIGITS + 1, dtype=np.int64)
SAMPLE = 20_000  # rows that the ranges are cut by
NAME = pa.dictionary(pa.int32(), pa.string())  # few distinct values
TIME = pa.timestamp("us", "UTC")

EXPOSURE_COLUMNS: list[pa.Field[Any]] = [
    pa.field("kind", NAME, nullable=False),
    pa.field("subject", pa.string(), nullable=False),
    pa.field("fields", pa.uint64(), nullable=False),  # confirmed, bit i is field i of the map
    pa.field("fields_possible", pa.uint64(), nullable=False),  # and not confirmed
    pa.field("first", TIME, nullable=False),
    pa.field("last", TIME, nullable=False),
    pa.field("views", pa.int64(), nullable=False),  # answers with a confirmed field
    pa.field("views_possible", pa.int64(), nullable=False),
    pa.field("evidence", pa.struct([pa.field("source", NAME), pa.field("line", pa.uint64())]), nullable=False),
]
EXPOSURE = pa.schema(EXPOSURE_COLUMNS)


@dataclass(frozen=True, slots=True)
class Range:
    """Subjects from `low` (included) to `high` (not included) in the order of the file; None: open.

    `largest` is at least the largest number; None: some ids are texts.
    """

    low: str | None
    high: str | None
    largest: int | None = None

    @property
    def numbers_only(self) -> bool:
        return self.largest is not None

    def sql(self) -> str:
        parts = []
        if self.low is not None:
            parts.append(f"not ({_before(self.low, self.largest)})")
        if self.high is not None:
            parts.append(f"({_before(self.high, self.largest)})")
        return " and ".join(parts) or "true"


def _before(text: str, largest: int | None) -> str:
    """Is the subject (`number`, else `text`) before this one? A limit is of digits: no text of the evidence becomes SQL."""
    limits = []
    most = MOST_DIGITS if largest is None else len(str(largest))
    for digits in range(1, most + 1):
        limit = int(text[:digits]) + (len(text) > digits) if digits <= len(text) else int(text.ljust(digits, "0"))
        low, high = (0 if digits == 1 else 10 ** (digits - 1)), min(limit, 10**digits)
        if low < high:
            limits.append(f"number >= {low} and number < {high}")
    numbers = " or ".join(limits) or "false"
    if largest is not None:
        return numbers
    return f"case when number is not null then {numbers} else text < '{text}' end"


def write_exposure(path: Path, ground: Ground, *, engine: Engine) -> int:
    """Write the exposure of all kinds; how many rows it has. The caller makes the file atomic."""
    rows = 0
    names = ["kind", "evidence.source"]  # few distinct values
    with pq.ParquetWriter(path, EXPOSURE, compression="zstd", use_dictionary=names) as writer:  # type: ignore[arg-type]
        for kind in sorted(ground.map.subjects):
            for part in _subjects(kind, ground, engine=engine):
                if part.num_rows:
                    writer.write_table(part, row_group_size=ROW_GROUP_ROWS)
                    rows += part.num_rows
    return rows


def seen(kind: str, ground: Ground) -> Table:
    """All disclosures of a kind that name their subject: (place, number, text, confirmed, possible, tail)."""
    number = kinds_of(ground)[kind]
    columns = ", ".join(("place", "number", "text", "confirmed", "possible", *tail(ground)))
    selects = [f"select {columns} from ({select})" for select in plain(kind, ground)]
    selects.append(f"select {columns} from {SEVERAL} where kind = {number}")
    return Table(f"({' union all '.join(selects)})")


def _subjects(kind: str, ground: Ground, *, engine: Engine) -> Iterator[pa.Table]:
    """The rows of one kind in order, in tables of full row groups (but for the last): ranges do not show in the file."""
    rows = seen(kind, ground)
    waiting: list[pa.Table] = []
    for part in ranges(rows, engine=engine):
        waiting.append(_finished(kind, engine.table(subjects(rows, part, ground)), ground))
        full = pa.concat_tables(waiting)
        whole = full.num_rows - full.num_rows % ROW_GROUP_ROWS
        yield full.slice(0, whole)
        waiting = [full.slice(whole)]
    yield from waiting


def ranges(rows: Table, *, engine: Engine) -> list[Range]:
    """Ranges of about equal size, as many as memory asks for. Cut at numbers; where there are none, one range (the engine
    spills).
    """
    counted = Query(
        columns={"rows": I64, "numbers": I64, "largest": I64},
        sql=f"select count(*) as rows, count(number) as numbers, max(number) as largest from {rows}",
    )
    count = engine.row(counted)
    parts = int(count["rows"] * GROUP_BYTES // max(engine.memory_bytes, 1)) + 1
    largest = count["largest"] if count["rows"] == count["numbers"] else None
    if parts == 1 or not count["numbers"]:
        return [Range(None, None, largest)]
    every = max(count["numbers"] // SAMPLE, 1)
    sample = Query(
        columns={"subject": TEXT},
        sql=f"""
            select number::VARCHAR as subject from {rows} where number is not null and hash(place) % {every} = 0 order by subject
        """,
    )
    texts = engine.table(sample).column(0).to_pylist()
    cuts = sorted({str(texts[len(texts) * place // parts]) for place in range(1, parts)}) if texts else []
    limits: list[str | None] = [None, *cuts, None]
    return [Range(low, high, largest) for low, high in pairwise(limits)]


def subjects(rows: Table, part: Range, ground: Ground) -> Query:
    """One row per subject of a range, in no order. Confirmed answers decide first, last and evidence where there are any, else
    possible ones: their places carry a bit in front, which decides before the time does.
    """
    places = ground.places
    bit = f"(1::{places.type} << {places.grade_bit})"
    first, last = (f"(({name}) & ({bit} - 1::{places.type}))" for name in ("min_place", "max_place"))
    counts = "count(*) as answers, count(case when confirmed = 0 then 1 end) as maybe"
    views, maybe = "answers", "maybe"
    if ground.has_layers:
        counts, views, maybe = _by_layer()
    # a text in the key makes each group three times as dear, so it is left out where every id is a number
    key, text = ("number", "null::VARCHAR") if part.numbers_only else ("number, text", "text")
    return Query(
        columns={
            "number": I64, "text": TEXT, "fields": U64, "unsure": U64, "first": I64, "last": I64, "answers": I64, "maybe": I64,
            "pointer": U64,
        },
        sql=f"""
            with by_subject as (
                select {key}, bit_or(confirmed) as sure, bit_or(possible) as unsure,
                    min(case when confirmed = 0 then place | {bit} else place end) as min_place,
                    max(case when confirmed = 0 then place else place | {bit} end) as max_place,
                    {counts}
                from {rows}
                where {part.sql()}
                group by {key}
            )
            select number, {text} as text, sure as fields, unsure,
                {places.microseconds_sql(first)} as first, {places.microseconds_sql(last)} as last,
                {views} as answers, {maybe} as maybe, {places.line_sql(first)} as pointer
            from by_subject
        """,
    )  # fmt: skip


def _in_order(rows: pa.Table) -> pa.Table:
    """Sorted by the subject's text; numbers by their digits from the left, a shorter one first, without making texts of them."""
    text = rows.column("text")
    if text.null_count < rows.num_rows:
        subject = pc.coalesce(text, rows.column("number").cast(pa.string()))
        return rows.take(pc.sort_indices(subject))
    number = rows.column("number").to_numpy()
    digits = np.searchsorted(TENS[1:], number, side="right") + 1
    return rows.take(np.argsort(number * TENS[MOST_DIGITS - digits] * 32 + digits))


def _by_layer() -> tuple[str, str, str]:
    """Answers counted in the outermost layer in which the subject was seen."""
    layers = range(len(LAYERS) + 1)
    counts = [f"count(case when layer = {layer} then 1 end) as answers_{layer}" for layer in layers]
    counts += [f"count(case when layer = {layer} and confirmed = 0 then 1 end) as maybe_{layer}" for layer in layers]
    views = " ".join(f"when answers_{layer} > 0 then answers_{layer}" for layer in layers)
    maybe = " ".join(f"when answers_{layer} > 0 then maybe_{layer}" for layer in layers)
    return ", ".join(counts), f"(case {views} end)", f"(case {maybe} end)"


def _finished(kind: str, unordered: pa.Table, ground: Ground) -> pa.Table:
    """The engine's rows as rows of the exposure."""
    rows = _in_order(unordered)
    fields, unsure = (rows.column(name).to_numpy() for name in ("fields", "unsure"))
    index, lines = ground.places.origins(rows.column("pointer").to_numpy().astype(np.uint64))
    sources = pa.DictionaryArray.from_arrays(index.astype(np.int32), pa.array(ground.places.sources, pa.string()))
    evidence = pa.StructArray.from_arrays([sources, pa.array(lines, pa.uint64())], fields=list(EXPOSURE.field("evidence").type))
    columns = {
        "kind": pa.DictionaryArray.from_arrays(np.zeros(rows.num_rows, np.int32), pa.array([kind], pa.string())),
        "subject": pc.coalesce(rows.column("text"), rows.column("number").cast(pa.string())),
        "fields": fields,
        "fields_possible": unsure & ~fields,
        "first": rows.column("first").cast(TIME),
        "last": rows.column("last").cast(TIME),
        "views": pc.subtract(rows.column("answers"), rows.column("maybe")),
        "views_possible": rows.column("maybe"),
        "evidence": evidence,
    }
    return pa.table(columns, schema=EXPOSURE)
