"""Time stamps of a fixed width, described by strftime's own words, as microseconds since 1970 in UTC.

The vector reading takes the clock (`%H:%M:%S`) from one 8-byte word of each row; all else (date, zone) is the same for long
runs of rows, so it is read once for each run. A second of 60 (a leap second) is the first of the next minute, as POSIX counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import ClassVar
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from amends.count.evidence.kinds import NULL, Kind, Numbers, Outputs, Span, Values
from amends.count.evidence.lanes import HIGHS, Lanes, Positions, Truths, Words, number_before, word
from amends.count.evidence.schema import TIME

MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1)}
EPOCH = date(1970, 1, 1).toordinal()
DAY = 86_400

# strftime's conversions of a fixed width; `Z` stands for an offset with a colon (ISO 8601), `L` and `N` for milli- and
# microseconds.
WIDTHS = {"d": 2, "e": 2, "b": 3, "m": 2, "Y": 4, "H": 2, "M": 2, "S": 2, "z": 5, "Z": 6, "L": 3, "N": 6}
PATTERNS = {
    "d": rb"(?P<d>\d\d)",
    "e": rb"(?P<d>[ \d]\d)",
    "b": rb"(?P<b>[A-Z][a-z][a-z])",
    "m": rb"(?P<m>\d\d)",
    "Y": rb"(?P<Y>\d{4})",
    "H": rb"(?P<H>\d\d)",
    "M": rb"(?P<M>\d\d)",
    "S": rb"(?P<S>\d\d)",
    "z": rb"(?P<z>[+-]\d{4})",
    "Z": rb"(?P<z>[+-]\d\d:\d\d)",
    "L": rb"(?P<f>\d{3})",
    "N": rb"(?P<f>\d{6})",
}
LONG_FORMS = {"T": "%H:%M:%S", "F": "%Y-%m-%d", "h": "%b", "R": "%H:%M"}


def expanded(pattern: str) -> str:
    """The pattern in the conversions of WIDTHS alone. Raises: ValueError names the first other conversion."""
    result = ""
    for part in re.findall(r"%.|[^%]+|%$", pattern, re.DOTALL):
        conversion = part[1:] if part.startswith("%") else None
        if conversion in LONG_FORMS:
            result += LONG_FORMS[conversion]
        elif conversion is None or conversion in WIDTHS or conversion == "%":
            result += part
        else:
            raise ValueError(part)
    return result


@dataclass(frozen=True)
class TimeStamp(Kind):
    """A stamp that `pattern` describes; without an offset in it, the stamp is the civil time of `zone`.

    A civil time that the zone skips (a clock put forward) is a reject; one that it has twice is the first of both.
    """

    pattern: str
    zone: str | None = None
    reason: ClassVar[str] = "time"
    types: ClassVar[tuple[pa.DataType, ...]] = (TIME,)

    @cached_property
    def width(self) -> int:
        return sum(WIDTHS.get(part[1:], 1) if part.startswith("%") else len(part.encode()) for part in self._parts)

    @property
    def has_zone(self) -> bool:
        return "%z" in self._parts or "%Z" in self._parts

    def strict(self, line: bytes, start: int, end: int) -> Values | None:
        value = self.microseconds(line[start:end])
        return None if value is None else (value,)

    def microseconds(self, text: bytes) -> int | None:
        """One stamp in UTC; None where the text is no such stamp or no such moment exists."""
        found = self._regex.fullmatch(text)
        if not found:
            return None
        part = found.groupdict()
        hour, minute, second = (int(part.get(key) or 0) for key in "HMS")
        try:
            day = date(int(part["Y"]), MONTHS[part["b"]] if "b" in part else int(part["m"]), int(part["d"]))
        except (KeyError, ValueError):
            return None
        if hour > 23 or minute > 59 or second > 60:
            return None
        clock = hour * 3600 + minute * 60 + second
        midnight = (day.toordinal() - EPOCH) * DAY
        offset = _offset(part["z"]) if "z" in part else _civil_offset(day, clock, self.zone or "UTC")
        if offset is None:
            return None
        return (midnight + clock - offset) * 1_000_000 + int((part.get("f") or b"").ljust(6, b"0"))

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        if self._clock_at is None:
            return np.zeros(len(start), np.bool_), (np.full(len(start), NULL, np.int64),)
        seconds, good = clock(lanes.at(start + self._clock_at))
        day_starts, known = self._days(lanes, start)
        value = (seconds + day_starts) * 1_000_000
        good &= known
        if self._fraction is not None:
            at, width, scale = self._fraction
            part, part_good = number_before(lanes, start + (at + width), np.full(len(start), width))
            value += part.view(np.int64) * scale
            good &= part_good
        return good, (value,)

    def _days(self, lanes: Lanes, start: Positions) -> tuple[Numbers, Truths]:
        """For each row the second (UTC) at which its day begins; equal dates and zones that follow one another are read once."""
        changed = np.zeros(max(len(start) - 1, 0), np.bool_)
        for offset, mask in self._date_lanes:
            text = lanes.at(start + offset) & mask
            changed |= text[1:] != text[:-1]
        first_rows = np.concatenate(([0], np.flatnonzero(changed) + 1)) if len(start) else np.zeros(0, np.int64)
        lengths = np.diff(np.append(first_rows, len(start)))
        days = [self._day(lanes.buffer[at : at + self.width].tobytes()) for at in start[first_rows].tolist()]
        known = np.array([day is not None for day in days], np.bool_)
        return np.repeat(np.array([day or 0 for day in days], np.int64), lengths), np.repeat(known, lengths)

    def _day(self, text: bytes) -> int | None:
        at = self._clock_at or 0
        text = text[:at] + b"00:00:00" + text[at + 8 :]
        if self._fraction is not None:
            begin, width, _ = self._fraction
            text = text[:begin] + b"0" * width + text[begin + width :]
        return _day_start(self, text)

    @cached_property
    def _parts(self) -> list[str]:
        return re.findall(r"%.|[^%]+", expanded(self.pattern), re.DOTALL)

    @cached_property
    def _regex(self) -> re.Pattern[bytes]:
        parts = (PATTERNS.get(part[1:], rb"%") if part.startswith("%") else re.escape(part.encode()) for part in self._parts)
        return re.compile(b"".join(parts))

    @cached_property
    def _places(self) -> list[tuple[str, int, int]]:
        """Each part with its first byte and width."""
        places, at = [], 0
        for part in self._parts:
            width = WIDTHS.get(part[1:], 1) if part.startswith("%") else len(part.encode())
            places.append((part, at, width))
            at += width
        return places

    @cached_property
    def _clock_at(self) -> int | None:
        """Where `%H:%M:%S` begins; None where the clock is written otherwise, or the stamp is too short for a word."""
        parts = [part for part, _, _ in self._places]
        for index, (part, at, _) in enumerate(self._places):
            if part == "%H" and parts[index : index + 5] == ["%H", ":", "%M", ":", "%S"] and self.width >= 8:
                return at
        return None

    @cached_property
    def _fraction(self) -> tuple[int, int, int] | None:
        for part, at, width in self._places:
            if part in ("%L", "%N"):
                return at, width, 10 ** (6 - width)
        return None

    @cached_property
    def _date_lanes(self) -> list[tuple[int, np.uint64]]:
        """Words that cover every byte but those of the clock and the fraction."""
        wanted = set(range(self.width))
        for part, at, width in self._places:
            if part in ("%H", "%M", "%S", "%L", "%N"):
                wanted -= set(range(at, at + width))
        words: list[tuple[int, np.uint64]] = []
        while wanted:
            offset = min([*wanted, self.width - 8])
            mask = bytes(255 if offset + index in wanted else 0 for index in range(8))
            words.append((offset, word(mask)))
            wanted -= set(range(offset, offset + 8))
        return words


@dataclass(frozen=True)
class TimeText(TimeStamp):
    """A second stamp of a line, checked like the first and kept as text."""

    types: ClassVar[tuple[pa.DataType, ...]] = (pa.string(),)

    def strict(self, line: bytes, start: int, end: int) -> Values | None:
        return None if self.microseconds(line[start:end]) is None else ((start, end),)

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        good, _ = super().vector(lanes, start, end)
        return good, (Span(start, end),)


@lru_cache(maxsize=4096)
def _day_start(stamp: TimeStamp, text: bytes) -> int | None:
    """The UTC second of this day's midnight; None too where a zone's clock changes within the day, so that each row is read by
    itself.
    """
    value = stamp.microseconds(text)
    if value is None or stamp.has_zone:
        return None if value is None else value // 1_000_000
    clock = stamp._clock_at or 0
    last = stamp.microseconds(text[:clock] + b"23:59:59" + text[clock + 8 :])
    return value // 1_000_000 if last is not None and last - value == (DAY - 1) * 1_000_000 else None


def _offset(text: bytes) -> int | None:
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 23 or minutes > 59:
        return None
    return (-1 if text.startswith(b"-") else 1) * (hours * 3600 + minutes * 60)


def _civil_offset(day: date, clock: int, zone: str) -> int | None:
    civil = datetime.combine(day, time()) + timedelta(seconds=min(clock, DAY - 1))
    try:
        aware = civil.replace(tzinfo=ZoneInfo(zone))
        back = aware.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    except OverflowError:
        return None
    offset = aware.utcoffset()
    return None if back != civil or offset is None else int(offset.total_seconds())


def clock(text: Words) -> tuple[Numbers, Truths]:
    """Seconds since midnight from the eight bytes `hh:mm:ss`, and whether they are a time of day."""
    values = text ^ word(b"00:00:00")
    bad = ((values + _CLOCK_SHAPE) | values) & HIGHS
    pairs = values * np.uint64(10) + (values >> np.uint64(8))
    pairs &= np.uint64(0x00FF0000FF0000FF)
    bad |= (pairs + _CLOCK_LIMITS) & HIGHS
    seconds = (
        (pairs & np.uint64(0xFF)) * np.uint64(3600)
        + ((pairs >> np.uint64(24)) & np.uint64(0xFF)) * np.uint64(60)
        + (pairs >> np.uint64(48))
    )
    return seconds.view(np.int64), bad == 0


_CLOCK_SHAPE = word(bytes(0x7F if byte == 0x3A else 0x7F - 9 for byte in b"00:00:00"))  # colons must be 0, digits at most 9
_CLOCK_LIMITS = word(bytes([127 - 23, 0, 0, 127 - 59, 0, 0, 127 - 60, 0]))
TIME_LOCAL = TimeStamp("%d/%b/%Y:%H:%M:%S %z")
TIME_ISO8601 = TimeStamp("%Y-%m-%dT%H:%M:%S%Z")
