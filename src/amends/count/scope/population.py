"""Population: all subjects of a kind that there were, where the case has a table of them: no count of that kind exceeds it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from amends.case import sha256_of
from amends.count.datamap.model import Population
from amends.count.scope.joins import demand_columns, instant_sql, read_table
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, quoted_name, quoted_text
from amends.units import Period, microseconds

LONGEST_DAY_US = 25 * 3_600_000_000  # a bare day counts to its end, that of a clock set back too
BARE_DAY = 10  # characters: 2026-11-20


@dataclass(frozen=True, slots=True)
class Members:
    """The table `members_KIND(id, since, until)` in the engine, its distinct ids, and the named subjects that are none of these.

    `_then`: the same of those who were there at some time of the window; of all where no window is set, or the table has no
    dates.
    """

    kind: str
    table: Table
    sha256: str
    has_dates: bool
    size: int
    outside: int
    size_then: int
    outside_then: int

    @property
    def most(self) -> int:
        """Nobody else can have been exposed: the table, and whoever was exposed without standing in it."""
        return self.size + self.outside

    @property
    def most_then(self) -> int:
        """The same, of those who were there at some time of the window."""
        return self.size_then + self.outside_then


def load_members(
    kind: str, population: Population, *, exposure: Path, window: Period | None, zone: ZoneInfo, engine: Engine
) -> Members:
    """A population held against the exposure. Raises: SCO-002 where its table cannot be read or lacks a column."""
    table = read_table(population.path, named=population.table)
    wanted = tuple(name for name in (population.id, population.from_column, population.to_column) if name is not None)
    columns = demand_columns(table, wanted, named=population.table, engine=engine)
    name = Table.named(f"members_{kind}")
    engine.keep(f"members_{kind}", _members(table, population, population.id or columns[0], zone=zone))
    always = _counted(name, kind, exposure, "true", engine=engine)
    then, has_dates = always, bool(population.from_column or population.to_column)
    if window is not None and has_dates:
        then = _counted(name, kind, exposure, during([window]), engine=engine)
    return Members(kind, name, sha256_of(population.path), has_dates, *always, *then)


def _members(table: Table, population: Population, id_column: str, *, zone: ZoneInfo) -> Query:
    id, until = quoted_name(id_column), instant_sql(population.to_column, zone=zone)
    if population.to_column is not None:
        is_day = f"length(trim({quoted_name(population.to_column)}::VARCHAR)) = {BARE_DAY}"
        until = f"{until} + case when {is_day} then {LONGEST_DAY_US} else 0 end"
    return Query(
        columns={"id": TEXT, "since": I64, "until": I64},
        sql=f"""
            select {id}::VARCHAR as id, {instant_sql(population.from_column, zone=zone)} as since, {until} as until
            from {table}
            where {id} is not null and {id}::VARCHAR <> ''
        """,
    )


def _counted(members: Table, kind: str, exposure: Path, condition: str, *, engine: Engine) -> tuple[int, int]:
    """The distinct ids for which a condition holds, and the named subjects of the exposure that are none of these."""
    return int(engine.row(size(members, condition))["rows"]), int(engine.row(outside(members, kind, exposure, condition))["rows"])


def size(members: Table, condition: str) -> Query:
    """How many distinct ids there are for which a condition holds."""
    return Query(columns={"rows": I64}, sql=f"select count(distinct id) as rows from {members} where {condition}")


def outside(members: Table, kind: str, exposure: Path, condition: str) -> Query:
    """How many named subjects of the exposure are none of those for which a condition holds."""
    return Query(
        columns={"rows": I64},
        sql=f"""
            select count(*) as rows
            from {Table.parquet([exposure])}
            where kind = {quoted_text(kind)} and subject not in (select id from {members} where {condition})
        """,
    )


def during(periods: Iterable[Period]) -> str:
    """Was the member there at some time of one of these periods? A row without dates was there always."""
    parts = (
        f"((since is null or since < {microseconds(period.end)}) and (until is null or until > {microseconds(period.start)}))"
        for period in periods
    )
    return " or ".join(parts) or "false"


def most_within(members: Members, periods: Iterable[Period], *, engine: Engine) -> int:
    """Nobody else can have been exposed within these periods."""
    return int(engine.row(size(members.table, during(periods)))["rows"]) + members.outside
