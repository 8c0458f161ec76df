"""From disclosures to subjects: the engine reads them range by range; here they are sorted, and merged to one row each.

One sort of 64-bit numbers and a few passes over the sorted rows cost half of what a group-by of the engine costs, and leave the
subjects in the order of the file (docs/decisions/0050-how-scope-counts.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.count.datamap.keys import MOST_DIGITS
from amends.count.scope.chosen import Ground
from amends.count.scope.ranges import Range
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, U64

type Integers = npt.NDArray[np.int64]
type Masks = npt.NDArray[np.uint64]

VALUES = {"us": I64, "pointer": U64, "confirmed": U64, "possible": U64}
BATCH_ROWS = 40_000
SPARE = 8  # room for an eighth more rows than expected: what is not written to takes no memory
DIGITS_BITS = 5  # hold MOST_DIGITS
TENS = 10 ** np.arange(MOST_DIGITS + 1, dtype=np.int64)
EARLIEST, LATEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
LAST_POINTER = np.iinfo(np.uint64).max


def carried(ground: Ground) -> dict[str, str]:
    """What travels with a disclosure beside VALUES, each 64 bits wide: for views by layer, and for the rates of gaps."""
    layer = {"layer": I64} if ground.has_layers else {}
    rates = {"endpoint": I64, "server": I64, **dict.fromkeys(ground.selection.names, U64)} if ground.for_gaps else {}
    return layer | rates


def disclosures(rows: Table, part: Range, ground: Ground) -> Query:
    """The disclosures of a range, in no order. `subject` is a number where all ids of the evidence are."""
    places = ground.places
    subject = "number" if part.numbers_only else "coalesce(text, number::VARCHAR)"
    others = carried(ground)
    return Query(
        columns={"subject": I64 if part.numbers_only else TEXT, **VALUES, **others},
        sql=f"""
            select {subject} as subject, {places.microseconds_sql("place")} as us, {places.line_sql("place")} as pointer,
                confirmed, possible{"".join(f", {name}::{kind} as {name}" for name, kind in others.items())}
            from {rows}
            where {part.sql()}
        """,
    )


@dataclass(frozen=True, slots=True)
class Subjects:
    """One element per subject, in the order of the file. `first`, `last` (microseconds since 1970) and `pointer` are of confirmed
    views where there are any; `possible` holds no field that is confirmed.
    """

    names: pa.Array[Any]
    confirmed: Masks
    possible: Masks
    first: Integers
    last: Integers
    pointer: Masks
    views: Integers
    views_possible: Integers


@dataclass(frozen=True, slots=True)
class Order:
    """Rows in the order of their subjects: the low bits of `packed` say which row; each subject begins at one of `starts`."""

    packed: Integers
    low: int
    starts: Integers
    names: pa.Array[Any]

    def rows(self, first: int, end: int) -> Integers:
        return self.packed[first:end] & self.low


class Sorting:
    """Sorts the disclosures of one range after another, in memory that is taken once: fresh memory costs more than the sort."""

    def __init__(self, ground: Ground) -> None:
        self.names = (*VALUES, *carried(ground))
        self.values = np.empty((0, len(self.names)), np.int64)  # a row is moved by one access to memory, whatever its columns
        self.codes = np.empty(0, np.int64)

    def blocks(self, query: Query, part: Range, *, engine: Engine, most: int) -> Iterator[Block]:
        """The rows of at most so many subjects at a time, in order. `query`: the `disclosures` of the range."""
        texts: list[pa.Array[Any]] = []
        digits = len(str(part.largest))
        self._make_room(part.rows + part.rows // SPARE)
        count = 0
        for batch in engine.batches(query, rows=BATCH_ROWS):
            end = count + batch.num_rows
            self._make_room(end)
            for place, name in enumerate(self.names):
                self.values[count:end, place] = batch.column(name).to_numpy().view(np.int64)
            if part.numbers_only:
                self.codes[count:end] = _codes(batch.column("subject").to_numpy(), digits)
            else:
                texts.append(batch.column("subject"))
            count = end
        if not count:
            return
        order = _numbers_in_order(self.codes[:count], digits) if part.numbers_only else _texts_in_order(texts)
        bounds = np.append(order.starts, count)
        for first in range(0, len(order.starts), most):
            own = bounds[first : first + most + 1]
            rows = np.take(self.values, order.rows(own[0], own[-1]), axis=0)
            values = dict(zip(self.names, np.ascontiguousarray(rows.T), strict=True))
            yield Block(order.names.slice(first, most), values, own - own[0])

    def _make_room(self, rows: int) -> None:
        if rows > len(self.codes):
            room = max(2 * len(self.codes), rows)
            self.values = np.concatenate([self.values, np.empty((room - len(self.values), len(self.names)), np.int64)])
            self.codes = np.concatenate([self.codes, np.empty(room - len(self.codes), np.int64)])


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that stand together by subject: those of `names[i]` from `bounds[i]` to the next."""

    names: pa.Array[Any]
    values: Mapping[str, Integers]
    bounds: Integers

    @property
    def subject(self) -> Integers:
        """Whose each row is, as a place in `names`."""
        return np.repeat(np.arange(len(self.names)), np.diff(self.bounds))


def merged(block: Block) -> Subjects:
    """One row per subject.

    Views are counted in the outermost layer in which the subject was seen; of views at one time the smaller pointer is first.
    """
    values, subject, starts = block.values, block.subject, block.bounds[:-1]
    us, pointer = values["us"], values["pointer"].view(np.uint64)
    confirmed: Masks = np.bitwise_or.reduceat(values["confirmed"].view(np.uint64), starts)
    possible: Masks = np.bitwise_or.reduceat(values["possible"].view(np.uint64), starts) & ~confirmed
    is_sure = values["confirmed"] != 0
    tells = is_sure == (confirmed != 0)[subject]  # a possible view says nothing of a subject that has a confirmed one
    first = np.minimum.reduceat(np.where(tells, us, LATEST), starts)
    is_first = tells & (us == first[subject])
    counts = np.ones(len(us), bool)
    if "layer" in values:
        counts = values["layer"] == np.minimum.reduceat(values["layer"], starts)[subject]
    return Subjects(
        names=block.names,
        confirmed=confirmed,
        possible=possible,
        first=first,
        last=np.maximum.reduceat(np.where(tells, us, EARLIEST), starts),
        pointer=np.minimum.reduceat(np.where(is_first, pointer, LAST_POINTER), starts),
        views=np.add.reduceat(is_sure & counts, starts, dtype=np.int64),
        views_possible=np.add.reduceat(~is_sure & counts, starts, dtype=np.int64),
    )


def _texts_in_order(texts: list[pa.Array[Any]]) -> Order:
    """By the UTF-8 bytes of the subjects' texts."""
    rows: Any = pa.chunked_array(texts)
    order = pc.sort_indices(rows)
    ordered: Any = pc.take(rows, order).combine_chunks()
    is_new = pc.not_equal(ordered.slice(1), ordered.slice(0, len(ordered) - 1)).to_numpy(zero_copy_only=False)
    starts = np.flatnonzero(np.append(True, is_new))
    return Order(order.to_numpy().astype(np.int64), -1, starts, ordered.take(pa.array(starts)))


def _codes(numbers: Integers, most: int) -> Integers:
    """Numbers of at most so many digits as codes in the order of their texts: by digits from the left, a shorter one first."""
    digits = np.ones(len(numbers), np.int64)
    for limit in TENS[1:most]:
        digits += numbers >= limit
    return numbers * TENS[most - digits] << DIGITS_BITS | digits


def _numbers_in_order(codes: Integers, most: int) -> Order:
    """By the codes, which are changed.

    Where a code and its row fit into 63 bits they are sorted as one: a tenth of the cost of sorting rows by their codes.
    """
    bits, lowest = len(codes).bit_length(), int(codes.min())
    if int(codes.max() - lowest).bit_length() + bits <= 63:
        codes -= lowest
        codes <<= bits
        for first in range(0, len(codes), BATCH_ROWS):
            codes[first : first + BATCH_ROWS] |= np.arange(first, min(first + BATCH_ROWS, len(codes)))
        codes.sort()
        order, low = codes, (1 << bits) - 1
    else:
        order, low = np.argsort(codes), -1
        codes, lowest, bits = codes[order], 0, 0
    starts = _starts(codes, bits)
    firsts = (codes[starts] >> bits) + lowest
    subjects = (firsts >> DIGITS_BITS) // TENS[most - (firsts & ((1 << DIGITS_BITS) - 1))]
    return Order(order, low, starts, pa.array(subjects).cast(pa.string()))


def _starts(codes: Integers, bits: int) -> Integers:
    """Where another code begins, leaving out so many low bits."""
    found = [np.zeros(1, np.int64)]
    for first in range(0, len(codes) - 1, BATCH_ROWS):
        own = codes[first : first + BATCH_ROWS + 1] >> bits
        found.append(np.flatnonzero(own[1:] != own[:-1]) + (first + 1))
    return np.concatenate(found)
