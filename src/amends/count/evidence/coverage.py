"""Coverage: for each server, layer and hour how much the logs hold, and the gaps: time of the window that no log covers, and why.

A gap of a server is, in this order: time between two numbered files of which those between are not there; time after a source
that has a fault (a cut gzip), up to the next source; a silence that the traffic does not explain (`silences`), between files,
within one, or at the window's ends; and the whole window for a server that a block of amends.toml names and no source belongs
to. Layers are views of one traffic: while every server of one layer is covered, nothing is missing in the others. What an outer
layer answers by itself, from a cache, the layers behind it do not see: for that `own_gaps` keeps each server's gaps as they are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa

from amends.case import Case
from amends.count.evidence.settings import evidence_blocks
from amends.count.evidence.silences import (
    BUCKET_US,
    HOUR_US,
    UNEXPLAINED,
    UNEXPLAINED_AT_JOINT,
    Silences,
    Traffic,
    silences,
)
from amends.count.evidence.sources import Source, sources
from amends.count.evidence.view import events_table
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT
from amends.units import Period, instant_of, microseconds, without

NO_WINDOW = "window: first to last event, because amends.toml names none"
NUMBERED = re.compile(r"(?P<stem>.*?)(?:\.(?P<number>\d{1,4}))?(?:\.(?:gz|zst|bz2|xz))?")

type Key = tuple[str | None, str]  # server and layer


@dataclass(frozen=True, slots=True)
class Gap:
    """Time that no log of this server, and no other layer, covers. `server` is None where no setting named it."""

    server: str | None
    layer: str
    period: Period
    reason: str

    def as_json(self) -> dict[str, str | None]:
        return {"server": self.server, "layer": self.layer, **self.period.as_json(), "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the logs cover of the window.

    `share` is the part of the window in which no server has a gap, `shares` the same for each server alone; None without any
    event. `own_gaps` are those of each server by itself, whatever other layers hold. `hours`: server, layer, hour (UTC), events;
    hours without an event are left out. `assumes` says so where the window was not given.
    """

    window: Period | None
    gaps: tuple[Gap, ...]
    own_gaps: tuple[Gap, ...]
    share: float | None
    shares: dict[Key, float]
    hours: pa.Table
    assumes: tuple[str, ...]


def coverage(case: Case, engine: Engine) -> Coverage:
    """What the logs cover of the case's window, else of the time from the first to the last event.

    Cost: one pass over three columns of the events; the rest grows with the number of 10-second buckets that hold any.
    """
    known = sources(case)
    buckets = engine.table(traffic_by_bucket(events_table(case)))
    traffic = _by_server(buckets)
    window = case.settings.window or _observed(traffic)
    assumes = () if case.settings.window is not None else (NO_WINDOW,)
    if window is None:
        return Coverage(None, (), (), None, {}, _hours(buckets), assumes)
    found: dict[Key, list[Gap]] = {}
    for key in _keys(case, known, traffic):
        own = [source for source in known if source.layer == key[1] and source.server in (key[0], None)]
        found[key] = _gaps(key, own, traffic.get(key), window)
    gaps = _after_layers(found, window)
    by_server = {key: [gap.period for gap in gaps if (gap.server, gap.layer) == key] for key in found}
    return Coverage(
        window=window,
        gaps=tuple(gaps),
        own_gaps=tuple(gap for own in found.values() for gap in own),
        share=_share(window, [gap.period for gap in gaps]),
        shares={key: _share(window, periods) for key, periods in by_server.items()},
        hours=_hours(buckets),
        assumes=assumes,
    )


def _observed(traffic: Mapping[Key, Traffic]) -> Period | None:
    """From the first to the last event of all servers: what is taken for the window where amends.toml has none."""
    if not traffic:
        return None
    first, last = min(one.first[0] for one in traffic.values()), max(one.last[-1] for one in traffic.values())
    return Period(instant_of(int(first)), instant_of(int(last) + 1))


def traffic_by_bucket(events: Table) -> Query:
    """Events in buckets of 10 seconds by server and layer, in order; times in microseconds since 1970."""
    return Query(
        columns={"server": TEXT, "layer": TEXT, "bucket": I64, "events": I64, "first": I64, "last": I64},
        sql=f"""
            with bucketed as (
                select server, layer, epoch_us(time) // {BUCKET_US} as bucket, epoch_us(time) as time_us
                from {events}
            )
            select server, layer, bucket, count(*) as events, min(time_us) as first, max(time_us) as last
            from bucketed
            group by server, layer, bucket
            order by server nulls first, layer, bucket
        """,
    )


def _by_server(buckets: pa.Table) -> dict[Key, Traffic]:
    servers: list[str | None] = buckets.column("server").to_pylist()
    layers: Any = buckets.column("layer").to_pylist()
    columns = [buckets.column(name).to_numpy() for name in ("bucket", "events", "first", "last")]
    keys = list(zip(servers, layers, strict=True))
    starts = [row for row, key in enumerate(keys) if row == 0 or key != keys[row - 1]]
    spans = zip(starts, [*starts[1:], len(keys)][: len(starts)], strict=True)
    return {keys[start]: Traffic(*(column[start:end] for column in columns)) for start, end in spans}


def _keys(case: Case, known: Sequence[Source], traffic: dict[Key, Traffic]) -> list[Key]:
    """Every server and layer: those of events, of sources, and of blocks whose server is a constant that a source could have."""
    columns = {block.server for block in evidence_blocks(case) if block.server} - {source.server for source in known}
    named = {(block.server, block.layer) for block in evidence_blocks(case) if block.server in columns}
    logged = any(source.server is None and source.lines for source in known)
    stated = {(source.server, source.layer) for source in known if source.server is not None}
    silent = set() if logged and traffic else named  # where a server is a logged column, a block's word may be that column's name
    return sorted({*traffic, *stated, *silent}, key=lambda key: (key[0] or "", key[1]))


def _gaps(key: Key, own: list[Source], traffic: Traffic | None, window: Period) -> list[Gap]:
    """The gaps of one server and layer, in order, none within another."""
    if traffic is None or not len(traffic.first):
        return [Gap(*key, window, "no event in its sources" if own else "no source")]
    found = [*_numbered_holes(own), *_faults(own, window)]
    found += _unexplained(silences(traffic, start=microseconds(window.start), end=microseconds(window.end)), own, traffic)
    gaps: list[Gap] = []
    for period, reason in found:
        inside = period.overlap(window)
        for part in without(inside, [gap.period for gap in gaps]) if inside else ():
            gaps.append(Gap(*key, part, reason))
    return sorted(gaps, key=lambda gap: gap.period)


def _numbered_holes(own: list[Source]) -> Iterator[tuple[Period, str]]:
    """access.log.3 and access.log.1 without access.log.2: logrotate's numbers have no holes by themselves."""
    rows: dict[tuple[str, str], dict[int, Source]] = defaultdict(dict)
    for source in own:
        path = PurePosixPath(source.path)
        parts = NUMBERED.fullmatch(path.name)
        if parts and source.first and source.last:
            rows[str(path.parent), parts["stem"]].setdefault(int(parts["number"] or 0), source)
    for (_, stem), files in rows.items():
        numbers = sorted(files)
        for newer, older in pairwise(numbers):
            end, start = files[newer].first, files[older].last
            if older - newer > 1 and start is not None and end is not None and start < end:
                missing = f"{stem}.{newer + 1}" + (f" to {stem}.{older - 1}" if older - newer > 2 else "")
                yield Period(start, end), f"missing rotation: {missing}"


def _faults(own: list[Source], window: Period) -> Iterator[tuple[Period, str]]:
    """From the last decodable time of a source with a fault to the start of the next one, unless another covers that time."""
    for source in own:
        if source.fault is None or source.last is None:
            continue
        others = [other for other in own if other is not source and other.first is not None and other.last is not None]
        if any(_first(other) <= source.last < _last(other) and other.fault is None for other in others):
            continue
        later = [_first(other) for other in others if _first(other) > source.last]
        end = min(later, default=window.end)
        if end > source.last:
            yield Period(source.last, end), f"fault: {source.fault}"


def _unexplained(found: Silences, own: list[Source], traffic: Traffic) -> Iterator[tuple[Period, str]]:
    """The silences that are gaps, each with what stands around it."""
    for row in np.flatnonzero(found.surprise >= UNEXPLAINED_AT_JOINT).tolist():
        start, end = int(found.start[row]), int(found.end[row])
        period = Period(instant_of(start), instant_of(end))
        within = any(
            _first(source) <= period.start and _last(source) >= period.end for source in own if source.first and source.last
        )
        if within:
            if found.surprise[row] >= UNEXPLAINED:
                yield period, "silence within a source that the traffic does not explain"
        elif end <= traffic.first[0]:
            yield period, "before the first event"
        elif start >= traffic.last[-1]:
            yield period, "after the last event"
        else:
            yield period, _joint(period, own)


def _joint(period: Period, own: list[Source]) -> str:
    if any(source.torn and source.last == period.start for source in own):
        return "torn end: the rest of the source is missing"
    days = period.length // timedelta(days=1)
    return f"missing rotation: no source for {days} day{'s' * (days > 1)}" if days else "missing rotation"


def _after_layers(found: Mapping[Key, Sequence[Gap]], window: Period) -> list[Gap]:
    """The gaps without the time in which every server of another layer is covered."""
    open_: dict[str, list[Period]] = defaultdict(list)
    for (_, layer), own in found.items():
        open_[layer] += [gap.period for gap in own]
    gaps = []
    for (_, layer), own in found.items():
        seen = [part for other, periods in open_.items() if other != layer for part in without(window, periods)]
        gaps += [Gap(gap.server, layer, part, gap.reason) for gap in own for part in without(gap.period, seen)]
    return sorted(gaps, key=lambda gap: (gap.period, gap.server or "", gap.layer))


def _share(window: Period, gaps: Iterable[Period]) -> float:
    """The part of the window without a gap, by time."""
    covered = sum((part.length for part in without(window, list(gaps))), timedelta(0))
    return covered / window.length if window.length else 1.0


def _hours(buckets: pa.Table) -> pa.Table:
    """Events by server, layer and hour."""
    if not buckets.num_rows:
        hours = pa.array([], pa.int64())
    else:
        hours = pa.array(buckets.column("bucket").to_numpy() // (HOUR_US // BUCKET_US) * HOUR_US)
    timed = buckets.append_column("hour", hours.cast(pa.timestamp("us", "UTC")))
    grouped = timed.group_by(["server", "layer", "hour"]).aggregate([("events", "sum")])
    columns = grouped.rename_columns(["server", "layer", "hour", "events"])
    return columns.sort_by([("server", "ascending"), ("layer", "ascending"), ("hour", "ascending")])


def _first(source: Source) -> datetime:
    assert source.first is not None  # asked for sources with events only
    return source.first


def _last(source: Source) -> datetime:
    assert source.last is not None
    return source.last
