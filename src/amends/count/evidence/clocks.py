"""Clocks: how far two servers' clocks stood apart, from the requests that both logged. Shown, never applied.

An outer layer holds a request from before the inner one gets it until after the inner one is done with it. So with s the inner
clock minus the outer one, each shared request proves s <= start(inner) - start(outer) and s >= end(inner) - end(outer), and all
of a day together leave an interval. Days whose intervals meet are one phase, in which one offset explains everything; where they
do not, a clock was set, or drifted. A stamp cut to whole seconds is any instant of its second, times taken are cut to
milliseconds. Requests are joined by `request_id`, those that a server logged under it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from amends.count.evidence.coverage import Key
from amends.count.evidence.settings import LAYERS
from amends.count.evidence.sources import Source
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, quoted_text
from amends.units import instant_of

MOST_REQUESTS = 2_000_000  # looked at; of more, every so-manieth by its hash
DAY_US = 86_400_000_000
TOOK_GRAIN_US = 1_000


@dataclass(frozen=True, slots=True)
class Phase:
    """Days (of UTC) on which the inner clock was ahead of the outer by `least` to `most` (None: nothing says at most how much).

    `least` above `most`: no one offset explains the day.
    """

    first: date
    last: date
    requests: int
    least: timedelta
    most: timedelta | None

    @property
    def is_torn(self) -> bool:
        return self.most is not None and self.least > self.most


@dataclass(frozen=True, slots=True)
class Clocks:
    """Two servers, and the phases of their clocks in order."""

    outer: Key
    inner: Key
    phases: tuple[Phase, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "outer": {"server": self.outer[0], "layer": self.outer[1]},
            "inner": {"server": self.inner[0], "layer": self.inner[1]},
            "phases": [
                {
                    "first": phase.first.isoformat(),
                    "last": phase.last.isoformat(),
                    "requests": phase.requests,
                    "least_s": phase.least.total_seconds(),
                    "most_s": phase.most.total_seconds() if phase.most is not None else None,
                }
                for phase in self.phases
            ],
        }


def clocks(known: Sequence[Source], events: Table, engine: Engine) -> list[Clocks]:
    """All pairs of servers of two layers that logged the same requests. Cost: nothing where there is one layer; else a pass."""
    if len({source.layer for source in known}) < 2:
        return []
    starts = [source.sha256 for source in known if source.time_is == "start"]
    share = sum(source.events for source in known) // MOST_REQUESTS + 1
    rows = engine.rows(by_day(events, starts=starts, share=share))

    def pair(row: dict[str, Any]) -> tuple[Key, Key]:
        return (row["outer_server"], row["outer_layer"]), (row["inner_server"], row["inner_layer"])

    return [Clocks(*key, tuple(_phases(list(own)))) for key, own in groupby(rows, key=pair)]


def by_day(events: Table, *, starts: Sequence[str], share: int) -> Query:
    """For each pair of servers and day, the interval in microseconds. `starts`: sources that stamp the start of an answer."""
    is_start = f"source in ({', '.join(map(quoted_text, starts))})" if starts else "false"
    rank = " ".join(f"when {quoted_text(layer)} then {place}" for place, layer in enumerate(LAYERS))
    pair = "outer_server, outer_layer, inner_server, inner_layer"
    return Query(
        columns={**dict.fromkeys(pair.split(", "), TEXT), "day": I64, "requests": I64, "least": I64, "most": I64},
        sql=f"""
            with asked as (
                select request_id, server::VARCHAR as server, layer::VARCHAR as layer, epoch_us(time) as us, took_us,
                    {is_start} as is_start
                from {events}
                where request_id <> '' and hash(request_id) % {share} = 0
            ),
            grains as (
                select server, layer,
                    case when bool_and(us % 1000000 = 0) then 1000000 when bool_and(us % 1000 = 0) then 1000 else 1 end as grain
                from asked
                group by all
            ),
            once as (
                select request_id, server, layer, min(us) as us, case layer {rank} end as rank,
                    min(case when is_start then us else us - took_us end) as start,
                    min(case when is_start then us + took_us else us end) as ended,
                    max(case when is_start then {TOOK_GRAIN_US} else 0 end) as end_grain,
                    max(case when is_start then 0 else {TOOK_GRAIN_US} end) as start_grain
                from asked
                group by request_id, server, layer
                having count(*) = 1
            ),
            ranked as (select once.*, grain from once join grains on once.layer = grains.layer
                and once.server is not distinct from grains.server)
            select o.server as outer_server, o.layer as outer_layer, i.server as inner_server, i.layer as inner_layer,
                o.us // {DAY_US} as day, count(*) as requests,
                max(i.ended - o.ended - o.grain - o.end_grain) as least,
                min(i.start + i.grain - o.start + o.start_grain) as most
            from ranked as o join ranked as i on o.request_id = i.request_id and o.rank < i.rank
            group by all
            having least is not null
            order by {pair}, day
        """,
    )


def _phases(days: list[dict[str, Any]]) -> list[Phase]:
    """Days that follow one another are one phase as long as one offset explains them all."""
    found: list[Phase] = []
    for row in days:
        day = instant_of(row["day"] * DAY_US).date()
        most = timedelta(microseconds=row["most"]) if row["most"] is not None else None
        own = Phase(day, day, row["requests"], timedelta(microseconds=row["least"]), most)
        joined = _joined(found[-1], own) if found else own
        if found and not joined.is_torn:
            found[-1] = joined
        else:
            found.append(own)
    return found


def _joined(before: Phase, after: Phase) -> Phase:
    limits = [one.most for one in (before, after) if one.most is not None]
    return Phase(
        before.first,
        after.last,
        before.requests + after.requests,
        max(before.least, after.least),
        min(limits, default=None),
    )
