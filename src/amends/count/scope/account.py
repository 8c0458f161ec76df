"""The room's equations: every event of the misuse, and every disclosure, is in the result or in a list that says why not.

events in misuse = disclosing + possible + not disclosing (by reason) + unmapped
disclosures = naming their subjects + unnamed (by reason)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from amends.count.scope.chosen import CHOSEN, Ground, disclosed
from amends.count.scope.disclosures import UNNAMED, is_plain, mask_sql
from amends.count.scope.exposure import seen
from amends.count.scope.outcomes import NOTHING, POSSIBLE, WORDS, Outcome
from amends.count.scope.places import time_of
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, U64
from amends.units import Balance

BUCKET_US = 900_000_000  # 15 minutes: every time zone's days begin at a multiple of it
VIEWS_COLUMNS: list[pa.Field[Any]] = [
    pa.field("day", pa.date32(), nullable=False),  # in the case's time zone
    pa.field("kind", pa.string(), nullable=False),
    pa.field("field", pa.string(), nullable=False),
    pa.field("views", pa.int64(), nullable=False),
    pa.field("views_possible", pa.int64(), nullable=False),
]
VIEWS = pa.schema(VIEWS_COLUMNS)


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
            select coalesce(endpoint, -1)::BIGINT as endpoint, outcome::BIGINT as outcome, count(*) as events
            from {CHOSEN}
            group by all
            order by all
        """,
    )


def unnamed_by_reason() -> Query:
    return Query(
        columns={"reason": TEXT, "answers": I64},
        sql=f"select reason, count(*) as answers from {UNNAMED} where not is_partly group by reason order by reason",
    )


def account(ground: Ground, *, events: int, engine: Engine) -> Account:
    """Count both equations; `events` is what the selection selected."""
    rows = engine.rows(outcomes())
    total: dict[Outcome, int] = {}
    by_endpoint: dict[int, dict[Outcome, int]] = {}
    for row in rows:
        outcome = Outcome(row["outcome"])
        total[outcome] = total.get(outcome, 0) + row["events"]
        by_endpoint.setdefault(row["endpoint"], {})[outcome] = row["events"]
    counted = engine.row(_disclosures(ground))
    unnamed = {row["reason"]: row["answers"] for row in engine.rows(unnamed_by_reason())}
    return Account(total, by_endpoint, counted["named"], unnamed, counted["disclosures"], events)


def _disclosures(ground: Ground) -> Query:
    """How many disclosures there are, and how many name a subject."""
    given, named = ["0"], ["0"]
    rest = [facet for facet in ground.facets if facet.is_named and not is_plain(facet, ground.facets)]
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


def views_by_mask(kind: str, ground: Ground) -> Query:
    """Answers that named a subject of the kind, by quarter of an hour and by the fields that they gave, in the layer that is
    counted.
    """
    bucket = f"({ground.places.microseconds_sql('place')}) // {BUCKET_US}"
    where = "where not is_shadow" if ground.has_layers else ""
    return Query(
        columns={"bucket": I64, "confirmed": U64, "possible": U64, "views": I64},
        sql=f"""
            select {bucket} as bucket, confirmed, possible, count(*) as views
            from {seen(kind, ground)}
            {where}
            group by all
            order by all
        """,
    )


def write_views(path: Path, ground: Ground, *, zone: ZoneInfo, engine: Engine) -> None:
    """Views by day, kind and field, sorted. The caller makes the file atomic."""
    counts: dict[tuple[date, str, int], list[int]] = {}
    for kind in ground.map.subjects:
        for row in engine.rows(views_by_mask(kind, ground)):
            day = time_of(row["bucket"] * BUCKET_US).astimezone(zone).date()
            for field in range(len(ground.map.fields)):
                if (row["confirmed"] | row["possible"]) >> field & 1:
                    is_possible = not row["confirmed"] >> field & 1
                    counts.setdefault((day, kind, field), [0, 0])[is_possible] += row["views"]
    rows = [
        {"day": day, "kind": kind, "field": ground.map.fields[field], "views": sure, "views_possible": unsure}
        for (day, kind, field), (sure, unsure) in sorted(counts.items())
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=VIEWS), path, compression="zstd")
