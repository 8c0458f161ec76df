"""Disclosures merged to subjects: against a slow definition, for ids of any length, texts, and layers; parts of any size."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from amends.count.scope.ranges import Range
from amends.count.scope.subjects import VALUES, Sorting, merged
from amends.engine import Query, open_engine
from amends.engine.query import I64, TEXT

NUMBERS = st.sampled_from([0, 1, 7, 10, 11, 100, 101, 999, 10**16, 10**16 + 1, 10**17 - 1])
TEXTS = st.sampled_from(["", "1", "10", "1a", "a", "b", "é", "~", "10000000000000000"])
MASKS = st.sampled_from([0, 1, 2, 3, 1 << 63])
VIEW = st.fixed_dictionaries(
    {
        "us": st.integers(-5, 5),
        "pointer": st.integers(1, 2**64 - 2),
        "confirmed": MASKS,
        "possible": MASKS,
        "layer": st.integers(0, 3),
    }
).filter(lambda view: view["confirmed"] or view["possible"])


class Ground:
    """As much of a run's ground as sorting looks at."""

    def __init__(self, has_layers: bool) -> None:
        self.has_layers, self.for_gaps = has_layers, False


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


def merge(parts: list[list[dict[str, Any]]], *, is_number: bool, has_layers: bool, most: int) -> list[dict[str, Any]]:
    """All subjects of each part in turn, by one Sorting."""
    kinds = {"subject": I64 if is_number else TEXT, **VALUES} | ({"layer": I64} if has_layers else {})
    arrow = {I64: pa.int64(), TEXT: pa.string()}
    schema = pa.schema([(name, arrow.get(kind, pa.uint64())) for name, kind in kinds.items()])
    sorting = Sorting(Ground(has_layers))  # type: ignore[arg-type]
    found = []
    with tempfile.TemporaryDirectory() as name, open_engine(spill=Path(name), memory_bytes=1 << 28, threads=1) as engine:
        for rows in parts:
            engine.register("given", pa.Table.from_pylist(rows, schema=schema))
            largest = max((row["subject"] for row in rows), default=0) if is_number else None
            query = Query(kinds, "select * from given")
            for block in sorting.blocks(query, Range(None, None, largest, 0), engine=engine, most=most):
                some = merged(block)
                assert len(some.names) <= most
                columns = {name: np.asarray(getattr(some, name)) for name in some.__slots__ if name != "names"}
                for place, subject in enumerate(some.names.to_pylist()):
                    found.append({"name": subject} | {name: int(column[place]) for name, column in columns.items()})
    return found


@given(st.data(), st.booleans(), st.booleans(), st.integers(1, 4))
def test_every_subject_is_one_row_in_the_order_of_its_bytes(data: st.DataObject, is_number: bool, has_layers: bool, most: int):
    subjects = NUMBERS if is_number else TEXTS
    row = st.tuples(subjects, VIEW).map(lambda pair: {"subject": pair[0], **pair[1]})
    parts = data.draw(st.lists(st.lists(row, max_size=12), min_size=1, max_size=3))

    found = merge(parts, is_number=is_number, has_layers=has_layers, most=most)

    wanted = []
    for rows in parts:
        views = defaultdict(list)
        for view in rows:
            views[str(view["subject"])].append(view)
        ordered = sorted(views, key=str.encode)
        wanted += [{"name": subject} | expected(views[subject], has_layers=has_layers) for subject in ordered]
    assert found == wanted
