"""The elements of a JSON document as lines: the number of an element, from 1 on, is its line.

A file whose first physical line is a whole JSON object without such an array is read as JSON lines, so that a torn line costs
itself alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

import numpy as np

from amends.count.evidence.blocks import TOO_LONG, iter_parsed, physical_lines
from amends.count.evidence.elements import BOM, SPACE, Element, ElementCutter
from amends.count.evidence.json_reader import SAMPLE_LINES, JsonReader, objects_among, of_maker
from amends.count.evidence.reader import reject_batch
from amends.count.evidence.schema import RAW_BYTES, Hash, Parsed, Readable
from amends.count.evidence.subset import in_order

LINE_FEED = b"\n"
CHUNK_BYTES = 1024 * 1024
TORN = "torn"


class ElementsReader:
    """A RecordReader of the elements under one of `names`, each read by the table of a JsonReader."""

    def __init__(self, members: JsonReader, names: Collection[str]) -> None:
        self._members, self._names = members, tuple(names)
        self.columns = members.columns
        self.fault: str | None = None

    def iter_parsed(self, readable: Readable, *, block_bytes: int, plain_hash: Hash | None = None) -> Iterator[Parsed]:
        stream = _Begun(readable, CHUNK_BYTES)
        if _has_lines(stream.first, self._names):
            yield from iter_parsed(stream, self._members, block_bytes=block_bytes, plain_hash=plain_hash)
            return
        number = 1
        for elements in self._cut(stream, block_bytes, plain_hash):
            parsed = self._parsed(elements, number)
            number += parsed.lines
            yield parsed

    def iter_texts(self, readable: Readable) -> Iterator[bytes]:
        stream = _Begun(readable, CHUNK_BYTES)
        if _has_lines(stream.first, self._names):
            yield from physical_lines(stream)
            return
        for elements in self._cut(stream, CHUNK_BYTES, None):
            for element in elements:
                yield element.length.to_bytes(8, "big") + element.text if element.is_long else element.text

    def _cut(self, stream: Readable, block_bytes: int, plain_hash: Hash | None) -> Iterator[list[Element]]:
        cutter = ElementCutter(self._names)
        buffer = memoryview(bytearray(block_bytes))
        while size := _filled(stream, buffer):
            if plain_hash:
                plain_hash.update(buffer[:size])
            yield list(cutter.feed(bytes(buffer[:size])))
        yield list(cutter.finish())
        self.fault = cutter.fault

    def _parsed(self, elements: list[Element], first: int) -> Parsed:
        whole = [(number, element) for number, element in enumerate(elements, first) if not element.is_long | element.is_torn]
        numbers = np.array([number for number, _ in whole], np.int64)
        offsets = np.array([element.offset for _, element in whole], np.int64)
        parsed = self._members.read_together([element.text for _, element in whole], numbers, offsets)
        bad = [_reject(number, element) for number, element in enumerate(elements, first) if element.is_long | element.is_torn]
        return Parsed(len(elements), parsed.events, in_order([parsed.rejects, reject_batch(bad)]) if bad else parsed.rejects)


def recognise_elements(sample: bytes, names: Collection[str], members: Collection[str], *, title: str) -> str | None:
    """Why most elements are of this maker: they hold every one of `members`, by dotted path."""
    cutter = ElementCutter(names)
    elements = [element.text for element in islice(cutter.feed(sample), SAMPLE_LINES)]
    return of_maker(objects_among(elements), len(elements), members, what="elements", title=title)


def _reject(number: int, element: Element) -> tuple[int, int, int, str, bytes]:
    return number, element.offset, element.length, TORN if element.is_torn else TOO_LONG, element.text[:RAW_BYTES]


def _has_lines(begin: bytes, names: Collection[str]) -> bool:
    """Whether the first physical line is one whole object that is an element itself, and not the whole file."""
    line, feed, rest = begin.removeprefix(BOM).partition(LINE_FEED)
    if not feed or not rest or not objects_among([line]):
        return False
    cutter = ElementCutter(names)
    return [element.text for element in cutter.feed(line)] == [line.strip(SPACE)]


def _filled(stream: Readable, buffer: memoryview) -> int:
    """How many bytes the stream gave, fewer than the buffer holds at its end only: many elements at once cost less."""
    size = 0
    while size < len(buffer) and (count := stream.readinto(buffer[size:])):
        size += count
    return size


class _Begun:
    """A stream whose first bytes have been looked at."""

    def __init__(self, readable: Readable, size: int) -> None:
        self._readable = readable
        buffer = bytearray(size)
        view = memoryview(buffer)
        self.first = bytes(view[: _filled(readable, view)])
        self._left = memoryview(self.first)

    def readinto(self, buffer: memoryview, /) -> int:
        if not self._left:
            return self._readable.readinto(buffer) or 0
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count
