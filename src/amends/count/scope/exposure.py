"""The exposure: one row per (kind, subject) whose data came back within the misuse, sorted, the same bytes for the same inputs.

Subjects are aggregated range by range in the order of the file, so that memory stays within the engine's limit and the result is
sorted as it is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from amends.count.scope.chosen import Ground
from amends.count.scope.disclosures import SEVERAL, kinds_of, plain, tail
from amends.count.scope.new_subjects import NewSubjects
from amends.count.scope.ranges import ranges
from amends.count.scope.subjects import Sorting, Subjects, disclosures, merged
from amends.engine import Engine, Table

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
    "compression": dict.fromkeys(PACKED, "none") | dict.fromkeys(("subject", *REPEATING), "zstd"),
}


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows the exposure has, and by kind the new subjects of each hour, where there is a gap to fill."""

    rows: int
    new: Mapping[str, NewSubjects]


def write_exposure(path: Path, ground: Ground, *, engine: Engine) -> Written:
    """Write the exposure of all kinds. The caller makes the file atomic."""
    rows = 0
    new = {kind: NewSubjects(len(ground.selection.selectors) if ground.for_gaps else 0) for kind in ground.map.subjects}
    with pq.ParquetWriter(path, EXPOSURE, **ENCODED) as writer:
        for kind in sorted(ground.map.subjects):
            for part in _rows(kind, ground, new[kind], engine=engine):
                if part.num_rows:
                    writer.write_table(part, row_group_size=ROW_GROUP_ROWS)
                    rows += part.num_rows
    return Written(rows, new)


def seen(kind: str, ground: Ground) -> Table:
    """All disclosures of a kind that name their subject: (place, number, text, confirmed, possible, tail)."""
    number = kinds_of(ground)[kind]
    columns = ", ".join(("place", "number", "text", "confirmed", "possible", *tail(ground)))
    selects = [f"select {columns} from ({select})" for select in plain(kind, ground)]
    selects.append(f"select {columns} from {SEVERAL} where kind = {number}")
    return Table(f"({' union all '.join(selects)})")


def _rows(kind: str, ground: Ground, new: NewSubjects, *, engine: Engine) -> Iterator[pa.Table]:
    """The rows of one kind in order, in tables of full row groups (but for the last): ranges do not show in the file."""
    rows, sorting = seen(kind, ground), Sorting(ground)
    waiting = EXPOSURE.empty_table()
    for part in ranges(rows, engine=engine):
        for block in sorting.blocks(disclosures(rows, part, ground), part, engine=engine, most=ROW_GROUP_ROWS):
            new.add(block)
            full = pa.concat_tables([waiting, _row_each(kind, merged(block), ground)])
            if full.num_rows >= ROW_GROUP_ROWS:
                yield full.slice(0, ROW_GROUP_ROWS)
            waiting = full.slice(ROW_GROUP_ROWS) if full.num_rows >= ROW_GROUP_ROWS else full
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
