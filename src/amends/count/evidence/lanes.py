"""Eight bytes at a time: loads at any position of a block, and arithmetic on the bytes of one 64-bit word.

A lane is a little-endian u64, so byte 0 is the one at the lower address. The tricks are those of SIMD within a register
(H. S. Warren, Hacker's Delight, 2nd ed., sections 2-18 and 6-1); each says where it is exact.
Positions are int64 arrays, one element a row; every position is at least PAD bytes from both ends of the buffer.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Truths = npt.NDArray[np.bool_]

ONES = np.uint64(0x0101010101010101)
HIGHS = np.uint64(0x8080808080808080)
LOWS = np.uint64(0x7F7F7F7F7F7F7F7F)
ZEROS_AS_TEXT = np.uint64(0x3030303030303030)  # "00000000"
ABOVE_NINE = np.uint64(0x7676767676767676)  # added to a byte of 0..127, sets its high bit from 10 on
LAST_BYTES = np.array(
    [0] + [(1 << 64) - (1 << (64 - 8 * n)) for n in range(1, 9)], np.uint64
)  # the n bytes at the higher addresses
FIRST_BYTES = np.array([(1 << (8 * n)) - 1 for n in range(9)], np.uint64)
EIGHT = np.uint64(8)


class Lanes:
    """The bytes of one block as words that may start anywhere."""

    __slots__ = ("_words", "buffer")

    def __init__(self, buffer: Bytes) -> None:
        self.buffer = buffer
        # A void type has no alignment, so that numpy gathers it with plain 8-byte copies: 5 ns a row where `take` on an
        # unaligned view costs 300.
        self._words: npt.NDArray[np.void] = np.ndarray((len(buffer) - 7,), "V8", buffer, 0, (1,))

    def at(self, positions: Positions) -> Words:
        return self._words[positions].view(np.uint64)

    def text_at(self, positions: Positions, width: int) -> Bytes:
        """`width` bytes (at most PAD) from each position, a row each."""
        rows: npt.NDArray[np.void] = np.ndarray((len(self.buffer) - width + 1,), f"V{width}", self.buffer, 0, (1,))
        return rows[positions].view(np.uint8).reshape(len(positions), width)


def word(text: bytes) -> np.uint64:
    """At most eight bytes as a lane, the rest zero."""
    return np.uint64(int.from_bytes(text, "little"))


def has_zero_byte(words: Words) -> Words:
    """Not 0 where a byte is 0; the lowest set bit belongs to the first such byte (higher ones may be false)."""
    return (words - ONES) & ~words & HIGHS


def zero_bytes(words: Words) -> Words:
    """The high bit of every byte that is 0, and no other: exact."""
    return ~(((words & LOWS) + LOWS) | words | LOWS)


def not_digits(values: Words) -> Words:
    """Not 0 where a byte of `values` (text already XORed with "0") is above 9."""
    return ((values + ABOVE_NINE) | values) & HIGHS


def first_byte(lanes: Lanes, byte: int, start: Positions, limit: Positions) -> Positions:
    """The first place of `byte` in [start, limit), else `limit`. Cost: about 12 ns a row for every 8 bytes that it must look
    at.
    """
    pattern = np.uint64(byte * 0x0101010101010101)
    found = start + _bytes_before(lanes.at(start) ^ pattern)
    open_rows = np.flatnonzero((found == start + 8) & (found < limit))
    while len(open_rows):
        here = found[open_rows]
        there = here + _bytes_before(lanes.at(here) ^ pattern)
        found[open_rows] = there
        open_rows = open_rows[(there == here + 8) & (there < limit[open_rows])]
    result: Positions = np.minimum(found, limit)
    return result


def _bytes_before(words: Words) -> Positions:
    """How many bytes stand before the first zero byte; 8 where there is none."""
    zeros = has_zero_byte(words)
    return (np.bitwise_count(~zeros & (zeros - np.uint64(1))) >> 3).astype(np.int64)


def matches(lanes: Lanes, text: bytes, at: Positions) -> Truths:
    """Whether `text` stands at each position."""
    if len(text) == 1:
        is_there: Truths = lanes.buffer[at] == text[0]
        return is_there
    result: Truths = (lanes.at(at) & FIRST_BYTES[min(len(text), 8)]) == word(text[:8])
    for offset in range(8, len(text), 8):
        part = text[offset : offset + 8]
        result &= (lanes.at(at + offset) & FIRST_BYTES[len(part)]) == word(part)
    return result


def number_before(lanes: Lanes, end: Positions, length: Positions) -> tuple[Words, Truths]:
    """The decimal number of `length` digits that ends before `end`, and whether all of them are digits. Lengths: 1 to 16."""
    value, bad = _eight_digits(lanes.at(end - 8), np.minimum(length, 8))
    if len(length) and int(length.max()) > 8:
        high, high_bad = _eight_digits(lanes.at(end - 16), np.clip(length - 8, 0, 8))
        value += high * np.uint64(100_000_000)
        bad |= high_bad
    return value, bad == 0


def _eight_digits(words: Words, length: Positions) -> tuple[Words, Words]:
    values = (words ^ ZEROS_AS_TEXT) & LAST_BYTES[length]
    return digits_value(values), not_digits(values)


def digits_value(values: Words) -> Words:
    """The number that eight bytes of 0..9 stand for, the one at the lowest address first."""
    values = values * np.uint64(10) + (values >> EIGHT)
    values = values & np.uint64(0x00FF00FF00FF00FF)
    values = values * np.uint64(100) + (values >> np.uint64(16))
    values = values & np.uint64(0x0000FFFF0000FFFF)
    values = values * np.uint64(10_000) + (values >> np.uint64(32))
    return values & np.uint64(0xFFFFFFFF)
