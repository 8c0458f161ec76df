"""Checking a map against the logs: what it does not say, what it says twice, what it says of nothing.

Silence about an endpoint is shown, not assumed harmless: unmapped requests are counted by shape, the successful ones first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from amends.count.datamap.categories import OwnField, own_fields
from amends.count.datamap.folding import STEPS
from amends.count.datamap.mapping import mapped, traffic
from amends.count.datamap.model import DataMap, Endpoint
from amends.count.datamap.overlaps import Overlap, overlaps
from amends.count.datamap.shapes import Unmapped, unmapped
from amends.count.datamap.tables import table_findings
from amends.engine import Engine, Table
from amends.errors import Finding
from amends.units import Balance


@dataclass(frozen=True, slots=True)
class Traffic:
    """The requests that went to one endpoint; `successful` ones may have been answered with data (`columns.is_success`)."""

    id: str
    events: int
    successful: int

    @property
    def never_appears(self) -> bool:
        return self.events == 0

    def as_json(self) -> dict[str, object]:
        return {"id": self.id, "events": self.events, "successful": self.successful}


@dataclass(frozen=True, slots=True)
class MapCheck:
    """What checking found. `balance`: events = mapped + unmapped; `folding`: how many events each step changed."""

    sha256: str
    endpoints: tuple[Traffic, ...]
    unmapped: tuple[Unmapped, ...]
    overlaps: tuple[Overlap, ...]
    own_fields: tuple[OwnField, ...]
    folding: Mapping[str, int]
    findings: tuple[Finding, ...]
    balance: Balance
    doubt: str | None = None

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
            reasons.append(f"successful requests to endpoints that the map does not name: {self.unmapped_successful:,}")
        if self.findings:
            reasons.append(f"missing tables or columns that the map names: {len(self.findings):,}")
        if self.doubt:
            reasons.append(self.doubt)
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
            "own_fields": [field.as_json() for field in self.own_fields],
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
        overlaps=tuple(overlaps(map)),
        own_fields=tuple(own_fields(map.fields)),
        folding={step.name: sum(row[step.name] for row in rows) for step in STEPS},
        findings=tuple(table_findings(map)),
        balance=Balance(
            given=sum(row["events"] for row in rows),
            done=sum(endpoint.events for endpoint in endpoints),
            left={"unmapped": silent} if silent else {},
        ),
        doubt=map.doubt,
    )


def _traffic(endpoint: Endpoint, row: Mapping[str, int] | None) -> Traffic:
    return Traffic(endpoint.id, row["events"], row["successful"]) if row else Traffic(endpoint.id, 0, 0)
