"""The room's equations: every event of the misuse, and every disclosure, is in the result or in a list that says why not.

events in misuse = disclosing + possible + not disclosing (by reason) + unmapped
disclosures = naming their subjects + unnamed (by reason)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from amends.count.scope.chosen import CHOSEN, Ground, disclosed
from amends.count.scope.disclosures import UNNAMED, is_plain, mask_sql, spread_facets
from amends.count.scope.outcomes import NOTHING, POSSIBLE, WORDS, Outcome
from amends.count.scope.sift import ANSWERS
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT
from amends.units import Balance


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the misuse's events and disclosures."""

    outcomes: Mapping[Outcome, int]
    by_endpoint: Mapping[int, Mapping[Outcome, int]]  # -1: unmapped
    named: int
    unnamed: Mapping[str, int]
    disclosures: int
    events: int

    @property
    def disclosing(self) -> int:
        return self._sum(0, POSSIBLE)

    @property
    def possible(self) -> int:
        return self._sum(POSSIBLE, NOTHING)

    @property
    def unmapped_successes(self) -> int:
        return self.outcomes.get(Outcome.UNMAPPED_SUCCESS, 0)

    @property
    def unsized(self) -> int:
        return self.outcomes.get(Outcome.WHOLE_UNSIZED, 0)

    @property
    def events_balance(self) -> Balance:
        """`given` is counted over the mapped events, the rest over what was kept of them: two ways, one number."""
        left = {"possible": self.possible}
        left |= {WORDS[outcome]: count for outcome, count in sorted(self.outcomes.items()) if outcome >= NOTHING}
        return Balance(given=self.events, done=self.disclosing, left=left)

    @property
    def disclosures_balance(self) -> Balance:
        return Balance(given=self.disclosures, done=self.named, left=self.unnamed)

    def _sum(self, low: int, high: int) -> int:
        return sum(count for outcome, count in self.outcomes.items() if low <= outcome < high)


def outcomes() -> Query:
    return Query(
        columns={"endpoint": I64, "outcome": I64, "events": I64},
        sql=f"""
            select coalesce(endpoint, -1)::BIGINT as endpoint, outcome::BIGINT as outcome, sum(events)::BIGINT as events
            from {ANSWERS}
            group by all
            order by all
        """,
    )


def unnamed_by_reason() -> Query:
    return Query(
        columns={"reason": TEXT, "answers": I64},
        sql=f"select reason, count(*) as answers from {UNNAMED} where not is_partly group by reason order by reason",
    )


def account(ground: Ground, *, events: int, plain: int, engine: Engine) -> Account:
    """Count both equations; `events` is what the selection selected, `plain` the disclosures that left the engine."""
    rows = engine.rows(outcomes())
    total: dict[Outcome, int] = {}
    by_endpoint: dict[int, dict[Outcome, int]] = {}
    for row in rows:
        outcome = Outcome(row["outcome"])
        total[outcome] = total.get(outcome, 0) + row["events"]
        by_endpoint.setdefault(row["endpoint"], {})[outcome] = row["events"]
    counted = engine.row(_disclosures(ground))
    unnamed = {row["reason"]: row["answers"] for row in engine.rows(unnamed_by_reason())}
    return Account(total, by_endpoint, plain + counted["named"], unnamed, plain + counted["disclosures"], events)


def _disclosures(ground: Ground) -> Query:
    """How many disclosures the engine holds, and how many name a subject."""
    given, named = ["0"], ["0"]
    rest = spread_facets(ground)
    for facet in ground.facets:
        mask = mask_sql(facet, ground)
        where = f"endpoint = {facet.endpoint} and {disclosed()} and {mask} <> 0"
        given.append(f"(select count(*) from {CHOSEN} where {where})")
        if is_plain(facet, ground.facets):
            has_key = f"(number_{facet.slot} is not null or text_{facet.slot} is not null)"
            named.append(f"(select count(*) from {CHOSEN} where {where} and {has_key})")
    for number, facet in enumerate(rest):
        ids = Table.named(f"ids_of_{number}")
        named.append(f"(select count(distinct place) from {ids} where id is not null and {mask_sql(facet, ground)} <> 0)")
    return Query(
        columns={"disclosures": I64, "named": I64},
        sql=f"select ({' + '.join(given)})::BIGINT as disclosures, ({' + '.join(named)})::BIGINT as named",
    )
