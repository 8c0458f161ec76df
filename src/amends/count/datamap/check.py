"""Checking a map against the logs: what it does not say, what it says twice, what it says of nothing.

Silence about an endpoint is shown, not assumed harmless: unmapped requests are counted by shape, the successful ones first.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from amends.count.datamap.errors import NO_COLUMN, NO_TABLE
from amends.count.datamap.folding import STEPS
from amends.count.datamap.mapping import mapped, traffic
from amends.count.datamap.model import DataMap, Endpoint
from amends.count.datamap.shapes import Unmapped, unmapped
from amends.count.datamap.target import is_tie, overlapping
from amends.engine import Engine, Table
from amends.errors import Code, Finding, Place
from amends.units import Balance

MOST_HEADER_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Traffic:
    """The requests that went to one endpoint; successful ones have a status 2xx."""

    id: str
    events: int
    successful: int

    @property
    def never_appears(self) -> bool:
        return self.events == 0

    def as_json(self) -> dict[str, object]:
        return {"id": self.id, "events": self.events, "successful": self.successful}


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two templates that one request can match: `winner` gets it. A tie is decided by nothing but the order of the file."""

    winner: str
    other: str
    is_tie: bool

    def as_json(self) -> dict[str, object]:
        return {"winner": self.winner, "other": self.other, "tie": self.is_tie}


@dataclass(frozen=True, slots=True)
class MapCheck:
    """What checking found. `balance`: events = mapped + unmapped; `folding`: how many events each step changed."""

    sha256: str
    endpoints: tuple[Traffic, ...]
    unmapped: tuple[Unmapped, ...]
    overlaps: tuple[Overlap, ...]
    folding: Mapping[str, int]
    findings: tuple[Finding, ...]
    balance: Balance

    @property
    def unmapped_successful(self) -> int:
        return sum(shape.events for shape in self.unmapped if shape.successful)

    @property
    def never(self) -> tuple[str, ...]:
        return tuple(endpoint.id for endpoint in self.endpoints if endpoint.never_appears)

    @property
    def keeps_from_final(self) -> tuple[str, ...]:
        """Why no scope that meets this could be final, in words."""
        reasons = []
        if self.unmapped_successful:
            reasons.append(f"{self.unmapped_successful:,} successful requests went to endpoints that the map does not name")
        if self.findings:
            reasons.append(f"{len(self.findings):,} tables or columns that the map names are missing")
        if not self.balance.closes:
            reasons.append(f"the events do not add up: {self.balance}")
        return tuple(reasons)

    def as_json(self) -> dict[str, object]:
        return {
            "map": self.sha256,
            "events": self.balance.given,
            "mapped": self.balance.done,
            "unmapped_events": self.balance.given - self.balance.done,
            "unmapped_successful": self.unmapped_successful,
            "unmapped": [shape.as_json() for shape in self.unmapped],
            "endpoints": [endpoint.as_json() for endpoint in self.endpoints],
            "never": list(self.never),
            "overlaps": [overlap.as_json() for overlap in self.overlaps],
            "folding": dict(self.folding),
            "findings": [finding.as_json() for finding in self.findings],
            "keeps_from_final": list(self.keeps_from_final),
        }


def check(map: DataMap, *, events: Table, engine: Engine) -> MapCheck:
    """Hold the map against all events of a case, and its tables against their files.

    Cost: two passes over the events.
    """
    rows = engine.rows(traffic(events, map))
    by_endpoint = {row["endpoint"]: row for row in rows}
    endpoints = tuple(_traffic(endpoint, by_endpoint.get(index)) for index, endpoint in enumerate(map.endpoints))
    shapes = tuple(unmapped(mapped(events, map), engine))
    silent = sum(shape.events for shape in shapes)
    return MapCheck(
        sha256=map.sha256,
        endpoints=endpoints,
        unmapped=shapes,
        overlaps=tuple(_overlap(map, winner, other) for winner, other in overlapping(map)),
        folding={step.name: sum(row[step.name] for row in rows) for step in STEPS},
        findings=tuple(table_findings(map)),
        balance=Balance(
            given=sum(row["events"] for row in rows),
            done=sum(endpoint.events for endpoint in endpoints),
            left={"unmapped": silent} if silent else {},
        ),
    )


def _traffic(endpoint: Endpoint, row: Mapping[str, int] | None) -> Traffic:
    return Traffic(endpoint.id, row["events"], row["successful"]) if row else Traffic(endpoint.id, 0, 0)


def _overlap(map: DataMap, winner: int, other: int) -> Overlap:
    first, second = map.endpoints[winner], map.endpoints[other]
    return Overlap(first.id, second.id, is_tie(first, second))


def table_findings(map: DataMap) -> Iterator[Finding]:
    """Tables that the map names and that are missing, unreadable, or without a column that it names."""
    for (written, path), wanted in _tables(map).items():
        at = Place(written)
        columns = _columns(path)
        if columns is None:
            yield _finding(NO_TABLE, at, "a CSV file in UTF-8 with a header, or a Parquet file")
            continue
        for name in wanted:
            if columns.count(name) != 1:
                yield _finding(NO_COLUMN, at, f"one column {name}; it has " + ", ".join(columns))


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
