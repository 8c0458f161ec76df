from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from amends.count.evidence.runs import filling, overlapping

few = st.lists(st.integers(0, 2), min_size=1, max_size=40)


def none_of(first: int, last: int) -> list[bytes]:
    raise AssertionError("no text is needed where no line is torn")


@given(few, few)
def test_the_longest_overlap_is_found_whatever_repeats_within(one, other):
    wanted = max((n for n in range(min(len(one), len(other)) + 1) if n == 0 or one[-n:] == other[:n]), default=0)
    starts = [row + 1 for row, line in enumerate(one) if line == other[0]]

    match = overlapping(np.array(one), np.array(other), starts, torn=None, text_of=none_of)

    assert (len(match.ones) if match else 0) == (wanted if wanted >= 2 else 0)
    if match:
        assert [one[row - 1] for row in match.ones] == [other[row - 1] for row in match.others]


@given(few, few)
def test_a_filling_run_takes_the_earliest_lines_in_order(one, other):
    wanted: list[int] | None = []
    for line in one:
        after = wanted[-1] if wanted else 0
        rest = [row for row in range(after + 1, len(other) + 1) if other[row - 1] == line]
        if not rest:
            wanted = None
            break
        wanted.append(rest[0])

    match = filling(np.array(one), np.array(other), torn=None, text_of=none_of)

    assert (match.others.tolist() if match else None) == (wanted if len(one) >= 2 else None)


def test_a_torn_line_alone_makes_no_run():
    one, other = np.array([1, 9]), np.array([1, 2, 3])

    assert overlapping(one, other, [1], torn=b"ab", text_of=lambda first, last: [b"x", b"abc", b"y"][first - 1 : last]) is None


def test_a_torn_line_joins_two_whole_ones():
    one, other = np.array([7, 1, 2, 9]), np.array([1, 2, 3])

    match = overlapping(one, other, [2], torn=b"ab", text_of=lambda first, last: [b"x", b"y", b"abc"][first - 1 : last])

    assert match is not None
    assert (match.ones.tolist(), match.others.tolist(), match.is_torn) == ([2, 3, 4], [1, 2, 3], True)


def test_a_torn_line_that_begins_no_line_hides_the_run():
    one, other = np.array([7, 1, 2, 9]), np.array([1, 2, 3])

    assert overlapping(one, other, [2], torn=b"zz", text_of=lambda first, last: [b"x", b"y", b"abc"][first - 1 : last]) is None
