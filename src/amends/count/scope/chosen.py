"""The events of the misuse, once, in the narrow form that all counting starts from.

One row per event: its place, endpoint, outcome, server and layer, and for each facet of its endpoint the ids that it names.
An id that is a whole number in its usual spelling (no leading zero, at most 17 digits) travels as a number, any other as text:
the same id is never both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from amends.count.datamap.mapping import as_number, key_sql, mapped, number_key_sql, rows_sql
from amends.count.datamap.model import DataMap, Endpoint, Key
from amends.count.evidence.settings import LAYERS
from amends.count.scope.facets import Facet
from amends.count.scope.outcomes import NOT_MODIFIED_STATUS, NOTHING, POSSIBLE, Outcome, outcome_sql
from amends.count.scope.places import Places
from amends.count.scope.selection import Selection
from amends.engine import Engine, Query, Table
from amends.engine.query import BOOL, HASH, I64, TEXT, quoted_text

CHOSEN = Table.named("chosen")
ASKED = Table.named("asked")
EARLIER = Table.named("earlier")
NOBODY = "-"  # how servers write "none"


@dataclass(frozen=True, slots=True)
class Columns:
    """What the slots of this map need: which ones hold single ids, lists of ids, numbers of rows."""

    single: frozenset[int]
    listed: frozenset[int]
    rows: frozenset[int]

    @classmethod
    def of(cls, facets: tuple[Facet, ...]) -> Columns:
        named = [facet for facet in facets if facet.is_named]
        return cls(
            frozenset(facet.slot for facet in named if not facet.is_list),
            frozenset(facet.slot for facet in named if facet.is_list),
            frozenset(facet.slot for facet in facets if facet.rows is not None and facet.rows.key is not None),
        )


@dataclass(frozen=True, slots=True)
class Ground:
    """What every statement of one run stands on: the mapped events, the map with its facets, the selection, the packing of
    places.

    `has_layers`: the events come from more than one layer. `for_gaps`: server (as its place in `servers`) and selectors of each
    event are kept too.
    """

    events: Table
    mapped: Table
    map: DataMap
    facets: tuple[Facet, ...]
    selection: Selection
    places: Places
    has_layers: bool
    for_gaps: bool
    servers: tuple[str, ...] = ("",)  # the first stands for events without one

    def mapped_of(self, select: str) -> Table:
        """Some of the events, chosen before they are mapped."""
        return Table.of(mapped(Table(f"({select})"), self.map))


def choose(ground: Ground, *, engine: Engine) -> None:
    """Keep the events of the misuse as the table `chosen`, its 304s judged."""
    engine.keep("chosen", chosen(ground))
    judge_not_modified(ground, engine=engine)


def chosen(ground: Ground) -> Query:
    """One row per event of the misuse. Layers of sub-selects, so that no id is read twice."""
    map, facets, places, selection = ground.map, ground.facets, ground.places, ground.selection
    parts = [
        ("place", places.type, places.sql()),
        ("endpoint", "USMALLINT", "endpoint"),
        ("outcome", "UTINYINT", outcome_sql(map, facets)),
        ("asked_by", HASH, f"case when status = {NOT_MODIFIED_STATUS} then principal end"),
        ("asked_for", TEXT, f"case when status = {NOT_MODIFIED_STATUS} then target end"),
        *_slots(map, facets),
    ]
    if ground.has_layers:
        # the same request, logged by an outer layer too
        outermost = f"min({_layer()}) over (partition by request_id)"
        parts.append(("layer", "UTINYINT", _layer()))
        parts.append(("is_shadow", BOOL, f"request_id is not null and {outermost} < {_layer()}"))
    if ground.for_gaps:
        parts.append(("server", "UINTEGER", _server(ground.servers)))
        parts += [(name, "UBIGINT", mask) for name, mask in zip(selection.names, selection.masks, strict=True)]
    # mapping costs most, so no more events are mapped than can be within the misuse
    rows = ground.mapped_of(f"select * from {ground.events} where {selection.any_unmapped}")
    where = "true" if selection.unmapped == selection.conditions else selection.any
    keyed = f"select *, {_keys(map, facets)} from {rows} where {where}"
    numbered = f"select *, {_numbers(facets)} from ({keyed})"
    listed = ", ".join(f"{sql} as {name}" for name, _, sql in parts)
    return Query(columns={name: kind for name, kind, _ in parts}, sql=f"select {listed} from ({numbered})")


def servers(events: Table) -> Query:
    """The servers of the events, but for those without a name."""
    return Query(
        columns={"server": TEXT},
        sql=f"select distinct server::VARCHAR as server from {events} where server <> '' order by server",
    )


def _server(servers: tuple[str, ...]) -> str:
    named = ", ".join(quoted_text(server) for server in servers[1:])
    return f"coalesce(list_position([{named}]::VARCHAR[], server), 0)"


def _layer() -> str:
    branches = " ".join(f"when {quoted_text(layer)} then {place}" for place, layer in enumerate(LAYERS))
    return f"(case layer {branches} else {len(LAYERS)} end)::UTINYINT"


def _keys(map: DataMap, facets: tuple[Facet, ...]) -> str:
    """The ids of each slot: single ones as numbers where mapping has them so, else as they stand in the log."""
    columns = Columns.of(facets)
    texts = {facet: key_sql(*_key(facet, map)) for facet in facets if facet.is_named}
    known = {facet: number for facet in texts if (number := number_key_sql(*_key(facet, map))) is not None}
    texts |= {facet: f"case when {number} is null then {texts[facet]} end" for facet, number in known.items()}
    parts = []
    for slot in sorted(columns.single):
        parts.append(f"{_by_endpoint(known, slot, is_list=False)}::BIGINT as known_{slot}")
        parts.append(f"nullif({_by_endpoint(texts, slot, is_list=False)}, {quoted_text(NOBODY)}) as key_{slot}")
    for slot in sorted(columns.listed):
        ids = _by_endpoint(texts, slot, is_list=True)
        parts.append(f"list_distinct(list_filter({ids}, lambda id: id <> {quoted_text(NOBODY)})) as keys_{slot}")
    return ", ".join(parts) or "1 as no_keys"


def _key(facet: Facet, map: DataMap) -> tuple[Endpoint, Key, str | None]:
    return map.endpoints[facet.endpoint], facet.key, facet.split


def _by_endpoint(sql: Mapping[Facet, str], slot: int, *, is_list: bool) -> str:
    """What these facets of a slot say, each for its endpoint."""
    own = {facet.endpoint: text for facet, text in sql.items() if facet.slot == slot and facet.is_list == is_list}
    branches = " ".join(f"when {endpoint} then {text}" for endpoint, text in own.items())
    return f"(case endpoint {branches} end)" if own else "null"


def _numbers(facets: tuple[Facet, ...]) -> str:
    """The single ids that are spelt as numbers, as numbers."""
    parts = [
        f"coalesce(known_{slot}, {as_number(f'key_{slot}')}) as key_number_{slot}" for slot in sorted(Columns.of(facets).single)
    ]
    return ", ".join(parts) or "1 as no_numbers"


def _slots(map: DataMap, facets: tuple[Facet, ...]) -> list[tuple[str, str, str]]:
    """Name, type and SQL of the columns of each slot. A single id is a number where it is spelt as one is."""
    columns = Columns.of(facets)
    found = []
    for slot in sorted(columns.single):
        found.append((f"number_{slot}", I64, f"key_number_{slot}"))
        found.append((f"text_{slot}", TEXT, f"case when key_number_{slot} is null then key_{slot} end"))
    for slot in sorted(columns.listed):
        found.append((f"ids_{slot}", "VARCHAR[]", f"keys_{slot}"))
    for slot in sorted(columns.rows):
        branches = [
            f"when {facet.endpoint} then {rows_sql(map.endpoints[facet.endpoint], facet.rows)}"
            for facet in facets
            if facet.slot == slot and facet.rows is not None and facet.rows.key is not None
        ]
        found.append((f"rows_{slot}", I64, f"case endpoint {' '.join(branches)} end"))
    return found


def judge_not_modified(ground: Ground, *, engine: Engine) -> None:
    """Judge the 304s of the misuse by what their principals had been given before, in all logs.

    An earlier whole answer within the misuse is counted there: the 304 gave nothing new. One outside the misuse was not
    counted: the wrongdoer holds that copy, so the 304 stays possible, under a reason of its own.
    """
    waiting = f"select count(*) as rows from {CHOSEN} where outcome = {Outcome.NOT_MODIFIED:d}"
    if not engine.row(Query(columns={"rows": I64}, sql=waiting))["rows"]:
        return
    engine.keep("asked", _asked(ground))
    engine.keep("earlier", _earlier(ground))
    engine.connection.execute(  # changed in place: a copy of the misuse would take its memory twice
        f"""
            update {CHOSEN} set outcome = earlier.outcome
            from {EARLIER} as earlier
            where {CHOSEN}.place = earlier.place and {CHOSEN}.outcome = {Outcome.NOT_MODIFIED:d}
        """
    )


def _asked(ground: Ground) -> Query:
    """The 304s of the misuse that may have given something, with what was asked for."""
    return Query(
        columns={"place": ground.places.type, "us": I64, "principal": HASH, "endpoint": "USMALLINT", "target": TEXT},
        sql=f"""
            select place, {ground.places.microseconds_sql("place")} as us, asked_by as principal, endpoint, asked_for as target
            from {CHOSEN}
            where outcome = {Outcome.NOT_MODIFIED:d}
        """,
    )


def _earlier(ground: Ground) -> Query:
    """The outcome of each 304 whose principal had a whole answer for the same target before."""
    candidates = ground.mapped_of(
        f"select * from {ground.events} where (principal, target) in (select principal, target from {ASKED})"
    )
    return Query(
        columns={"place": ground.places.type, "outcome": "UTINYINT"},
        sql=f"""
            with whole as (
                select principal, endpoint, target, time, ({ground.selection.any}) as counted
                from {candidates}
                where {outcome_sql(ground.map, ground.facets)} < {POSSIBLE}
            )
            select asked.place, case when bool_or(whole.counted) then {Outcome.HELD_ALREADY:d}
                else {Outcome.HELD_FROM_OUTSIDE:d} end::UTINYINT as outcome
            from {ASKED} as asked join whole using (principal, endpoint, target)
            where epoch_us(whole.time) < asked.us
            group by asked.place
        """,
    )


def disclosed(grade: str = "outcome") -> str:
    """The events that disclosed or may have."""
    return f"{grade} < {NOTHING}"
