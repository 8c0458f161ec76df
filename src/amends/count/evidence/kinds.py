"""What a field may hold. Each kind has, side by side, its strict reading (one value: the definition) and its vector reading (a
block of values).

`strict` gives the outputs for one value, or None where the value is not of this kind: the line is then a reject with the kind's
`reason`. `vector` gives the outputs for many values with a row of truths: where it is true, the outputs are what `strict`
gives; where it is false nothing is known, and `strict` decides. So a vector reading may refuse what is rare, and must never
accept what the definition refuses.

An output is a span (text: where it starts and ends; empty or `-` is null) or a number (NULL is null). `alphabet` holds every
byte that a value accepted by `vector` can have; None is any. `width` is a fixed width of both readings, `vector_width` the only
width that the vector reading takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.count.evidence.lanes import (
    HIGHS,
    LAST_BYTES,
    LOWS,
    Lanes,
    Positions,
    Truths,
    Words,
    digits_value,
    matches,
    not_digits,
    number_before,
    word,
    zero_bytes,
)
from amends.count.evidence.schema import TIME

Numbers = npt.NDArray[np.int64]
NULL = int(np.iinfo(np.int64).min)
INT64 = pa.int64()
DIGITS = frozenset(b"0123456789")


@dataclass(frozen=True, slots=True)
class Span:
    """Text of many rows: where it starts, and where it ends (exclusive)."""

    start: Positions
    end: Positions


Value = tuple[int, int] | int  # of one row: a span, or a number
Values = tuple[Value, ...]
Outputs = tuple[Span | Numbers, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """Text of any bytes; the base of all kinds."""

    reason: ClassVar[str] = "shape"
    stop_rule: ClassVar[str] = "first"  # grammar, rule 2: "first", "user" or "list"
    types: ClassVar[tuple[pa.DataType, ...]] = (pa.string(),)
    alphabet: ClassVar[frozenset[int] | None] = None
    vector_width: ClassVar[int | None] = None

    @property
    def width(self) -> int | None:
        return None

    def strict(self, line: bytes, start: int, end: int) -> Values | None:
        return ((start, end),)

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        """Truths None: every row is right."""
        return None, (Span(start, end),)


@dataclass(frozen=True, slots=True)
class UserName(Kind):
    """A user name; it may hold spaces where ` [` follows it (nginx `$remote_user`, Apache `%u`)."""

    stop_rule: ClassVar[str] = "user"


@dataclass(frozen=True, slots=True)
class ListText(Kind):
    """Tokens joined by `, ` or ` : ` (nginx `$upstream_*`: servers tried, and groups of servers)."""

    stop_rule: ClassVar[str] = "list"


@dataclass(frozen=True, slots=True)
class Target(Kind):
    """Path and query that are logged apart, as `$uri?$args`: without arguments nginx writes `?-`, which is cut."""

    def strict(self, line: bytes, start: int, end: int) -> Values | None:
        tail = line[max(start, end - 2) : end]
        return ((start, end - (2 if tail == b"?-" else 1 if tail.endswith(b"?") else 0)),)

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        bare = (lanes.buffer[end - 1] == 0x3F) & (end > start)
        dashed = (lanes.buffer[end - 2] == 0x3F) & (lanes.buffer[end - 1] == 0x2D) & (end > start + 1)
        return None, (Span(start, end - bare - 2 * dashed),)


@dataclass(frozen=True, slots=True)
class Address(Kind):
    """An IPv4 address, an IPv6 address with or without zone, or `unix:`; with `names` a host name too (Apache `%h`); `-` is
    null.
    """

    names: bool = False
    reason: ClassVar[str] = "address"

    def strict(self, line: bytes, start: int, end: int) -> Values | None:
        good = (_ADDRESS_OR_NAME if self.names else _ADDRESS).fullmatch(line, start, end)
        return ((start, end),) if good else None

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        good = _is_ipv4(lanes, start, end)
        others = np.flatnonzero(~good)
        if len(others):
            good[others] = _is_plain_ipv6(lanes, start[others], end[others])
        return good, (Span(start, end),)


_ADDRESS_PATTERN = (
    rb"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|unix:|-"
    rb"|(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]{2,45}(?:%[0-9A-Za-z._-]{1,15})?"  # at least two colons; the zone: RFC 4007, section 11
)
_ADDRESS = re.compile(_ADDRESS_PATTERN)
_ADDRESS_OR_NAME = re.compile(_ADDRESS_PATTERN + rb"|[0-9A-Za-z_](?:[0-9A-Za-z_.-]{0,253}[0-9A-Za-z_.])?")


def _is_ipv4(lanes: Lanes, start: Positions, end: Positions) -> Truths:
    """Four groups of one to three digits, in 8 to 15 bytes. Three lanes cover every four neighbouring bytes of it."""
    length = end - start
    lengths = np.clip(length, 8, 15)
    bad = np.zeros(len(start), np.uint64)
    dots: list[Words] = []
    for offset in (np.zeros_like(lengths), (lengths - 8) >> 1, lengths - 8):
        text = lanes.at(start + offset)
        dot = zero_bytes(text ^ _EIGHT_DOTS)
        mask = (dot >> np.uint64(7)) * np.uint64(255)
        figures = not_digits((text ^ _EIGHT_ZEROS) & ~mask)
        digit = ~dot & HIGHS
        four = digit & (digit >> np.uint64(8)) & (digit >> np.uint64(16)) & (digit >> np.uint64(24))
        bad |= figures | four | (dot & (dot >> np.uint64(8)))
        dots.append(dot)
    first, _, last = dots
    bad |= (first & np.uint64(0x80)) | (last & np.uint64(1 << 63))
    # The first and the last lane overlap in 16 - length bytes: those count once.
    count = np.bitwise_count(first) + np.bitwise_count(last & LAST_BYTES[lengths - 8])
    good: Truths = (bad == 0) & (count == 3) & (length == lengths)
    return good


_EIGHT_DOTS = word(b"........")
_EIGHT_ZEROS = word(b"00000000")


def _is_plain_ipv6(lanes: Lanes, start: Positions, end: Positions) -> Truths:
    """At least two colons and nothing but hex digits, colons and dots, in 2 to 45 bytes."""
    length = end - start
    text = lanes.text_at(start, 48)
    inside = np.arange(48) < length[:, None]
    only: Truths = (_IPV6_BYTES[text] | ~inside).all(axis=1)
    colons = ((text == 0x3A) & inside).sum(axis=1)
    only &= (colons >= 2) & (length >= 2) & (length <= 45)
    return only


_IPV6_BYTES = np.isin(np.arange(256), list(b"0123456789abcdefABCDEF.:"))


@dataclass(frozen=True, slots=True)
class Request(Kind):
    """The request line: `METHOD target HTTP/1.1`, or `METHOD /path` (HTTP/0.9, RFC 1945, section 4.1).

    The method ends at the first space, the protocol begins at the last ` HTTP/`; a target with raw spaces keeps them.
    Anything else (a TLS handshake, `-`) is an event all the same: method null, the text as target.
    """

    reason: ClassVar[str] = "request"
    types: ClassVar[tuple[pa.DataType, ...]] = (pa.string(), pa.string())

    def strict(self, line: bytes, start: int, end: int) -> Values | None:
        found = _REQUEST.fullmatch(line, start, end)
        if not found:
            return (start, start), (start, end)
        return found.span(1), found.span(2) if found.group(2) is not None else found.span(3)

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        """Methods of one to seven capitals and `HTTP/d.d`."""
        text = lanes.at(start)
        spaces = zero_bytes(text ^ _EIGHT_SPACES)
        bits = np.bitwise_count(~spaces & (spaces - np.uint64(1)))  # below the first space: 8 for each byte before it, and 7
        method = (np.uint64(1) << (bits & 0x38).astype(np.uint64)) - np.uint64(1)
        capitals = (text ^ _EIGHT_AT_SIGNS) & method  # A..Z become 1..26, other text less than 1 or more than 26
        bad = (((capitals + _ABOVE_26) | capitals) & HIGHS) | ((~(capitals + LOWS)) & HIGHS & method)
        target = start + (bits >> 3) + 1
        protocol = lanes.at(end - 8)
        good = (spaces != 0) & (bad == 0) & (bits > 8) & (lanes.buffer[end - 9] == 0x20) & (target < end - 9)
        good &= ((protocol & _PROTOCOL_TEXT) == _PROTOCOL) & (not_digits((protocol ^ _EIGHT_ZEROS) & _PROTOCOL_DIGITS) == 0)
        return good, (Span(start, target - 1), Span(target, end - 9))


_REQUEST = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (?:(.+) HTTP/\d(?:\.\d)?|(/[^ ]*))", re.DOTALL
)  # the method is a token: RFC 9110, section 5.6.2
_EIGHT_SPACES = word(b"        ")
_EIGHT_AT_SIGNS = word(b"@@@@@@@@")
_ABOVE_26 = np.uint64((127 - 26) * 0x0101010101010101)
_PROTOCOL = word(b"HTTP/\0.\0")
_PROTOCOL_TEXT = word(b"\xff\xff\xff\xff\xff\0\xff\0")
_PROTOCOL_DIGITS = word(b"\0\0\0\0\0\xff\0\xff")


@dataclass(frozen=True, slots=True)
class Status(Kind):
    """Three digits; one of `unknown` is null."""

    unknown: tuple[bytes, ...] = (b"-",)
    reason: ClassVar[str] = "status"
    types: ClassVar[tuple[pa.DataType, ...]] = (pa.uint16(),)
    alphabet: ClassVar[frozenset[int] | None] = DIGITS
    vector_width: ClassVar[int | None] = 3

    def strict(self, line: bytes, start: int, end: int) -> Values | None:
        text = line[start:end]
        if text in self.unknown:
            return (NULL,)
        return (int(text),) if len(text) == 3 and text.isdigit() else None

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        values = (lanes.at(start) ^ word(b"000")) & np.uint64(0xFFFFFF)
        number = digits_value(values << np.uint64(40))
        return (not_digits(values) == 0) & (end == start + 3), (number.view(np.int64),)


@dataclass(frozen=True, slots=True)
class Integer(Kind):
    """At most `most` digits (16 or fewer, `10 ** most * scale` below 2 ** 63), times `scale`.

    `-` is `dash`: null, but 0 for Apache's `%b`.
    """

    most: int = 15
    scale: int = 1
    dash: int = NULL
    type: pa.DataType = INT64
    reason: ClassVar[str] = "number"
    alphabet: ClassVar[frozenset[int] | None] = DIGITS | frozenset(b"-")

    @property
    def types(self) -> tuple[pa.DataType, ...]:  # type: ignore[override]
        return (self.type,)

    def strict(self, line: bytes, start: int, end: int) -> Values | None:
        text = line[start:end]
        if text == b"-":
            return (self.dash,)
        return (int(text) * self.scale,) if len(text) <= self.most and text.isdigit() else None

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        length = end - start
        value, good = number_before(lanes, end, np.clip(length, 1, self.most))
        good &= (length >= 1) & (length <= self.most)
        number = value.view(np.int64)
        if self.scale != 1:
            number = number * self.scale
        return _or_dash(lanes, start, length, good, number, self.dash)


def _or_dash(
    lanes: Lanes, start: Positions, length: Positions, good: Truths, number: Numbers, dash: int
) -> tuple[Truths, Outputs]:
    if not good.all():
        dashes = (length == 1) & (lanes.buffer[start] == 0x2D)
        number = np.where(dashes, dash, number)
        good |= dashes
    return good, (number,)


@dataclass(frozen=True, slots=True)
class Seconds(Kind):
    """Seconds with at most 11 digits before and 6 behind the point, as microseconds; `-` is null."""

    type: pa.DataType = INT64
    reason: ClassVar[str] = "number"
    alphabet: ClassVar[frozenset[int] | None] = DIGITS | frozenset(b".-")

    @property
    def types(self) -> tuple[pa.DataType, ...]:  # type: ignore[override]
        return (self.type,)

    def strict(self, line: bytes, start: int, end: int) -> Values | None:
        found = _SECONDS.fullmatch(line, start, end)
        if not found:
            return None
        return (
            NULL if found.group(1) is None else int(found.group(1)) * 1_000_000 + int((found.group(2) or b"").ljust(6, b"0")),
        )

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        """Three digits behind the point, as nginx writes them."""
        length = end - start
        tail = lanes.at(end - 8)
        # "ab12.345" becomes the seven digits b12345 with the point taken out, and junk before `length` bytes masked away
        values = (tail & _THREE_LAST) | ((tail & _FOUR_FIRST) << np.uint64(8))
        values = (values ^ _EIGHT_ZEROS) & LAST_BYTES[np.clip(length - 1, 0, 7)]
        good = (lanes.buffer[end - 4] == 0x2E) & (not_digits(values) == 0) & (length >= 5) & (length <= 8)
        number = digits_value(values).view(np.int64) * 1000
        long_rows = np.flatnonzero(length > 8)
        if len(long_rows):
            rows_end, rows_length = end[long_rows], length[long_rows]
            whole, whole_good = number_before(lanes, rows_end - 4, np.clip(rows_length - 4, 1, 15))
            part, part_good = number_before(lanes, rows_end, np.full(len(long_rows), 3))
            number[long_rows] = whole.view(np.int64) * 1_000_000 + part.view(np.int64) * 1000
            good[long_rows] = whole_good & part_good & (lanes.buffer[rows_end - 4] == 0x2E) & (rows_length <= 15)
        return _or_dash(lanes, start, length, good, number, NULL)


_SECONDS = re.compile(rb"(\d{1,11})(?:\.(\d{1,6}))?|-")
_THREE_LAST = np.uint64(0xFFFFFF0000000000)
_FOUR_FIRST = np.uint64(0x00000000FFFFFFFF)


@dataclass(frozen=True, slots=True)
class Completion(Kind):
    """Whether the answer went out whole: one of `yes` or of `no`; one of `unknown` is null."""

    yes: tuple[bytes, ...]
    no: tuple[bytes, ...]
    unknown: tuple[bytes, ...] = ()
    types: ClassVar[tuple[pa.DataType, ...]] = (pa.bool_(),)

    def strict(self, line: bytes, start: int, end: int) -> Values | None:
        text = line[start:end]
        if text in self.unknown:
            return (NULL,)
        return (int(text in self.yes),) if text in self.yes or text in self.no else None

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        good = np.zeros(len(start), np.bool_)
        number = np.full(len(start), NULL, np.int64)
        for value, texts in ((1, self.yes), (0, self.no), (NULL, self.unknown)):
            for text in texts:
                rows = (end - start == len(text)) & (matches(lanes, text, start) if text else True)
                number[rows] = value
                good |= rows
        return good, (number,)


TEXT = Kind()
USER_NAME = UserName()
LIST = ListText()
TARGET = Target()
ADDRESS = Address()
ADDRESS_OR_NAME = Address(names=True)
REQUEST = Request()
STATUS = Status()
INTEGER = Integer()
SECONDS = Seconds()
EPOCH_SECONDS = Seconds(TIME)
