"""Patterns: what many rows have in common, once, under a number that each row carries instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.count.scope.places import Integers

type Numbers32 = npt.NDArray[np.uint32]

SPARSE = 4  # this many times more places than rows: not worth an array


class Patterns:
    """Distinct combinations of values of some integer columns, numbered as they come."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._numbers: dict[tuple[int, ...], int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def numbered(self, columns: Mapping[str, pa.Array[Any]]) -> Numbers32:
        """The pattern of each row; new ones get the next numbers. The columns hold no null."""
        encoded = [_encoded(columns[name]) for name in self.names]
        if not len(encoded[0].index):
            return np.empty(0, np.uint32)
        place, size = encoded[0].index, encoded[0].size
        for one in encoded[1:]:
            if one.size > 1:
                place = place * one.size + one.index
                size *= one.size
        if size <= SPARSE * len(place):
            found = np.flatnonzero(np.bincount(place))
            numbers = np.zeros(size, np.uint32)
            numbers[found] = self._numbers_of(found, encoded)
            return numbers[place]
        found, inverse = np.unique(place, return_inverse=True)
        return self._numbers_of(found, encoded)[inverse]

    def _numbers_of(self, places: Integers, encoded: Sequence[_Encoded]) -> Numbers32:
        values: list[list[int]] = []
        for one in reversed(encoded):
            places, index = np.divmod(places, one.size)
            values.append(one.values(index))
        rows = zip(*reversed(values), strict=True)
        return np.array([self._numbers.setdefault(row, len(self._numbers)) for row in rows], np.uint32)

    def column(self, name: str) -> Integers:
        """One column of all patterns, by their numbers; what is not signed keeps its bits."""
        place = self.names.index(name)
        column = [row[place] for row in self._numbers]
        return np.array(column, np.uint64).view(np.int64) if min(column, default=0) >= 0 else np.array(column, np.int64)


@dataclass(frozen=True, slots=True)
class _Encoded:
    """A column as places among `size` values: those of `dictionary`, or the whole numbers from `least`."""

    index: Integers
    size: int
    least: int
    dictionary: pa.Array[Any] | None

    def values(self, index: Integers) -> list[int]:
        found: list[Any] = (index + self.least).tolist() if self.dictionary is None else self.dictionary.take(index).to_pylist()
        return [int(value) for value in found]


def _encoded(column: pa.Array[Any]) -> _Encoded:
    if pa.types.is_uint8(column.type) or pa.types.is_uint16(column.type):  # a dictionary would cost ten times as much
        numbers = column.to_numpy().astype(np.int64)
        least = int(numbers.min()) if len(numbers) else 0
        return _Encoded(numbers - least, int(numbers.max()) - least + 1 if len(numbers) else 0, least, None)
    encoded: Any = column.dictionary_encode()
    return _Encoded(encoded.indices.to_numpy().astype(np.int64), len(encoded.dictionary), 0, encoded.dictionary)
