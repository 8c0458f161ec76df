"""Rows counted by quarter of an hour and pattern, and patterns numbered, against a slow definition."""

from __future__ import annotations

from collections import Counter
from unittest import mock

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from amends.count.scope import patterns, tally
from amends.count.scope.patterns import Patterns
from amends.count.scope.tally import BUCKET_US, Tally

SPARSE = st.sampled_from([0, patterns.SPARSE])
VALUES = st.integers(0, 2) | st.sampled_from([2**63 - 1, 2**64 - 1])
ROWS = st.lists(st.tuples(st.integers(-(2**40), 2**40) | st.just(BUCKET_US), VALUES, st.booleans()), max_size=20)


@given(st.lists(ROWS, max_size=4), SPARSE, st.sampled_from([1, tally.MOST_WAITING]))
def test_every_row_is_counted_once(batches: list[list[tuple[int, int, bool]]], sparse: int, waiting: int):
    numbered, counted = Patterns(("a", "b")), Tally()
    with (
        mock.patch.object(patterns, "SPARSE", sparse),
        mock.patch.object(tally, "SPARSE", sparse),
        mock.patch.object(tally, "MOST_WAITING", waiting),
    ):
        for rows in batches:
            us, a, b = zip(*rows, strict=True) if rows else ((), (), ())
            own = numbered.numbered({"a": pa.array(a, pa.uint64()), "b": pa.array(b, pa.bool_())})
            counted.add(np.array(us, np.int64), own)

        counts = counted.counts()

    a, b = numbered.column("a").view(np.uint64)[counts.pattern], numbered.column("b")[counts.pattern]
    keys = list(zip(counts.bucket.tolist(), a.tolist(), b.tolist(), strict=True))
    assert len(set(keys)) == len(keys)
    assert dict(zip(keys, counts.rows.tolist(), strict=True)) == Counter(
        (us // BUCKET_US, a, b) for rows in batches for us, a, b in rows
    )
    assert counts.bucket.tolist() == sorted(counts.bucket.tolist())
