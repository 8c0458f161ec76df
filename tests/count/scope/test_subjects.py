"""Disclosures merged to subjects: against a slow definition, for ids of any length, texts, and layers; in blocks of any size."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.count.scope import numbers
from amends.count.scope.numbers import Numbers
from amends.count.scope.patterns import Patterns
from amends.count.scope.places import Places
from amends.count.scope.subjects import Block, merged
from amends.count.scope.texts import text_blocks

SOME = st.sampled_from([0, 1, 7, 10, 11, 100, 101, 999, 10**16, 10**16 + 1, 10**17 - 1])
TEXTS = st.sampled_from(["", "1a", "a", "b", "é", "~", "10000000000000000000"])
MASKS = st.sampled_from([0, 1, 2, 3, 1 << 63])
POINTER_BITS = 12
PLACES = {
    "narrow": Places(("a",), (0,), base_us=-5_000, tick_us=1_000, bits=POINTER_BITS, is_wide=False),
    "wide": Places(("a",), (0,), base_us=-5_000, tick_us=1, bits=64, is_wide=True),
}
VIEW = st.fixed_dictionaries(
    {
        "us": st.integers(-5, 5).map(lambda ticks: ticks * 1_000),
        "pointer": st.integers(1, 2**POINTER_BITS - 1),
        "confirmed": MASKS,
        "possible": MASKS,
        "layer": st.integers(0, 3),
    }
).filter(lambda view: view["confirmed"] or view["possible"])


def expected(views: list[dict[str, Any]], *, has_layers: bool) -> dict[str, Any]:
    """One subject's row, as the design says it."""
    confirmed, possible = 0, 0
    for view in views:
        confirmed |= view["confirmed"]
        possible |= view["possible"]
    telling = [view for view in views if bool(view["confirmed"]) == bool(confirmed)]
    outermost = min(view["layer"] for view in views)
    counted = [view for view in views if not has_layers or view["layer"] == outermost]
    return {
        "confirmed": confirmed,
        "possible": possible & ~confirmed,
        "first": min(view["us"] for view in telling),
        "last": max(view["us"] for view in telling),
        "pointer": min((view["us"], view["pointer"]) for view in telling)[1],
        "views": sum(1 for view in counted if view["confirmed"]),
        "views_possible": sum(1 for view in counted if not view["confirmed"]),
    }


def names_of(*, has_layers: bool) -> tuple[str, ...]:
    return ("confirmed", "possible", "layer") if has_layers else ("confirmed", "possible")


def standing_of(views: list[dict[str, Any]], places: Places) -> dict[str, Any]:
    """Where views stand, as columns."""
    us, pointer = (np.array([view[name] for view in views], np.int64) for name in ("us", "pointer"))
    return (
        {"us": us, "pointer": pointer}
        if places.is_wide
        else {"place": (us - places.base_us) // places.tick_us << POINTER_BITS | pointer}
    )


def common_of(views: list[dict[str, Any]], names: tuple[str, ...]) -> dict[str, pa.Array[Any]]:
    """What views have in common, as columns."""
    return {name: pa.array([view[name] for view in views], pa.uint64()) for name in names}


def rows_of(blocks: Iterator[Block]) -> list[dict[str, Any]]:
    found = []
    for block in blocks:
        some = merged(block)
        columns = {name: np.asarray(getattr(some, name)) for name in some.__slots__ if name != "names"}
        for place, subject in enumerate(some.names.to_pylist()):
            found.append({"name": subject} | {name: int(column[place]) for name, column in columns.items()})
    return found


def wanted(parts: list[list[dict[str, Any]]], *, has_layers: bool) -> list[dict[str, Any]]:
    views = defaultdict(list)
    for view in (view for rows in parts for view in rows):
        views[str(view["subject"])].append(view)
    ordered = sorted(views, key=str.encode)
    return [{"name": subject} | expected(views[subject], has_layers=has_layers) for subject in ordered]


def parts_of(subjects: st.SearchStrategy[Any]) -> st.SearchStrategy[list[list[dict[str, Any]]]]:
    row = st.tuples(subjects, VIEW).map(lambda pair: {"subject": pair[0], **pair[1]})
    return st.lists(st.lists(row, min_size=1, max_size=12), min_size=1, max_size=4)


@pytest.mark.parametrize("places", PLACES.values(), ids=PLACES)
@given(parts=parts_of(SOME), has_layers=st.booleans(), most=st.integers(1, 4), memory=st.integers(3, 60))
def test_numbers_are_one_row_each_in_the_order_of_their_texts(
    places: Places, parts: list[list[dict[str, Any]]], has_layers: bool, most: int, memory: int
):
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(numbers, "CHUNK_ROWS", 3):
        patterns = Patterns(names_of(has_layers=has_layers))
        sorting = Numbers(patterns, places, folder=Path(folder), memory_bytes=20 * memory, expected=5)
        for part in parts:
            ids = np.array([view["subject"] for view in part], np.int64)
            sorting.add(ids, standing_of(part, places), patterns.numbered(common_of(part, patterns.names)))

        blocks = list(sorting.blocks(most))

    assert all(len(block.names) <= most for block in blocks)
    assert rows_of(iter(blocks)) == wanted(parts, has_layers=has_layers)


@pytest.mark.parametrize("places", PLACES.values(), ids=PLACES)
@given(
    rows=parts_of(TEXTS).map(lambda parts: [row for rows in parts for row in rows]),
    has_layers=st.booleans(),
    size=st.integers(1, 5),
)
def test_texts_are_one_row_each_however_they_come(places: Places, rows: list[dict[str, Any]], has_layers: bool, size: int):
    ordered = sorted(rows, key=lambda row: str(row["subject"]).encode())
    patterns = Patterns(names_of(has_layers=has_layers))
    columns = standing_of(ordered, places) | common_of(ordered, patterns.names)
    table = pa.table({"subject": pa.array([row["subject"] for row in ordered], pa.string()), **columns})

    found = rows_of(text_blocks(table.to_batches(max_chunksize=size), places, patterns))

    assert found == wanted([rows], has_layers=has_layers)
