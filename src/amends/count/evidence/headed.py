"""Text logs that name their columns as they go: the W3C Extended Log File Format and its kin.

A line that begins with `#` is a directive, a reject with the reason `directive`; `#Fields:` says what the lines after it hold, in
mid-file too. Lines before the first one, and after one that no line could be read by, are rejects with the reason `no fields`. A
format adds a table: which field fills which column. `date` and `time` that stand together are the time.

Source: W3C, Extended Log File Format, WD-logfile-960323.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from amends.count.evidence import kinds
from amends.count.evidence.arrow import no_events, one_batch
from amends.count.evidence.columns import Made, columns_with_extra, with_extra, with_made
from amends.count.evidence.grammar import Field, LineFormat, Literal, bad_format, line_format
from amends.count.evidence.kinds import Kind
from amends.count.evidence.reader import REJECT_COLUMNS, TextReader, reject_batch
from amends.count.evidence.schema import LOGGED, PAD, RAW_BYTES, Block, Parsed
from amends.count.evidence.settings import Reading
from amends.count.evidence.text_lines import BOM, SAMPLE_LINES
from amends.count.evidence.times import TimeStamp
from amends.errors import InputError

HASH_SIGN = 0x23
LINE_FEED = 0x0A
FIELDS = b"#Fields:"
NO_FIELDS = "no fields"
RESERVED = {"line", "extra", *LOGGED}  # names that mean something else in events


@dataclass(frozen=True, slots=True)
class HeadedTable:
    """How a maker writes: what stands between two fields; which field is which column of events, and of what kind; columns made
    of fields; fields that may name the server. Every other field is a column of its own name, in `extra` unless a setting asks
    for it.
    """

    separator: str
    fields: Mapping[str, tuple[str, Kind]]
    made: Mapping[str, Made] = field(default_factory=dict)
    servers: tuple[str, ...] = ()


class HeadedReader:
    """A LineReader that follows the directives. `seen`: the columns that they have named so far."""

    def __init__(self, table: HeadedTable, reading: Reading) -> None:
        self._table = table
        self._zone = reading.zone or "UTC"
        self._reader: TextReader | None = None
        self.seen: set[str] = set()
        self._names_account = reading.account is None and any(column == "account" for column, _ in table.fields.values())
        self.columns = columns_with_extra(reading, servers=table.servers, has_account=self._names_account)

    def read(self, block: Block) -> Parsed:
        parts = [self._directive(block, run) if run.is_directive else self._lines(block, run) for run in _runs(block)]
        events = one_batch([part.events for part in parts], self.columns)
        return Parsed(sum(part.lines for part in parts), events, one_batch([part.rejects for part in parts], REJECT_COLUMNS))

    def _lines(self, block: Block, run: _Run) -> Parsed:
        if self._reader is None:
            return self._rejected(block, run, NO_FIELDS)
        parsed = self._reader.read(run.block(block))
        events = with_made(parsed.events, self._table.made)
        return Parsed(parsed.lines, with_extra(events, self.columns), parsed.rejects)

    def _directive(self, block: Block, run: _Run) -> Parsed:
        for line in run.lines(block):
            if line.removeprefix(BOM).startswith(FIELDS):
                self._reader = self._reader_of(line.removeprefix(BOM)[len(FIELDS) :])
        return self._rejected(block, run, "directive")

    def _reader_of(self, directive: bytes) -> TextReader | None:
        """None where the directive names no fields that a line could be read by."""
        try:
            names = directive.decode().split()
            form = self._form(names)
        except (UnicodeDecodeError, InputError):
            return None
        self.seen |= {name for name in form.columns.names if name != "line"}
        return TextReader(form)

    def _form(self, names: list[str]) -> LineFormat:
        """Raises: InputError where no line could be read without guessing."""
        pieces: list[Literal | Field] = []
        taken: set[str] = set()
        while names:
            name = names.pop(0)
            own = f"logged_{name}" if name in RESERVED else name
            column, kind = self._table.fields.get(name, (own, kinds.TEXT))
            if column == "account" and not self._names_account:  # the block names another
                column = own
            if name == "date" and names[:1] == ["time"]:
                names.pop(0)
                column, kind = "time", TimeStamp(f"%Y-%m-%d{self._table.separator}%H:%M:%S", self._zone)
            if column in taken:
                column, kind = own, kinds.TEXT
            if column in taken:
                raise bad_format("#Fields", None, f"{name} once")
            taken.add(column)
            pieces += [Field(name, kind, (column,)), Literal(self._table.separator.encode())]
        return line_format(pieces[:-1], escapes=False, source="#Fields")

    def _rejected(self, block: Block, run: _Run, reason: str) -> Parsed:
        rows = []
        offset = block.offset + run.begin
        for number, line in enumerate(run.lines(block), run.first_line):
            rows.append((number, offset, len(line), reason if line.strip() else "empty", line[:RAW_BYTES]))
            offset += len(line) + 1
        return Parsed(len(rows), no_events(self.columns), reject_batch(rows))


def recognise_fields(sample: bytes, names: Collection[str], *, title: str) -> str | None:
    """Why the sample is of this maker: a `#Fields:` directive among its first lines has all of these names."""
    for line in sample.removeprefix(BOM).split(b"\n")[:SAMPLE_LINES]:
        if line.startswith(FIELDS):
            logged = line[len(FIELDS) :].decode(errors="replace").split()
            if all(name in logged for name in names):
                return f"its #Fields directive has those of {title}: {', '.join(names)}"
    return None


@dataclass(frozen=True, slots=True)
class _Run:
    """Lines of a block that stand together: all directives, or none. `begin` and `end` are places in the block's bytes."""

    begin: int
    end: int
    first_line: int
    is_directive: bool

    def lines(self, block: Block) -> list[bytes]:
        lines = block.buffer[PAD + self.begin : PAD + self.end].tobytes().split(b"\n")
        return lines if lines[-1] else lines[:-1]

    def block(self, block: Block) -> Block:
        """The lines as a block of their own."""
        if self.begin == 0 and self.end == block.size:
            return block
        buffer = np.zeros(PAD + self.end - self.begin + PAD, np.uint8)
        buffer[PAD:-PAD] = block.buffer[PAD + self.begin : PAD + self.end]
        return Block(buffer, self.end - self.begin, self.first_line, block.offset + self.begin)


def _runs(block: Block) -> Iterator[_Run]:
    body = block.buffer[PAD : PAD + block.size]
    if not len(body):
        return
    begins = np.concatenate(([0], np.flatnonzero(body[:-1] == LINE_FEED) + 1))
    is_directive = body[begins] == HASH_SIGN
    if block.offset == 0 and body[:4].tobytes() == BOM + b"#":
        is_directive[0] = True
    changes = np.flatnonzero(np.diff(is_directive, prepend=~is_directive[:1]))
    for first, following in zip(changes.tolist(), [*changes.tolist()[1:], len(begins)], strict=True):
        end = int(begins[following]) if following < len(begins) else block.size
        yield _Run(int(begins[first]), end, block.first_line + first, bool(is_directive[first]))
