"""Rows counted by quarter of an hour and by pattern."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amends.count.scope.patterns import SPARSE, Numbers32
from amends.count.scope.places import Integers

BUCKET_US = 900_000_000  # 15 minutes: every time zone's days, and every hour, begin at a multiple of it
PATTERN_BITS = 32
MOST_WAITING = 1_000_000


@dataclass(frozen=True, slots=True)
class Counts:
    """One element for each quarter of an hour (counted since 1970) and pattern, in order, with how many rows it has."""

    bucket: Integers
    pattern: Integers
    rows: Integers


class Tally:
    """How many rows each quarter of an hour has of each pattern. Memory: what is distinct, and some batches."""

    def __init__(self) -> None:
        self._keys: list[Integers] = []
        self._rows: list[Integers] = []
        self._waiting = 0

    def add(self, us: Integers, patterns: Numbers32) -> None:
        """Count rows by their times, in microseconds since 1970."""
        if not len(us):
            return
        bucket = us // BUCKET_US
        first, width = bucket.min(), int(patterns.max()) + 1
        place = (bucket - first) * width + patterns
        if int(place.max()) <= SPARSE * len(place):
            rows = np.bincount(place)
            places = np.flatnonzero(rows)
            rows = rows[places]
        else:
            places, rows = np.unique(place, return_counts=True)
        self._keys.append((places // width + first) << PATTERN_BITS | places % width)
        self._rows.append(rows)
        self._waiting += len(rows)
        if self._waiting > MOST_WAITING:
            self._sum()
            self._waiting = -len(self._keys[0])  # as many again may wait beside what is distinct

    def counts(self) -> Counts:
        """All that was counted."""
        if not self._keys:
            return Counts(*(np.zeros(0, np.int64) for _ in range(3)))
        self._sum()
        key = self._keys[0]
        return Counts(key >> PATTERN_BITS, key & ((1 << PATTERN_BITS) - 1), self._rows[0])

    def _sum(self) -> None:
        keys, rows = np.concatenate(self._keys), np.concatenate(self._rows)
        order = np.argsort(keys)
        keys = keys[order]
        starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
        self._keys, self._rows = [keys[starts]], [np.add.reduceat(rows[order], starts)]
