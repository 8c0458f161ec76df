from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.count.evidence.json_times import NO_ZONE_REASON, Number, instant, times

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SEOUL = ZoneInfo("Asia/Seoul")


def micros(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    "value,moment",
    [
        ("2025-11-18T22:52:00Z", "2025-11-18T22:52:00+00:00"),
        ("2025-11-18t22:52:00.5z", "2025-11-18T22:52:00.500000+00:00"),
        ("2025-11-18 22:52:00.123456789+09:00", "2025-11-18T22:52:00.123456+09:00"),
        ("2025-11-18T22:52:00,5+0900", "2025-11-18T22:52:00.500000+09:00"),
        ("18/Nov/2025:22:52:00 +0900", "2025-11-18T22:52:00+09:00"),
        ("[18/Nov/2025:22:52:00 +0900]", "2025-11-18T22:52:00+09:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
        (1763473920, "2025-11-18T13:52:00+00:00"),
        (1763473920123, "2025-11-18T13:52:00.123000+00:00"),
        (1763473920123456, "2025-11-18T13:52:00.123456+00:00"),
        (1763473920123456789, "2025-11-18T13:52:00.123456+00:00"),
        (Number("1763473920.1239999"), "2025-11-18T13:52:00.123999+00:00"),
        (Number("1.763473920e9"), "2025-11-18T13:52:00+00:00"),
        ("1763473920.123", "2025-11-18T13:52:00.123000+00:00"),
        ("2025-11-18T22:52:00", "2025-11-18T22:52:00+09:00"),
    ],
)
def test_stamps_and_numbers_are_instants(value, moment):
    assert instant(value, SEOUL) == (micros(moment), None)


@pytest.mark.parametrize(
    "value",
    [
        *("", "-", "2025-02-29T00:00:00Z", "2025-11-18T24:00:00Z", "2025-11-18T22:60:00Z", "2025-11-18T22:52:61Z", "2025-11-18"),
        *("2025-11-18T22:52:00+24:00", "18/Foo/2025:22:52:00 +0900", "٢٠٢٥-11-18T22:52:00Z", 0, 99, -5, 10**19, 10**4000),
        *(True, None, [], {}, Number("1e9999"), Number("-1.5"), Number("1e-9")),
        *(
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+09:00",
            "2100-01-01T00:00:00Z",
            "9999-12-31T23:59:59-12:00",
            4_102_444_800,
        ),
    ],
)
def test_everything_else_is_no_time(value):
    assert instant(value, SEOUL) == (None, "time")


def test_a_stamp_without_an_offset_needs_a_zone():
    assert instant("2025-11-18T22:52:00", None) == (None, NO_ZONE_REASON)


BOUNDS = (datetime(1971, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 - hypothesis asks for civil times

stamps = st.builds(
    lambda moment, digits, tail: (
        moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{moment.microsecond:06d}"[: digits + 1] if digits else "") + tail
    ),
    st.datetimes(*BOUNDS),
    st.integers(0, 6),
    st.sampled_from(["Z", "Z", "Z", "+09:00", "", "x"]),
)


@given(st.lists(stamps, min_size=1, max_size=4), st.booleans())
def test_columns_are_read_as_their_single_values(values, damaged):
    values = [values[0].replace("0", "9", 3), *values] if damaged else values
    faults: dict[int, str] = {}

    column = times(values, None, faults).cast("int64").to_pylist()

    wanted = [instant(value, None) for value in values]
    assert faults == {row: reason for row, (_, reason) in enumerate(wanted) if reason}
    assert [column[row] for row in range(len(values)) if row not in faults] == [found for found, reason in wanted if not reason]
