"""Disclosures: which subject each event of the misuse showed, with which fields, and how surely.

Three tables come out, each with the columns of DISCLOSURE:
plain: read straight from `chosen`, where an answer names one subject of a kind by one facet (nothing is copied);
`several`: answers that name several subjects, or one by several facets or through a table; one row per (event, kind, subject);
`unnamed`: answers whose subjects the log does not name, with the fewest and the most rows that each can hold.
"""

from __future__ import annotations

from collections.abc import Mapping

from amends.count.datamap.mapping import as_number
from amends.count.datamap.model import Join, Validity
from amends.count.scope.chosen import CHOSEN, Ground, disclosed
from amends.count.scope.facets import Facet
from amends.count.scope.joins import Lookup, is_valid_sql
from amends.count.scope.outcomes import POSSIBLE
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, U64

SEVERAL = Table.named("several")
UNNAMED = Table.named("unnamed")
JOINED = Table.named("joined")

type Kinds = Mapping[str, int]


def kinds_of(ground: Ground) -> Kinds:
    """A number for each kind, in the order of the map."""
    return {kind: number for number, kind in enumerate(ground.map.subjects)}


def is_plain(facet: Facet, facets: tuple[Facet, ...]) -> bool:
    """Does each answer name one subject of this kind at most, by this facet alone?"""
    beside = [other for other in facets if other.endpoint == facet.endpoint and other.kind == facet.kind]
    return facet.is_named and not facet.is_list and facet.join is None and len(beside) == 1


def tail(ground: Ground) -> tuple[str, ...]:
    """The columns of an event that travel with its disclosures."""
    layers = ("layer", "is_shadow") if ground.has_layers else ()
    return ("endpoint", *layers, *(("server", *ground.selection.names) if ground.for_gaps else ()))


def spread_facets(ground: Ground) -> list[Facet]:
    """The facets whose disclosures are spread over several subjects, or go through a table."""
    return [facet for facet in ground.facets if facet.is_named and not is_plain(facet, ground.facets)]


def mask_sql(facet: Facet, ground: Ground, *, place: str = "place") -> str:
    """The fields that the facet gives at the time of a place."""
    masks = []
    for part in facet.parts:
        conditions = []
        if part.since is not None:
            conditions.append(f"{place} >= {ground.places.at_or_after(part.since)}")
        if part.until is not None:
            conditions.append(f"{place} < {ground.places.at_or_after(part.until)}")
        mask = f"{part.mask}::UBIGINT"
        masks.append(f"case when {' and '.join(conditions)} then {mask} else 0::UBIGINT end" if conditions else mask)
    return f"({' | '.join(masks)})"


def plain(kind: str, ground: Ground) -> list[str]:
    """Selects of (place, number, text, confirmed, possible, tail) for the plain facets of a kind."""
    return [_plain(facet, ground) for facet in ground.facets if facet.kind == kind and is_plain(facet, ground.facets)]


def _plain(facet: Facet, ground: Ground) -> str:
    mask = mask_sql(facet, ground)
    number, text = f"number_{facet.slot}", f"text_{facet.slot}"
    return f"""
        select place, {number} as number, {text} as text,
            case when outcome < {POSSIBLE} then {mask} else 0::UBIGINT end as confirmed,
            case when outcome >= {POSSIBLE} then {mask} else 0::UBIGINT end as possible,
            {", ".join(tail(ground))}
        from {CHOSEN}
        where endpoint = {facet.endpoint} and {disclosed()} and ({number} is not null or {text} is not null)
            {f"and {mask} <> 0" if facet.is_timed else ""}
    """


def spread(ground: Ground, lookups: Mapping[Join, Lookup], *, engine: Engine) -> None:
    """Keep the tables `several` and `unnamed`."""
    kinds = kinds_of(ground)
    rest = spread_facets(ground)
    given = [_given(facet, number, ground, lookups, kinds, engine=engine) for number, facet in enumerate(rest)]
    engine.keep("several", several(given, ground))
    engine.keep("unnamed", unnamed(ground, rest, kinds, lookups))


def several(given: list[str], ground: Ground) -> Query:
    """One row per (event, kind, subject) of the answers that can name several."""
    carried = ", ".join(f"any_value({name}) as {name}" for name in tail(ground))
    columns = {"kind": "UTINYINT", "place": ground.places.type, "number": I64, "text": TEXT, "confirmed": U64, "possible": U64}
    rows = (
        " union all ".join(given)
        or f"""
        select 0::UTINYINT as kind, place, null::BIGINT as number, null::VARCHAR as text,
            0::UBIGINT as confirmed, 0::UBIGINT as possible, {", ".join(tail(ground))} from {CHOSEN} where false"""
    )
    return Query(
        columns=columns | tail_types(ground),
        sql=f"""
            select kind, place, number, text, bit_or(confirmed) as confirmed, bit_or(possible) as possible, {carried}
            from ({rows})
            group by kind, place, number, text
        """,
    )


def tail_types(ground: Ground) -> dict[str, str]:
    types = {"endpoint": "USMALLINT", "layer": "UTINYINT", "is_shadow": "BOOLEAN", "server": "UINTEGER"}
    return {name: types.get(name, "UBIGINT") for name in tail(ground)}


def _given(facet: Facet, number: int, ground: Ground, lookups: Mapping[Join, Lookup], kinds: Kinds, *, engine: Engine) -> str:
    """A select of (kind, place, number, text, confirmed, possible, tail), one row per id that this facet names."""
    ids = Table.named(f"ids_of_{number}")
    engine.keep(ids.quoted.strip('"'), _ids(facet, ground, lookups))
    mask = mask_sql(facet, ground)
    return f"""
        select {kinds[facet.kind]}::UTINYINT as kind, place, {as_number("id")} as number,
            case when {as_number("id")} is null then id end as text,
            case when is_sure then {mask} else 0::UBIGINT end as confirmed,
            case when not is_sure then {mask} else 0::UBIGINT end as possible,
            {", ".join(tail(ground))}
        from {ids}
        where {mask} <> 0 and id is not null
    """


def _ids(facet: Facet, ground: Ground, lookups: Mapping[Join, Lookup]) -> Query:
    """One row per (event, id); `id` is null where the facet's key has no row in its table. `is_sure`: the grade that results."""
    carried = ", ".join(tail(ground))
    key = f"ids_{facet.slot}" if facet.is_list else f"coalesce(number_{facet.slot}::VARCHAR, text_{facet.slot})"
    present = f"len({key}) > 0" if facet.is_list else f"{key} is not null"
    asked = f"unnest({key})" if facet.is_list else key
    rows = f"""
        select place, outcome, {limit_sql(facet)} as limited, {asked} as key, {carried}
        from {CHOSEN}
        where endpoint = {facet.endpoint} and {disclosed()} and {present}
    """
    if facet.join is not None:
        rows = _joined(rows, facet.join, lookups[facet.join], ground)
    else:
        rows = f"select *, key as id, true as was_true from ({rows})"
    # more ids than the answer can hold: which of them came back is not known
    fits = (
        "limited is null or count(id) filter (was_true) over (partition by place) <= limited"
        if facet.rows is not None
        else "true"
    )
    return Query(
        columns={"place": ground.places.type, "id": TEXT, "is_sure": "BOOLEAN", "was_true": "BOOLEAN"} | tail_types(ground),
        sql=f"select place, id, outcome < {POSSIBLE} and was_true and ({fits}) as is_sure, was_true, {carried} from ({rows})",
    )


def _joined(rows: str, join: Join, lookup: Lookup, ground: Ground) -> str:
    """Each key with the ids of its rows that were true then, or, where none was, of those of another time."""
    if join.validity in (Validity.IMMUTABLE, Validity.UNDATED):
        return f"select r.*, l.id, true as was_true from ({rows}) as r left join {lookup.table} as l on l.key = r.key"
    time_us = ground.places.microseconds_sql("r.place")
    return f"""
        select * from (
            select r.*, l.id, coalesce({is_valid_sql(join, time_us=time_us)}, false) as was_true,
                bool_or(coalesce({is_valid_sql(join, time_us=time_us)} and l.id is not null, false))
                    over (partition by r.place, r.key) as is_dated
            from ({rows}) as r left join {lookup.table} as l on l.key = r.key
        )
        where was_true or not is_dated
    """


def limit_sql(facet: Facet) -> str:
    """The most rows that an answer of this facet can hold; null where the map does not say."""
    if facet.rows is None:
        return "null::BIGINT"
    return f"rows_{facet.slot}" if facet.rows.key is not None else f"{facet.rows.most}::BIGINT"


def unnamed(ground: Ground, rest: list[Facet], kinds: Kinds, lookups: Mapping[Join, Lookup]) -> Query:
    """One row per (event, facet) whose subjects the log does not name, all or partly: the fewest and the most rows, and the
    fields.

    The most is what the map says (`rows`); else one for each key, or, through a table, the most ids that any key has there.
    """
    widest = {facet: max(lookups[facet.join].widest, 1) if facet.join is not None else 1 for facet in ground.facets}
    selects = [_unnamed(facet, ground, kinds, widest[facet]) for facet in ground.facets]
    selects += [
        _without_row(facet, number, ground, kinds, widest[facet]) for number, facet in enumerate(rest) if facet.join is not None
    ]
    columns = {"kind": "UTINYINT", "place": ground.places.type, "fields": U64, "is_whole": "BOOLEAN", "least": I64, "most": I64}
    columns |= {"reason": TEXT, "is_partly": "BOOLEAN"} | tail_types(ground)
    nothing = f"""
        select 0::UTINYINT as kind, place, 0::UBIGINT as fields, true as is_whole,
            0::BIGINT as least, 0::BIGINT as most, '' as reason, false as is_partly, {", ".join(tail(ground))}
        from {CHOSEN} where false"""
    return Query(columns=columns, sql=" union all ".join(selects) or nothing)


def _unnamed(facet: Facet, ground: Ground, kinds: Kinds, widest: int) -> str:
    if not facet.is_named:
        absent, reason = "true", "the log does not name the subject"
    elif facet.is_list:
        absent, reason = f"coalesce(len(ids_{facet.slot}), 0) = 0", "the request names nobody"
    else:
        absent, reason = f"number_{facet.slot} is null and text_{facet.slot} is null", "the request names nobody"
    most = limit_sql(facet) if facet.rows is not None else f"{widest}::BIGINT"
    return _unnamed_select(facet, ground, kinds, where=f"({absent})", most=most, least=_least(facet, widest), reason=reason)


def _without_row(facet: Facet, number: int, ground: Ground, kinds: Kinds, widest: int) -> str:
    """Keys that have no row in their table."""
    ids = Table.named(f"ids_of_{number}")
    most = limit_sql(facet) if facet.rows is not None else f"lost * {widest}"
    counts = f"""
        select place as spot, count(*) - count(id) as lost, count(id) as found
        from {ids}
        group by place
        having count(*) > count(id)"""
    reason = "the table has no row for the key"
    return _unnamed_select(
        facet, ground, kinds, where="true", most=most, least=_least(facet, widest), reason=reason, is_partly="found > 0",
        source=f"(select * from {CHOSEN} join ({counts}) on spot = place)",
    )  # fmt: skip


def _least(facet: Facet, widest: int) -> str:
    """The fewest rows of a whole answer: what the map says; else one, but none where a key may have many rows, and so none."""
    return f"{facet.least}" if facet.rows is not None or widest == 1 else "0"


def _unnamed_select(
    facet: Facet,
    ground: Ground,
    kinds: Kinds,
    *,
    where: str,
    most: str,
    least: str,
    reason: str,
    source: str = str(CHOSEN),
    is_partly: str = "false",
) -> str:
    mask = mask_sql(facet, ground)
    return f"""
        select {kinds[facet.kind]}::UTINYINT as kind, place, {mask} as fields, outcome < {POSSIBLE} as is_whole,
            least({least}, {most})::BIGINT as least, {most}::BIGINT as most, '{reason}' as reason,
            {is_partly} as is_partly, {", ".join(tail(ground))}
        from {source}
        where endpoint = {facet.endpoint} and {disclosed()} and {mask} <> 0 and {where}
    """
