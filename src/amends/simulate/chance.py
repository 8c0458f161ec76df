"""Chance that comes out the same everywhere: streams by name, whole-number weights, no floating point beyond a uniform draw.

Logarithms and sines may differ in their last bit from one processor to the next, so that nothing here uses them.
The generator is PCG64 (O'Neill 2014, HMC-CS-2014-0905), as numpy keeps it stable.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]


def stream(seed: int, name: str, number: int = 0) -> np.random.Generator:
    """A generator of its own for each purpose, so that a change of one leaves the others as they were."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode()), number])))


def pick(rng: np.random.Generator, weights: Sequence[int] | Integers, size: int) -> Integers:
    """`size` indexes, each as likely as its weight."""
    bounds = np.cumsum(np.asarray(weights, np.int64))
    return np.searchsorted(bounds, rng.integers(0, bounds[-1], size), side="right").astype(np.int64)


def shares(total: int, weights: Sequence[int] | Integers) -> Integers:
    """`total` split by weight into whole numbers that sum to it; the remainder goes to the earliest of the largest fractions."""
    weight = np.asarray(weights, np.int64)
    whole = int(weight.sum())
    if total <= 0 or whole == 0:
        return np.zeros(len(weight), np.int64)
    parts = weight * total // whole
    order = np.argsort(-(weight * total - parts * whole), kind="stable")
    parts[order[: total - int(parts.sum())]] += 1
    return parts


def mixed(values: Words | Integers, salt: int) -> Words:
    """A well-spread 64-bit word for each number, one to one for a salt: SplitMix64's finaliser (Steele, Lea, Flood 2014)."""
    words = values.astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % 2**64)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def ranges(starts: Integers, lengths: Integers) -> Integers:
    """The numbers start, start + 1, ... of every range, one after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    first: Integers = np.repeat(starts - (ends - lengths), lengths)
    return first + np.arange(total, dtype=np.int64)
