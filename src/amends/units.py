"""Counts that cannot be confused: their unit, their bounds, and the balance of a job.

A count is never a bare integer: accounts are not people, and a view is not an account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unit(StrEnum):
    """What is counted; two units are never added to, or printed as, one another."""

    ACCOUNTS = "accounts"
    PEOPLE = "people"
    RECORDS = "records"
    VIEWS = "views"


@dataclass(frozen=True, slots=True)
class Count:
    """A number with both bounds, and what the upper one leans on.

    `lower` and `upper` are whole numbers or None ("not known", with the reason in `because`); `ceiling` is what no assumption can
    shrink, None where there is none. `coverage` is the share (0 to 1) of the window that the logs cover.
    """

    unit: Unit
    lower: int | None
    upper: int | None
    ceiling: int | None = None
    coverage: float | None = None
    assumes: tuple[str, ...] = ()
    because: str = ""
    as_of: datetime | None = None

    def __post_init__(self) -> None:
        if self.lower is not None and self.lower < 0:
            raise ValueError(f"a count of {self.unit} cannot be negative")
        if self.lower is not None and self.upper is not None and self.upper < self.lower:
            raise ValueError(f"upper bound {self.upper} is below lower bound {self.lower} {self.unit}")
        if self.coverage is not None and not 0 <= self.coverage <= 1:
            raise ValueError(f"coverage {self.coverage} is not a share between 0 and 1")
        if self.as_of is not None and self.as_of.tzinfo is None:
            raise ValueError("as_of has no time zone")

    @property
    def is_exact(self) -> bool:
        return self.lower is not None and self.lower == self.upper

    def __add__(self, other: Count) -> Count:
        """The bounds of the union of two disjoint sets; raises where the units differ."""
        if not isinstance(other, Count):
            return NotImplemented
        if self.unit is not other.unit:
            raise TypeError(f"{self.unit} cannot be added to {other.unit}")
        return replace(
            self,
            lower=_sum(self.lower, other.lower),
            upper=_sum(self.upper, other.upper),
            ceiling=_sum(self.ceiling, other.ceiling),
            coverage=_least(self.coverage, other.coverage),
            assumes=tuple(dict.fromkeys(self.assumes + other.assumes)),
            because="; ".join(dict.fromkeys(filter(None, (self.because, other.because)))),
        )

    def __str__(self) -> str:
        if self.lower is None or self.upper is None:
            return f"unknown number of {self.unit} ({self.because or 'no reason given'})"
        if self.is_exact:
            return f"{self.lower:,} {self.unit}"
        return f"{self.lower:,} to {self.upper:,} {self.unit}"


@dataclass(frozen=True, slots=True)
class Balance:
    """in = out + named remainder: `given` went in, `done` came out, `left` says by reason where the rest is.

    Nothing is "done" while the balance does not close.
    """

    given: int
    done: int
    left: Mapping[str, int] = field(default_factory=dict)

    @property
    def missing(self) -> int:
        """What is neither done nor named; 0 where the balance closes."""
        return self.given - self.done - sum(self.left.values())

    @property
    def closes(self) -> bool:
        return self.missing == 0

    def __str__(self) -> str:
        left = "".join(f" + {number:,} {reason}" for reason, number in self.left.items())
        verdict = "closes" if self.closes else f"DOES NOT CLOSE: {self.missing:,} unaccounted for"
        return f"{self.given:,} = {self.done:,}{left} ({verdict})"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A half-open interval [start, end) of aware instants, which UTC has too: from the year 1 to 9999."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a period needs instants with a time zone")
        if self.end < self.start:
            raise ValueError("a period cannot end before it starts")
        try:
            self.start.astimezone(UTC), self.end.astimezone(UTC)
        except OverflowError as error:
            raise ValueError("a period needs instants within the years 1 to 9999 of UTC") from error

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def overlap(self, other: Period) -> Period | None:
        """The part that both share; None where it is empty."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None

    def as_json(self) -> dict[str, str]:
        return {"start": rfc3339(self.start), "end": rfc3339(self.end)}


def microseconds(instant: datetime) -> int:
    """Since 1970, exactly."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def instant_of(us: int) -> datetime:
    """The instant so many microseconds after 1970, in UTC."""
    return EPOCH + timedelta(microseconds=us)


def rfc3339(instant: datetime) -> str:
    """An aware instant in UTC as RFC 3339 writes it; microseconds only where there are any."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def without(period: Period, covered: list[Period]) -> list[Period]:
    """The parts of `period` that none of `covered` touches, in order."""
    rest, start = [], period.start
    for other in sorted(covered):
        if other.end <= start or other.start >= period.end:
            continue
        if other.start > start:
            rest.append(Period(start, other.start))
        start = max(start, other.end)
    if start < period.end:
        rest.append(Period(start, period.end))
    return rest


def _sum(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b


def _least(a: float | None, b: float | None) -> float | None:
    known = [share for share in (a, b) if share is not None]
    return min(known) if known else None
