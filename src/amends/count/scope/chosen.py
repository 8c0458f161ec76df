"""The events of the misuse, once, in the narrow form that all counting starts from.

One row per event: its place, endpoint, outcome, server and layer, and for each facet of its endpoint the ids that it names.
An id that is a whole number in its usual spelling (no leading zero, at most 17 digits) travels as a number, any other as text:
the same id is never both.
"""

from __future__ import annotations

from dataclasses import dataclass

from amends.count.datamap.mapping import key_sql, mapped, rows_sql
from amends.count.datamap.model import DataMap
from amends.count.scope.facets import Facet
from amends.count.scope.outcomes import NOTHING, POSSIBLE, Outcome, outcome_sql
from amends.count.scope.places import Places
from amends.count.scope.selection import Selection
from amends.engine import Engine, Query, Table
from amends.engine.query import BOOL, HASH, I64, TEXT, quoted_text

CHOSEN = Table.named("chosen")
ASKED = Table.named("asked")
EARLIER = Table.named("earlier")
LAYERS = ("edge", "balancer", "app")  # from the outside to the inside
MOST_DIGITS = 17
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

    `has_layers`: the events come from more than one layer. `for_gaps`: server and selectors of each event are kept too.
    """

    events: Table
    mapped: Table
    map: DataMap
    facets: tuple[Facet, ...]
    selection: Selection
    places: Places
    has_layers: bool
    for_gaps: bool

    def mapped_of(self, select: str) -> Table:
        """Some of the events, chosen before they are mapped."""
        return Table.of(mapped(Table(f"({select})"), self.map))


def choose(ground: Ground, *, engine: Engine) -> None:
    """Keep the events of the misuse as the table `chosen`, its 304s judged."""
    engine.keep("chosen", chosen(ground))
    judge_not_modified(ground, engine=engine)


def chosen(ground: Ground) -> Query:
    """One row per event of the misuse. Layers of sub-selects, so that no id is read twice."""
    map, facets, places = ground.map, ground.facets, ground.places
    parts = [
        ("place", places.type, places.sql()),
        ("endpoint", "USMALLINT", "endpoint"),
        ("outcome", "UTINYINT", outcome_sql(map, facets)),
        *_slots(map, facets),
    ]
    if ground.has_layers:
        # the same request, logged by an outer layer too
        outermost = f"min({_layer()}) over (partition by request_id)"
        parts.append(("layer", "UTINYINT", _layer()))
        parts.append(("is_shadow", BOOL, f"request_id is not null and {outermost} < {_layer()}"))
    if ground.for_gaps:
        parts.append(("server", TEXT, "server::VARCHAR"))
        parts += [(f"selectors_{number}", "UBIGINT", mask) for number, mask in enumerate(ground.selection.columns)]
    keyed = f"select *, {_keys(map, facets)} from {ground.mapped} where {ground.selection.any}"
    numbered = f"select *, {_numbers(facets)} from ({keyed})"
    listed = ", ".join(f"{sql} as {name}" for name, _, sql in parts)
    return Query(columns={name: kind for name, kind, _ in parts}, sql=f"select {listed} from ({numbered})")


def _layer() -> str:
    branches = " ".join(f"when {quoted_text(layer)} then {place}" for place, layer in enumerate(LAYERS))
    return f"(case layer {branches} else {len(LAYERS)} end)::UTINYINT"


def _keys(map: DataMap, facets: tuple[Facet, ...]) -> str:
    """The ids of each slot as they stand in the log."""
    columns = Columns.of(facets)
    parts = []
    for slot in sorted(columns.single):
        parts.append(f"nullif({_by_endpoint(map, facets, slot, is_list=False)}, {quoted_text(NOBODY)}) as key_{slot}")
    for slot in sorted(columns.listed):
        ids = _by_endpoint(map, facets, slot, is_list=True)
        parts.append(f"list_distinct(list_filter({ids}, lambda id: id <> {quoted_text(NOBODY)})) as keys_{slot}")
    return ", ".join(parts) or "1 as no_keys"


def _numbers(facets: tuple[Facet, ...]) -> str:
    """The single ids that are spelt as numbers, as numbers."""
    parts = [f"{number_sql(f'key_{slot}')} as key_number_{slot}" for slot in sorted(Columns.of(facets).single)]
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


def _by_endpoint(map: DataMap, facets: tuple[Facet, ...], slot: int, *, is_list: bool) -> str:
    branches = [
        f"when {facet.endpoint} then {key_sql(map.endpoints[facet.endpoint], facet.key, facet.split)}"
        for facet in facets
        if facet.slot == slot and facet.is_named and facet.is_list == is_list
    ]
    return f"case endpoint {' '.join(branches)} end"


def number_sql(key: str) -> str:
    """The id as a number, null where its spelling is another one: `007`, `+7` and `7e0` are other ids than `7`."""
    number = f"try_cast({key} as BIGINT)"
    return f"case when {number} between 0 and {10**MOST_DIGITS - 1} and {number}::VARCHAR = {key} then {number} end"


def judge_not_modified(ground: Ground, *, engine: Engine) -> None:
    """Judge the 304s of the misuse by what their principals had been given before, in all logs.

    An earlier whole answer within the misuse is counted there: the 304 gave nothing new. One outside the misuse was not
    counted: the wrongdoer holds that copy, so the 304 stays possible, under a reason of its own.
    """
    waiting = f"select count(*) as rows from {CHOSEN} where outcome = {Outcome.NOT_MODIFIED:d}"
    if not engine.row(Query(columns={"rows": I64}, sql=waiting))["rows"]:
        return
    engine.keep("asked", asked(ground))
    engine.keep("earlier", _earlier(ground))
    engine.connection.execute(  # changed in place: a copy of the misuse would take its memory twice
        f"""
            update {CHOSEN} set outcome = earlier.outcome
            from {EARLIER} as earlier
            where {CHOSEN}.place = earlier.place and {CHOSEN}.outcome = {Outcome.NOT_MODIFIED:d}
        """
    )


def asked(ground: Ground) -> Query:
    """The 304s of the misuse that may have given something, with what was asked for."""
    unmodified = ground.mapped_of(f"select * from {ground.events} where status = 304")
    return Query(
        columns={"place": ground.places.type, "us": I64, "principal": HASH, "endpoint": "USMALLINT", "target": TEXT},
        sql=f"""
            select {ground.places.sql()} as place, epoch_us(time) as us, principal, endpoint, target
            from {unmodified}
            where {outcome_sql(ground.map, ground.facets)} = {Outcome.NOT_MODIFIED:d} and ({ground.selection.any})
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
