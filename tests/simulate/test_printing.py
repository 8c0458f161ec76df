"""Dirt among lines: what is written, and where each request's line then stands."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from amends.simulate.chance import stream
from amends.simulate.dirt import BY_NAME, KINDS
from amends.simulate.printing import Spoil, laid_out, places_for

LINE = '10.0.0.{} - - [02/Mar/2026:00:00:00 +0900] "GET /a/{} HTTP/1.1" 200 5 "-" "agent/1" uid=- tok=- iss=-\n'


def lines(count):
    return pa.array([LINE.format(number % 256, number) for number in range(count)])


@given(count=st.integers(7, 60), wanted=st.integers(0, 6), seed=st.integers(0, 1_000), torn_end=st.booleans())
def test_every_request_is_found_on_the_line_that_is_named(count, wanted, seed, torn_end):
    rng = stream(seed, "test")
    rows = places_for(rng, np.ones(count, bool), wanted)
    spoils = [Spoil(row, KINDS[int(rng.integers(0, len(KINDS)))]) for row in rows]

    printed = laid_out(lines(count), spoils, rng, torn_end=torn_end)

    written = b"".join(printed.parts).split(b"\n")
    assert len(written) - (0 if torn_end else 1) == printed.lines
    for row in range(count):
        if printed.is_legible[row] and not any(spoil.row == row and spoil.dirt.takes for spoil in spoils):
            assert written[printed.line[row]].decode() + "\n" == LINE.format(row % 256, row)
    assert [what for _, what, _ in printed.planted][: len(spoils)] == [spoil.dirt.what for spoil in spoils]


def test_the_last_line_of_a_day_can_be_spoilt():
    printed = laid_out(lines(3), [Spoil(2, BY_NAME["nul"])], stream(1, "test"))

    assert b"\0" in b"".join(printed.parts).split(b"\n")[2]
    assert printed.is_legible.tolist() == [True, True, False]


@given(count=st.integers(0, 40), wanted=st.integers(0, 9), seed=st.integers(0, 1_000))
def test_places_for_dirt_are_free_with_their_neighbours(count, wanted, seed):
    free = stream(seed, "free").integers(0, 6, count) > 0

    rows = places_for(stream(seed, "places"), free, wanted)

    assert len(rows) <= wanted
    for row in rows:
        assert free[row - 2 : row + 3].tolist() == [True] * 5
    assert all(later - earlier > 3 for earlier, later in pairwise(rows))
