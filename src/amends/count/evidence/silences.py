"""Silences: which stretches without an event the traffic of a server does not explain. Pure, vectorised, in microseconds.

Time is cut into slots; a slot is active when it holds an event. Beside a silence of length L stand two neighbours of length
T = max(1 h, L), as far as the server was seen. The slot is the coarsest of 1 h, 10 min, 1 min and 10 s of which less than nine
tenths are active there, so that a burst counts once; 10 s where all are fuller. With n of N slots active, and every rate as
likely before as any other, the next k slots are all empty with the chance (beta-binomial, n successes of N, uniform prior)

    P = product of (N - n + 1 + i) / (N + 2 + i) for i = 0 .. k - 1,  k = L / slot

The surprise of a silence is -ln P, the lesser of its two neighbours', and at most the number of events that the same hours of
other weeks (else of other days) had in the median: a server that is quiet every night is not silent at night. It is at least the
number of active ten minutes in the quietest of three such weeks (days) or more: a day without the usual work is a silence.
From UNEXPLAINED on, a silence is a gap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SECOND = 1_000_000
BUCKET_US = 10 * SECOND
SLOTS_US = (3_600 * SECOND, 600 * SECOND, 60 * SECOND, BUCKET_US)  # from the coarsest to the finest
FULL = 0.9  # share of active slots from which on a finer slot tells more
HOUR_US = 3_600 * SECOND
TEN_MINUTES_US = 600 * SECOND
LEAST_US = 60 * SECOND  # shorter silences are not looked at
UNEXPLAINED = -math.log(1e-9)  # a whole case has some 10**6 silences
UNEXPLAINED_AT_JOINT = -math.log(1e-6)  # between two files, where one may be missing
WEEK_HOURS, DAY_HOURS, MOST_WEEKS, MOST_DAYS = 168, 24, 8, 14
FEWEST = 3  # weeks or days that make a habit

type Times = npt.NDArray[np.int64]
type Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Traffic:
    """The events of one server and layer in buckets of 10 s, in order: how many, the first and the last of each."""

    bucket: Times
    events: Times
    first: Times
    last: Times


@dataclass(frozen=True, slots=True)
class Silences:
    """Stretches [start, end) without an event, and how surprising each is."""

    start: Times
    end: Times
    surprise: Numbers


def silences(traffic: Traffic, *, start: int, end: int) -> Silences:
    """All silences of at least LEAST_US: between events, from `start` to the first one, and from the last one to `end`."""
    begins, ends = traffic.last[:-1], traffic.first[1:]
    if start < traffic.first[0]:
        begins, ends = np.append(start, begins), np.append(traffic.first[0], ends)
    if end > traffic.last[-1]:
        begins, ends = np.append(begins, traffic.last[-1]), np.append(ends, end)
    long = ends - begins >= LEAST_US
    begins, ends = begins[long].astype(np.int64), ends[long].astype(np.int64)
    surprise = np.minimum(_beside(traffic, begins, ends, before=True), _beside(traffic, begins, ends, before=False))
    surprise[np.isinf(surprise)] = 0.0  # nothing on either side: nothing is known
    doubtful = np.flatnonzero((surprise >= UNEXPLAINED_AT_JOINT) | (ends - begins >= HOUR_US))
    if len(doubtful):
        hours = _by_hour(traffic)
        for row in doubtful.tolist():
            usual, least = _usual(hours, int(begins[row]), int(ends[row]))
            surprise[row] = max(min(surprise[row], usual), least)
    return Silences(begins, ends, surprise)


def _beside(traffic: Traffic, begins: Times, ends: Times, *, before: bool) -> Numbers:
    """The surprise as one neighbour sees it; infinite where the server was not seen on that side."""
    length = (ends - begins).astype(np.float64)
    wide = np.maximum(length, HOUR_US)
    seen = (begins - traffic.first[0] if before else traffic.last[-1] - ends).astype(np.float64)
    wide = np.minimum(wide, seen)
    low = begins - wide.astype(np.int64) if before else ends
    high = begins if before else ends + wide.astype(np.int64)
    surprise = np.full(len(begins), np.inf)
    is_open = wide >= BUCKET_US
    for slot in SLOTS_US:
        active = np.unique(traffic.bucket // (slot // BUCKET_US))
        number = (np.searchsorted(active, high // slot, side="right") - np.searchsorted(active, low // slot)).astype(np.float64)
        slots = np.maximum(wide / slot, number)
        fits = is_open & (wide >= 2 * slot) & (number < FULL * slots) if slot != BUCKET_US else is_open
        surprise[fits] = _surprise(number[fits], slots[fits], length[fits] / slot)
        is_open &= ~fits
    return surprise


def _surprise(active: Numbers, slots: Numbers, silent: Numbers) -> Numbers:
    """-ln P of the module's formula."""
    empty = slots - active + 1
    return _log_gamma(slots + 2 + silent) - _log_gamma(slots + 2) - _log_gamma(empty + silent) + _log_gamma(empty)


def _log_gamma(x: Numbers) -> Numbers:
    """ln of the gamma function for x >= 1: Stirling's series (NIST DLMF 5.11.1) at x + 8, error below 1e-10."""
    shifted = x + 8
    series = 1 / (12 * shifted) - 1 / (360 * shifted**3) + 1 / (1260 * shifted**5)
    product = np.ones_like(x)
    for step in range(8):
        product *= x + step
    answer: Numbers = (shifted - 0.5) * np.log(shifted) - shifted + 0.5 * math.log(2 * math.pi) + series - np.log(product)
    return answer


@dataclass(frozen=True, slots=True)
class _Hours:
    """For the first hour that was seen and each one after it: its events, and how many of its ten minutes held any."""

    first: int
    events: Times
    tens: Times


def _by_hour(traffic: Traffic) -> _Hours:
    hour = traffic.bucket // (HOUR_US // BUCKET_US)
    first, number = int(hour[0]), int(hour[-1] - hour[0]) + 1
    tens = np.unique(traffic.bucket // (TEN_MINUTES_US // BUCKET_US)) // (HOUR_US // TEN_MINUTES_US)
    events = np.bincount(hour - first, weights=traffic.events).astype(np.int64)
    return _Hours(first, events, np.bincount(tens - first, minlength=number))


def _usual(hours: _Hours, begin: int, end: int) -> tuple[float, float]:
    """The median of the events that the same hours of other weeks, else of other days, had, and their least active ten minutes.

    The median is infinite where there are no others; an hour with fewer than FEWEST others adds nothing to the least.
    """
    from_hour, to_hour = begin // HOUR_US, -(-end // HOUR_US)
    expected = known = least = 0.0
    for hour in range(from_hour, to_hour):
        share = (min(end, (hour + 1) * HOUR_US) - max(begin, hour * HOUR_US)) / HOUR_US
        others = _others(hour, WEEK_HOURS, MOST_WEEKS, from_hour, to_hour, hours.first, len(hours.events))
        others = others or _others(hour, DAY_HOURS, MOST_DAYS, from_hour, to_hour, hours.first, len(hours.events))
        if others:
            expected += share * float(np.median(hours.events[others]))
            least += share * float(hours.tens[others].min()) if len(others) >= FEWEST else 0.0
            known += share
    length = (end - begin) / HOUR_US
    return (expected * length / known if known else math.inf), least


def _others(hour: int, step: int, most: int, from_hour: int, to_hour: int, first: int, number: int) -> list[int]:
    """The same hour of other weeks or days, outside the silence and within what was seen; as indices."""
    around = (hour + sign * step * times for times in range(1, most + 1) for sign in (-1, 1))
    return [other - first for other in around if first <= other < first + number and not from_hour <= other < to_hour]
