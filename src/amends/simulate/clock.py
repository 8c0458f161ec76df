"""Time in the world: days in Korean time, their rhythm, and instants as milliseconds since the epoch."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np

from amends.simulate.chance import Integers, pick

SEOUL = timezone(timedelta(hours=9))  # Korea has had no daylight saving time since 1988 (IANA tzdata, Asia/Seoul)
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
NEVER = np.iinfo(np.int64).max

WEEKDAYS = (100, 98, 97, 99, 105, 118, 122)  # a shop is busiest at the week's end
HOURS = (30, 16, 10, 7, 6, 8, 16, 34, 52, 60, 66, 70, 84, 76, 70, 68, 70, 74, 82, 94, 108, 116, 96, 58)
OFFICE_HOURS = (0, 0, 0, 0, 0, 0, 0, 2, 20, 100, 110, 105, 40, 95, 110, 108, 100, 80, 15, 4, 1, 0, 0, 0)


def midnight_ms(day: date) -> int:
    """The start of a day in Seoul."""
    return int(datetime(day.year, day.month, day.day, tzinfo=SEOUL).timestamp()) * 1000


def instant(ms: int) -> datetime:
    return datetime.fromtimestamp(0, UTC).astimezone(SEOUL) + timedelta(milliseconds=int(ms))


def iso(ms: int) -> str:
    """RFC 3339 with the offset of Seoul, whole seconds."""
    return instant(ms).isoformat(timespec="seconds")


def day_weights(start: date, days: int) -> Integers:
    """How much traffic each day has beside the others."""
    return np.array([WEEKDAYS[(start.weekday() + day) % 7] for day in range(days)], np.int64)


def moments(rng: np.random.Generator, size: int, hours: tuple[int, ...] = HOURS) -> Integers:
    """Milliseconds after midnight, by the rhythm of the hours."""
    return pick(rng, hours, size) * HOUR_MS + rng.integers(0, HOUR_MS, size)
