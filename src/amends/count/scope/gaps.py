"""The term `gap`: how many subjects may have been seen while a server's log is missing.

For each selector, endpoint and missing server: the highest number of new subjects that it showed in one clock hour, times the
clock hours of the gap that lie within the selector's time; or less, where a `[[ceiling]]` proves less, or where fewer were in the
population at that time. A subject is new in the hour in which that selector and endpoint showed it for the first time, on
whatever server. A server that never showed any has the highest of the others. Assumes: no faster in the gap than ever seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from amends.count.scope.ceilings import Ceiling
from amends.count.scope.chosen import Ground, disclosed
from amends.count.scope.disclosures import UNNAMED, kinds_of
from amends.count.scope.misuse import Selector
from amends.count.scope.new_subjects import HOUR_US, NewSubjects
from amends.count.scope.population import Members, most_within
from amends.count.scope.selection import BITS
from amends.count.scope.sift import ANSWERS
from amends.count.scope.tally import BUCKET_US
from amends.engine import Engine, Query
from amends.engine.query import I64
from amends.units import EPOCH, Period, without

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Missing:
    """Time that no log of this server (`""`: of one without a name) covers. `endpoints`: of these alone, which a cache may have
    answered; `selectors`: for these alone, which select nothing in the layer that covers it; None: all.
    """

    server: str
    layer: str
    period: Period
    reason: str
    endpoints: frozenset[int] | None = None
    selectors: frozenset[int] | None = None

    def as_json(self) -> dict[str, str | None]:
        return {"server": self.server or None, "layer": self.layer, **self.period.as_json(), "reason": self.reason}

    def concerns(self, selector: int, endpoint: int) -> bool:
        return (self.endpoints is None or endpoint in self.endpoints) and (self.selectors is None or selector in self.selectors)


@dataclass(frozen=True, slots=True)
class Rate:
    """The highest hourly number of new subjects (or of views) that an endpoint showed on a server."""

    endpoint: int
    server: str
    most: int


@dataclass(frozen=True, slots=True)
class GapTerm:
    """What one selector may have seen by one endpoint of one missing server: `rate` in each of `hours`, and in the rest of
    `periods` what ceilings prove. `most` is less than the sum of both where fewer were in the population then.
    """

    selector: int
    endpoint: int
    server: str
    periods: tuple[Period, ...]
    hours: int
    rate: int
    proven: int
    most: int

    @property
    def is_cut(self) -> bool:
        return self.most < self.rate * self.hours + self.proven


@dataclass(frozen=True, slots=True)
class GapSum:
    """All terms of one kind. `most` subjects of all together: less than their sum where fewer were in the population then."""

    terms: tuple[GapTerm, ...] = ()
    most: int = 0

    @property
    def is_cut(self) -> bool:
        return self.most < sum(term.most for term in self.terms)

    @property
    def leans_on_population(self) -> bool:
        return self.is_cut or any(term.is_cut for term in self.terms)


@dataclass(frozen=True, slots=True)
class GapBasis:
    """What the gap of one unit is summed from, whatever is missing: how fast each selector showed new subjects, and ceilings."""

    selectors: Sequence[Selector]
    rates: Mapping[int, Sequence[Rate]]
    ceilings: Sequence[Ceiling] = ()

    def terms(self, missing: Sequence[Missing]) -> list[GapTerm]:
        return gap_terms(self.selectors, self.rates, missing, self.ceilings)

    def most_of(self, missing: Sequence[Missing], whole: GapSum) -> int:
        """The gap where only this part of what `whole` was summed from is missing; never less than a sum of its own would be.

        No part of a term can show more than the term does, and none asks the population again, which costs a pass over it.
        """
        known = {(term.selector, term.endpoint, term.server): term.most for term in whole.terms}
        of_each = (min(term.most, known[term.selector, term.endpoint, term.server]) for term in self.terms(missing))
        return min(sum(of_each), whole.most)


def rates_of_new(kind: str, ground: Ground, new: NewSubjects, *, engine: Engine) -> dict[int, list[Rate]]:
    """By selector, the highest hourly number of new subjects, unnamed rows among them, of each endpoint and server."""
    return {
        selector: _rates(hours + Counter(_by_hour(unnamed_by_hour(kind, ground, selector), engine=engine)), ground)
        for selector, hours in enumerate(new.hours)
    }


def rates_of_views(ground: Ground, *, engine: Engine) -> dict[int, list[Rate]]:
    """The same of answers that disclosed or may have."""
    selectors = range(len(ground.selection.selectors))
    return {number: _rates(_by_hour(views_by_hour(number), engine=engine), ground) for number in selectors}


def unnamed_by_hour(kind: str, ground: Ground, selector: int) -> Query:
    """The most rows of unnamed answers, by endpoint, server and hour."""
    hour = f"({ground.places.microseconds_sql('place')}) // {HOUR_US}"
    return _hours(hour, rows="most", table=f"{UNNAMED} where kind = {kinds_of(ground)[kind]}", selector=selector)


def views_by_hour(selector: int) -> Query:
    """Answers that disclosed or may have, by endpoint, server and hour."""
    return _hours(f"bucket // {HOUR_US // BUCKET_US}", rows="events", table=f"{ANSWERS} where {disclosed()}", selector=selector)


def _hours(hour: str, *, rows: str, table: str, selector: int) -> Query:
    return Query(
        columns={"endpoint": I64, "server": I64, "hour": I64, "rows": I64},
        sql=f"""
            select endpoint::BIGINT as endpoint, server::BIGINT as server, {hour} as hour, sum({rows})::BIGINT as rows
            from {table} and {_chosen_by(selector)}
            group by 1, 2, 3
        """,
    )


def _by_hour(query: Query, *, engine: Engine) -> dict[tuple[int, int, int], int]:
    return {(row["endpoint"], row["server"], row["hour"]): row["rows"] for row in engine.rows(query)}


def _rates(hours: Mapping[tuple[int, int, int], int], ground: Ground) -> list[Rate]:
    """The highest hour of each endpoint and server."""
    most: dict[tuple[int, str], int] = {}
    for (endpoint, server, _), rows in hours.items():
        key = endpoint, ground.servers[server]
        most[key] = max(most.get(key, 0), rows)
    return [Rate(endpoint, server, rows) for (endpoint, server), rows in sorted(most.items())]


def _chosen_by(selector: int) -> str:
    return f"(selectors_{selector // BITS} >> {selector % BITS}) & 1 = 1"


def gap_terms(
    selectors: Sequence[Selector], rates: Mapping[int, Iterable[Rate]], missing: Sequence[Missing], ceilings: Sequence[Ceiling]
) -> list[GapTerm]:
    """One term for each selector, endpoint and missing server that can have shown somebody."""
    terms = []
    for number, selector in enumerate(selectors):
        by_endpoint: dict[int, dict[str, int]] = {}
        for rate in rates.get(number, ()):
            by_endpoint.setdefault(rate.endpoint, {})[rate.server] = rate.most
        for endpoint, by_server in sorted(by_endpoint.items()):
            concerning = [gap for gap in missing if gap.concerns(number, endpoint)]
            for server, periods in _by_server(selector, concerning).items():
                most = by_server.get(server, max(by_server.values()))
                proven = [ceiling for ceiling in ceilings if ceiling.endpoint == endpoint and ceiling.server in (None, server)]
                hours, subjects = _bounded(most, periods, proven)
                if hours or subjects:
                    terms.append(
                        GapTerm(number, endpoint, server, tuple(periods), hours, most, subjects, most * hours + subjects)
                    )
    return terms


def gap_sum(terms: Iterable[GapTerm], members: Members | None, *, engine: Engine) -> GapSum:
    """The terms, each and all together cut to who was in the population at that time."""
    found = tuple(terms)
    if members is None or not found:
        return GapSum(found, sum(term.most for term in found))
    periods = dict.fromkeys(term.periods for term in found)
    there = {own: most_within(members, own, engine=engine) for own in periods}
    cut = tuple(replace(term, most=min(term.most, there[term.periods])) for term in found)
    together = sum(term.most for term in cut)
    if len(periods) > 1:
        everyone = most_within(members, (period for own in periods for period in own), engine=engine)
    else:
        everyone = there[found[0].periods]
    return GapSum(cut, min(together, everyone))


def _by_server(selector: Selector, missing: Sequence[Missing]) -> dict[str, list[Period]]:
    """The missing time of each server within the selector's time, without servers that the selector leaves out."""
    servers = selector.where.of("server")
    found: dict[str, list[Period]] = {}
    for gap in missing:
        if servers is not None and gap.server not in servers.values:
            continue
        period = within_selector(selector, gap.period)
        if period is not None:
            found.setdefault(gap.server, []).append(period)
    return found


def within_selector(selector: Selector, period: Period) -> Period | None:
    since = selector.where.since or datetime.min.replace(tzinfo=UTC)
    until = selector.where.until or datetime.max.replace(tzinfo=UTC)
    return period.overlap(Period(since, until))


def _bounded(rate: int, periods: Sequence[Period], ceilings: Sequence[Ceiling]) -> tuple[int, int]:
    """The clock hours of these periods that the rate bounds, and the subjects that ceilings prove of the rest of them."""
    rest, proven = list(periods), 0
    counted: set[int] = set()
    for ceiling in ceilings:
        inside = [part for period in rest if (part := period.overlap(ceiling.period)) is not None]
        outside = [part for period in rest for part in without(period, [ceiling.period])]
        hours = hours_of(inside) - hours_of(outside) - counted
        if inside and ceiling.most < rate * len(hours):
            proven += ceiling.most
            counted |= hours
            rest = outside
    return len(hours_of(rest) - counted), proven


def hours_of(periods: Iterable[Period]) -> set[int]:
    """The clock hours (UTC, counted since 1970) that these periods touch."""
    touched: set[int] = set()
    for period in periods:
        first = (period.start - EPOCH) // HOUR
        last = -((EPOCH - period.end) // HOUR)
        touched.update(range(first, last))
    return touched
