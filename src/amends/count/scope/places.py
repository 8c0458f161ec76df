"""Where an event stands: its time and its line in one number, so that "first, with its evidence" is one minimum.

A place is `ticks << bits | pointer`: ticks since the earliest event, and a pointer that counts lines over all sources in the
order of their hashes. Smaller place means (earlier time, smaller source hash, smaller line), whatever the order of ingestion.
Where microseconds and pointer do not fit into 64 bits, but all times are whole milliseconds or seconds, a tick is as long; else a
place has 128 bits.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from amends.count.scope.selection import EPOCH, microseconds
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, quoted_text

TICKS_US = (1, 1_000, 1_000_000)
NARROW_BITS, WIDE_BITS = 64, 127  # of an unsigned and of a signed number


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

    def origin(self, pointer: int) -> tuple[str, int]:
        """The source and the line of a pointer."""
        index = bisect_right(self.bases, pointer - 1) - 1
        return self.sources[index], pointer - self.bases[index]

    def origins(self, pointers: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
        """Places in `sources`, and lines, of many pointers."""
        bases = np.array(self.bases, np.uint64)
        index = np.searchsorted(bases, pointers - np.uint64(1), side="right") - 1
        return index, pointers - bases[index]


def time_of(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=us)


def measure(events: Table) -> Query:
    """Per source: its last line, its first and last time, and whether all its times are whole seconds, whole milliseconds."""
    return Query(
        columns={"source": TEXT, "lines": I64, "first": I64, "last": I64, "seconds": "BOOLEAN", "milliseconds": "BOOLEAN"},
        sql=f"""
            select
                source::VARCHAR as source, max(line)::BIGINT as lines, min(epoch_us(time)) as first, max(epoch_us(time)) as last,
                bool_and(epoch_us(time) % 1000000 = 0) as seconds, bool_and(epoch_us(time) % 1000 = 0) as milliseconds
            from {events}
            group by all
            order by all
        """,
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
    exact = {1: True, 1_000: all(row["milliseconds"] for row in rows), 1_000_000: all(row["seconds"] for row in rows)}
    base_us -= base_us % max(tick for tick in TICKS_US if exact[tick])
    bits = max(lines.bit_length(), 1)
    fitting = [tick for tick in TICKS_US if exact[tick] and ((last_us - base_us) // tick).bit_length() + bits <= NARROW_BITS]
    tick_us, is_wide = (fitting[0], False) if fitting else (1, True)
    return Places(tuple(row["source"] for row in rows), tuple(bases), base_us, tick_us, 64 if is_wide else bits, is_wide)
