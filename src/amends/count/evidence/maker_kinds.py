"""Kinds that balancers, proxies and clouds write, beside those of `kinds.py`, and bound by the same promise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from amends.count.evidence import kinds
from amends.count.evidence.json_times import NO_ZONE_REASON
from amends.count.evidence.kinds import ADDRESS, DIGITS, NULL, Kind, Numbers, Outputs, Span, Values
from amends.count.evidence.lanes import Lanes, Positions, Truths, number_before
from amends.count.evidence.schema import TIME
from amends.count.evidence.times import TimeStamp

COLON = 0x3A
POINT = 0x2E


@dataclass(frozen=True, slots=True)
class AddressPort(Kind):
    """An address and a port, `192.0.2.7:2817`, `[2001:db8::1]:443` or `2001:db8::1:443` (the last colon begins the port); or an
    address alone, or `-`. The span is the address.
    """

    reason: ClassVar[str] = "address"

    def strict(self, line: bytes, start: int, end: int) -> Values | None:
        found = _ADDRESS_PORT.fullmatch(line, start, end)
        if not found:
            return ADDRESS.strict(line, start, end)
        begin, stop = found.span(1) if found.group(1) is not None else found.span(2)
        return ADDRESS.strict(line, begin, stop)

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        """`address:port` without brackets."""
        stop = end.copy()
        is_open = np.ones(len(end), np.bool_)
        for digits in range(1, 6):
            found = is_open & (lanes.buffer[end - 1 - digits] == COLON)
            stop[found] = end[found] - 1 - digits
            is_open &= ~found
        _, is_port = number_before(lanes, end, np.clip(end - stop - 1, 1, 5))
        good, spans = ADDRESS.vector(lanes, start, np.maximum(stop, start))
        truths: Truths = ~is_open & is_port & (stop > start)
        return (truths if good is None else truths & good), spans


_ADDRESS_PORT = re.compile(rb"(?:\[([0-9A-Fa-f:.]+(?:%[0-9A-Za-z._-]{1,15})?)\]|([0-9A-Fa-f.:%]+)):\d{1,5}")


@dataclass(frozen=True, slots=True)
class Decimal(Kind):
    """A number with at most `whole` digits before and nine behind the point, in `unit` microseconds, rounded down; one of
    `unknown` is null.
    """

    unit: int = 1_000_000
    whole: int = 9
    unknown: tuple[bytes, ...] = (b"-",)
    reason: ClassVar[str] = "number"
    types: ClassVar[tuple[pa.DataType, ...]] = (pa.int64(),)
    alphabet: ClassVar[frozenset[int] | None] = DIGITS | frozenset(b".-")

    def strict(self, line: bytes, start: int, end: int) -> Values | None:
        text = line[start:end]
        if text in self.unknown:
            return (NULL,)
        found = _DECIMAL.fullmatch(text)
        if not found or len(found[1]) > self.whole:
            return None
        fraction = (found[2] or b"").ljust(9, b"0")
        return ((int(found[1]) * 1_000_000_000 + int(fraction)) * self.unit // 1_000_000_000,)

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        """Three digits behind the point, at most eight before it."""
        length = end - start - 4
        whole, whole_good = number_before(lanes, end - 4, np.clip(length, 1, 8))
        part, part_good = number_before(lanes, end, np.full(len(end), 3))
        good = whole_good & part_good & (lanes.buffer[end - 4] == POINT) & (length >= 1) & (length <= min(8, self.whole))
        number: Numbers = (whole.view(np.int64) * 1000 + part.view(np.int64)) * self.unit // 1000
        return good, (number,)


_DECIMAL = re.compile(rb"(\d+)(?:\.(\d{1,9}))?")


@dataclass(frozen=True, slots=True)
class Checked(Kind):
    """Text that is also of another kind: checked as that, kept as it is written."""

    kind: Kind = kinds.TEXT

    @property
    def reason(self) -> str:  # type: ignore[override]
        return self.kind.reason

    @property
    def alphabet(self) -> frozenset[int] | None:  # type: ignore[override]
        return self.kind.alphabet

    def strict(self, line: bytes, start: int, end: int) -> Values | None:
        return None if self.kind.strict(line, start, end) is None else ((start, end),)

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        good, _ = self.kind.vector(lanes, start, end)
        return good, (Span(start, end),)


@dataclass(frozen=True, slots=True)
class NoZone(Kind):
    """A stamp without an offset where the block gives no zone: no value is of this kind."""

    reason: ClassVar[str] = NO_ZONE_REASON
    types: ClassVar[tuple[pa.DataType, ...]] = (TIME,)

    def strict(self, line: bytes, start: int, end: int) -> Values | None:
        return None

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        return np.zeros(len(start), np.bool_), (np.full(len(start), NULL, np.int64),)


def civil(pattern: str, zone: str | None) -> Kind:
    """A stamp without an offset, in the block's zone."""
    return TimeStamp(pattern, zone) if zone else NoZone()


ADDRESS_PORT = AddressPort()
