"""Disclosures whose subjects are numbers, sorted by the order of the file: within memory, and beyond it through runs on disk.

One sort of 64-bit numbers costs a fraction of a group-by of the engine, and leaves the subjects in the order of the file
(docs/decisions/0050-how-scope-counts.md). A number stands where its digits stand as text: 1, 10, 100, 11, 2.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from amends.case import writing
from amends.count.datamap.keys import MOST_DIGITS
from amends.count.scope.patterns import Numbers32, Patterns
from amends.count.scope.places import Integers, Places
from amends.count.scope.subjects import Block

CHUNK_ROWS = 40_000  # looked at in one go, so that they stay in the cache
DIGITS_BITS = 5  # hold MOST_DIGITS
TENS = 10 ** np.arange(MOST_DIGITS + 1, dtype=np.int64)
SAMPLES = 10_000  # of a run, by which the runs are cut into pieces


@dataclass(frozen=True, slots=True)
class Run:
    """Sorted rows on disk: their numbers, and what they carry. They are read, not mapped: what is mapped counts as memory."""

    numbers: Path
    carried: Path
    rows: int
    sample: Integers  # of the numbers, at even distances

    @classmethod
    def written(cls, folder: Path, name: str, order: Order, carried: Numbers32) -> Run:
        """Write rows in their order. Raises: CAS-006."""
        rows = len(carried)
        lengths = np.diff(order.starts, append=rows)
        some = slice(0, None, len(order.starts) // SAMPLES + 1)
        run = cls(
            folder / f"{name}.numbers",
            folder / f"{name}.carried",
            rows,
            order.subjects(some),
        )
        with writing(folder), run.numbers.open("wb") as numbers, run.carried.open("wb") as others:
            for first in range(0, len(lengths), CHUNK_ROWS):
                chunk = slice(first, first + CHUNK_ROWS)
                np.repeat(order.subjects(chunk), lengths[chunk]).tofile(numbers)
            for first in range(0, rows, CHUNK_ROWS):
                np.take(carried, order.rows(first, min(first + CHUNK_ROWS, rows)), axis=0).tofile(others)
        return run

    def read(self, first: int, end: int, numbers: Integers, carried: Numbers32) -> None:
        """Read some rows into arrays of their size."""
        for path, array in ((self.numbers, numbers), (self.carried, carried)):
            with path.open("rb") as file:
                file.seek(first * array.strides[0])
                file.readinto(array.data)

    def places_of(self, cuts: Sequence[int], digits: int) -> list[int]:
        """Where in the run each code would stand."""
        with self.numbers.open("rb") as file:

            def code_at(row: int) -> int:
                file.seek(8 * row)
                return code(int(np.frombuffer(file.read(8), np.int64)[0]), digits)

            return [bisect_left(range(self.rows), cut, key=code_at) for cut in cuts]


class Numbers:
    """Takes disclosures in any order and gives them back in the order of their subjects.

    What a row carries, its place and its pattern, stands together in parts of 32 bits, so that one access to memory moves it.
    Memory: taken once, as fresh memory costs more than the sort; what is not written to takes none.
    """

    def __init__(self, patterns: Patterns, places: Places, *, folder: Path, memory_bytes: int, expected: int) -> None:
        self.count = 0
        self.patterns = patterns
        self._places, self._folder = places, folder
        width = 2 * len(places.carried) + 1
        self._most = max(memory_bytes // (8 + 4 * width), CHUNK_ROWS)
        room = min(expected, self._most)
        self._numbers = np.empty(room, np.int64)
        self._carried = np.empty((room, width), np.uint32)
        self._rows = self._largest = 0
        self._runs: list[Run] = []

    def add(self, numbers: Integers, standing: Mapping[str, Integers], patterns: Numbers32) -> None:
        """Take some rows: their subjects, where they stand, and their patterns. Raises: CAS-006 where the disk is full."""
        rows = len(numbers)
        if not rows:
            return
        self.count += rows
        self._largest = max(self._largest, int(numbers.max()))
        if self._rows + rows > self._most:
            self._spill()
        self._make_room(self._rows + rows)
        taken = slice(self._rows, self._rows + rows)
        self._numbers[taken] = numbers
        for place, name in enumerate(self._places.carried):
            self._carried[taken, 2 * place : 2 * place + 2] = standing[name].view(np.uint32).reshape(-1, 2)
        self._carried[taken, -1] = patterns
        self._rows += rows

    def blocks(self, most: int) -> Iterator[Block]:
        """All rows in order, those of at most so many subjects at a time. To be asked once: the rows are used up."""
        if not self._runs:
            yield from self._sorted(most)
            return
        self._spill()
        for parts in self._pieces():
            self._rows = 0
            self._make_room(sum(end - first for first, end in parts))
            for run, (first, end) in zip(self._runs, parts, strict=True):
                taken = slice(self._rows, self._rows + end - first)
                run.read(first, end, self._numbers[taken], self._carried[taken])
                self._rows += end - first
            yield from self._sorted(most)

    def _sorted(self, most: int) -> Iterator[Block]:
        """The rows in memory, in order."""
        if not self._rows:
            return
        order = in_order(self._numbers[: self._rows])
        bounds = np.append(order.starts, self._rows)
        for first in range(0, len(order.starts), most):
            own = bounds[first : first + most + 1]
            rows = np.take(self._carried, order.rows(own[0], own[-1]), axis=0)
            standing = {
                name: np.ascontiguousarray(rows[:, 2 * place : 2 * place + 2]).view(np.int64).ravel()
                for place, name in enumerate(self._places.carried)
            }
            names = pa.array(order.subjects(slice(first, first + most))).cast(pa.string())
            yield Block(names, standing, rows[:, -1], own - own[0], self._places, self.patterns)

    def _spill(self) -> None:
        """Move the rows in memory, if there are any, to a run on disk."""
        if not self._rows:
            return
        order = in_order(self._numbers[: self._rows])
        name = f"{id(self)}-{len(self._runs)}"
        self._runs.append(Run.written(self._folder, name, order, self._carried[: self._rows]))
        self._rows = 0

    def _pieces(self) -> Iterator[list[tuple[int, int]]]:
        """The runs cut into pieces of the order that fit into memory: where each piece begins and ends in each run."""
        digits = len(str(self._largest))
        pieces = -(-2 * self.count // self._most)  # half full: they are cut by samples, not exactly
        sample = np.sort(codes(np.concatenate([run.sample for run in self._runs]), digits))
        cuts = [int(sample[len(sample) * place // pieces]) for place in range(1, pieces)]
        places = [[0, *run.places_of(cuts, digits), run.rows] for run in self._runs]
        for piece in zip(*(pairwise(own) for own in places), strict=True):
            yield list(piece)

    def _make_room(self, rows: int) -> None:
        if rows > len(self._numbers):
            more = min(max(2 * len(self._numbers), rows), max(self._most, rows)) - len(self._numbers)
            self._numbers = np.concatenate([self._numbers, np.empty(more, np.int64)])
            self._carried = np.concatenate([self._carried, np.empty((more, self._carried.shape[1]), np.uint32)])


@dataclass(frozen=True, slots=True)
class Order:
    """Rows in the order of their subjects, each of which begins at one of `starts`.

    A row is `packed`: its code above `lowest`, and in the low `bits` its place before it was sorted; where both do not fit,
    `bits` is 0, and `places` holds the places.
    """

    packed: Integers
    bits: int
    lowest: int
    digits: int
    places: Integers | None
    starts: Integers

    def rows(self, first: int, end: int) -> Integers:
        """The places of some rows before they were sorted."""
        return self.places[first:end] if self.places is not None else self.packed[first:end] & ((1 << self.bits) - 1)

    def subjects(self, chunk: slice) -> Integers:
        """The numbers of some subjects."""
        found = (self.packed[self.starts[chunk]] >> self.bits) + self.lowest
        subjects: Integers = (found >> DIGITS_BITS) // TENS[self.digits - (found & ((1 << DIGITS_BITS) - 1))]
        return subjects


def codes(numbers: Integers, digits: int) -> Integers:
    """Numbers of at most so many digits as codes in the order of their texts: by digits from the left, a shorter one first."""
    length = np.ones(len(numbers), np.int8)
    for limit in TENS[1:digits]:
        length += numbers >= limit
    return numbers * TENS[digits - length] << DIGITS_BITS | length


def code(number: int, digits: int) -> int:
    """The same of one number."""
    return int(codes(np.array([number], np.int64), digits)[0])


def in_order(numbers: Integers) -> Order:
    """Numbers by the order of their texts; they are changed.

    Where a code and its row fit into 63 bits they are sorted as one: a tenth of the cost of sorting rows by their codes.
    """
    digits = len(str(int(numbers.max())))
    for first in range(0, len(numbers), CHUNK_ROWS):
        numbers[first : first + CHUNK_ROWS] = codes(numbers[first : first + CHUNK_ROWS], digits)
    packed, bits, lowest = numbers, len(numbers).bit_length(), int(numbers.min())
    if int(packed.max() - lowest).bit_length() + bits <= 63:
        for first in range(0, len(packed), CHUNK_ROWS):
            own = packed[first : first + CHUNK_ROWS]
            own -= lowest
            own <<= bits
            own |= np.arange(first, first + len(own))
        packed.sort()
        return Order(packed, bits, lowest, digits, None, _starts(packed, bits))
    places = np.argsort(packed)
    packed = packed[places]
    return Order(packed, 0, 0, digits, places, _starts(packed, 0))


def _starts(packed: Integers, bits: int) -> Integers:
    """Where another code begins, leaving out so many low bits."""
    found = [np.zeros(1, np.int64)]
    for first in range(0, len(packed) - 1, CHUNK_ROWS):
        own = packed[first : first + CHUNK_ROWS + 1] >> bits
        found.append(np.flatnonzero(own[1:] != own[:-1]) + (first + 1))
    return np.concatenate(found)
