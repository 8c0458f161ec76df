from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.record.canonical import MOST, canonical_json

text = st.text(st.characters(codec="utf-8"))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-MOST, MOST) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


def test_members_are_sorted_by_utf16_code_units():
    # RFC 8785, section 3.2.3: the sample whose order by code points would differ
    members = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}

    names = list(json.loads(canonical_json(members)))

    assert names == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_strings_are_escaped_as_the_rfc_says():
    # RFC 8785, section 3.2.2.2
    assert canonical_json('\u20ac$\u000f\nA\'B"\\"/') == '"€$\\u000f\\nA\'B\\"\\\\\\"/"'.encode()


@given(values)
def test_canonical_json_is_json_of_the_same_value_and_a_fixed_point(value):
    once = canonical_json(value)

    assert json.loads(once) == value
    assert canonical_json(json.loads(once)) == once


@pytest.mark.parametrize("value", [MOST + 1, -MOST - 1, "\ud800"])
def test_what_json_cannot_hold_exactly_is_refused(value):
    with pytest.raises(ValueError, match=r".+"):
        canonical_json(value)


def test_fractions_are_refused_because_their_text_is_not_one():
    with pytest.raises(TypeError):
        canonical_json({"rate": 0.1})
