"""Stamps of ISO 8601 in text lines, whose fraction may have any width."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import pyarrow as pa

from amends.count.evidence.kinds import Kind, Numbers, Outputs, Values
from amends.count.evidence.lanes import Lanes, Positions, Truths, number_before
from amends.count.evidence.schema import TIME
from amends.count.evidence.times import TIME_ISO8601, clock

POINT = 0x2E
ZULU = 0x5A


@dataclass(frozen=True, slots=True)
class Iso8601(Kind):
    """`2025-11-18T22:52:00`, with a fraction of up to nine digits or none, and `Z` or an offset; rounded down to microseconds.

    RFC 3339, section 5.6. A stamp without an offset is UTC where `utc`; else it is none.
    """

    utc: bool = False
    reason: ClassVar[str] = "time"
    types: ClassVar[tuple[pa.DataType, ...]] = (TIME,)

    def strict(self, line: bytes, start: int, end: int) -> Values | None:
        text = line[start:end]
        found = _ISO.fullmatch(text)
        if not found or not (self.utc or found[3]):
            return None
        seconds = _seconds(found[1], found[3] or b"Z")
        return None if seconds is None else (seconds * 1_000_000 + int((found[2] or b"").ljust(6, b"0")[:6]),)

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        """`...Z`, or nothing where `utc`, with a fraction of three or six digits or none; equal dates that follow one another are
        read once.
        """
        is_zulu = lanes.buffer[end - 1] == ZULU
        end = end - is_zulu
        width = end - start
        digits = np.where(width == 23, 3, np.where(width == 26, 6, 0))
        good = ((width == 19) | (digits > 0)) & (is_zulu | self.utc)
        good &= (digits == 0) | (lanes.buffer[start + 19] == POINT)
        seconds, is_clock = clock(lanes.at(start + 11))
        days, is_day = _days(lanes, start)
        micros = np.zeros(len(end), np.int64)
        for count in (3, 6):
            rows = np.flatnonzero(good & (digits == count))
            if len(rows):
                part, is_number = number_before(lanes, end[rows], np.full(len(rows), count))
                micros[rows] = part.view(np.int64) * 10 ** (6 - count)
                good[rows] &= is_number
        return good & is_clock & is_day, ((days + seconds) * 1_000_000 + micros,)


_ISO = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?")


@lru_cache(maxsize=4096)
def _seconds(stamp: bytes, offset: bytes) -> int | None:
    micros = TIME_ISO8601.microseconds(stamp + (b"+00:00" if offset == b"Z" else offset))
    return None if micros is None else micros // 1_000_000


def _days(lanes: Lanes, start: Positions) -> tuple[Numbers, Truths]:
    """The second at which each row's day begins in UTC, and whether `2025-11-18T` is one."""
    first, second = lanes.at(start), lanes.at(start + 3)
    changed = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    begins = np.concatenate(([0], np.flatnonzero(changed) + 1)) if len(start) else np.zeros(0, np.int64)
    lengths = np.diff(np.append(begins, len(start)))
    texts = [lanes.buffer[at : at + 11].tobytes() for at in start[begins].tolist()]
    days = [_seconds(text + b"00:00:00", b"Z") for text in texts]
    known = np.array([day is not None for day in days], np.bool_)
    return np.repeat(np.array([day or 0 for day in days], np.int64), lengths), np.repeat(known, lengths)


TIMESTAMP = Iso8601()
TIMESTAMP_UTC = Iso8601(utc=True)
