"""From a stream of plain bytes to blocks of whole lines, within a bounded memory whatever the stream holds.

Memory: one block (`block_bytes`, or the longest line up to LINE_BYTES) and the one before it while it is hashed.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from amends.count.evidence.lanes import Bytes
from amends.count.evidence.reader import reject_batch
from amends.count.evidence.schema import LINE_BYTES, PAD, RAW_BYTES, Block, Hash, Parsed, Readable, Reader, StreamReader

BLOCK_BYTES = 2 * 1024 * 1024  # the arrays of one block stay in the second-level cache
TOO_LONG = "too long"
LINE_FEED = 0x0A
NOTICE = 64 * 1024  # how much of a buffer's end is looked at first for the last line feed


@dataclass(frozen=True, slots=True)
class LongLine:
    """A line of more than LINE_BYTES: always a reject, of which `raw` keeps the beginning."""

    line: int
    offset: int
    length: int  # bytes without the line feed
    raw: bytes

    def parsed(self, columns: pa.Schema) -> Parsed:
        """As the reader with these columns would hand it over."""
        rejects = reject_batch([(self.line, self.offset, self.length, TOO_LONG, self.raw)])
        return Parsed(1, pa.RecordBatch.from_pylist([], schema=columns), rejects)


def iter_blocks(
    readable: Readable, *, block_bytes: int = BLOCK_BYTES, plain_hash: Hash | None = None
) -> Iterator[Block | LongLine]:
    """Cut the stream at its line feeds, in order; `plain_hash` is fed every byte, in a thread at the side, and is complete at
    the end.
    """
    first_line = 1
    for cut in _cuts(readable, block_bytes, plain_hash):
        yield cut.numbered(first_line)
        first_line += cut.count_lines()


def iter_parsed(
    readable: Readable, reader: Reader, *, block_bytes: int = BLOCK_BYTES, plain_hash: Hash | None = None
) -> Iterator[Parsed]:
    """Read the whole stream: what became of its lines, piece by piece, each line an event or a reject."""
    if isinstance(reader, StreamReader):
        yield from reader.iter_parsed(readable, block_bytes=block_bytes, plain_hash=plain_hash)
        return
    first_line = 1
    for cut in _cuts(readable, block_bytes, plain_hash):
        piece = cut.numbered(first_line)
        parsed = piece.parsed(reader.columns) if isinstance(piece, LongLine) else reader.read(piece)
        first_line += parsed.lines
        yield parsed


@dataclass(frozen=True, slots=True)
class PhysicalLine:
    """A line without its line feed; of one that is too long, `text` is the beginning."""

    number: int
    offset: int
    text: bytes
    length: int

    @property
    def is_long(self) -> bool:
        return self.length > len(self.text)


def lines_of(block: Block | LongLine) -> Iterator[PhysicalLine]:
    if isinstance(block, LongLine):
        yield PhysicalLine(block.line, block.offset, block.raw, block.length)
        return
    texts = block.buffer[PAD : PAD + block.size].tobytes().split(b"\n")
    offset = block.offset
    for number, text in enumerate(texts if texts[-1] else texts[:-1], block.first_line):
        yield PhysicalLine(number, offset, text, len(text))
        offset += len(text) + 1


def physical_lines(readable: Readable) -> Iterator[bytes]:
    """Every line without its line feed; of one that is too long its length and its beginning."""
    for block in iter_blocks(readable):
        for line in lines_of(block):
            yield line.length.to_bytes(8, "big") + line.text if line.is_long else line.text


@dataclass(frozen=True, slots=True)
class _Cut:
    """Whole lines whose numbers are not known yet."""

    buffer: Bytes
    size: int
    offset: int

    def numbered(self, first_line: int) -> Block | LongLine:
        return Block(self.buffer, self.size, first_line, self.offset)

    def count_lines(self) -> int:
        body = self.buffer[PAD : PAD + self.size]
        return int(np.count_nonzero(body == LINE_FEED)) + int(body[-1] != LINE_FEED)


@dataclass(frozen=True, slots=True)
class _LongCut:
    offset: int
    length: int
    raw: bytes

    def numbered(self, first_line: int) -> Block | LongLine:
        return LongLine(first_line, self.offset, self.length, self.raw)

    def count_lines(self) -> int:
        return 1


def _cuts(readable: Readable, block_bytes: int, plain_hash: Hash | None) -> Iterator[_Cut | _LongCut]:
    with _Input(readable, plain_hash) as stream:
        tail: Bytes = np.empty(0, np.uint8)
        offset = 0
        while True:
            # A buffer without a line feed that is this full holds more than LINE_BYTES of one line; so no whole line in it can
            # be longer.
            room = min(max(block_bytes, len(tail)), LINE_BYTES + 1 - len(tail))
            buffer = _padded(tail, room)
            size = len(tail) + stream.fill(buffer[PAD + len(tail) : PAD + len(tail) + room])
            body = buffer[PAD : PAD + size]
            if size < len(tail) + room:  # the end of the stream
                if size:
                    yield _Cut(buffer, size, offset)
                return
            whole = _after_last_feed(body)
            if whole:
                rest = body[whole:].copy()
                yield _Cut(buffer, whole, offset)
                tail, offset = rest, offset + whole
            elif size > LINE_BYTES:
                length, tail = stream.skip_line(block_bytes)
                yield _LongCut(offset, size + length, body[:RAW_BYTES].tobytes())
                offset += size + length + 1
            else:
                tail = body


class _Input:
    """Reads, and hashes what was read in a thread at the side (SHA-256 lets go of the interpreter's lock)."""

    def __init__(self, readable: Readable, plain_hash: Hash | None) -> None:
        self._readable = readable
        self._hash = plain_hash
        self._side = ThreadPoolExecutor(1) if plain_hash else None
        self._hashed: Future[None] | None = None

    def __enter__(self) -> _Input:
        return self

    def __exit__(self, *_: object) -> None:
        if self._side:
            self._side.shutdown(wait=True)

    def fill(self, buffer: Bytes) -> int:
        """Fill the buffer as far as the stream goes; fewer bytes than it holds mean the end."""
        view = memoryview(buffer)
        size = 0
        while size < len(view) and (count := self._readable.readinto(view[size:])):
            size += count
        if self._hash and self._side and size:
            if self._hashed:
                self._hashed.result()
            self._hashed = self._side.submit(self._hash.update, view[:size])
        if size < len(view) and self._hashed:
            self._hashed.result()
        return size

    def skip_line(self, block_bytes: int) -> tuple[int, Bytes]:
        """Read on to the next line feed: how many bytes stood before it, and what was read after it."""
        length = 0
        while True:
            buffer: Bytes = np.empty(block_bytes, np.uint8)
            size = self.fill(buffer)
            feeds = np.flatnonzero(buffer[:size] == LINE_FEED)
            if len(feeds):
                return length + int(feeds[0]), buffer[int(feeds[0]) + 1 : size].copy()
            length += size
            if size < block_bytes:
                return length, np.empty(0, np.uint8)


def _padded(tail: Bytes, room: int) -> Bytes:
    buffer: Bytes = np.empty(PAD + len(tail) + room + PAD, np.uint8)
    buffer[:PAD] = 0
    buffer[-PAD:] = 0
    buffer[PAD : PAD + len(tail)] = tail
    return buffer


def _after_last_feed(body: Bytes) -> int:
    """How many bytes the whole lines at the beginning are."""
    end = len(body)
    while end:
        begin = max(0, end - NOTICE)
        feeds = np.flatnonzero(body[begin:end] == LINE_FEED)
        if len(feeds):
            return begin + int(feeds[-1]) + 1
        end = begin
    return 0
