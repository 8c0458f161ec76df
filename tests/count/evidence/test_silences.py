from __future__ import annotations

import math

import numpy as np
import pytest

from amends.count.evidence.silences import BUCKET_US, HOUR_US, UNEXPLAINED, Traffic, silences

MINUTE = 60_000_000
DAY = 24 * HOUR_US


def traffic(times) -> Traffic:
    ordered = np.sort(np.asarray(times, dtype=np.int64))
    bucket, first, number = np.unique(ordered // BUCKET_US, return_index=True, return_counts=True)
    return Traffic(bucket, number, ordered[first], ordered[first + number - 1])


def arrivals(start: int, end: int, every: int) -> np.ndarray:
    """Arrivals at random, on average one in `every` microseconds."""
    rng = np.random.Generator(np.random.PCG64(7))
    times = start + np.cumsum(rng.exponential(every, size=int((end - start) / every * 1.5) + 50)).astype(np.int64)
    return times[times < end]


def gaps(times, *, start=None, end=None) -> list[tuple[int, int]]:
    found = silences(traffic(times), start=min(times) if start is None else start, end=max(times) if end is None else end)
    loud = found.surprise >= UNEXPLAINED
    return list(zip(found.start[loud].tolist(), found.end[loud].tolist(), strict=True))


def test_a_missing_hour_of_a_busy_server_is_a_gap_to_the_microsecond():
    times = arrivals(0, DAY, 2_000_000)
    cut = times[(times < 10 * HOUR_US) | (times >= 11 * HOUR_US)]

    assert gaps(cut) == [(times[times < 10 * HOUR_US][-1], times[times >= 11 * HOUR_US][0])]


def test_steady_traffic_has_no_gap():
    for every in (1_000_000, 20_000_000, 5 * MINUTE, HOUR_US):
        assert gaps(arrivals(0, 14 * DAY, every)) == []


def test_five_minutes_are_a_gap_where_seconds_are_usual_and_none_where_minutes_are():
    busy, quiet = arrivals(0, DAY, 500_000), arrivals(0, DAY, 2 * MINUTE)
    hole = (12 * HOUR_US, 12 * HOUR_US + 5 * MINUTE)

    assert len(gaps(busy[(busy < hole[0]) | (busy >= hole[1])])) == 1
    assert gaps(quiet[(quiet < hole[0]) | (quiet >= hole[1])]) == []


def test_a_server_that_is_quiet_every_night_has_no_gap_at_night():
    times = np.concatenate([arrivals(day * DAY + 9 * HOUR_US, day * DAY + 18 * HOUR_US, MINUTE) for day in range(10)])

    assert gaps(times) == []


def test_a_day_without_the_usual_work_is_a_gap_of_that_server():
    times = np.concatenate([arrivals(day * DAY + 9 * HOUR_US, day * DAY + 18 * HOUR_US, MINUTE) for day in range(10) if day != 4])

    ((start, end),) = gaps(times)
    assert start < 4 * DAY < 5 * DAY < end


def test_bursts_are_no_reason_to_miss_them():
    bursts = arrivals(0, 30 * DAY, 2 * HOUR_US)
    times = np.concatenate([bursts + second * 1_000_000 for second in range(50)])

    assert gaps(times) == []


def test_the_window_before_the_first_event_is_a_gap_only_where_traffic_would_have_shown():
    times = arrivals(DAY, 2 * DAY, 5_000_000)

    assert gaps(times, start=DAY - 30_000_000, end=2 * DAY) == []
    assert gaps(times, start=0, end=3 * DAY) == [(0, times[0]), (times[-1], 3 * DAY)]


@pytest.mark.parametrize("number", [1, 2])
def test_a_handful_of_events_proves_nothing(number):
    assert gaps(np.arange(number) * HOUR_US, start=-DAY, end=DAY) == []


def test_the_surprise_is_the_formula_of_the_module():
    # every 10 s of an hour an event, an hour empty, an hour with events: N = 360 slots, all active, k slots empty
    busy = np.arange(0, HOUR_US, BUCKET_US)
    found = silences(traffic(np.concatenate([busy, busy + 2 * HOUR_US])), start=0, end=3 * HOUR_US - BUCKET_US)

    length = 2 * HOUR_US - int(busy[-1])
    slots, silent = int(busy[-1]) / BUCKET_US, length / BUCKET_US
    active = 360.0
    slots = max(slots, active)
    wanted = math.lgamma(slots + 2 + silent) - math.lgamma(slots + 2) - math.lgamma(slots - active + 1 + silent)
    assert found.surprise[0] == pytest.approx(wanted, rel=1e-6)
