"""New subjects by hour, against a slow definition."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from amends.count.scope.new_subjects import HOUR_US, NewSubjects
from amends.count.scope.patterns import Patterns
from amends.count.scope.places import Places
from amends.count.scope.subjects import Block

SELECTORS = 66  # more than one column of masks holds
VIEW = st.fixed_dictionaries(
    {
        "subject": st.integers(0, 3),
        "us": st.integers(-2 * HOUR_US, 2 * HOUR_US) | st.sampled_from([0, HOUR_US - 1, HOUR_US]),
        "pointer": st.integers(1, 2**64 - 2),
        "endpoint": st.integers(0, 2),
        "server": st.integers(0, 2),
        "selectors_0": st.sampled_from([0, 1, 2, 3, 1 << 63]),
        "selectors_1": st.sampled_from([0, 2]),
    }
)


@given(st.lists(st.lists(VIEW, min_size=1, max_size=12, unique_by=lambda view: view["pointer"]), max_size=3))
def test_a_subject_is_new_once_by_selector_and_endpoint_where_it_was_first_seen(blocks: list[list[dict[str, Any]]]):
    new = NewSubjects(SELECTORS)
    wanted: list[Counter[tuple[int, int, int]]] = [Counter() for _ in range(SELECTORS)]
    for views in blocks:
        new.add(block_of(views))
        for selector, hours in enumerate(wanted):
            mine = [view for view in views if view[f"selectors_{selector // 64}"] >> selector % 64 & 1]
            for subject, endpoint in {(view["subject"], view["endpoint"]) for view in mine}:
                own = [view for view in mine if (view["subject"], view["endpoint"]) == (subject, endpoint)]
                first = min(own, key=lambda view: (view["us"], view["pointer"]))
                hours[endpoint, first["server"], first["us"] // HOUR_US] += 1

    assert new.hours == wanted


def block_of(views: list[dict[str, Any]]) -> Block:
    """Views as they stand after sorting: by subject, in any order within."""
    ordered = sorted(views, key=lambda view: view["subject"])
    subjects = [view["subject"] for view in ordered]
    names = sorted(set(subjects))
    bounds = np.array([*(subjects.index(name) for name in names), len(subjects)])
    standing = {name: np.array([view[name] for view in ordered], np.uint64).view(np.int64) for name in ("pointer",)}
    standing["us"] = np.array([view["us"] for view in ordered], np.int64)
    patterns = Patterns(("endpoint", "server", "selectors_0", "selectors_1"))
    pattern = patterns.numbered({name: pa.array([view[name] for view in ordered], pa.uint64()) for name in patterns.names})
    places = Places(("a",), (0,), base_us=0, tick_us=1, bits=64, is_wide=True)
    return Block(pa.array(map(str, names)), standing, pattern, bounds, places, patterns)
