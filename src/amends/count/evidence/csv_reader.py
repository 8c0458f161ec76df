"""Comma-separated records (RFC 4180), which may span physical lines: a record bears the number of its first.

The names of the columns come from the maker, from the block, or from the first line (a reject, `header`, as is each line equal to
it). Which column of events a name fills is said by the same table as for JSON lines.

A record is whole where each field is free of quotes or quoted as a whole, and it has as many fields as there are names. A quote
that nothing closes must cost one line, not the file: where lines put together make no whole record, the first of them alone is
the reject (`quote`), and reading goes on at the next. Every line with an odd number of quotes opens a record or closes one, so no
line is looked at more than twice.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from amends.count.evidence.blocks import TOO_LONG, PhysicalLine, iter_blocks, lines_of
from amends.count.evidence.json_reader import BOM, JsonReader, JsonTable
from amends.count.evidence.json_values import Flat
from amends.count.evidence.reader import reject_batch
from amends.count.evidence.schema import LINE_BYTES, RAW_BYTES, Hash, Parsed, Readable
from amends.count.evidence.settings import Reading

MOST_LINES = 100_000  # of one record


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a maker writes: what parts fields, what quotes them, and what escapes a quote: the quote again, or a backslash."""

    separator: str = ","
    quote: str = '"'
    backslash: bool = False

    def count(self, line: bytes) -> int:
        """How many quotes open or close a field."""
        if self.backslash:
            line = line.replace(b"\\\\", b"").replace(b"\\" + self.quote.encode(), b"")
        return line.count(self.quote.encode())

    def split(self, text: str) -> list[str] | None:
        """The fields of a record; None where a quote stands where none may."""
        if self.quote not in text:
            return text.split(self.separator)
        record, field = _patterns(self)
        if not record.fullmatch(text):
            return None
        fields: list[str] = []
        for quoted, bare, separator in field.findall(text):
            fields.append(self._unescaped(quoted) if quoted else bare)
            if not separator:
                break
        return fields

    def _unescaped(self, text: str) -> str:
        if not self.backslash:
            return text.replace(self.quote * 2, self.quote)
        return _ESCAPED.sub(lambda found: _ESCAPES.get(str(found[1]), str(found[1])), text)


@cache
def _patterns(dialect: Dialect) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A whole record; and one field with what follows it. There is one way to read a record."""
    quote, separator = re.escape(dialect.quote), re.escape(dialect.separator)
    inside = rf"(?:[^{quote}\\]|\\.)*+" if dialect.backslash else rf"(?:[^{quote}]|{quote}{quote})*+"
    field = rf"(?:{quote}({inside}){quote}|([^{quote}{separator}]*+))"
    return re.compile(rf"(?:{field}{separator})*+{field}", re.DOTALL), re.compile(rf"{field}({separator}|\Z)", re.DOTALL)


COMMAS = Dialect()
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}


@dataclass(frozen=True, slots=True)
class CsvTable:
    """What a maker's records hold. `names`: its columns, of which the last may be missing down to `least`; None: the first line
    names them. `members`: which name fills which column of events; an empty field is null.
    """

    members: JsonTable
    names: tuple[str, ...] | None = None
    least: int | None = None
    dialect: Dialect = COMMAS


class CsvReader:
    """A StreamReader of CSV. `seen`: the columns that there are, once the first line is read."""

    def __init__(self, table: CsvTable, reading: Reading) -> None:
        self._members = JsonReader(table.members, reading)
        self._mapped = frozenset(reading.columns)
        self._dialect = table.dialect
        given = tuple(reading.log_format.strip().split(self._dialect.separator)) if reading.log_format else None
        self._names = given or table.names
        self._least = (table.least or len(self._names)) if self._names and not given else len(given or ())
        self._header: str | None = None
        self._open: list[PhysicalLine] = []
        self.columns = self._members.columns
        self.fault: str | None = None

    @property
    def seen(self) -> frozenset[str]:
        return self._mapped.union(self._names or ())

    def iter_parsed(self, readable: Readable, *, block_bytes: int, plain_hash: Hash | None = None) -> Iterator[Parsed]:
        for block in iter_blocks(readable, block_bytes=block_bytes, plain_hash=plain_hash):
            yield self._parsed(record for line in lines_of(block) for record in self._added(line))
        if self._open:
            yield self._parsed(self._closed())

    def _added(self, line: PhysicalLine) -> Iterator[list[PhysicalLine]]:
        """The records that come to their end with this line; what is still open waits."""
        is_odd = not line.is_long and self._dialect.count(line.text) % 2 == 1
        if not self._open and not is_odd:
            yield [line]
            return
        self._open.append(line)
        if len(self._open) == 1:
            return
        bytes_open = line.offset + line.length - self._open[0].offset
        if is_odd and self._is_whole(self._open):
            record, self._open = self._open, []
            yield record
        elif is_odd or line.is_long or len(self._open) > MOST_LINES or bytes_open > LINE_BYTES:
            yield from self._closed()

    def _closed(self) -> Iterator[list[PhysicalLine]]:
        """The lines that are open make no record: the first stands for itself, the others are looked at again."""
        first, *others = self._open
        self._open = []
        yield [first]
        for line in others:
            yield from self._added(line)

    def _parsed(self, records: Iterable[list[PhysicalLine]]) -> Parsed:
        flats: list[Flat] = []
        good: list[list[PhysicalLine]] = []
        rejected: list[tuple[list[PhysicalLine], str]] = []
        numbers = 0
        for record in records:
            numbers += len(record)
            members = self._members_of(record)
            if isinstance(members, str):
                rejected.append((record, members))
            else:
                flats.append(members)
                good.append(record)
        events, faults = self._members.events_of(flats, np.array([record[0].number for record in good], dtype=np.int64))
        rejected += [(good[row], reason) for row, reason in faults.items()]
        rejected.sort(key=lambda one: one[0][0].number)
        return Parsed(len(flats) + len(rejected) - len(faults), events, reject_batch(map(_reject, rejected)), numbers)

    def _members_of(self, record: list[PhysicalLine]) -> Flat | str:
        """Names and values, empty ones left out; or the reason why there are none."""
        if record[0].is_long:
            return TOO_LONG
        text = _text(record)
        if not text.strip():
            return "empty"
        if b"\0" in text:
            return "nul"
        try:
            decoded = text.decode()
        except UnicodeDecodeError:
            return "utf8"
        fields = self._dialect.split(decoded)
        if self._names is None:
            self._names, self._header = _names(fields or []), decoded
            self._least = len(self._names)
            return "header"
        if fields is None:
            return "quote"
        if decoded == self._header:
            return "header"
        if not self._least <= len(fields) <= len(self._names):
            return "shape"
        return {name: value for name, value in zip(self._names, fields, strict=False) if value}

    def _is_whole(self, record: list[PhysicalLine]) -> bool:
        """Whether these lines make one record; the first record of all may have any number of fields."""
        fields = self._dialect.split(_text(record).decode(errors="replace"))
        return fields is not None and (self._names is None or self._least <= len(fields) <= len(self._names))


def recognise_header(sample: bytes, names: Collection[str], *, dialect: Dialect = COMMAS, title: str) -> str | None:
    """Why the sample is of this maker: its first line names these columns."""
    first = sample.removeprefix(BOM).split(b"\n", 1)[0].decode(errors="replace").strip()
    held = {name.strip().strip(dialect.quote) for name in first.split(dialect.separator)}
    return f"its first line has the columns of {title}: {', '.join(names)}" if held.issuperset(names) else None


def _names(fields: Sequence[str]) -> tuple[str, ...]:
    """The names of a first line; one that is empty or stands twice gets its number."""
    names: list[str] = []
    for number, name in enumerate(fields, 1):
        name = name.strip() or f"column_{number}"
        names.append(f"{name}_{number}" if name in names else name)
    return tuple(names)


def _text(record: Sequence[PhysicalLine]) -> bytes:
    text = b"\n".join(line.text for line in record)
    return (text.removeprefix(BOM) if record[0].number == 1 else text).removesuffix(b"\r")


def _reject(rejected: tuple[list[PhysicalLine], str]) -> tuple[int, int, int, str, bytes]:
    record, reason = rejected
    length = record[-1].offset + record[-1].length - record[0].offset
    return record[0].number, record[0].offset, length, reason, b"\n".join(line.text for line in record)[:RAW_BYTES]
