"""The calendar of coverage: for each server and layer a row a day, and in it one sign for each hour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from amends.count.evidence.coverage import Coverage, Gap
from amends.units import Period

EVENTS, QUIET, ELSEWHERE, GAP = "#", ".", "o", "x"
MEANING = f"{EVENTS} events, {QUIET} none though logs are there, {ELSEWHERE} only another layer has logs, {GAP} no log"
HOUR = timedelta(hours=1)

type Key = tuple[str | None, str]  # server and layer


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one server. `hours` begins with the day's first hour; a space stands for an hour outside the window.

    An hour is one of UTC and stands under the civil hour in which it begins, so a day has 23 to 25.
    """

    server: str | None
    layer: str
    day: date
    hours: str

    def as_json(self) -> dict[str, str | None]:
        return {"server": self.server, "layer": self.layer, "day": self.day.isoformat(), "hours": self.hours}


def calendar(found: Coverage, *, zone: ZoneInfo) -> list[Day]:
    """Every day of the window, by server and layer. An hour that a gap touches is one of the gap."""
    if found.window is None:
        return []
    busy = {(row["server"], row["layer"], row["hour"]) for row in found.hours.to_pylist()}
    days = []
    for server, layer in sorted(found.shares, key=lambda key: (key[0] or "", key[1])):
        missing, own = (_touched(_of((server, layer), gaps)) for gaps in (found.gaps, found.own_gaps))
        rows: dict[date, str] = {}
        for hour in _hours(found.window):
            civil = hour.astimezone(zone)
            row = rows.setdefault(civil.date(), " " * civil.hour)
            sign = EVENTS if (server, layer, hour) in busy else QUIET
            rows[civil.date()] = row + (GAP if hour in missing else ELSEWHERE if hour in own else sign)
        days += [Day(server, layer, day, hours) for day, hours in rows.items()]
    return days


def _of(key: Key, gaps: Iterable[Gap]) -> Iterator[Period]:
    return (gap.period for gap in gaps if (gap.server, gap.layer) == key)


def _touched(periods: Iterable[Period]) -> set[datetime]:
    return {hour for period in periods for hour in _hours(period)}


def _hours(period: Period) -> Iterator[datetime]:
    """The hours of UTC that a period touches."""
    hour = period.start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour < period.end:
        yield hour
        hour += HOUR
