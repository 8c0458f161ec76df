from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from amends.count.evidence.lanes import Lanes, digits_value, first_byte, matches, not_digits, number_before, word, zero_bytes
from amends.count.evidence.schema import PAD

TEXT = st.binary(min_size=8, max_size=80)


def padded(text: bytes) -> Lanes:
    return Lanes(np.frombuffer(bytes(PAD) + text + bytes(PAD), np.uint8).copy())


@given(TEXT, st.integers(0, 255))
def test_the_first_byte_is_where_find_says(text: bytes, byte: int) -> None:
    starts = np.arange(PAD, PAD + len(text) + 1)
    limit = np.full(len(starts), PAD + len(text))

    found = first_byte(padded(text), byte, starts, limit)

    wanted = [text.find(byte, start) for start in range(len(text) + 1)]
    assert (found - PAD).tolist() == [len(text) if place < 0 else place for place in wanted]


@given(st.binary(min_size=8, max_size=8))
def test_zero_bytes_are_exactly_those_that_are_zero(text: bytes) -> None:
    marks = int(zero_bytes(np.array([word(text)]))[0]).to_bytes(8, "little")

    assert list(marks) == [0x80 if byte == 0 else 0 for byte in text]


@given(st.binary(min_size=8, max_size=8))
def test_digits_are_told_from_all_other_bytes(text: bytes) -> None:
    values = np.array([word(text)]) ^ word(b"0" * 8)

    assert (int(not_digits(values)[0]) == 0) == text.isdigit()


@given(st.text("0123456789", min_size=8, max_size=8))
def test_eight_digits_are_the_number_that_they_spell(text: str) -> None:
    assert int(digits_value(np.array([word(text.encode())]) ^ word(b"0" * 8))[0]) == int(text)


@given(
    st.lists(st.one_of(st.text("0123456789", min_size=1, max_size=16), st.text("0189/:a -", min_size=1, max_size=16)), min_size=1)
)
def test_a_number_is_read_back_from_its_end(texts: list[str]) -> None:
    joined = " ".join(texts).encode()
    ends = np.cumsum([len(text) + 1 for text in texts]) - 1 + PAD
    lengths = np.array([len(text) for text in texts])

    value, good = number_before(padded(joined), ends, lengths)

    assert good.tolist() == [text.isdigit() for text in texts]
    assert [int(number) for number, is_good in zip(value, good, strict=True) if is_good] == [int(t) for t in texts if t.isdigit()]


@given(TEXT, st.integers(0, 40), st.integers(1, 30))
def test_a_literal_matches_where_its_bytes_stand(text: bytes, start: int, length: int) -> None:
    literal = text[start : start + length] or text[:1]

    found = matches(padded(text), literal, np.arange(PAD, PAD + len(text)))

    assert found.tolist() == [
        text.startswith(literal, place) or (text + bytes(PAD)).startswith(literal, place) for place in range(len(text))
    ]
