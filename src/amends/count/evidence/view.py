"""The one view of the events that count: every parsed line but the repeats. No other room opens the files of events."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from amends.case import Case
from amends.count.evidence.errors import NO_EVENTS_FILE
from amends.count.evidence.schema import EVENTS, REJECTS
from amends.count.evidence.sources import events_file, rejects_file, sources
from amends.engine import Query, Table
from amends.engine.query import BOOL, HASH, I64, TEXT, TIME, U16, U64
from amends.errors import InputError, Place

_TYPES = {
    pa.bool_(): BOOL,
    pa.int64(): I64,
    pa.uint16(): U16,
    pa.uint64(): U64,
    pa.string(): TEXT,
    pa.binary(): HASH,
    pa.binary(16): HASH,
}


def duckdb_type(kind: pa.DataType) -> str:
    """The type under which DuckDB reads a column of ours."""
    if pa.types.is_timestamp(kind):
        return TIME
    if pa.types.is_dictionary(kind):
        return duckdb_type(kind.value_type)
    if pa.types.is_map(kind):
        return f"MAP({duckdb_type(kind.key_type)}, {duckdb_type(kind.item_type)})"
    return _TYPES[kind]


EVENT_COLUMNS = {field.name: duckdb_type(field.type) for field in EVENTS}
REJECT_COLUMNS = {field.name: duckdb_type(field.type) for field in REJECTS}


def events_table(case: Case) -> Table:
    """All events that count, with the columns of EVENTS; the case may have no source.

    Cost: only the sources that have repeats are compared with these.
    Raises: EVI-021 within an ingestion, EVI-025 for a lost file.
    """
    known = sources(case)
    plain = [events_file(case, source.sha256) for source in known if not source.repeats]
    repeated = [events_file(case, source.sha256) for source in known if source.repeats]
    return _present(_read(plain), _without_repeats(case, repeated), columns=EVENT_COLUMNS)


def rejects_table(case: Case) -> Table:
    """All rejects, with the columns of REJECTS."""
    return _present(_read(rejects_file(case, source.sha256) for source in sources(case)), columns=REJECT_COLUMNS)


def _read(files: Iterable[Path]) -> Table | None:
    listed = list(files)
    for file in listed:
        if not file.exists():
            raise InputError(NO_EVENTS_FILE, at=Place(str(file)), expected="the file that ingest wrote")
    return Table.parquet(listed) if listed else None


def _without_repeats(case: Case, files: list[Path]) -> Table | None:
    parsed = _read(files)
    if parsed is None:
        return None
    return Table.of(
        Query(
            columns=EVENT_COLUMNS,
            sql=f"""
                select {_listed(EVENT_COLUMNS)}
                from {parsed} as parsed
                where not exists (
                    select 1
                    from {Table.parquet([case.repeats_file])} as repeat
                    where repeat.source = parsed.source and repeat.line = parsed.line
                )
            """,
        )
    )


def _present(*tables: Table | None, columns: dict[str, str]) -> Table:
    """The rows of those tables that are there; none: no rows, under the same columns."""
    parts = [f"select {_listed(columns)} from {table}" for table in tables if table is not None]
    if not parts:
        nothing = ", ".join(f"null::{kind} as {Table.named(name)}" for name, kind in columns.items())
        parts = [f"select {nothing} where false"]
    return Table.of(Query(columns=columns, sql=" union all ".join(parts)))


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(str(Table.named(name)) for name in columns)
