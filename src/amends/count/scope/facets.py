"""Facets: the rules of an endpoint that name their subjects in the same way, taken together.

Two rules with one key (a field that came later, say) are one disclosure of one subject, not two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from amends.count.datamap.mapping import gives_list
from amends.count.datamap.model import DataMap, Discloses, Endpoint, Join, Key, Rows, Source


@dataclass(frozen=True, slots=True)
class Part:
    """Fields (as a mask) that a facet gives between `since` and `until`."""

    mask: int
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Facet:
    """One way in which an endpoint's answers name subjects of one kind. `slot` numbers the facets of an endpoint."""

    endpoint: int
    slot: int
    kind: str
    key: Key
    split: str | None
    join: Join | None
    rows: Rows | None
    parts: tuple[Part, ...]

    @property
    def is_list(self) -> bool:
        """Can one answer name several subjects before any join?"""
        return gives_list(self.key, self.split)

    @property
    def is_named(self) -> bool:
        return self.key.source is not Source.UNKNOWN

    @property
    def mask(self) -> int:
        """All fields that it ever gives."""
        mask = 0
        for part in self.parts:
            mask |= part.mask
        return mask

    @property
    def is_timed(self) -> bool:
        """Do the fields that it gives depend on the time?"""
        return any(part.since is not None or part.until is not None for part in self.parts)

    @property
    def most(self) -> int:
        """The most subjects in one answer, where the log does not say more."""
        return self.rows.most if self.rows is not None else 1

    @property
    def least(self) -> int:
        """The fewest subjects in one whole answer whose subjects the log does not name."""
        return self.rows.least if self.rows is not None else 1


def facets(map: DataMap) -> tuple[Facet, ...]:
    """All facets, by endpoint and slot."""
    found = []
    for index, endpoint in enumerate(map.endpoints):
        found += _of_endpoint(index, endpoint, map)
    return tuple(found)


def _of_endpoint(index: int, endpoint: Endpoint, map: DataMap) -> list[Facet]:
    groups: dict[tuple[str, Key, str | None, Join | None, Rows | None], list[Discloses]] = {}
    for rule in endpoint.discloses:
        groups.setdefault((rule.subject, rule.key, rule.split, rule.join, rule.rows), []).append(rule)
    return [
        Facet(index, slot, *group, parts=tuple(Part(map.mask(rule.fields), rule.since, rule.until) for rule in rules))
        for slot, (group, rules) in enumerate(groups.items())
    ]


def always_valid(parts: tuple[Part, ...]) -> bool:
    return any(part.since is None and part.until is None for part in parts)
