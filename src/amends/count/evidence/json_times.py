"""Times in JSON lines: stamps with or without an offset, and numbers since 1970, as instants in microseconds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from amends.count.evidence.arrow import Column, column
from amends.count.evidence.schema import TIMES_US
from amends.units import EPOCH

NO_ZONE_REASON = "time without zone"

type Faults = dict[int, str]


class Number(str):
    """A JSON number with a fraction or an exponent, as it was written."""

    __slots__ = ()


def zone_of(name: str | None) -> ZoneInfo | None:
    return ZoneInfo(name) if name else None


def times(values: Sequence[object] | Column, zone: ZoneInfo | None, faults: Faults) -> Column:
    """Instants in microseconds, rounded down; see `instant` for what a stamp may be. A line without one is a reject, "time"."""
    is_column = isinstance(values, pa.Array)
    if is_column or set(map(type, values)) == {str}:
        stamps: Column = values if is_column else column(values, pa.string())
        if _all(pc.match_substring_regex(stamps, _PLAIN_STAMP)):
            try:
                stamps = pc.replace_substring_regex(stamps, r"(\.\d{6})\d{1,3}Z$", r"\1Z")
                return stamps.cast(pa.timestamp("us", "UTC"))
            except pa.ArrowInvalid:
                pass  # 30 February among them: one by one, to find it
        values = stamps.to_pylist()
    cache: dict[object, int | None] = {}
    found: list[int | None] = []
    for row, value in enumerate(values):
        if value not in cache if isinstance(value, str | int) else True:
            micros, reason = instant(value, zone)
        else:
            micros, reason = cache[value], None
        if reason is not None:
            faults.setdefault(row, reason)
        elif isinstance(value, str | int):
            cache[value] = micros
        found.append(0 if micros is None else micros)
    return column(found, pa.int64()).cast(pa.timestamp("us", "UTC"))


# What Arrow's parser reads exactly as `instant` does, once it has no more than six digits behind the point.
_PLAIN_STAMP = r"^(?:19[7-9]\d|20\d{2})-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?Z$"
_STAMP = re.compile(  # RFC 3339, section 5.6, and ISO 8601's forms of an offset
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?(Z|z|[+-]\d{2}(?::?\d{2})?)?", re.ASCII
)
_CLF_STAMP = re.compile(r"\[?(\d{2})/([A-Z][a-z]{2})/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-]\d{4})\]?", re.ASCII)
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
# Seconds, milli-, micro- and nanoseconds since 1970 do not overlap between 1973-03-03 and the year 5138.
_UNITS = ((10**8, 10**11, 1_000_000), (10**11, 10**14, 1_000), (10**14, 10**17, 1))


def instant(value: object, zone: ZoneInfo | None) -> tuple[int | None, str | None]:
    """Microseconds since 1970, or the reason why not.

    A stamp is RFC 3339, a log's `18/Nov/2025:22:52:00 +0900`, or a number since 1970 whose size says its unit: below 1e11
    seconds, below 1e14 milliseconds, below 1e17 microseconds, above nanoseconds. One without an offset needs the block's
    `zone`. One outside TIMES_US is none.
    """
    micros, reason = _read(value, zone)
    return (micros, reason) if micros is None or micros in TIMES_US else (None, "time")


def _read(value: object, zone: ZoneInfo | None) -> tuple[int | None, str | None]:
    if isinstance(value, str) and not isinstance(value, Number):
        if match := _STAMP.fullmatch(value):
            year, month, day, hour, minute, second = map(int, match.groups()[:6])
            return _civil(year, month, day, hour, minute, second, match[7] or "", match[8], zone)
        if match := _CLF_STAMP.fullmatch(value):
            day, hour, minute, second = (int(match[group]) for group in (1, 4, 5, 6))
            return _civil(int(match[3]), _MONTHS.get(match[2], 0), day, hour, minute, second, "", match[7], zone)
    number = decimal(value)
    if number is None:
        return None, "time"
    for least, limit, microseconds in _UNITS:
        if least <= number < limit:
            return int(number * microseconds), None
    return (int(number / 1_000), None) if 10**17 <= number < 10**19 else (None, "time")


def _civil(
    year: int, month: int, day: int, hour: int, minute: int, second: int, fraction: str, offset: str | None, zone: ZoneInfo | None
) -> tuple[int | None, str | None]:
    """A leap second (60) is the first second of the next minute. Where a zone's clock went back, the first of both instants."""
    try:
        moment = datetime(year, month, day, hour, minute, 59 if second == 60 else second)  # noqa: DTZ001 - its zone comes below
    except ValueError:
        return None, "time"
    if offset is None:
        if zone is None:
            return None, NO_ZONE_REASON
        since = moment.replace(tzinfo=zone) - EPOCH
    else:
        ahead = _ahead(offset)
        if ahead is None:
            return None, "time"
        since = moment.replace(tzinfo=UTC) - EPOCH - ahead
    micros = since // timedelta(microseconds=1) + int(f"{fraction:0<6}"[:6]) + (1_000_000 if second == 60 else 0)
    return micros, None


def _ahead(offset: str) -> timedelta | None:
    if offset in "Zz":
        return timedelta(0)
    digits = offset[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        return None
    ahead = timedelta(hours=hours, minutes=minutes)
    return ahead if offset[0] == "+" else -ahead


def decimal(value: object) -> Decimal | None:
    """A number that is not negative and below 1e19, from a JSON number or the same as text; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | str) or (isinstance(value, str) and not _NUMBER.fullmatch(value)):
        return None
    if isinstance(value, int):
        return Decimal(value) if 0 <= value < 10**19 else None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    if number.is_zero():
        return Decimal(0)
    return number if -30 < number.adjusted() < 19 else None


_NUMBER = re.compile(r"\d{1,19}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?", re.ASCII)


def _all(truths: Column) -> bool:
    return bool(truths.false_count == 0 and truths.null_count == 0)
