"""Joins: tables of the case that turn a key into other ids, with the time at which each row was true (design, section 4).

A row that was true at the event's time, or is immutable, keeps the grade. Where a key has only rows of another time, those make
their subjects `possible`. A table without dates keeps the grade, with a warning. A key without any row names nobody: its answer
is unnamed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from amends.case import sha256_of
from amends.count.datamap.model import Join, Validity
from amends.count.scope.errors import BAD_TABLE
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, quoted_name, quoted_text
from amends.errors import InputError, Place
from amends.units import microseconds

DAY_US = 86_400_000_000
# Nothing of a table's form is guessed: a semicolon in many rows must not make another table of the same bytes.
RFC_4180 = (
    """delim = ',', quote = '"', escape = '"', header = true, skip = 0, comment = '', all_varchar = true, strict_mode = true, """
    "ignore_errors = false, null_padding = false"
)


@dataclass(frozen=True, slots=True)
class Lookup:
    """A joined table in the engine: key, id, and since when until when (microseconds, null: open) the row was true.

    `widest` is the most ids that one key has: what an answer may hold whose key is not known.
    """

    join: Join
    table: Table
    rows: int
    widest: int
    sha256: str


def read_table(path: Path, *, named: str) -> Table:
    """A CSV file (first line: names; all columns as text) or a Parquet file. Raises: SCO-002 where it is missing."""
    if not path.is_file():
        raise InputError(BAD_TABLE, at=Place(named), expected="a file at this path")
    if path.suffix == ".parquet":
        return Table.parquet([path])
    return Table.csv(path, options=RFC_4180)


def demand_columns(table: Table, names: tuple[str, ...], *, named: str, engine: Engine) -> list[str]:
    """The table's columns. Raises: SCO-002 where it cannot be read, or lacks one of these."""
    try:
        present = list(engine.columns(Query(columns={}, sql=f"select * from {table}")))
    except InputError as error:
        raise InputError(BAD_TABLE, at=Place(named), expected="a CSV or Parquet file with a header that can be read") from error
    if missing := [name for name in names if name not in present]:
        raise InputError(BAD_TABLE, at=Place(named), expected=f"the column {missing[0]}")
    return present


def load(join: Join, number: int, *, zone: ZoneInfo, engine: Engine) -> Lookup:
    """The table of one join as `lookup_N(key, id, since, until)`, distinct rows only."""
    table = read_table(join.path, named=join.table)
    dates = tuple(name for name in (join.from_column, join.to_column) if name is not None)
    demand_columns(table, (join.on, join.give, *dates), named=join.table, engine=engine)
    since, until = "null::BIGINT", "null::BIGINT"
    if join.validity is Validity.FROM_TO:
        since = instant_sql(join.from_column, zone=zone)
        until = instant_sql(join.to_column, zone=zone)
    elif join.validity is Validity.AS_OF and join.as_of is not None:
        start = microseconds(join.as_of)
        since, until = f"{start}::BIGINT", f"{start + DAY_US}::BIGINT"
    key, id = (f"nullif({quoted_name(name)}::VARCHAR, '')" for name in (join.on, join.give))
    name = f"lookup_{number}"
    engine.keep(
        name,
        Query(
            columns={"key": TEXT, "id": TEXT, "since": I64, "until": I64},
            sql=f"""
                select distinct {key} as key, {id} as id, {since} as since, {until} as until
                from {table}
                where {key} is not null and {id} is not null
            """,
        ),
    )
    _demand_dates(join, table, zone=zone, engine=engine)
    size = engine.row(_size(Table.named(name)))
    return Lookup(join, Table.named(name), int(size["rows"]), int(size["widest"]), sha256_of(join.path))


def _size(lookup: Table) -> Query:
    return Query(
        columns={"rows": I64, "widest": I64},
        sql=f"""
            select coalesce(sum(ids), 0)::BIGINT as rows, coalesce(max(ids), 0)::BIGINT as widest
            from (select count(distinct id) as ids from {lookup} group by key)
        """,
    )


def instant_sql(column: str | None, *, zone: ZoneInfo) -> str:
    """A column's instant in microseconds since 1970: RFC 3339, or a date or time without offset, read in the case's zone. Null:
    open.
    """
    if column is None:
        return "null::BIGINT"
    text = f"nullif(trim({quoted_name(column)}::VARCHAR), '')"
    has_offset = rf"regexp_matches({text}, '([Zz]|[+-]\d\d(:?\d\d)?)$') and length({text}) > 10"
    local = f"timezone({quoted_text(zone.key)}, try_cast({text} as TIMESTAMP))"
    return f"epoch_us(case when {has_offset} then try_cast({text} as TIMESTAMPTZ) else {local} end)"


def _demand_dates(join: Join, table: Table, *, zone: ZoneInfo, engine: Engine) -> None:
    """A date that cannot be read would silently mean "always": it is a fault of the table."""
    for column in (join.from_column, join.to_column) if join.validity is Validity.FROM_TO else ():
        if column is None:
            continue
        bad = f"nullif(trim({quoted_name(column)}::VARCHAR), '') is not null and {instant_sql(column, zone=zone)} is null"
        count = engine.row(Query(columns={"rows": I64}, sql=f"select count(*) as rows from {table} where {bad}"))["rows"]
        if count:
            raise InputError(
                BAD_TABLE,
                at=Place(join.table),
                expected=f"a date or an instant in every row of {column}; {count:,} rows hold neither",
            )


def is_valid_sql(join: Join, *, time_us: str) -> str:
    """Was this row of the lookup (alias `l`) true at the event's time?"""
    if join.validity in (Validity.IMMUTABLE, Validity.UNDATED):
        return "true"
    return f"(l.since is null or {time_us} >= l.since) and (l.until is null or {time_us} < l.until)"
