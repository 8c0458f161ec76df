from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.count.evidence.lanes import Lanes
from amends.count.evidence.schema import PAD
from amends.count.evidence.times import TIME_ISO8601, TIME_LOCAL, TimeStamp, TimeText, expanded

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def vector(stamp: TimeStamp, texts: list[bytes]) -> list[int | None]:
    """The vector reading: None where it leaves the row to the strict one."""
    lanes = Lanes(np.frombuffer(bytes(PAD) + b"".join(texts) + bytes(PAD), np.uint8).copy())
    start = PAD + stamp.width * np.arange(len(texts))
    good, (values,) = stamp.vector(lanes, start, start + stamp.width)
    assert good is not None
    assert isinstance(values, np.ndarray)
    return [int(value) if is_good else None for value, is_good in zip(values, good, strict=True)]


def test_nginx_local_time_is_read_with_its_offset() -> None:
    assert TIME_LOCAL.microseconds(b"24/Jun/2025:00:00:01 +0900") == micros("2025-06-24T00:00:01+09:00")
    assert TIME_LOCAL.microseconds(b"24/Jun/2025:00:00:01 -0330") == micros("2025-06-24T00:00:01-03:30")


def test_iso_time_is_read_with_its_offset() -> None:
    assert TIME_ISO8601.microseconds(b"2025-06-24T00:00:01+09:00") == micros("2025-06-24T00:00:01+09:00")


def test_a_leap_second_is_the_first_of_the_next_minute() -> None:
    assert TIME_LOCAL.microseconds(b"31/Dec/2016:23:59:60 +0000") == micros("2017-01-01T00:00:00+00:00")


@pytest.mark.parametrize(
    "text",
    [
        b"30/Feb/2025:00:00:00 +0000",
        b"29/Feb/2025:00:00:00 +0000",
        b"01/jan/2025:00:00:00 +0000",
        b"01/Jan/2025:24:00:00 +0000",
        b"01/Jan/2025:00:60:00 +0000",
        b"01/Jan/2025:00:00:61 +0000",
        b"01/Jan/2025:00:00:00 +2400",
        b"01/Jan/2025:00:00:00 +0060",
        b"01/Jan/0000:00:00:00 +0000",
        b"01/Jan/2025 00:00:00 +0000",
        b"0x/Jan/2025:00:00:00 +0000",
    ],
)
def test_a_moment_that_does_not_exist_is_refused_by_both_readings(text: bytes) -> None:
    assert TIME_LOCAL.microseconds(text) is None
    assert vector(TIME_LOCAL, [text]) == [None]


STAMPS = [
    TIME_LOCAL,
    TIME_ISO8601,
    TimeStamp("%d/%b/%Y %T.%L %z"),
    TimeStamp("%Y-%m-%d %T.%N", "Asia/Seoul"),
    TimeStamp("%F %T", "Europe/Berlin"),
    TimeStamp("%T %e %b %Y", "America/Sao_Paulo"),
]
TEXTS = [
    b"24/Jun/2025:00:00:01 +0900",
    b"2025-06-24T00:00:01+09:00",
    b"24/Jun/2025 00:00:01.123 +0900",
    b"2025-06-24 00:00:01.123456",
    b"2025-03-30 03:30:00",
    b"23:30:00 17 Feb 2018",
]


@given(st.sampled_from(range(len(STAMPS))), st.data())
def test_what_the_vector_takes_is_what_the_definition_gives(which: int, data: st.DataObject) -> None:
    stamp, good = STAMPS[which], TEXTS[which]
    changes = st.tuples(st.integers(0, len(good) - 1), st.one_of(st.sampled_from(list(b"0123459 :/-+.")), st.integers(0, 255)))
    texts = []
    for change in data.draw(st.lists(st.lists(changes, max_size=3), min_size=1, max_size=6)):
        text = bytearray(good)
        for place, byte in change:
            text[place] = byte
        texts.append(bytes(text))

    taken = vector(stamp, texts)

    assert all(value is None or value == stamp.microseconds(text) for value, text in zip(taken, texts, strict=True))


@pytest.mark.parametrize("stamp, text", list(zip(STAMPS, TEXTS, strict=True))[:4])
def test_ordinary_stamps_are_taken_by_the_vector(stamp: TimeStamp, text: bytes) -> None:
    assert vector(stamp, [text] * 3) == [stamp.microseconds(text)] * 3 != [None] * 3


def test_a_civil_time_that_the_zone_skips_is_refused() -> None:
    stamp = TimeStamp("%F %T", "Europe/Berlin")

    assert stamp.microseconds(b"2025-03-30 02:30:00") is None
    assert vector(stamp, [b"2025-03-30 02:30:00"]) == [None]


def test_a_civil_time_that_comes_twice_is_the_first_of_both() -> None:
    stamp = TimeStamp("%F %T", "Europe/Berlin")

    assert stamp.microseconds(b"2025-10-26 02:30:00") == micros("2025-10-26T02:30:00+02:00")


def test_days_on_which_the_clock_changes_are_left_to_the_definition() -> None:
    stamp = TimeStamp("%F %T", "Europe/Berlin")

    assert vector(stamp, [b"2025-03-30 12:00:00", b"2025-03-31 12:00:00"]) == [None, micros("2025-03-31T12:00:00+02:00")]


def test_a_second_stamp_is_checked_and_kept_as_text() -> None:
    text = TimeText(TIME_LOCAL.pattern)

    assert text.strict(b"24/Jun/2025:00:00:01 +0900", 0, 26) == ((0, 26),)
    assert text.strict(b"24/Jux/2025:00:00:01 +0900", 0, 26) is None


def test_a_conversion_without_a_fixed_width_is_named() -> None:
    with pytest.raises(ValueError, match="%A"):
        expanded("%A %F")
