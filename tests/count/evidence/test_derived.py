"""What stands within a logged column."""

from __future__ import annotations

import base64
import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.count.evidence.derived import MOST_TOKEN, Derived


def token(payload: Any, *, kid: str = "key-1") -> str:
    parts = ({"alg": "HS256", "kid": kid}, payload)
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "c2ln"])


def value(text: str | None, written: str) -> str | None:
    (found,) = Derived.parse(written).of(pa.array([text], pa.string())).to_pylist()
    return found


ALICE = token({"sub": "9001", "jti": "a-1", "exp": 1_760_000_000})


@pytest.mark.parametrize(
    "text, written, wanted",
    [
        ("sid=abc; theme=dark", "c:cookie:sid", "abc"),
        ('theme=dark; sid="abc"', "c:cookie:sid", "abc"),
        ("xsid=no; sid=first; sid=second", "c:cookie:sid", "first"),
        ("sid=a=b==", "c:cookie:sid", "a=b=="),
        ("sid", "c:cookie:sid", None),
        ("sid=", "c:cookie:sid", None),
        ("uid=5 tok=abc,x=1", "c:pair:tok", "abc"),
        ("/a?uid=5&tok=abc#f", "c:pair:tok", "abc"),
        ("notok=1 tok=2", "c:pair:tok", "2"),
        (f"Bearer {ALICE}", "c:jwt:sub", "9001"),
        (ALICE, "c:jwt:jti", "a-1"),
        (ALICE, "c:jwt:kid", "key-1"),
        (ALICE, "c:jwt:exp", "1760000000"),
        (ALICE, "c:jwt:absent", None),
        (f"theme=dark; access={ALICE}", "c:cookie:access:jwt:sub", "9001"),
        (token({"sub": ["9001"]}), "c:jwt:sub", None),
        (token({"sub": True}), "c:jwt:sub", None),
        (token([]), "c:jwt:sub", None),
        ("a.b.c", "c:jwt:sub", None),
        ("Basic dXNlcjpwdw==", "c:jwt:sub", None),
        ("x." + base64.urlsafe_b64encode(b"[" * 9_000).decode() + ".y", "c:jwt:sub", None),
        (token({"sub": "9001", "pad": "x" * MOST_TOKEN}), "c:jwt:sub", None),
        (None, "c:jwt:sub", None),
        ("-", "c:cookie:sid", None),
    ],
)
def test_a_value_is_found_or_null(text: str | None, written: str, wanted: str | None) -> None:
    assert value(text, written) == wanted


def test_a_column_may_hold_colons_of_its_own() -> None:
    assert Derived.parse("labels.a:b") == Derived("labels.a:b", ())
    assert Derived.parse("a:b:jwt:sub") == Derived("a:b", (("jwt", "sub"),))


@pytest.mark.parametrize("written", ["", ":jwt:sub", "c:jwt:", "c:cookie::jwt:sub"])
def test_a_step_to_nothing_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="a step to nothing"):
        Derived.parse(written)


@given(st.text(), st.sampled_from(["c:cookie:a", "c:pair:a", "c:jwt:a", "c:cookie:a:jwt:sub"]))
def test_no_text_breaks_it(text: str, written: str) -> None:
    value(text, written)
