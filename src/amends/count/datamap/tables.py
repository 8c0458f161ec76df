"""The tables that a map names: are they there, and do they have the columns that it names?"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from amends.count.datamap.errors import NO_COLUMN, NO_TABLE
from amends.count.datamap.model import DataMap
from amends.errors import Code, Finding, Place

MOST_HEADER_BYTES = 1024 * 1024


def table_findings(map: DataMap) -> Iterator[Finding]:
    """Tables that are missing, unreadable, or without a column that the map names (or with two of that name)."""
    for (written, path), wanted in _tables(map).items():
        at = Place(written)
        columns = _columns(path)
        if columns is None:
            yield _finding(NO_TABLE, at, "a CSV file in UTF-8 with a header, or a Parquet file")
            continue
        for name in wanted:
            if columns.count(name) != 1:
                yield _finding(NO_COLUMN, at, f"one column {name}{_beside(name, columns)}")


def _beside(name: str, columns: Sequence[str]) -> str:
    """What stands there instead, in words. Never all of it: the first line of a table without a header is a person's data."""
    if name in columns:
        return f"; it has {columns.count(name)}"
    return "".join(f"; it has {near}" for near in get_close_matches(name, columns, n=1))


def _finding(code: Code, at: Place, expected: str) -> Finding:
    return Finding(code, at, expected, code.next_step)


def _tables(map: DataMap) -> dict[tuple[str, Path], dict[str, None]]:
    """Each table with the columns that the map names of it, in order."""
    tables: dict[tuple[str, Path], dict[str, None]] = {}
    for kind in map.subjects.values():
        if table := kind.population:
            named = (table.id, table.from_column, table.to_column)
            tables.setdefault((table.table, table.path), {}).update(_given(named))
    for join in (rule.join for endpoint in map.endpoints for rule in endpoint.discloses if rule.join):
        tables.setdefault((join.table, join.path), {}).update(_given((join.on, join.give, join.from_column, join.to_column)))
    return tables


def _given(names: Sequence[str | None]) -> dict[str, None]:
    return dict.fromkeys(name for name in names if name is not None)


def _columns(path: Path) -> list[str] | None:
    """A table's column names; None where it cannot be read as one."""
    try:
        if path.suffix == ".parquet":
            return list(pq.read_schema(path).names)
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline(MOST_HEADER_BYTES)
        return next(csv.reader([header], strict=True), None)
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException):
        return None
