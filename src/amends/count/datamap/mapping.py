"""Mapping at size: the definition of `target.py` as one SQL statement over the events.

What scope needs:

- `mapped(events, map) -> Query`: all columns of the events, then `endpoint` (its place in `map.endpoints`; null where none
  matches), `path` and `query` as that endpoint sees them, `tail` and `tail_number` (see `quick.py`). Unselected
  columns cost nothing.
- `key_sql(endpoint, key, split) -> str`: an expression over those columns. Where `gives_list(key, split)` it is a `VARCHAR[]`
  (never null; empty where the log does not say), else a `VARCHAR` (null where the log does not say; never empty). It is right
  only for rows of that endpoint: filter first, or write `case when endpoint = 3 then ... end`.
- `number_key_sql(endpoint, key, split) -> str | None`: the column that has the id as a number already, or null; None: none has.
- `as_number(text) -> str`: a text as a number, null where its spelling is another one.
- `rows_sql(endpoint, rows) -> str`: the most rows (BIGINT) that one answer can hold.
- `column_sql(name) -> str`: an event's column as text: one of `EVENT_COLUMNS`, else an entry of `extra`.
- `traffic(events, map) -> Query`: counts by endpoint, and of folding.

How: most targets are told by the quick way (`quick.py`). The rest is folded where `folding.ODD` says so, cut, and compared with
the templates from the most literal to the least (`comparing.py`).
Literals of the map stand in the SQL as quoted text (a bound value is no constant to the optimiser: a pattern would be compiled
again and again); `load.py` lets no control character into them. Nothing of the events ever becomes SQL.
"""

from __future__ import annotations

from amends.count.datamap.columns import EVENT_COLUMNS, column_sql, every_column, is_success
from amends.count.datamap.comparing import compared
from amends.count.datamap.folding import (
    ABSOLUTE_FORM,
    DOTS,
    FRAGMENT,
    ODD,
    ON_PATH,
    ON_TARGET,
    PARAMETERS,
    PERCENT,
    SLASHES,
    STEPS,
    TRAILING,
    Step,
    path_of,
    query_of,
)
from amends.count.datamap.keys import as_number, gives_list, key_sql, number_key_sql, rows_sql
from amends.count.datamap.model import DataMap
from amends.count.datamap.quick import quick_layer
from amends.engine import Query, Table
from amends.engine.query import I64, TEXT, U16

MAPPED_COLUMNS = {**EVENT_COLUMNS, "endpoint": U16, "path": TEXT, "query": TEXT, "tail": TEXT, "tail_number": I64}

__all__ = [
    "EVENT_COLUMNS",
    "MAPPED_COLUMNS",
    "as_number",
    "column_sql",
    "gives_list",
    "key_sql",
    "mapped",
    "number_key_sql",
    "rows_sql",
    "traffic",
]


def mapped(events: Table, map: DataMap) -> Query:
    """One row per event, in no order, with the endpoint that it went to.

    Cost: about 0.25 us of CPU an event, so choose the events first where a condition is known: `mapped(Table.of(chosen), map)`.
    The engine moves simple conditions below by itself, but no semi-joins. Measured: docs/decisions/0030-matching-targets.md.
    """
    strict = [index for index, endpoint in enumerate(map.endpoints) if endpoint.strict]
    is_strict = f"coalesce(endpoint in ({', '.join(str(index) for index in strict)}), false)" if strict else "false"
    return Query(
        columns=MAPPED_COLUMNS,
        sql=f"""
            select
                {every_column()},
                endpoint,
                case
                    when tail is not null then target
                    when quick is null and not {is_strict} then path
                    else {path_of("target")}
                end as path,
                case
                    when tail is not null then null
                    when odd is not null and not {is_strict} then {query_of("odd")}
                    else {query_of("target")}
                end as query,
                tail,
                tail_number
            from ({_decided(events, map)})
        """,
    )


def traffic(events: Table, map: DataMap) -> Query:
    """By endpoint (null: none): its events, those that succeeded, and how many events each folding step changed."""
    layer, flags = _steps(_decided(events, map))
    counts = ", ".join(f"count(*) filter ({flag}) as {step.name}" for step, flag in zip(STEPS, flags, strict=True))
    return Query(
        columns={"endpoint": U16, "events": I64, "successful": I64, **{step.name: I64 for step in STEPS}},
        sql=f"""
            select endpoint, count(*) as events, count(*) filter (successful) as successful, {counts}
            from ({layer})
            group by endpoint
            order by endpoint nulls last
        """,
    )


def _decided(events: Table, map: DataMap) -> str:
    """The events with `quick`, `tail` and `endpoint`.

    Where `quick` is null, also `path` (folded), `raw_path`, and `odd`: an odd target without its absolute form and fragment.
    """
    layer = quick_layer(events, map)
    layer = f"select *, case when quick is null and regexp_matches(target, '{ODD}') then target end as as_sent from ({layer})"
    layer = f"select *, {FRAGMENT.sql(ABSOLUTE_FORM.sql('as_sent'))} as odd from ({layer})"
    layer = f"select *, {path_of('odd')} as odd_path from ({layer})"
    layer = f"select *, {PERCENT.sql('odd_path')} as decoded_path from ({layer})"
    layer = f"select *, {SLASHES.sql(PARAMETERS.sql('decoded_path'))} as cut_path from ({layer})"
    raw = f"case when quick is null then {path_of('target')} end"
    folded = f"case when odd is not null then {DOTS.sql('cut_path')} else {raw} end"
    layer = f"select *, {folded} as long_path, {raw} as raw_path from ({layer})"
    layer = f"select *, {TRAILING.sql('long_path')} as path from ({layer})"
    return f"select *, coalesce(quick, {compared(map)})::USMALLINT as endpoint from ({layer})"


def _steps(layer: str) -> tuple[str, list[str]]:
    """Each step of folding as a layer of its own, and the names of the columns that say whether it changed something.

    A quick target is changed by nothing; one that is not odd at most by the last step.
    """
    seen, flags = "seen", []
    layer = f"select endpoint, {is_success()} as successful, case when quick is null then target end as seen from ({layer})"
    for step in ON_TARGET:
        layer, seen, flag = _after(step, seen, layer)
        flags.append(flag)
    layer = f"select *, {path_of(seen)} as path from ({layer})"
    seen = "path"
    for step in ON_PATH:
        layer, seen, flag = _after(step, seen, layer)
        flags.append(flag)
    return layer, flags


def _after(step: Step, column: str, layer: str) -> tuple[str, str, str]:
    """One more layer with this step's result, and whether it changed something."""
    result, flag = f"after_{step.name}", f"changed_{step.name}"
    inner = f"select *, {step.sql(column)} as {result} from ({layer})"
    return f"select *, {result} <> {column} as {flag} from ({inner})", result, flag
