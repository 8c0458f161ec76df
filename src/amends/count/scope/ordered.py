"""Two streams of tables, each in the order of its subjects, as one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

import pyarrow as pa


def ordered(first: Iterator[pa.Table], second: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The rows of both by the bytes of their `subject`; no subject stands in both, and no table is empty."""
    left, right = next(first, None), next(second, None)
    while left is not None and right is not None:
        limit = min(_bytes(table, table.num_rows - 1) for table in (left, right))
        parts = []
        left, part = _cut(left, limit, first)
        parts.append(part)
        right, part = _cut(right, limit, second)
        parts.append(part)
        yield pa.concat_tables(parts).sort_by("subject")
    for rest, following in ((left, first), (right, second)):
        if rest is not None:
            yield rest
            yield from following


def _bytes(table: pa.Table, row: int) -> bytes:
    subject: Any = table.column("subject")[row]
    return str(subject.as_py()).encode()


def _cut(table: pa.Table, limit: bytes, following: Iterator[pa.Table]) -> tuple[pa.Table | None, pa.Table]:
    """What is left of a table, or the next one; and its rows up to the limit."""
    place = bisect_right(range(table.num_rows), limit, key=lambda row: _bytes(table, row))
    rest = table.slice(place) if place < table.num_rows else next(following, None)
    return rest, table.slice(0, place)
