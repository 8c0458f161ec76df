"""Shapes of JSON lines: a logger writes the same members in the same order, so most lines differ in their values alone.

A shape is a grammar made of one line: all but its values is literal. What the vector reading takes by it is what the strict
reading of JSON would give: no escape but that of a slash, no control characters, numbers in their plain spelling, no member
twice. Every other line is left to the strict reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from amends.count.evidence.grammar import Field, LineFormat, Literal, segments
from amends.count.evidence.kinds import TEXT, Kind, Outputs, Span
from amends.count.evidence.lanes import Lanes, Positions, Truths, matches, number_before

MOST_DEPTH = 16
MOST_MEMBERS = 200
MOST_DIGITS, MOST_WIDTH = 15, 24
POINT, ZERO = 0x2E, 0x30
TOKEN = re.compile(
    rb'(?P<space>[ ]*)(?:(?P<mark>[{}\[\]:,])|"(?P<text>(?:[^"\\\x00-\x1f]|\\/)*+)"'
    rb"|(?P<number>-?\d[\d.eE+-]*)|(?P<word>true|false|null))"
)


@dataclass(frozen=True, slots=True)
class JsonNumber(Kind):
    """A number that is not negative: at most 15 digits without a leading zero, or such with a fraction, in 24 bytes."""

    alphabet: ClassVar[frozenset[int] | None] = frozenset(b"0123456789.")

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        length = end - start
        _, good = number_before(lanes, end, np.clip(length, 1, MOST_DIGITS))
        good &= (length >= 1) & (length <= MOST_DIGITS) & ((lanes.buffer[start] != ZERO) | (length == 1))
        others = np.flatnonzero(~good)
        if len(others):
            good[others] = _is_fraction(lanes, start[others], end[others])
        return good, (Span(start, end),)


def _is_fraction(lanes: Lanes, start: Positions, end: Positions) -> Truths:
    """Digits, one point between them, no leading zero but one before the point."""
    length = end - start
    text = lanes.text_at(start, MOST_WIDTH)
    inside = np.arange(MOST_WIDTH) < length[:, None]
    digits = (text >= ZERO) & (text <= ZERO + 9)
    points = (text == POINT) & inside
    good: Truths = (digits | points | ~inside).all(axis=1) & (points.sum(axis=1) == 1) & (length <= MOST_WIDTH) & (length >= 3)
    good &= digits[:, 0] & (lanes.buffer[end - 1] != POINT) & ((text[:, 0] != ZERO) | points[:, 1])
    return good


@dataclass(frozen=True, slots=True)
class JsonTruth(Kind):
    """`true` or `false`."""

    alphabet: ClassVar[frozenset[int] | None] = frozenset(b"truefals")

    def vector(self, lanes: Lanes, start: Positions, end: Positions) -> tuple[Truths | None, Outputs]:
        length = end - start
        good = ((length == 4) & matches(lanes, b"true", start)) | ((length == 5) & matches(lanes, b"false", start))
        return good, (Span(start, end),)


NUMBER, TRUTH = JsonNumber(), JsonTruth()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value: text, number or truth at a slot of the grammar; or, without one, a list of leaves, or an empty object."""

    kind: Kind | None
    slot: int = -1
    items: tuple[Leaf, ...] | None = None  # of a list


@dataclass(frozen=True, slots=True)
class Shape:
    """The grammar of a line, and its members by dotted path, nulls left out."""

    form: LineFormat
    leaves: Mapping[str, Leaf]


def shape_of(line: bytes) -> Shape | None:
    """The shape of one line; None where it has none: it is not JSON, or holds what a shape cannot."""
    making = _Making()
    try:
        making.read(line)
    except _NoShapeError:
        return None
    return Shape(LineFormat(tuple(segments(making.pieces)), escapes=False), making.leaves)


class _NoShapeError(Exception):
    """This line has no shape."""


@dataclass(slots=True)
class _Making:
    """A line on its way to a shape, token by token."""

    pieces: list[Literal | Field] = field(default_factory=list)
    leaves: dict[str, Leaf] = field(default_factory=dict)
    slots: int = 0
    tokens: Iterator[re.Match[bytes]] = field(default_factory=lambda: iter(()))

    def read(self, line: bytes) -> None:
        self.tokens = self._tokens(line)
        self._demand(b"{")
        self._object("", 1)
        if next(self.tokens, None) is not None or len(self.leaves) > MOST_MEMBERS:
            raise _NoShapeError

    def _tokens(self, line: bytes) -> Iterator[re.Match[bytes]]:
        at = 0
        while at < len(line):
            found = TOKEN.match(line, at)
            if found is None:
                raise _NoShapeError
            yield found
            at = found.end()

    def _next(self) -> re.Match[bytes]:
        found = next(self.tokens, None)
        if found is None:
            raise _NoShapeError
        return found

    def _demand(self, mark: bytes) -> None:
        found = self._next()
        if found["mark"] != mark:
            raise _NoShapeError
        self._literal(found[0])

    def _literal(self, text: bytes) -> None:
        if self.pieces and isinstance(last := self.pieces[-1], Literal):
            self.pieces[-1] = Literal(last.text + text)
        else:
            self.pieces.append(Literal(text))

    def _object(self, prefix: str, depth: int) -> None:
        """After `{`: the members up to `}`."""
        if depth > MOST_DEPTH:
            raise _NoShapeError
        names: set[bytes] = set()
        found = self._next()
        if found["mark"] == b"}":
            raise _NoShapeError  # an empty object is a value, which its place decides
        while True:
            name = found["text"]
            if name is None or b"\\" in name or name in names:
                raise _NoShapeError
            names.add(name)
            self._literal(found[0])
            self._demand(b":")
            self._member(prefix + _decoded(name), depth)
            found = self._next()
            self._literal(found[0])
            if found["mark"] == b"}":
                return
            if found["mark"] != b",":
                raise _NoShapeError
            found = self._next()

    def _member(self, path: str, depth: int) -> None:
        found = self._next()
        if found["word"] == b"null":
            self._literal(found[0])
            return
        if found["mark"] == b"{":
            self._literal(found[0])
            self._object(f"{path}.", depth + 1)
            return
        if path in self.leaves:
            raise _NoShapeError
        self.leaves[path] = self._list(found) if found["mark"] == b"[" else self._value(found)

    def _list(self, found: re.Match[bytes]) -> Leaf:
        """After `[`: simple values up to `]`."""
        self._literal(found[0])
        items = []
        found = self._next()
        while found["mark"] != b"]":
            items.append(self._value(found))
            found = self._next()
            if found["mark"] == b",":
                self._literal(found[0])
                found = self._next()
                if found["mark"] == b"]":
                    raise _NoShapeError
            elif found["mark"] != b"]":
                raise _NoShapeError
        self._literal(found[0])
        return Leaf(None, items=tuple(items))

    def _value(self, found: re.Match[bytes]) -> Leaf:
        """A slot for a text, a number or a truth."""
        self._literal(found["space"])
        if found["text"] is not None:
            self._literal(b'"')
            leaf = self._slot(TEXT)
            self._literal(b'"')
            return leaf
        if found["number"] is not None:
            return self._slot(NUMBER)
        if found["word"] in (b"true", b"false"):
            return self._slot(TRUTH)
        raise _NoShapeError

    def _slot(self, kind: Kind) -> Leaf:
        leaf = Leaf(kind, self.slots)
        self.pieces.append(Field(f"value {self.slots}", kind, (f"value {self.slots}",)))
        self.slots += 1
        return leaf


def _decoded(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        raise _NoShapeError from error
