"""Equal runs of lines in two sources, given as keyed hashes of their lines: pure, and linear in time whatever the lines are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEAST = 2  # whole lines of a run
FEW = 8  # so many possible starts are tried one by one, each a vector comparison; more are searched for in one pass

type Lines = npt.NDArray[np.int64]
type TextOf = Callable[[int, int], list[bytes]]
"""The bytes of the lines from the first to the last number, 1-based, both included."""


@dataclass(frozen=True, slots=True)
class Match:
    """The lines of one source (1-based) and the same lines of the other; `is_torn`: the last of `ones` is only the beginning
    of its other.
    """

    ones: Lines
    others: Lines
    is_torn: bool = False


def overlapping(one: Lines, other: Lines, starts: Sequence[int], *, torn: bytes | None, text_of: TextOf) -> Match | None:
    """The longest run that ends `one` and begins `other`; it can only begin at `starts` (1-based lines of `one`).

    `torn`: the last line of `one` has no line feed and these bytes; it may be the beginning of its counterpart.
    """
    length = _longest(one, other, starts)
    begun = _longest_torn(one[:-1], other, starts, torn, text_of) if torn is not None else 0
    if begun > length:
        numbers = np.arange(1, begun + 1, dtype=np.int64)
        return Match(numbers + len(one) - begun, numbers, is_torn=True)
    if length < LEAST:
        return None
    numbers = np.arange(1, length + 1, dtype=np.int64)
    return Match(numbers + len(one) - length, numbers)


def filling(one: Lines, other: Lines, *, torn: bytes | None, text_of: TextOf) -> Match | None:
    """All lines of `one` in `other`, in order, each matched with the earliest that is left; None where one is missing."""
    if len(one) >= LEAST and (found := _in_order(one, other)) is not None:
        return Match(np.arange(1, len(one) + 1, dtype=np.int64), found)
    if torn is None or len(one) - 1 < LEAST:
        return None
    found = _in_order(one[:-1], other)
    if found is None:
        return None
    after = int(found[-1]) + 1
    for number, text in enumerate(text_of(after, len(other)), after):
        if text.startswith(torn):
            return Match(np.arange(1, len(one) + 1, dtype=np.int64), np.append(found, number), is_torn=True)
    return None


def _longest(one: Lines, other: Lines, starts: Sequence[int]) -> int:
    """The length of the longest suffix of `one` that is a prefix of `other` and begins at one of `starts`; 0 for none."""
    able = sorted(start for start in starts if 1 <= start <= len(one) and len(one) - start + 1 <= len(other))
    if len(able) <= FEW:
        return next(
            (len(one) - start + 1 for start in able if np.array_equal(one[start - 1 :], other[: len(one) - start + 1])), 0
        )
    return _borders(one[able[0] - 1 :], other)[0]


def _longest_torn(whole: Lines, other: Lines, starts: Sequence[int], torn: bytes, text_of: TextOf) -> int:
    """The same where the last line is torn; its length with that line. Two whole lines must be equal before it."""
    able = sorted(start for start in starts if 1 <= start <= len(whole) and len(whole) - start + 1 < len(other))
    if not able:
        return 0
    lengths = (
        [len(whole) - start + 1 for start in able if np.array_equal(whole[start - 1 :], other[: len(whole) - start + 1])]
        if len(able) <= FEW
        else [length for length in _borders(whole[able[0] - 1 :], other) if length < len(other)]
    )
    lengths = [length for length in lengths if length >= LEAST]
    if not lengths:
        return 0
    texts = text_of(1, max(lengths) + 1)
    return next((length + 1 for length in lengths if texts[length].startswith(torn)), 0)


def _borders(one: Lines, other: Lines) -> list[int]:
    """Lengths of all suffixes of `one` that are prefixes of `other`, the longest first, and 0 (Knuth, Morris and Pratt, 1977)."""
    pattern = other[: len(one)].tolist()
    failure = [0] * (len(pattern) + 1)
    length = 0
    for at in range(1, len(pattern)):
        while length and pattern[at] != pattern[length]:
            length = failure[length]
        length += pattern[at] == pattern[length]
        failure[at + 1] = length
    length = 0
    for line in one.tolist():
        while length and (length == len(pattern) or pattern[length] != line):
            length = failure[length]
        length += pattern[length] == line
    borders = [length]
    while borders[-1]:
        borders.append(failure[borders[-1]])
    return borders


def _in_order(one: Lines, other: Lines) -> Lines | None:
    """For each line of `one` the earliest line of `other` (1-based) after that of the line before; None where there is none."""
    found: list[int] = []
    wanted = iter(one.tolist())
    current = next(wanted)
    for number, line in enumerate(other.tolist(), 1):
        if line == current:
            found.append(number)
            current = next(wanted, None)
            if current is None:
                return np.array(found, dtype=np.int64)
    return None
