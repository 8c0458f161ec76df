"""From mapped events, a selection and a map to the exposure with its bounds: the counting itself, without the case folder around
it.

What is read comes as tables of the engine; what is written goes into one folder. The same inputs give the same bytes, in whatever
order the sources were ingested and whatever the case's key is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from amends.count.datamap.mapping import mapped
from amends.count.datamap.model import DataMap, Join, Validity
from amends.count.scope import bounds as sums
from amends.count.scope.account import Account, account
from amends.count.scope.ceilings import Ceiling
from amends.count.scope.chosen import Ground, servers
from amends.count.scope.days import write_views
from amends.count.scope.disclosures import spread, spread_facets
from amends.count.scope.errors import NO_EVENTS
from amends.count.scope.evidence import Evidence
from amends.count.scope.exposure import write_exposure
from amends.count.scope.facets import Facet, facets
from amends.count.scope.gaps import Missing
from amends.count.scope.joins import Lookup, load
from amends.count.scope.layers import cacheable, hidden, layers_by_selector
from amends.count.scope.misuse import Misuse
from amends.count.scope.named import Named, named
from amends.count.scope.people import People, people
from amends.count.scope.places import places
from amends.count.scope.population import Members, load_members
from amends.count.scope.selection import events_by_selector, prepare
from amends.count.scope.sift import sift
from amends.count.scope.uncounted import Uncounted, uncounted
from amends.count.scope.would_change import Change, Loss, Summed, loss_of, would_change
from amends.engine import Engine, Query, Table
from amends.engine.query import I64
from amends.errors import InputError


@dataclass(frozen=True, slots=True)
class JoinUse:
    """What became of the disclosures that went through one table."""

    table: str
    validity: Validity
    given: int
    other_day: int
    without_row: int


@dataclass(frozen=True, slots=True)
class Counted:
    """The result of one run over one evidence: all that is printed stands here."""

    rows: int
    account: Account
    by_selector: tuple[int, ...]
    named: Named
    uncounted: Uncounted
    missing: tuple[Missing, ...]
    members: Mapping[str, Members]
    joins: tuple[JoinUse, ...]
    lookups: Mapping[str, str]  # table as written -> SHA-256
    bounds: Mapping[str, sums.Bounds]  # by kind
    views: sums.Bounds
    people: People | None  # None: the map has no table of identities
    circumstances: sums.Circumstances
    assumes: tuple[str, ...]
    would_change: tuple[Change, ...]
    losses: tuple[Loss, ...]  # under preservation orders

    @property
    def every_bounds(self) -> tuple[sums.Bounds, ...]:
        """The bounds of every unit that has some."""
        people = (self.people.people, self.people.non_members) if self.people else ()
        return (*self.bounds.values(), *people, self.views)


def ground_of(evidence: Evidence, map: DataMap, misuse: Misuse, *, engine: Engine) -> Ground:
    """What every statement stands on. Raises: SCO-007 where there are no events."""
    packing = places(evidence.events, engine=engine)
    if packing is None:
        raise InputError(NO_EVENTS, expected="at least one event")
    engine.view("mapped_events", mapped(evidence.events, map))
    layers = engine.row(Query(columns={"layers": I64}, sql=f"select count(distinct layer) as layers from {evidence.events}"))
    for_gaps = bool(evidence.missing or evidence.own_gaps or cacheable(map))
    return Ground(
        events=evidence.events,
        mapped=Table.named("mapped_events"),
        map=map,
        facets=facets(map),
        selection=prepare(misuse, map, evidence.events, engine=engine),
        places=packing,
        has_layers=int(layers["layers"]) > 1,
        for_gaps=for_gaps,
        servers=("", *(row["server"] for row in engine.rows(servers(evidence.events)))) if for_gaps else ("",),
    )


def spread_chosen(ground: Ground, *, zone: ZoneInfo, engine: Engine) -> Mapping[Join, Lookup]:
    """Spread the chosen events over their subjects; the tables that were joined."""
    joins = dict.fromkeys(facet.join for facet in ground.facets if facet.join is not None)
    lookups = {join: load(join, number, zone=zone, engine=engine) for number, join in enumerate(joins)}
    spread(ground, lookups, engine=engine)
    return lookups


def measure(
    evidence: Evidence,
    map: DataMap,
    misuse: Misuse,
    ceilings: tuple[Ceiling, ...],
    *,
    zone: ZoneInfo,
    engine: Engine,
    exposure: Path,
    views: Path,
) -> Counted:
    """Count, and write the exposure and the views by day and field into these two files (the caller makes them atomic)."""
    ground = ground_of(evidence, map, misuse, engine=engine)
    selected = engine.row(events_by_selector(ground.mapped, ground.selection))
    sifted = sift(ground, events=selected["any"], engine=engine)
    lookups = spread_chosen(ground, zone=zone, engine=engine)
    counts = account(ground, events=selected["any"], plain=sifted.named, engine=engine)
    written = write_exposure(exposure, ground, sifted, engine=engine)
    write_views(views, written.days, map, zone=zone)
    members = _members(evidence, map, exposure, zone=zone, engine=engine)
    found = named(exposure, map, engine=engine)
    missing = evidence.missing
    if ground.has_layers and ground.for_gaps and misuse.selectors:
        missing += hidden(layers_by_selector(ground, engine=engine), evidence, map)
    left = uncounted(replace(evidence, missing=missing), ground, lookups, ceilings, members, written.new, engine=engine)
    spread_over = enumerate(spread_facets(ground))
    joins = tuple(_join_use(facet, number, ground, engine=engine) for number, facet in spread_over if facet.join is not None)
    around = _circumstances(evidence, missing, counts, left, joins)
    parts = {kind: _parts(kind, found, left, members.get(kind)) for kind in map.subjects}
    sum_up = Summed(parts, left, around, missing)
    by_name = {kind: found.confirmed.get(kind, 0) + found.possible.get(kind, 0) for kind in map.subjects}
    return Counted(
        rows=written.rows,
        account=counts,
        by_selector=tuple(selected[f"s{place}"] for place in range(len(misuse.selectors))),
        named=found,
        uncounted=left,
        missing=missing,
        members=members,
        joins=joins,
        lookups={lookup.join.table: lookup.sha256 for lookup in lookups.values()},
        bounds=sum_up.bounds,
        views=sum_up.views,
        people=people(map, exposure, sum_up.bounds, by_name, engine=engine),
        circumstances=around,
        assumes=tuple(sums.assumptions(around, parts)),
        would_change=would_change(sum_up),
        losses=tuple(loss_of(order, sum_up) for order in evidence.orders),
    )


def _members(evidence: Evidence, map: DataMap, exposure: Path, *, zone: ZoneInfo, engine: Engine) -> dict[str, Members]:
    window = evidence.window if evidence.has_window else None
    return {
        kind: load_members(kind, subject.population, exposure=exposure, window=window, zone=zone, engine=engine)
        for kind, subject in map.subjects.items()
        if subject.population is not None
    }


def _join_use(facet: Facet, number: int, ground: Ground, *, engine: Engine) -> JoinUse:
    sql = f"""
        select count(id) as given, count(case when not was_true and id is not null then 1 end) as other_day,
            count(*) - count(id) as without_row
        from {Table.named(f"ids_of_{number}")}
    """
    row = engine.row(Query(columns={"given": I64, "other_day": I64, "without_row": I64}, sql=sql))
    assert facet.join is not None
    return JoinUse(facet.join.table, facet.join.validity, **row)


def _circumstances(
    evidence: Evidence, missing: tuple[Missing, ...], counts: Account, left: Uncounted, joins: tuple[JoinUse, ...]
) -> sums.Circumstances:
    undated = [
        f"{join.table} holds for all times, it has no dates ({join.given:,} disclosures)"
        for join in joins
        if join.validity is Validity.UNDATED
    ]
    return sums.Circumstances(
        has_gap=bool(missing),
        has_window=evidence.has_window,
        unmapped_successes=counts.unmapped_successes,
        unsized=counts.unsized,
        unread_lines=left.unread_lines,
        passed_over=left.passed_over,
        joined_possible=sum(join.other_day for join in joins),
        others=tuple(undated),
    )


def _parts(kind: str, found: Named, left: Uncounted, members: Members | None) -> sums.Parts:
    return sums.Parts(
        kind=kind,
        confirmed=found.confirmed.get(kind, 0),
        possible=found.possible.get(kind, 0),
        unnamed=left.unnamed.get(kind, 0),
        largest=left.largest.get(kind, 0),
        unread=left.unread[kind],
        gap=left.gap[kind].most,
        gap_words=left.gap_words[kind],
        gap_leans_on_dates=members is not None and members.has_dates and left.gap[kind].leans_on_population,
        members=members.most if members is not None else None,
        members_then=members.most_then if members is not None else None,
        outside=members.outside if members is not None else 0,
    )
