"""New subjects: how many an endpoint of a server showed for the first time, by hour; for the term `gap`."""

from __future__ import annotations

from collections import Counter

import numpy as np

from amends.count.scope.places import Integers, spread
from amends.count.scope.selection import BITS
from amends.count.scope.subjects import Block

HOUR_US = 3_600_000_000


class NewSubjects:
    """For each selector the subjects by (endpoint, server, hour since 1970) in which it first saw them by that endpoint.

    The server is a place in the ground's `servers`: the one of the first view, on whatever server later ones were.
    """

    def __init__(self, selectors: int) -> None:
        self.hours: list[Counter[tuple[int, int, int]]] = [Counter() for _ in range(selectors)]

    def add(self, block: Block) -> None:
        """Count subjects of which all disclosures stand in this block."""
        for selector, hours in enumerate(self.hours):
            mine = (block.column(f"selectors_{selector // BITS}") >> selector % BITS & 1).astype(bool)
            endpoints = np.where(mine, block.column("endpoint"), -1)
            for endpoint in np.flatnonzero(np.bincount(endpoints + 1)[1:]):
                servers, at_hours = _first(block, np.flatnonzero(endpoints == endpoint))
                width = int(servers.max()) + 1
                keys, counts = np.unique(at_hours * width + servers, return_counts=True)
                for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
                    hours[int(endpoint), key % width, key // width] += count


def _first(block: Block, rows: Integers) -> tuple[Integers, Integers]:
    """Server and hour of the first of these rows, for each subject that has any."""
    subject = block.subject[rows]
    standing = {name: column[rows] for name, column in block.standing.items()}
    starts = np.flatnonzero(np.append(True, subject[1:] != subject[:-1]))
    views = block.places.views(standing, np.ones(len(rows), bool), starts)
    is_first = block.places.pointers(standing) == spread(views.pointer, starts, len(rows))
    return np.maximum.reduceat(np.where(is_first, block.column("server")[rows], 0), starts), views.first // HOUR_US
