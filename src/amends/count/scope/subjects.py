"""From disclosures to subjects: rows that stand together by subject are merged to one row each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from amends.count.scope.chosen import Ground
from amends.count.scope.patterns import Numbers32, Patterns
from amends.count.scope.places import Integers, Masks, Places, Truths, spread


def subject_patterns(ground: Ground) -> Patterns:
    """What a disclosure has in common with others: the fields that it gave, and, where they are asked for, its layer and what the
    rates of gaps need.
    """
    layer = ("layer",) if ground.has_layers else ()
    rates = ("endpoint", "server", *ground.selection.names) if ground.for_gaps else ()
    return Patterns(("confirmed", "possible", *layer, *rates))


@dataclass(frozen=True)
class Block:
    """Rows that stand together by subject: those of `names[i]` from `bounds[i]` to the next.

    `standing`: their places, by name of `Places.carried`; `pattern`: their numbers in `patterns`.
    """

    names: pa.Array[Any]
    standing: Mapping[str, Integers]
    pattern: Numbers32
    bounds: Integers
    places: Places
    patterns: Patterns

    def column(self, name: str) -> Integers:
        """A column of the patterns, by row."""
        return self.patterns.column(name)[self.pattern]

    @property
    def starts(self) -> Integers:
        return self.bounds[:-1]

    @property
    def rows(self) -> int:
        return int(self.bounds[-1])

    @property
    def subject(self) -> Integers:
        """Whose each row is, as a place in `names`."""
        return spread(np.arange(len(self.names)), self.starts, self.rows)

    @property
    def is_sure(self) -> Truths:
        """Did the row confirm a field?"""
        is_sure: Truths = (self.patterns.column("confirmed") != 0)[self.pattern]
        return is_sure

    @cached_property
    def counts(self) -> Truths:
        """Does the row count as a view? It does in the outermost layer in which its subject was seen."""
        if "layer" not in self.patterns.names:
            return np.ones(self.rows, bool)
        layer = self.column("layer")
        counts: Truths = layer == spread(np.minimum.reduceat(layer, self.starts), self.starts, self.rows)
        return counts


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


def merged(block: Block) -> Subjects:
    """One row per subject."""
    starts, is_sure = block.starts, block.is_sure
    confirmed: Masks = np.bitwise_or.reduceat(block.column("confirmed").view(np.uint64), starts)
    possible: Masks = np.bitwise_or.reduceat(block.column("possible").view(np.uint64), starts) & ~confirmed
    # a possible view says nothing of a subject that has a confirmed one
    tells = is_sure == spread(confirmed != 0, starts, block.rows)
    views = block.places.views(block.standing, tells, starts)
    return Subjects(
        names=block.names,
        confirmed=confirmed,
        possible=possible,
        first=views.first,
        last=views.last,
        pointer=views.pointer,
        views=np.add.reduceat(is_sure & block.counts, starts, dtype=np.int64),
        views_possible=np.add.reduceat(~is_sure & block.counts, starts, dtype=np.int64),
    )
