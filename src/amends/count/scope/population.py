"""Population: all subjects of a kind that there were, where the case has a table of them: no count of that kind exceeds it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from amends.case import sha256_of
from amends.count.datamap.model import Population
from amends.count.scope.joins import demand_columns, instant_sql, read_table
from amends.count.scope.selection import microseconds
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, quoted_name, quoted_text
from amends.units import Period


@dataclass(frozen=True, slots=True)
class Members:
    """The table `members_KIND(id, since, until)` in the engine; `outside` named subjects do not stand in it."""

    kind: str
    table: Table
    sha256: str
    size: int
    outside: int = 0

    @property
    def most(self) -> int:
        """Nobody else can have been exposed: the table, and whoever was exposed without standing in it."""
        return self.size + self.outside


def load_members(kind: str, population: Population, *, zone: ZoneInfo, engine: Engine) -> Members:
    """The distinct ids of a population's table. Raises: SCO-002 where it cannot be read or lacks a column."""
    table = read_table(population.path, named=population.table)
    wanted = tuple(name for name in (population.id, population.from_column, population.to_column) if name is not None)
    columns = demand_columns(table, wanted, named=population.table, engine=engine)
    id = quoted_name(population.id or columns[0])
    name = f"members_{kind}"
    engine.keep(
        name,
        Query(
            columns={"id": TEXT, "since": I64, "until": I64},
            sql=f"""
                select {id}::VARCHAR as id, {instant_sql(population.from_column, zone=zone)} as since,
                    {instant_sql(population.to_column, zone=zone)} as until
                from {table}
                where {id} is not null and {id}::VARCHAR <> ''
            """,
        ),
    )
    size = engine.row(Query(columns={"rows": I64}, sql=f"select count(distinct id) as rows from {Table.named(name)}"))["rows"]
    return Members(kind, Table.named(name), sha256_of(population.path), int(size))


def outside(members: Members, exposure: Path) -> Query:
    """How many named subjects of the exposure do not stand in the population's table."""
    return Query(
        columns={"rows": I64},
        sql=f"""
            select count(*) as rows
            from {Table.parquet([exposure])}
            where kind = {quoted_text(members.kind)} and subject not in (select id from {members.table})
        """,
    )


def size_within(members: Members, period: Period) -> Query:
    """How many subjects there were at any time of a period; a row without dates was there always."""
    start, end = microseconds(period.start), microseconds(period.end)
    return Query(
        columns={"rows": I64},
        sql=f"""
            select count(distinct id) as rows
            from {members.table}
            where (since is null or since < {end}) and (until is null or until > {start})
        """,
    )
