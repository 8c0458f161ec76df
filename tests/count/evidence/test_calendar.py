"""A row a day, a sign an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

from amends.count.evidence.calendar import calendar
from amends.count.evidence.coverage import Coverage, Gap
from amends.units import Period

START = datetime(2026, 3, 1, tzinfo=UTC)
COLUMNS = pa.schema(
    [("server", pa.string()), ("layer", pa.string()), ("hour", pa.timestamp("us", "UTC")), ("events", pa.int64())]
)


def hours(first: float, last: float, *, start: datetime = START) -> Period:
    return Period(start + timedelta(hours=first), start + timedelta(hours=last))


def covered(window: Period, busy: list[int], *, gaps: list[Period] | None = None, own: list[Period] | None = None) -> Coverage:
    rows = [{"server": "web-1", "layer": "app", "hour": window.start + timedelta(hours=hour), "events": 5} for hour in busy]
    missing, alone = (tuple(Gap("web-1", "app", period, "deleted") for period in given or []) for given in (gaps, own))
    table = pa.Table.from_pylist(rows, schema=COLUMNS)
    return Coverage(window, missing, (*missing, *alone), 1.0, {("web-1", "app"): 1.0}, table, ())


def drawn(found: Coverage, zone: str = "UTC") -> list[tuple[str, str]]:
    return [(day.day.isoformat(), day.hours) for day in calendar(found, zone=ZoneInfo(zone))]


def test_hours_with_events_quiet_ones_and_gaps_are_told_apart() -> None:
    found = covered(hours(0, 8), [0, 1, 4], gaps=[hours(1.9, 2.1)], own=[hours(5, 6)])

    assert drawn(found) == [("2026-03-01", "#xx.#o..")]


def test_days_are_those_of_the_zone_and_begin_at_midnight_however_the_window_does() -> None:
    found = covered(hours(14, 17), [0, 1, 2])

    assert drawn(found, "Asia/Seoul") == [("2026-03-01", " " * 23 + "#"), ("2026-03-02", "##")]


def test_a_day_on_which_the_clock_changes_has_the_hours_that_it_has() -> None:
    spring = hours(0, 24, start=datetime(2026, 3, 28, 23, tzinfo=UTC))  # 29 March in Berlin

    assert drawn(covered(spring, []), "Europe/Berlin") == [("2026-03-29", "." * 23), ("2026-03-30", ".")]


def test_without_events_there_is_no_calendar() -> None:
    nothing = Coverage(None, (), (), None, {}, pa.Table.from_pylist([], schema=COLUMNS), ())

    assert calendar(nothing, zone=ZoneInfo("UTC")) == []
