"""What would change this number: evidence that the case does not hold or cannot read, by how far `upper` would fall with it.

Evidence may show nobody new, and then `upper` falls by what it stood for; or it shows subjects by name, who move from what may be
to what is, and `upper` falls by the rest. So each figure is how far it falls where nobody new is shown. Units are never added:
what takes most off the map's first kind stands first, then the second kind's, views last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from amends.count.evidence.holds import Order
from amends.count.scope import bounds as sums
from amends.count.scope.gaps import Missing
from amends.count.scope.uncounted import Uncounted, Views
from amends.units import Period, without

NO_BASIS = 0  # the gap where nothing is missing


@dataclass(frozen=True, slots=True)
class Change:
    """`what` is missing, in words; `off`: how far the upper bound of each unit falls with it."""

    what: str
    off: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        return {"what": self.what, "off": dict(self.off)}


@dataclass(frozen=True, slots=True)
class Loss:
    """What is missing of the logs that an order holds: of each server its time, and how far `upper` would fall with it."""

    order: Order
    lost: tuple[Missing, ...]
    off: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        lost = [gap.as_json() for gap in self.lost]
        return {"id": self.order.id, "by": self.order.by, "lost": lost, "off": dict(self.off)}


@dataclass(frozen=True, slots=True)
class Summed:
    """The bounds of every unit, and what they are summed from."""

    parts: Mapping[str, sums.Parts]  # by kind
    left: Uncounted
    around: sums.Circumstances
    missing: tuple[Missing, ...]

    @property
    def bounds(self) -> dict[str, sums.Bounds]:
        return {kind: sums.bounds(part, self.around) for kind, part in self.parts.items()}

    @property
    def views(self) -> sums.Bounds:
        views = self.left.views
        return sums.view_bounds(views.confirmed, views.possible, views.unread, views.gap.most, views.gap_words, self.around)

    def upper(self) -> dict[str, int]:
        """By unit."""
        return {bounds.unit: bounds.upper for bounds in (*self.bounds.values(), self.views)}

    def with_parts(self, change: Callable[[sums.Parts], sums.Parts], views: Views) -> Summed:
        """The same with other summands of every kind, and of the views."""
        parts = {kind: change(part) for kind, part in self.parts.items()}
        return replace(self, parts=parts, left=replace(self.left, views=views))

    def with_missing(self, missing: Sequence[Missing]) -> Summed:
        """The same where only this part of what is missing were."""
        left, views = self.left, self.left.views
        gaps = {kind: basis.most_of(missing, left.gap[kind]) for kind, basis in left.gap_basis.items()}
        of_views = views.gap_basis.most_of(missing, views.gap) if views.gap_basis is not None else NO_BASIS
        parts = {kind: replace(part, gap=gaps.get(kind, NO_BASIS)) for kind, part in self.parts.items()}
        return replace(self, parts=parts, left=replace(left, views=replace(views, gap=replace(views.gap, most=of_views))))


def would_change(summed: Summed) -> tuple[Change, ...]:
    """Everything that would take something off an upper bound, what takes most first."""
    missing = summed.missing
    found = [
        _change(summed, _words(gap), summed.with_missing([*missing[:place], *missing[place + 1 :]]))
        for place, gap in enumerate(missing)
    ]
    if len(missing) > 1:
        found.append(_change(summed, f"all {len(missing):,} missing logs together", summed.with_missing([])))
    views, lines = summed.left.views, summed.left.unread_lines
    read = summed.with_parts(lambda part: replace(part, unread=0), replace(views, unread=0))
    decided = summed.with_parts(lambda part: replace(part, possible=0), replace(views, possible=0))
    named = summed.with_parts(lambda part: replace(part, unnamed=0), views)
    found += [
        _change(summed, f"a copy of {lines:,} unreadable lines that can be read", read),
        _change(summed, "whether cut, partial and not-modified answers came back whole", decided),
        _change(summed, "who was in the answers whose subjects the log does not name", named),
    ]
    units = list(summed.upper())
    found.sort(key=lambda change: [-change.off.get(unit, 0) for unit in units])
    return tuple(change for change in found if change.off)


def loss_of(order: Order, summed: Summed) -> Loss:
    """What is missing of the logs that an order holds."""
    lost, kept = [], []
    for gap in summed.missing:
        held = gap.period.overlap(order.period) if order.holds(gap.server, gap.layer) else None
        lost += [replace(gap, period=held)] if held else []
        kept += [replace(gap, period=part) for part in without(gap.period, [held] if held else [])]
    return Loss(order, tuple(lost), _off(summed, summed.with_missing(kept)) if lost else {})


def _change(summed: Summed, what: str, other: Summed) -> Change:
    return Change(what, _off(summed, other))


def _off(summed: Summed, other: Summed) -> dict[str, int]:
    """By unit, how far `upper` falls; units that it does not touch are left out."""
    lower = other.upper()
    return {unit: upper - lower[unit] for unit, upper in summed.upper().items() if upper > lower[unit]}


def _words(gap: Missing) -> str:
    return f"the logs of {gap.server or 'a server not named'} ({gap.layer}) {_of(gap.period)}"


def _of(period: Period) -> str:
    told = period.as_json()
    return f"from {told['start']} to {told['end']}"
