"""Time stamps: of these bytes and of this authority, or refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.record.stamps import stamped_at

DATA = b"what was taken\n"


@pytest.fixture(scope="module")
def answer(authority: Any) -> bytes:
    return authority.stamp(DATA)


def test_a_stamp_says_when_the_authority_saw_these_bytes(authority: Any, answer: bytes) -> None:
    at = stamped_at(DATA, answer, authority.roots)

    assert abs(datetime.now(UTC) - at) < timedelta(hours=1)


def test_a_stamp_of_other_bytes_is_refused(authority: Any, answer: bytes) -> None:
    with pytest.raises(ValueError, match="these very bytes"):
        stamped_at(DATA + b"!", answer, authority.roots)


def test_a_stamp_of_another_authority_is_refused(authority: Any, answer: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = type(authority)(authority._openssl, tmp_path_factory.mktemp("other"))

    with pytest.raises(ValueError, match="leads to the given root"):
        stamped_at(DATA, answer, other.roots)


@pytest.mark.parametrize("roots", [b"", b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"])
def test_without_a_root_there_is_nothing_to_lead_to(answer: bytes, roots: bytes) -> None:
    with pytest.raises(ValueError, match="PEM"):
        stamped_at(DATA, answer, roots)


@settings(max_examples=100)
@given(data=st.data())
def test_a_changed_answer_is_refused_in_words_or_says_the_same(authority: Any, answer: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(answer) - 1))
    changed = answer[:place] + data.draw(st.binary(max_size=2)) + answer[place + 1 :]

    found = _at_or_why(DATA, changed, authority.roots)

    assert found == stamped_at(DATA, answer, authority.roots) or re.search("stamp|RFC 3161", str(found))


def _at_or_why(message: bytes, answer: bytes, roots: bytes) -> datetime | str:
    try:
        return stamped_at(message, answer, roots)
    except ValueError as error:
        return str(error)
