"""Rejects by reason, each with the places of its first examples: file and line, never the text."""

from __future__ import annotations

from dataclasses import dataclass

from amends.case import Case
from amends.count.evidence.sources import Source
from amends.count.evidence.view import rejects_table
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, U64
from amends.errors import Place

FIRST = 3  # examples of a reason


@dataclass(frozen=True, slots=True)
class Rejected:
    """How many lines were rejected for one reason, and where the first of them stand."""

    reason: str
    lines: int
    examples: tuple[Place, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "reason": self.reason,
            "lines": self.lines,
            "examples": [{"source": place.source, "line": place.line} for place in self.examples],
        }


def rejected(case: Case, engine: Engine, sources: list[Source]) -> list[Rejected]:
    """The most frequent reason first; examples in the order of path and line."""
    paths = {source.sha256: source.path for source in sources}
    rows = engine.rows(first_rejects(rejects_table(case)))
    by_reason: dict[str, list[tuple[str, int]]] = {}
    numbers: dict[str, int] = {}
    for row in rows:
        numbers[row["reason"]] = numbers.get(row["reason"], 0) + row["lines"]
        by_reason.setdefault(row["reason"], []).extend((paths[row["source"]], line) for line in row["first"])
    found = [
        Rejected(reason, number, tuple(Place(path, line) for path, line in sorted(by_reason[reason])[:FIRST]))
        for reason, number in numbers.items()
    ]
    return sorted(found, key=lambda one: (-one.lines, one.reason))


def first_rejects(rejects: Table) -> Query:
    """For each source and reason, the number of lines and the first of them."""
    return Query(
        columns={"source": TEXT, "reason": TEXT, "lines": I64, "first": f"{U64}[]"},
        sql=f"""
            select source, reason, count(*) as lines, min(line, {FIRST}) as first
            from {rejects}
            group by source, reason
            order by source, reason
        """,
    )
