"""Keep attackers, while a log is missing, no faster than the logs show them: what "no faster in the gap than ever seen" leans on.

Stricter than the bound needs: in no clock hour of a gap does an attacker reach more subjects of a kind, through one endpoint of
one server, than the most new ones that the logs show for one hour of that attacker, endpoint and server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amends.simulate.chance import Integers
from amends.simulate.clock import HOUR_MS
from amends.simulate.disclosing import GAVE_ALL, GAVE_PART, Subjects, subjects
from amends.simulate.requests import Outcome, Requests
from amends.simulate.shop import Shop

ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Gap:
    """Time that no log of `server` covers; `instead`: a server whose logs are there, None: there is none."""

    server: int
    start: int
    end: int
    instead: int | None


def unlogged(asked: Requests, gaps: Sequence[Gap]) -> npt.NDArray[np.bool_]:
    """Which requests no log holds."""
    lost = np.zeros(len(asked), bool)
    for gap in gaps:
        lost |= (asked.server == gap.server) & (gap.start <= asked.time) & (asked.time < gap.end)
    return lost


def restrained(shop: Shop, attack: Requests, gaps: Sequence[Gap]) -> Requests:
    """The attack of one attacker, its hurried requests in gaps moved to a server whose logs are there, or left out."""
    for _ in range(ROUNDS):
        hurried = _hurried(shop, attack, gaps)
        if not hurried.any():
            return attack
        moved = np.zeros(len(attack), bool)
        for gap in gaps:
            if gap.instead is not None:
                here = hurried & (attack.server == gap.server) & (gap.start <= attack.time) & (attack.time < gap.end)
                attack.server[here] = gap.instead
                moved |= here
        attack = attack.take(~(hurried & ~moved))
    return attack.take(~_hurried(shop, attack, gaps))


def _hurried(shop: Shop, attack: Requests, gaps: Sequence[Gap]) -> npt.NDArray[np.bool_]:
    lost = unlogged(attack, gaps)
    everybody = subjects(shop, attack)
    seen = everybody.take((~lost & ~attack.is_spoilt & (attack.outcome == Outcome.WHOLE))[everybody.row])
    gone = everybody.take((lost & np.isin(attack.outcome, (*GAVE_ALL, *GAVE_PART)))[everybody.row])
    series_seen, count_seen, _ = _by_hour(attack, _first_ones(attack, seen))
    series_gone, count_gone, group = _by_hour(attack, gone)
    most = {int(series): 0 for series in series_gone}
    for series, count in zip(series_seen.tolist(), count_seen.tolist(), strict=True):
        if series in most:
            most[series] = max(most[series], count)
    too_many = np.array(
        [count > most[series] for series, count in zip(series_gone.tolist(), count_gone.tolist(), strict=True)], bool
    )
    hurried = np.zeros(len(attack), bool)
    if len(too_many):
        hurried[gone.row[too_many[group]]] = True
    return hurried


def _first_ones(attack: Requests, seen: Subjects) -> Subjects:
    """Each subject where it was first seen."""
    order = np.argsort(attack.time[seen.row], kind="stable")
    ordered = seen.take(order)
    _, first = np.unique(ordered.subject * 2 + ordered.kind, return_index=True)
    return ordered.take(first)


def _by_hour(attack: Requests, who: Subjects) -> tuple[Integers, Integers, Integers]:
    """For every (server, endpoint, kind) and clock hour: the series' number, how many distinct subjects; and each row's group."""
    series = (attack.server[who.row] * 64 + attack.endpoint[who.row]) * 2 + who.kind
    hour = attack.time[who.row] // HOUR_MS
    groups, group = np.unique(series * (1 << 40) + hour, return_inverse=True)
    pairs = np.unique(np.stack([group, who.subject], axis=1), axis=0) if len(who.row) else np.zeros((0, 2), np.int64)
    return groups >> 40, np.bincount(pairs[:, 0], minlength=len(groups)), group
