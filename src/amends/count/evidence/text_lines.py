"""Text lines of a maker whose grammar is fixed: a template says what stands in a line, and is nearly all that a format adds.

    {type} {time} {elb} {client} "{request}" {status}

Each name in braces is a column, all else is literal; rules of reading: `grammar`. `_` is checked and dropped. `request` fills
`method` and `target`. Kinds of columns of events are known; a format gives that of its time, and others where they differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.count.evidence import kinds
from amends.count.evidence.arrow import nulls, schema
from amends.count.evidence.columns import Made, columns_with_made, with_made
from amends.count.evidence.grammar import Field, LineFormat, Literal, line_format
from amends.count.evidence.kinds import Kind
from amends.count.evidence.parts import bounds_of, part_of, renumbered, with_numbers
from amends.count.evidence.reader import TextReader
from amends.count.evidence.schema import PAD, Block, Parsed
from amends.count.evidence.strict import StrictReader
from amends.count.evidence.subset import in_order, read_again

SAMPLE_LINES = 20
BOM = b"\xef\xbb\xbf"
NAME = re.compile(r"\{([^{}]+)\}")
KINDS: dict[str, Kind] = {
    "client": kinds.ADDRESS,
    "request": kinds.REQUEST,
    "status": kinds.STATUS,
    "sent": kinds.INTEGER,
    "length": kinds.INTEGER,
    "took_us": kinds.INTEGER,
}


def template(text: str, given: Mapping[str, Kind], *, escapes: bool = False) -> LineFormat:
    """The grammar of a template; `escapes`: a backslash in quotes escapes what follows."""
    pieces: list[Literal | Field] = []
    for index, part in enumerate(NAME.split(text)):
        if index % 2 == 0:
            pieces.append(Literal(part.encode()))
            continue
        columns = () if part == "_" else ("method", "target") if part == "request" else (part,)
        pieces.append(Field(f"{{{part}}}", given.get(part) or KINDS.get(part) or kinds.TEXT, columns))
    return line_format(pieces, escapes=escapes, source="template")


class TextLines:
    """A LineReader for one grammar, or for several of which a line fits one at most. `made`: columns made of others."""

    def __init__(self, *forms: LineFormat, made: Mapping[str, Made] | None = None) -> None:
        self._readers = [TextReader(form) for form in forms]
        self._likely = self._readers  # those that took most of the last block come first
        self._made = made or {}
        self._raw = _union([form.columns for form in forms])
        self.columns = columns_with_made(self._raw, self._made)

    def read(self, block: Block) -> Parsed:
        parsed = self._readers[0].read(block) if len(self._readers) == 1 else self._read_several(block)
        return Parsed(parsed.lines, with_made(parsed.events, self._made), parsed.rejects)

    def _read_several(self, block: Block) -> Parsed:
        """First what each grammar's vector reading takes, which is cheap; then the rest, line by line."""
        bounds = bounds_of(block.buffer[PAD : PAD + block.size])
        is_open = np.ones(len(bounds) - 1, np.bool_)
        taken: dict[int, pa.RecordBatch] = {}
        for reader in self._likely:
            open_ = np.flatnonzero(is_open)
            part = part_of(block, bounds, open_)
            rows, events = reader.proved(part)
            taken[id(reader)] = self._conform(with_numbers(events, part, block, open_))
            is_open[open_[rows]] = False
        self._likely = sorted(self._likely, key=lambda reader: -taken[id(reader)].num_rows)
        rest = np.flatnonzero(is_open)
        part = part_of(block, bounds, rest)
        others = renumbered(self._one_by_one(part), part, block, bounds, rest)
        events = in_order([batch for batch in (*taken.values(), others.events) if batch.num_rows] or [others.events])
        return Parsed(len(bounds) - 1, events, others.rejects)

    def _one_by_one(self, block: Block) -> Parsed:
        """A line is read by the first grammar that takes it; what none takes is rejected for the reason of the first."""
        first, *others = self._readers
        parsed = first.read(block)
        batches, rejects = [parsed.events], parsed.rejects
        for reader in others:
            if not rejects.num_rows:
                break
            again = read_again(reader, block, rejects)
            batches.append(again.events)
            rejects = rejects.filter(pc.is_in(rejects["line"], again.rejects["line"]))
        return Parsed(parsed.lines, in_order([self._conform(batch) for batch in batches]), rejects)

    def _conform(self, events: pa.RecordBatch) -> pa.RecordBatch:
        """Under the columns of all grammars, null where the events have none."""
        if events.schema == self._raw:
            return events
        has = set(events.schema.names)
        values = [events.column(one.name) if one.name in has else nulls(events.num_rows, one.type) for one in self._raw]
        return pa.RecordBatch.from_arrays(values, schema=self._raw)


def recognise_lines(sample: bytes, forms: Sequence[LineFormat], *, title: str) -> str | None:
    """Why most lines are of this maker: the strict reading takes them."""
    lines = sampled_lines(sample)
    readers = [StrictReader(form) for form in forms]
    good = sum(any(not isinstance(reader.read(line), str) for reader in readers) for line in lines)
    return f"{good} of {len(lines)} lines read as {title}" if good and 2 * good > len(lines) else None


def sampled_lines(sample: bytes) -> list[bytes]:
    """The first lines of a sample that are not empty."""
    return [line for line in sample.removeprefix(BOM).split(b"\n") if line.strip()][:SAMPLE_LINES]


def _union(all_columns: Sequence[pa.Schema]) -> pa.Schema:
    fields = {field.name: field for columns in all_columns for field in columns}
    return schema(*fields.values())
