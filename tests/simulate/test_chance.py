"""Chance by whole numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from amends.simulate.chance import mixed, pick, ranges, shares, stream

WEIGHTS = st.lists(st.integers(0, 1_000), min_size=1, max_size=30).filter(any)


@given(total=st.integers(0, 10**9), weights=WEIGHTS)
def test_shares_sum_to_the_total_and_are_within_one_of_the_exact_share(total, weights):
    parts = shares(total, weights)

    assert parts.sum() == total
    exact = [total * weight / sum(weights) for weight in weights]
    assert all(abs(part - share) <= 1.000001 for part, share in zip(parts.tolist(), exact, strict=True))


@given(weights=WEIGHTS, seed=st.integers(0, 2**32))
def test_nothing_without_weight_is_picked(weights, seed):
    chosen = pick(stream(seed, "test"), weights, 200)

    assert all(weights[place] > 0 for place in chosen.tolist())


@given(pairs=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 9)), max_size=20))
def test_ranges_are_those_of_python(pairs):
    starts, lengths = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))

    assert ranges(starts, lengths).tolist() == [number for start, length in pairs for number in range(start, start + length)]


def test_streams_of_other_names_and_numbers_differ():
    draws = {stream(*key).integers(0, 2**62) for key in [(1, "a"), (1, "b"), (2, "a"), (1, "a", 1)]}

    assert len(draws) == 4


def test_mixed_words_are_distinct():
    assert len(np.unique(mixed(np.arange(100_000), 7))) == 100_000
