from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.units import Balance, Count, Period, Unit, instant_of, microseconds, rfc3339, without

START = datetime(2025, 6, 24, tzinfo=UTC)


def hours(start: int, end: int) -> Period:
    return Period(START + timedelta(hours=start), START + timedelta(hours=end))


def test_accounts_and_people_cannot_be_added():
    with pytest.raises(TypeError, match="accounts cannot be added to people"):
        Count(Unit.ACCOUNTS, 1, 1) + Count(Unit.PEOPLE, 1, 1)


def test_adding_counts_adds_both_bounds_and_keeps_each_assumption_once():
    a = Count(Unit.ACCOUNTS, 2, 5, 9, coverage=0.9, assumes=("no faster in the gap than ever seen",))
    b = Count(Unit.ACCOUNTS, 1, 1, None, coverage=0.5, assumes=("no faster in the gap than ever seen",))

    both = a + b

    assert (both.lower, both.upper, both.ceiling, both.coverage) == (3, 6, None, 0.5)
    assert both.assumes == ("no faster in the gap than ever seen",)


def test_a_count_prints_both_bounds_where_they_differ():
    assert str(Count(Unit.ACCOUNTS, 4536, 4536)) == "4,536 accounts"
    assert str(Count(Unit.ACCOUNTS, 4536, 33_700_000)) == "4,536 to 33,700,000 accounts"


def test_an_unknown_count_prints_its_reason_and_never_zero():
    assert str(Count(Unit.PEOPLE, None, None, because="no identity table")) == "unknown number of people (no identity table)"


@pytest.mark.parametrize("bounds", [(-1, 3), (4, 3)])
def test_a_count_with_impossible_bounds_is_refused(bounds):
    with pytest.raises(ValueError, match="accounts"):
        Count(Unit.ACCOUNTS, *bounds)


def test_a_balance_that_does_not_close_names_the_missing():
    balance = Balance(given=8, done=6, left={"address unknown": 1})

    assert not balance.closes
    assert balance.missing == 1
    assert "DOES NOT CLOSE: 1" in str(balance)


def test_a_balance_closes_when_everything_is_done_or_named():
    assert Balance(given=8, done=6, left={"address unknown": 1, "opted out": 1}).closes


def test_an_instant_without_zone_is_no_period():
    with pytest.raises(ValueError, match="time zone"):
        Period(datetime(2025, 1, 1), datetime(2025, 1, 2))  # noqa: DTZ001


def test_rfc3339_is_utc_with_microseconds_only_where_there_are_any():
    assert rfc3339(START) == "2025-06-24T00:00:00Z"
    assert rfc3339(START + timedelta(microseconds=5)) == "2025-06-24T00:00:00.000005Z"


intervals = st.tuples(st.integers(0, 48), st.integers(0, 48)).map(sorted).map(lambda pair: hours(*pair))


@given(intervals, st.lists(intervals, max_size=6))
def test_what_is_left_of_a_period_is_what_no_cover_touches(period, covered):
    rest = without(period, covered)

    for hour in range(48):
        moment = START + timedelta(hours=hour, minutes=30)
        inside = period.start <= moment < period.end
        is_covered = any(cover.start <= moment < cover.end for cover in covered)
        assert any(part.start <= moment < part.end for part in rest) == (inside and not is_covered)


@given(st.integers(-(10**16), 10**16))
def test_microseconds_since_1970_and_instants_are_the_same_exactly(us: int):
    assert microseconds(instant_of(us)) == us
    assert microseconds(instant_of(us).astimezone(ZoneInfo("Asia/Seoul"))) == us
