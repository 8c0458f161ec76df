"""The bytes behind the line numbers of a source, whatever a line is there: a physical line, an element, a row."""

from __future__ import annotations

from collections.abc import Iterator, Set

import numpy as np

from amends.count.evidence.blocks import LINE_FEED, LongLine, iter_blocks, physical_lines
from amends.count.evidence.formats import formats
from amends.count.evidence.schema import PAD, Block, Readable, RecordReader
from amends.count.evidence.settings import Reading


def iter_texts(readable: Readable, form: str | None) -> Iterator[bytes]:
    """One text for each number from 1 on, without line feeds; equal lines have equal texts. `form`: the format's name."""
    records = _record_reader(form)
    return records.iter_texts(readable) if records else physical_lines(readable)


def texts_at(readable: Readable, form: str | None, numbers: Set[int]) -> Iterator[tuple[int, bytes]]:
    """The texts of these numbers. Cost: the stream is decoded up to the last of them."""
    if records := _record_reader(form):
        for number, text in enumerate(records.iter_texts(readable), 1):
            if number in numbers:
                yield number, text
            if number >= max(numbers):
                return
        return
    for block in iter_blocks(readable):
        yield from _of_block(block, numbers)
        if _first(block) > max(numbers):
            return


def _record_reader(form: str | None) -> RecordReader | None:
    reader = formats()[form].reader(Reading()) if form is not None and form in formats() else None
    return reader if isinstance(reader, RecordReader) else None


def _of_block(block: Block | LongLine, numbers: Set[int]) -> Iterator[tuple[int, bytes]]:
    if isinstance(block, LongLine):
        if block.line in numbers:
            yield block.line, block.raw
        return
    body = block.buffer[PAD : PAD + block.size]
    ends = np.flatnonzero(body == LINE_FEED)
    for number in sorted(numbers):
        index = number - block.first_line
        if 0 <= index <= len(ends):
            start = int(ends[index - 1]) + 1 if index else 0
            end = int(ends[index]) if index < len(ends) else block.size
            if start < block.size:
                yield number, body[start:end].tobytes()


def _first(block: Block | LongLine) -> int:
    return block.line if isinstance(block, LongLine) else block.first_line
