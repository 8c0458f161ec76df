"""The definition of a format: what one line is, read alone and from left to right. Whatever the vector reading does must come
out the same.
"""

from __future__ import annotations

import re

from amends.count.evidence.grammar import LineFormat, Literal, Segment, Slot
from amends.count.evidence.kinds import Values
from amends.count.evidence.schema import TIME, TIMES_US

EMPTY = "empty"
NUL = "nul"
UTF8 = "utf8"
SHAPE = "shape"


class StrictReader:
    """One line to the values of its fields, or to the reason why it has none. Cost: about 10 us a line."""

    def __init__(self, form: LineFormat) -> None:
        self._pieces = [piece for segment in form.segments for piece in _with_quotes(form, segment)]
        self._slots = [piece for piece, _ in self._pieces if isinstance(piece, Slot)]
        self._patterns = [re.compile(pattern, re.DOTALL) for _, pattern in self._pieces]
        self._line = re.compile(b"".join(pattern for _, pattern in self._pieces), re.DOTALL)

    def read(self, line: bytes) -> list[Values] | str:
        """The values of each slot in order, with spans within `line`; or the reason. `line` is without its line feed; one CR
        before it is dropped.
        """
        if line.endswith(b"\r"):
            line = line[:-1]
        if not line.strip():
            return EMPTY
        if b"\0" in line:
            return NUL
        if not line.isascii() and not _is_utf8(line):
            return UTF8
        found = self._line.fullmatch(line)
        if not found:
            return self._reason(line)
        values: list[Values] = []
        for group, slot in enumerate(self._slots, start=1):
            value = slot.field.kind.strict(line, *found.span(group))
            if value is None or (slot.field.kind.types == (TIME,) and value[0] not in TIMES_US):
                return slot.field.kind.reason
            values.append(value)
        return values

    def _reason(self, line: bytes) -> str:
        """Where reading stopped: the kind of the first field that is not of its kind or does not end as it must."""
        at, reason = 0, SHAPE
        for (piece, _), pattern in zip(self._pieces, self._patterns, strict=True):
            if isinstance(piece, Slot):
                reason = piece.field.kind.reason
            found = pattern.match(line, at)
            if not found:
                return reason
            if isinstance(piece, Slot) and piece.field.kind.strict(line, *found.span(1)) is None:
                return reason
            at = found.end()
        return SHAPE


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _with_quotes(form: LineFormat, segment: Segment) -> list[tuple[Literal | Slot, bytes]]:
    """Each piece of a segment with its pattern, and the quotes around a quoted one. Every pattern is possessive: there is one
    way to read a line.
    """
    pieces: list[tuple[Literal | Slot, bytes]] = [
        (piece, re.escape(piece.text) if isinstance(piece, Literal) else _slot(form, segment, piece)) for piece in segment.pieces
    ]
    quote: tuple[Literal | Slot, bytes] = (Literal(b'"'), b'"')
    return [quote, *pieces, quote] if segment.quoted else pieces


def _slot(form: LineFormat, segment: Segment, slot: Slot) -> bytes:
    kind = slot.field.kind
    quote = b'"' if form.quotes else b""
    if kind.width is not None:
        return b"([^%b]{%d})" % (quote, kind.width) if quote else b"(.{%d})" % kind.width
    stops = b"".join(re.escape(bytes([byte])) for byte in (slot.stop, slot.forbidden) if byte is not None)
    if kind.stop_rule == "list" and stops == re.escape(b" "):
        return rb"((?:[^ %b]++|(?<=,) | : )*+)" % quote
    if segment.quoted and form.escapes:
        return rb'((?:[^"\\%b]++|\\[^%b]|\\(?=[%b]))*+)' % (stops, stops, stops) if stops else rb'([^"\\]*+(?:\\.[^"\\]*+)*+)'
    if slot.lead:  # gives back the one byte before its stop
        return b"([^%b%b]*)(?= %b)" % (stops, quote, stops)
    return b"([^%b%b]*+)" % (stops, quote) if stops or quote else b"(.*+)"
