"""Where an event stands: its time and its line in one number, so that "first, with its evidence" is one minimum.

A place is `ticks << bits | pointer`: ticks since the earliest event, and a pointer that counts lines over all sources in the
order of their hashes. Smaller place means (earlier time, smaller source hash, smaller line), whatever the order of ingestion.
Where microseconds and pointer do not fit into 64 bits, but all times are whole milliseconds or seconds, a tick is as long; else a
place has 128 bits.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, U64, quoted_text
from amends.units import microseconds

type Integers = npt.NDArray[np.int64]
type Masks = npt.NDArray[np.uint64]
type Truths = npt.NDArray[np.bool_]

TICKS_US = (1, 1_000, 1_000_000)
NARROW_BITS, WIDE_BITS = 64, 127  # of an unsigned and of a signed number
EARLIEST, LATEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
LAST_PLACE = np.iinfo(np.uint64).max


@dataclass(frozen=True, slots=True)
class Views:
    """For each subject the time of its first view (microseconds since 1970) with its pointer, and the time of its last one.

    Of views at one time the one with the smaller pointer is first.
    """

    first: Integers
    pointer: Masks
    last: Integers


@dataclass(frozen=True, slots=True)
class Places:
    """How places are packed in this run. `bases[i]` is what precedes the lines of `sources[i]`; sources are sorted by hash."""

    sources: tuple[str, ...]
    bases: tuple[int, ...]
    base_us: int
    tick_us: int
    bits: int
    is_wide: bool

    @property
    def type(self) -> str:
        return "HUGEINT" if self.is_wide else "UBIGINT"

    def sql(self) -> str:
        """The place of a row with `time`, `source` and `line`."""
        ticks = f"((epoch_us(time) - {self.base_us}) // {self.tick_us})"
        if self.tick_us == 1:
            ticks = f"(epoch_us(time) - {self.base_us})"
        return f"(({ticks}::{self.type} << {self.bits}::{self.type}) | ({self.pointer_sql()})::{self.type})"

    def pointer_sql(self) -> str:
        sources = ", ".join(quoted_text(source) for source in self.sources)
        bases = ", ".join(str(base) for base in self.bases)
        return f"list_extract([{bases}]::UBIGINT[], list_position([{sources}], source)) + line"

    def microseconds_sql(self, place: str) -> str:
        """The time of a place, in microseconds since 1970. Literals are typed: an untyped one would make 128-bit arithmetic of
        it.
        """
        return f"(({place}) >> {self.bits}::{self.type})::BIGINT * {self.tick_us} + {self.base_us}"

    def line_sql(self, place: str) -> str:
        """The pointer of a place."""
        return f"(({place}) & {(1 << self.bits) - 1}::{self.type})::UBIGINT"

    def at_or_after(self, instant: datetime) -> str:
        """The smallest place at or after an instant, as a literal."""
        ticks = -((self.base_us - microseconds(instant)) // self.tick_us)
        most = (1 << ((WIDE_BITS if self.is_wide else NARROW_BITS) - self.bits)) - 1
        return f"{min(max(ticks, 0), most) << self.bits}::{self.type}"

    @property
    def carried(self) -> dict[str, str]:
        """The 64-bit columns that a place travels in, with their types: one, or where that is too narrow, two."""
        return {"us": I64, "pointer": U64} if self.is_wide else {"place": U64}

    def carried_sql(self, place: str) -> str:
        """A place as the columns of `carried`."""
        if self.is_wide:
            return f"{self.microseconds_sql(place)} as us, {self.line_sql(place)} as pointer"
        return f"{place} as place"

    def place_sql(self) -> str:
        """The place that the columns of `carried` hold."""
        return f"((us - {self.base_us})::{self.type} << {self.bits}) | pointer::{self.type}" if self.is_wide else "place"

    def times(self, standing: Mapping[str, Integers]) -> Integers:
        """The times of rows by the columns of `carried`, in microseconds since 1970."""
        return standing["us"] if self.is_wide else self._microseconds(standing["place"].view(np.uint64))

    def pointers(self, standing: Mapping[str, Integers]) -> Masks:
        """The pointers of the same."""
        if self.is_wide:
            return standing["pointer"].view(np.uint64)
        return standing["place"].view(np.uint64) & np.uint64((1 << self.bits) - 1)

    def views(self, standing: Mapping[str, Integers], tells: Truths, starts: Integers) -> Views:
        """Of the rows that tell, each group's earliest and latest: groups begin at `starts`, and each has a row that tells."""
        if self.is_wide:
            us = np.where(tells, standing["us"], LATEST)
            first_us = np.minimum.reduceat(us, starts)
            is_first = tells & (us == spread(first_us, starts, len(us)))
            pointer = np.minimum.reduceat(np.where(is_first, standing["pointer"].view(np.uint64), LAST_PLACE), starts)
            return Views(first_us, pointer, np.maximum.reduceat(np.where(tells, us, EARLIEST), starts))
        place = standing["place"].view(np.uint64)
        first = np.minimum.reduceat(np.where(tells, place, LAST_PLACE), starts)
        last = np.maximum.reduceat(np.where(tells, place, np.uint64(0)), starts)
        pointer = first & np.uint64((1 << self.bits) - 1)
        return Views(self._microseconds(first), pointer, self._microseconds(last))

    def _microseconds(self, places: Masks) -> Integers:
        return (places >> np.uint64(self.bits)).astype(np.int64) * self.tick_us + self.base_us

    def origin(self, pointer: int) -> tuple[str, int]:
        """The source and the line of a pointer."""
        index = bisect_right(self.bases, pointer - 1) - 1
        return self.sources[index], pointer - self.bases[index]

    def origins(self, pointers: Masks) -> tuple[Integers, Masks]:
        """Places in `sources`, and lines, of many pointers."""
        bases = np.array(self.bases, np.uint64)
        index = np.searchsorted(bases, pointers - np.uint64(1), side="right") - 1
        return index, pointers - bases[index]


def spread(values: npt.NDArray[Any], starts: Integers, rows: int) -> npt.NDArray[Any]:
    """Each group's value on every row of it."""
    return np.repeat(values, np.diff(starts, append=rows))


def measure(events: Table) -> Query:
    """Per source: its last line, its first and last time, and whether all its times are whole seconds."""
    return Query(
        columns={"source": TEXT, "lines": I64, "first": I64, "last": I64, "seconds": "BOOLEAN"},
        sql=f"""
            select
                source::VARCHAR as source, max(line)::BIGINT as lines, min(epoch_us(time)) as first, max(epoch_us(time)) as last,
                bool_and(epoch_us(time) % 1000000 = 0) as seconds
            from {events}
            group by all
            order by all
        """,
    )


def milliseconds(events: Table) -> Query:
    """Are all times whole milliseconds?"""
    return Query(
        columns={"milliseconds": "BOOLEAN"},
        sql=f"select bool_and(epoch_us(time) % 1000 = 0) as milliseconds from {events}",
    )


def places(events: Table, *, engine: Engine) -> Places | None:
    """The packing for these events; None where there are none."""
    rows = engine.rows(measure(events))
    if not rows:
        return None
    bases, lines = [], 0
    for row in rows:
        bases.append(lines)
        lines += row["lines"]
    base_us, last_us = min(row["first"] for row in rows), max(row["last"] for row in rows)
    is_seconds = all(row["seconds"] for row in rows)
    exact = {1: True, 1_000: is_seconds or engine.row(milliseconds(events))["milliseconds"], 1_000_000: is_seconds}
    base_us -= base_us % max(tick for tick in TICKS_US if exact[tick])
    bits = max(lines.bit_length(), 1)
    fitting = [tick for tick in TICKS_US if exact[tick] and ((last_us - base_us) // tick).bit_length() + bits <= NARROW_BITS]
    tick_us, is_wide = (fitting[0], False) if fitting else (1, True)
    return Places(tuple(row["source"] for row in rows), tuple(bases), base_us, tick_us, 64 if is_wide else bits, is_wide)
