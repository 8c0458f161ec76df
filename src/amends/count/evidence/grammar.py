"""The grammar of a text log: one description of a format, from which both the strict definition and the vectorised check are
made.

A format is a row of pieces: literal bytes, and fields with a kind and the columns that they fill. Its quotes (`"`) cut a line
into segments:

1. Outside quotes a segment ends at the next `"`; inside quotes at the next `"` that no backslash escapes (`escapes` false: at
   the next `"`).
2. In its segment, a field ends at the first occurrence of the first byte of the literal after it (its `stop`); the last field
   of a segment ends with the segment. The last field of a line must not hold the first byte of the literal before it.
3. A field whose kind has a fixed width has that width, whatever stands in it.

There is no second try: a value that holds its own delimiter makes the line a reject, never a line with shifted columns. So a
client who logs ` tok=x` through a header or cookie can spoil its own line, which is then in the rejects with its bytes, but
cannot write another column. Two kinds stop otherwise (`stop_rule`): a user name outside quotes may hold spaces where ` [`
follows, and the lists of upstreams may hold `, ` and ` : `.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pyarrow as pa

from amends.count.evidence.errors import BAD_LOG_FORMAT
from amends.count.evidence.kinds import Kind
from amends.count.evidence.schema import LOGGED
from amends.errors import InputError, Place

QUOTE = 0x22


@dataclass(frozen=True, slots=True)
class Literal:
    """Bytes that every line holds here."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Field:
    """A logged variable: its spelling in the configuration, its kind, the columns that it fills (none: it is checked and
    dropped).
    """

    name: str
    kind: Kind
    columns: tuple[str, ...]
    place: int | None = None  # the 1-based column of its first character in the format string


@dataclass(frozen=True, slots=True)
class Slot:
    """A field in its segment, with what ends it: `stop` (a byte, or None: the end of the segment), `lead` bytes of the literal
    before that byte.
    """

    field: Field
    stop: int | None = None
    lead: int = 0
    forbidden: int | None = None  # the last field of a line must not hold this byte


@dataclass(frozen=True, slots=True)
class Segment:
    """What stands between two quotes, in order."""

    pieces: tuple[Literal | Slot, ...]
    quoted: bool


@dataclass(frozen=True, slots=True)
class LineFormat:
    """A line format, checked. `segments` alternate between outside and inside of quotes, the first is outside."""

    segments: tuple[Segment, ...]
    escapes: bool = True
    columns: pa.Schema = field(default_factory=lambda: pa.schema([]))

    @property
    def quotes(self) -> int:
        return len(self.segments) - 1


def line_format(pieces: list[Literal | Field], *, escapes: bool, source: str) -> LineFormat:
    """Check the pieces and make them a format. Raises: EVI-002 where no line could be read without guessing."""
    pieces = _merged(pieces)
    if any(isinstance(piece, Literal) and b"\n" in piece.text for piece in pieces):
        raise bad_format(source, None, "no line feed: one line of the log is one request")
    _refuse_neighbours(pieces, source)
    fields = [piece for piece in pieces if isinstance(piece, Field)]
    if not any("time" in one.columns for one in fields):
        raise bad_format(source, None, "a time of the request, such as $time_local or %t")
    found = segments(pieces)
    if len(found) % 2 == 0:
        raise bad_format(source, None, "an even number of quotes")
    for segment in found[1::2]:
        if escapes and any(isinstance(piece, Literal) and b"\\" in piece.text for piece in segment.pieces):
            raise bad_format(source, None, "no backslash between quotes, where it escapes")
    return LineFormat(tuple(found), escapes, _schema(fields))


@dataclass(frozen=True, slots=True)
class Standard:
    """A variable that fills columns of LOGGED."""

    variable: str
    kind: Kind
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable as it stands in a format string, before it is known which columns it fills."""

    name: str  # as the configuration spells it, for errors
    key: str  # as Standard names it
    column: str  # its own column where it fills none of LOGGED
    kind: Kind  # its kind then
    place: int


def named_fields(parts: list[Literal | Variable], standards: tuple[Standard, ...]) -> list[Literal | Field]:
    """Give each variable its columns. Of several that could fill a column of LOGGED the one that stands first in `standards`
    does; the others, and every variable that is not there, get a text column of their own."""
    granted: dict[int, Standard] = {}
    taken: set[str] = set()
    for standard in standards:
        index = next((at for at, part in enumerate(parts) if isinstance(part, Variable) and part.key == standard.variable), None)
        if index is not None and index not in granted and taken.isdisjoint(standard.columns):
            granted[index] = standard
            taken.update(standard.columns)
    fields: list[Literal | Field] = []
    for index, part in enumerate(parts):
        if isinstance(part, Literal):
            fields.append(part)
        elif index in granted:
            fields.append(Field(part.name, granted[index].kind, granted[index].columns, part.place))
        else:
            fields.append(Field(part.name, part.kind, (_own_column(part.column, taken),), part.place))
    return fields


def _own_column(name: str, taken: set[str]) -> str:
    base = f"logged_{name}" if name in LOGGED or name == "line" else name
    column, number = base, 1
    while column in taken:
        number += 1
        column = f"{base}_{number}"
    taken.add(column)
    return column


def bad_format(source: str, column: int | None, expected: str) -> InputError:
    """EVI-002 at a 1-based column of the format string."""
    return InputError(BAD_LOG_FORMAT, at=Place(source, column=column), expected=expected)


def _merged(pieces: list[Literal | Field]) -> list[Literal | Field]:
    merged: list[Literal | Field] = []
    for piece in pieces:
        if isinstance(piece, Literal) and merged and isinstance(merged[-1], Literal):
            merged[-1] = Literal(merged[-1].text + piece.text)
        elif not isinstance(piece, Literal) or piece.text:
            merged.append(piece)
    return merged


def _refuse_neighbours(pieces: list[Literal | Field], source: str) -> None:
    for piece, following in pairwise(pieces):
        if isinstance(piece, Field) and isinstance(following, Field) and piece.kind.width is None:
            raise bad_format(
                source,
                following.place,
                f"some text between {piece.name} and {following.name}, so that the end of the first can be seen",
            )


def segments(pieces: list[Literal | Field]) -> list[Segment]:
    """The pieces of a line, cut at its quotes."""
    parts: list[list[Literal | Field]] = [[]]
    for piece in pieces:
        if isinstance(piece, Field):
            parts[-1].append(piece)
            continue
        first, *others = piece.text.split(b'"')
        if first:
            parts[-1].append(Literal(first))
        parts.extend([Literal(text)] if text else [] for text in others)
    last = len(parts) - 1
    return [
        Segment(_slots(part, quoted=index % 2 == 1, ends_line=index == last), index % 2 == 1) for index, part in enumerate(parts)
    ]


def _slots(part: list[Literal | Field], *, quoted: bool, ends_line: bool) -> tuple[Literal | Slot, ...]:
    slots: list[Literal | Slot] = []
    for index, piece in enumerate(part):
        if isinstance(piece, Literal):
            slots.append(piece)
            continue
        following = part[index + 1] if index + 1 < len(part) else None
        before = part[index - 1] if index else None
        if isinstance(following, Literal):
            lead = 1 if piece.kind.stop_rule == "user" and not quoted and following.text.startswith(b" [") else 0
            slots.append(Slot(piece, following.text[lead], lead))
        elif following is None and ends_line and isinstance(before, Literal):
            slots.append(Slot(piece, forbidden=before.text[0]))
        else:
            slots.append(Slot(piece))
    return tuple(slots)


def _schema(fields: list[Field]) -> pa.Schema:
    types = {column: kind_type for one in fields for column, kind_type in zip(one.columns, one.kind.types, strict=False)}
    logged = [pa.field(name, LOGGED[name]) for name in LOGGED if name in types]
    own = [pa.field(name, pa.string()) for name in types if name not in LOGGED]
    columns: list[pa.Field[Any]] = [pa.field("line", pa.uint64(), nullable=False), *logged, *own]
    return pa.schema(columns)
