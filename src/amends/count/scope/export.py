"""The exposure as a file for others: one row per subject, CSV or Parquet by the file's ending.

CSV: RFC 4180, UTF-8, a header, LF line ends, every text in quotes. A text that a spreadsheet would take for a formula (it begins
with `=`, `+`, `-`, `@`, a tab or a carriage return) gets an apostrophe in front; Parquet holds every text as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from amends.case import atomic_file, writing
from amends.count.datamap.model import DataMap
from amends.count.scope.errors import BAD_EXPORT
from amends.errors import Place, UsageError

EXPORT_COLUMNS: list[pa.Field[Any]] = [
    pa.field("kind", pa.string()),
    pa.field("subject", pa.string()),
    pa.field("fields", pa.list_(pa.string())),
    pa.field("fields_possible", pa.list_(pa.string())),
    pa.field("first", pa.timestamp("us", "UTC")),
    pa.field("last", pa.timestamp("us", "UTC")),
    pa.field("views", pa.int64()),
    pa.field("grade", pa.string()),
    pa.field("source", pa.string()),
    pa.field("line", pa.uint64()),
]
EXPORT = pa.schema(EXPORT_COLUMNS)
FORMULA = r"^[=+\-@\t\r]"
JOINED_BY = ";"


def check_name(path: Path) -> None:
    """Raises: SCO-008 for a name that ends neither in .csv nor in .parquet."""
    if path.suffix not in (".csv", ".parquet"):
        raise UsageError(BAD_EXPORT, at=Place(str(path)), expected="a name that ends in .csv or .parquet")


def export(exposure: Path, map: DataMap, path: Path) -> int:
    """Write the exposure into a file that others read; how many rows. Row groups are streamed: memory does not grow with them."""
    check_name(path)
    rows = 0
    with writing(path), atomic_file(path) as partial:
        if path.suffix == ".parquet":
            with pq.ParquetWriter(partial, EXPORT, compression="zstd") as writer:
                for table in _tables(exposure, map):
                    writer.write_table(table)
                    rows += table.num_rows
        else:
            with partial.open("wb") as sink, pacsv.CSVWriter(sink, _csv_schema()) as writer:
                for table in _tables(exposure, map):
                    writer.write_table(_as_csv(table))
                    rows += table.num_rows
    return rows


def _tables(exposure: Path, map: DataMap) -> Iterator[pa.Table]:
    """Rows of the export, one table for each row group of the exposure."""
    with pq.ParquetFile(exposure) as file:
        for group in range(file.num_row_groups):
            yield _exported(file.read_row_group(group), map)


def _exported(table: pa.Table, map: DataMap) -> pa.Table:
    fields = table.column("fields").to_numpy()
    maybe = table.column("fields_possible").to_numpy()
    evidence = table.column("evidence").combine_chunks()
    is_sure = pa.array(fields != 0)
    views = pc.if_else(is_sure, table.column("views"), table.column("views_possible"))
    columns = [
        table.column("kind"),
        table.column("subject"),
        _keys(fields, map),
        _keys(maybe, map),
        table.column("first"),
        table.column("last"),
        views,
        pc.if_else(is_sure, "confirmed", "possible"),
        pc.struct_field(evidence, "source"),
        pc.struct_field(evidence, "line"),
    ]
    return pa.table(columns, schema=EXPORT)


def _keys(masks: Any, map: DataMap) -> pa.Array[Any]:
    """The field keys of each mask; few masks are distinct."""
    distinct, index = np.unique(masks, return_inverse=True)
    names = [[key for place, key in enumerate(map.fields) if int(mask) >> place & 1] for mask in distinct]
    return pa.array(names, pa.list_(pa.string())).take(pa.array(index.reshape(-1), pa.int64()))


def _csv_schema() -> pa.Schema:
    lists = {"fields", "fields_possible", "first", "last"}
    return pa.schema([pa.field(column.name, pa.string() if column.name in lists else column.type) for column in EXPORT])


def _as_csv(table: pa.Table) -> pa.Table:
    columns = []
    for column in EXPORT:
        values: Any = table.column(column.name)
        if pa.types.is_list(column.type):
            values = pc.binary_join(values, JOINED_BY)
        elif pa.types.is_timestamp(column.type):
            values = pc.strftime(values, format="%Y-%m-%dT%H:%M:%SZ")
        elif pa.types.is_string(column.type):
            values = guarded(values)
        columns.append(values)
    return pa.table(columns, schema=_csv_schema())


def guarded(texts: Any) -> Any:
    """Texts that no spreadsheet takes for a formula."""
    return pc.if_else(pc.match_substring_regex(texts, FORMULA), pc.binary_join_element_wise("'", texts, ""), texts)
