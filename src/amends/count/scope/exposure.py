"""The exposure: one row per (kind, subject) whose data came back within the misuse, sorted, the same bytes for the same inputs.

Subjects are aggregated range by range in the order of the file, so that memory stays within the engine's limit and the result is
sorted as it is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from amends.count.scope.chosen import Ground
from amends.count.scope.days import Days
from amends.count.scope.disclosures import SEVERAL, kinds_of, plain, tail
from amends.count.scope.new_subjects import NewSubjects
from amends.count.scope.numbers import Numbers
from amends.count.scope.ordered import ordered
from amends.count.scope.patterns import Patterns
from amends.count.scope.sift import BATCH_ROWS, Sifted
from amends.count.scope.subjects import Block, Subjects, merged
from amends.count.scope.texts import text_blocks
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, U64

ROW_GROUP_ROWS = 250_000
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
PACKED = ("first", "last", "evidence.line")  # what numbers packed by their differences still hold is noise: no zstd finds more
REPEATING = ("kind", "fields", "fields_possible", "views", "views_possible", "evidence.source")
ENCODED: dict[str, Any] = {
    "use_dictionary": list(REPEATING),
    "column_encoding": dict.fromkeys(PACKED, "DELTA_BINARY_PACKED"),
    "write_statistics": ["subject"],  # by which a reader leaves out row groups; the rest would cost a fifth of the writing
    "compression": dict.fromkeys(PACKED, "none") | dict.fromkeys(("subject", *REPEATING), "zstd"),
}


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows the exposure has; by kind the views by day, and, where there is a gap to fill, the new subjects of each
    hour.
    """

    rows: int
    days: Mapping[str, Days]
    new: Mapping[str, NewSubjects]


def write_exposure(path: Path, ground: Ground, sifted: Sifted, *, engine: Engine) -> Written:
    """Write the exposure of all kinds. The caller makes the file atomic."""
    rows = 0
    days = {kind: Days(sifted.numbers[kind].patterns) for kind in ground.map.subjects}
    new = {kind: NewSubjects(len(ground.selection.selectors) if ground.for_gaps else 0) for kind in ground.map.subjects}
    with pq.ParquetWriter(path, EXPOSURE, **ENCODED) as writer:
        for kind in sorted(ground.map.subjects):
            numbers, texts = _blocks(kind, ground, sifted.numbers[kind], engine=engine)
            parts = [_rows(blocks, kind, ground, days[kind], new[kind]) for blocks in (numbers, texts)]
            for group in _groups(ordered(*parts)):
                writer.write_table(group, row_group_size=ROW_GROUP_ROWS)
                rows += group.num_rows
    return Written(rows, days, new)


def seen(kind: str, ground: Ground) -> Table:
    """All disclosures of a kind that name their subject: (place, number, text, confirmed, possible, tail)."""
    number = kinds_of(ground)[kind]
    columns = ", ".join(("place", "number", "text", "confirmed", "possible", *tail(ground)))
    selects = [f"select {columns} from ({select})" for select in plain(kind, ground)]
    selects.append(f"select {columns} from {SEVERAL} where kind = {number}")
    return Table(f"({' union all '.join(selects)})")


def disclosures(kind: str, ground: Ground, patterns: Patterns, *, subject: str) -> Query:
    """The disclosures of a kind that the engine holds: those whose subject is a number (`number`), in no order, or a text
    (`text`), by its UTF-8 bytes.
    """
    return Query(
        columns={"subject": I64 if subject == "number" else TEXT, **ground.places.carried, **dict.fromkeys(patterns.names, U64)},
        sql=f"""
            select {subject} as subject, {ground.places.carried_sql("place")},
                {", ".join(f"{name}::{U64} as {name}" for name in patterns.names)}
            from {seen(kind, ground)}
            where {subject} is not null
            {"order by subject" if subject == "text" else ""}
        """,
    )


def _blocks(kind: str, ground: Ground, numbers: Numbers, *, engine: Engine) -> tuple[Iterator[Block], Iterator[Block]]:
    """All disclosures of a kind in order: of subjects that are numbers, and of those that are texts."""
    patterns = numbers.patterns
    for batch in engine.batches(disclosures(kind, ground, patterns, subject="number"), rows=BATCH_ROWS):
        standing = {name: batch.column(name).to_numpy().view(np.int64) for name in ground.places.carried}
        own = patterns.numbered({name: batch.column(name) for name in patterns.names})
        numbers.add(batch.column("subject").to_numpy(), standing, own)
    ordered_texts = engine.batches(disclosures(kind, ground, patterns, subject="text"), rows=BATCH_ROWS)
    return numbers.blocks(ROW_GROUP_ROWS), text_blocks(ordered_texts, ground.places, patterns)


def _rows(blocks: Iterator[Block], kind: str, ground: Ground, days: Days, new: NewSubjects) -> Iterator[pa.Table]:
    """The rows of some blocks; their views are counted on the way."""
    for block in blocks:
        days.add(block)
        new.add(block)
        yield _row_each(kind, merged(block), ground)


def _groups(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of full row groups, but for the last: how they were sorted does not show in the file."""
    waiting = EXPOSURE.empty_table()
    for table in tables:
        waiting = pa.concat_tables([waiting, table])
        while waiting.num_rows >= ROW_GROUP_ROWS:
            yield waiting.slice(0, ROW_GROUP_ROWS)
            waiting = waiting.slice(ROW_GROUP_ROWS)
    if waiting.num_rows:
        yield waiting


def _row_each(kind: str, subjects: Subjects, ground: Ground) -> pa.Table:
    """One row of the exposure for each subject."""
    index, lines = ground.places.origins(subjects.pointer)
    sources = pa.DictionaryArray.from_arrays(index.astype("int32"), pa.array(ground.places.sources, pa.string()))
    columns = {
        "kind": pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), len(lines)), pa.array([kind], pa.string())),
        "subject": subjects.names,
        "fields": subjects.confirmed,
        "fields_possible": subjects.possible,
        "first": pa.array(subjects.first).cast(TIME),
        "last": pa.array(subjects.last).cast(TIME),
        "views": subjects.views,
        "views_possible": subjects.views_possible,
        "evidence": pa.StructArray.from_arrays([sources, pa.array(lines)], fields=list(EXPOSURE.field("evidence").type)),
    }
    return pa.table(columns, schema=EXPOSURE)
