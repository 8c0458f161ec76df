"""The lines of one server's day, with the dirt put in: bytes to write, and which line each request came to stand on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.simulate.chance import Integers
from amends.simulate.dirt import Dirt
from amends.simulate.text import parts_of


@dataclass(frozen=True, slots=True)
class Spoil:
    """Dirt at the request with this place in the day."""

    row: int
    dirt: Dirt


@dataclass(frozen=True, slots=True)
class Printed:
    """`line` and `is_legible` for each request, lines counted from 0; `planted`: (line, what, expected) of the dirt."""

    parts: tuple[bytes | memoryview, ...]
    lines: int
    line: Integers
    is_legible: npt.NDArray[np.bool_]
    planted: tuple[tuple[int, str, str], ...]


def laid_out(lines: pa.StringArray, spoils: Sequence[Spoil], rng: np.random.Generator, *, torn_end: bool = False) -> Printed:
    """Put the dirt in. Spoils are in order of their rows and two rows apart at least. `torn_end`: the last line stops halfway."""
    data, starts = parts_of(lines)
    count = len(lines)
    shift = np.zeros(count + 1, np.int64)
    legible = np.ones(count, bool)
    parts: list[bytes | memoryview] = []
    planted = []
    here = added = 0
    for spoil in spoils:
        row, dirt = spoil.row, spoil.dirt
        line, other = _line(data, starts, row), _line(data, starts, row + 1) if dirt.takes == 2 else b""
        parts += [data[here : int(starts[row])], dirt.spoil(line, other, rng) + b"\n"]
        here = int(starts[row + dirt.takes])
        planted.append((row + added, dirt.what, dirt.expected))
        added += 1 - dirt.takes
        if dirt.takes == 0:
            shift[row] += 1
        if dirt.takes == 2:
            shift[row + 1] -= 1
        legible[row : row + dirt.takes] = dirt.is_event
    end = len(data)
    if torn_end:
        end = int(starts[count - 1]) + int(starts[count] - starts[count - 1]) * 2 // 5
        planted.append((count - 1 + added, "torn-end", "reject:torn"))
        legible[count - 1] = False
    parts.append(data[here:end])
    return Printed(tuple(parts), count + added, np.arange(count) + np.cumsum(shift)[:count], legible, tuple(planted))


def _line(data: memoryview, starts: npt.NDArray[np.int32], row: int) -> bytes:
    """Without its line feed."""
    return bytes(data[int(starts[row]) : int(starts[row + 1]) - 1])


def places_for(rng: np.random.Generator, free: npt.NDArray[np.bool_], wanted: int) -> list[int]:
    """At most `wanted` rows, in order, each with its two neighbours on both sides free and no other chosen among them."""
    fits = free.copy()
    for step in (1, 2):
        fits[step:] &= free[:-step]
        fits[:-step] &= free[step:]
    fits[:3] = False
    fits[-3:] = False
    chosen: list[int] = []
    for row in rng.permutation(np.flatnonzero(fits))[: 4 * wanted].tolist():
        if len(chosen) < wanted and all(abs(row - other) > 3 for other in chosen):
            chosen.append(row)
    return sorted(chosen)
