"""What a run counts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from amends.count.evidence.holds import Order
from amends.count.scope.gaps import Missing
from amends.engine import Table
from amends.units import Period


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is counted from: events without repeats, rejects (None: there are none), and the time that no log covers.

    `clear` holds principals in clear by the digits of their keyed hash, as far as the case still has them. `own_gaps` are those
    of each server by itself, whatever other layers hold. `decoded`: columns whose values stand in the bytes of
    lines in another form. `orders`: to preserve logs, which are in force.
    """

    events: Table
    rejects: Table | None
    missing: tuple[Missing, ...]
    window: Period
    has_window: bool
    clear: Mapping[str, str]
    own_gaps: tuple[Missing, ...] = ()
    decoded: frozenset[str] = frozenset()
    orders: tuple[Order, ...] = ()
