from __future__ import annotations

import hashlib
import io
import tracemalloc

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.count.evidence import blocks
from amends.count.evidence.blocks import LongLine, iter_blocks, iter_parsed
from amends.count.evidence.formats import nginx
from amends.count.evidence.reader import TextReader
from amends.count.evidence.schema import LINE_BYTES, PAD, RAW_BYTES, Block

LINES = st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=12)


class Drip:
    """Gives a few bytes at a time, as a pipe may."""

    def __init__(self, text: bytes, step: int) -> None:
        self._text, self._step = text, step

    def readinto(self, buffer: memoryview) -> int:
        part = self._text[: min(self._step, len(buffer))]
        buffer[: len(part)] = part
        self._text = self._text[len(part) :]
        return len(part)


class Endless:
    """A line of so many bytes that it is never held anywhere."""

    def __init__(self, length: int, after: bytes) -> None:
        self._left, self._after = length, after

    def readinto(self, buffer: memoryview) -> int:
        count = min(self._left, len(buffer))
        if count:
            buffer[:count] = b"a" * count
            self._left -= count
            return count
        part, self._after = self._after[: len(buffer)], self._after[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def body(block: Block) -> bytes:
    return block.buffer[PAD : PAD + block.size].tobytes()


@given(LINES, st.booleans(), st.integers(1, 64), st.integers(1, 9))
def test_blocks_are_the_stream_cut_at_line_feeds(lines: list[bytes], is_ended: bool, block_bytes: int, step: int) -> None:
    text = b"\n".join(lines) + (b"\n" if is_ended else b"")
    plain_hash = hashlib.sha256()

    cut = list(iter_blocks(Drip(text, step), block_bytes=block_bytes, plain_hash=plain_hash))

    assert all(isinstance(block, Block) for block in cut)
    whole = [block for block in cut if isinstance(block, Block)]
    assert b"".join(map(body, whole)) == text
    assert plain_hash.hexdigest() == hashlib.sha256(text).hexdigest()
    for block in whole:
        assert block.offset == len(b"".join(body(one) for one in whole if one.first_line < block.first_line))
        assert block.first_line == text[: block.offset].count(b"\n") + 1
        assert block is whole[-1] or body(block).endswith(b"\n")


def test_every_block_has_its_pads() -> None:
    for block in iter_blocks(io.BytesIO(b"ab\ncd\n" * 50), block_bytes=16):
        assert isinstance(block, Block)
        assert len(block.buffer) >= block.size + 2 * PAD
        assert not block.buffer[:PAD].any()


@pytest.mark.parametrize("excess", [-1, 0, 1])
def test_a_line_may_have_line_bytes_and_not_one_more(excess: int) -> None:
    length = LINE_BYTES + excess

    pieces = list(iter_blocks(Endless(length, b"\nnext\n")))

    assert [type(piece) for piece in pieces] == ([Block] if excess <= 0 else [LongLine]) + [Block]
    assert isinstance(pieces[0], LongLine) == (excess > 0)
    assert isinstance(pieces[1], Block)
    assert (pieces[1].first_line, pieces[1].offset, body(pieces[1])) == (2, length + 1, b"next\n")


@pytest.mark.parametrize("after", [b"", b"\n", b"\nnext"])
def test_a_line_that_is_too_long_is_a_reject_with_its_true_length(after: bytes) -> None:
    reader = TextReader(nginx.parse_log_format(nginx.COMBINED))
    length = 40 * 1024 * 1024

    parsed = list(iter_parsed(Endless(length, after), reader))

    first = parsed[0].rejects.to_pylist()[0]
    assert (first["line"], first["offset"], first["length"], first["reason"]) == (1, 0, length, "too long")
    assert first["raw"] == b"a" * RAW_BYTES
    assert sum(one.lines for one in parsed) == (2 if after == b"\nnext" else 1)
    assert pa.Table.from_batches([one.events for one in parsed]).schema == reader.columns
    assert [one.rejects.to_pylist()[0]["offset"] for one in parsed[1:]] == [length + 1][: len(parsed) - 1]


def test_memory_is_bounded_whatever_the_line() -> None:
    tracemalloc.start()

    pieces = list(iter_blocks(Endless(200 * 1024 * 1024, b"\n")))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [type(piece) for piece in pieces] == [LongLine]
    assert peak < 5 * LINE_BYTES


def test_a_failing_stream_raises_and_is_not_taken_for_its_end() -> None:
    class Failing:
        def readinto(self, buffer: memoryview) -> int:
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        list(iter_blocks(Failing(), plain_hash=hashlib.sha256()))


def test_the_size_of_blocks_does_not_change_what_is_read() -> None:
    reader = TextReader(nginx.parse_log_format(nginx.COMBINED))
    line = b'192.0.2.17 - - [24/Jun/2025:00:00:01 +0900] "GET /%d HTTP/1.1" 200 1 "-" "M"\n'
    text = b"".join(line % number if number % 7 else b"torn" + line for number in range(100))

    def read(block_bytes: int) -> tuple[list[object], list[object]]:
        parsed = list(iter_parsed(io.BytesIO(text), reader, block_bytes=block_bytes))
        return [r for one in parsed for r in one.events.to_pylist()], [r for one in parsed for r in one.rejects.to_pylist()]

    assert read(1) == read(333) == read(blocks.BLOCK_BYTES)
