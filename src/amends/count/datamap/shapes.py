"""Shapes: the requests that the map says nothing about, put together by method and path with what varies as `{}`.

A segment varies where it is no plain word (digits, a UUID, long hexadecimal, an address, percent-encoding: whatever could be a
person's data), or where more than `MOST_SIBLINGS` different ones stand in one place. So a shape holds nobody's number, address or
id; a name that is written as a plain word (`/u/minsu`) looks like a part of the program, and stays where few of them stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from amends.count.datamap.columns import is_success
from amends.count.datamap.mapping import MAPPED_COLUMNS
from amends.count.datamap.target import METHODS
from amends.engine import Engine, Query, Table
from amends.engine.query import BOOL, I64, TEXT, U64, quoted_text

MOST_SIBLINGS = 100
MOST_SEGMENTS = 12  # what stands deeper is one `{...}`
# A segment, between its slashes, that is no plain word: all digits; three digits; another character; more than 32 characters.
VARIES = r"/(?:[0-9]+|(?:[^/0-9]*[0-9]){3}[^/]*|[^/]*[^/A-Za-z0-9._-][^/]*|[^/]{33,})/"
NAMES_SHOWN = 5
QUERY_NAME = re.compile(r"[A-Za-z_][A-Za-z_.\[\]-]{0,31}", re.ASCII)  # others could be a person's data themselves

_METHODS = ", ".join(quoted_text(method) for method in METHODS)  # any other text as a method is null: it may be anything
SHAPES = Table.named("datamap_shapes")
MERGED = Table.named("datamap_shapes_merged")
COLUMNS = {"method": TEXT, "successful": BOOL, "segments": "VARCHAR[]", "events": I64, "first": "STRUCT"}


@dataclass(frozen=True, slots=True)
class Unmapped:
    """Requests of one shape: how many, and one of them (the first by source and line) without any value of it."""

    method: str | None
    shape: str
    events: int
    successful: bool
    example: str
    source: str
    line: int

    def as_json(self) -> dict[str, object]:
        return {
            "method": self.method,
            "shape": self.shape,
            "events": self.events,
            "successful": self.successful,
            "example": self.example,
            "source": self.source,
            "line": self.line,
        }


def unmapped(mapped_events: Query, engine: Engine) -> list[Unmapped]:
    """Every shape of unmapped requests, successful ones first, then by number; method null: none that is registered.

    Cost: one pass over the unmapped events, then one over their distinct paths for each of at most 12 segments.
    """
    if dict(mapped_events.columns) != MAPPED_COLUMNS:
        raise ValueError("shapes are made of mapped events")
    engine.keep("datamap_shapes", _words(mapped_events))
    deepest = engine.row(Query({"deepest": I64}, f"select coalesce(max(len(segments)), 0) as deepest from {SHAPES}"))["deepest"]
    for depth in range(1, deepest + 1):
        engine.keep("datamap_shapes_merged", _merged(depth))
        engine.keep("datamap_shapes", Query(COLUMNS, f"select * from {MERGED}"))
    return [_unmapped(row) for row in engine.rows(_listed())]


def _words(mapped_events: Query) -> Query:
    """The unmapped events by their path, whose segments are words or `{}`."""
    # doubled slashes give each segment two of its own, which the pattern takes
    words = f"regexp_replace(replace(path, '/', '//') || '/', '{VARIES}', '/{{}}/', 'g')"
    segments = f"string_split(substring(rtrim({words}, '/'), 3), '//')"
    cut = f"""
        case when len(segments) > {MOST_SEGMENTS} then segments[:{MOST_SEGMENTS}] || ['{{...}}'] else segments end"""
    return Query(
        COLUMNS,
        f"""
            select method, successful, {cut} as segments, count(*) as events, min(place) as first
            from (
                select
                    case when method in ({_METHODS}) then method end as method,
                    {is_success()} as successful,
                    case when path is not null then {segments} end as segments,
                    {{'source': source, 'line': line, 'query': query}} as place
                from ({mapped_events.sql})
                where endpoint is null
            )
            group by method, successful, {cut}
        """,
        mapped_events.values,
    )


def _merged(depth: int) -> Query:
    """The shapes with this segment as `{}` where too many different ones follow the same beginning."""
    before = f"segments[:{depth - 1}]"
    is_crowded = f"crowded.n > {MOST_SIBLINGS} and s.segments[{depth}] <> '{{...}}'"
    merged = f"case when {is_crowded} then s.{before} || ['{{}}'] || s.segments[{depth + 1}:] else s.segments end"
    return Query(
        COLUMNS,
        f"""
            with crowded as (
                select method, successful, {before} as before, count(distinct segments[{depth}]) as n
                from {SHAPES}
                where segments is not null
                group by method, successful, {before}
            )
            select s.method, s.successful, {merged} as segments, sum(s.events)::BIGINT as events, min(s.first) as first
            from {SHAPES} as s
            left join crowded
                on crowded.method is not distinct from s.method
                and crowded.successful = s.successful
                and crowded.before = s.{before}
            group by s.method, s.successful, {merged}
        """,
    )


def _listed() -> Query:
    return Query(
        {"method": TEXT, "successful": BOOL, "shape": TEXT, "events": I64, "source": TEXT, "line": U64, "query": TEXT},
        f"""
            select
                method,
                successful,
                '/' || array_to_string(segments, '/') as shape,
                events,
                first.source as source,
                first.line as line,
                first.query as query
            from {SHAPES}
            order by successful desc, events desc, method nulls last, shape nulls last
        """,
    )


def _unmapped(row: dict[str, object]) -> Unmapped:
    shape = str(row["shape"]) if row["shape"] is not None else "(no path)"
    query = row["query"]
    method = row["method"]
    return Unmapped(
        method=str(method) if method is not None else None,
        shape=shape,
        events=int(str(row["events"])),
        successful=bool(row["successful"]),
        example=shape + _names(query) if isinstance(query, str) else shape,
        source=str(row["source"]),
        line=int(str(row["line"])),
    )


def _names(query: str) -> str:
    """The query's names, their values masked; what could be a value itself too."""
    pairs = [pair.partition("=") for pair in query[:4096].split("&", NAMES_SHOWN)]
    shown = [f"{name}=…" if equals and QUERY_NAME.fullmatch(name) else "…" for name, equals, _ in pairs[:NAMES_SHOWN]]
    return "?" + "&".join(shown + (["…"] if len(pairs) > NAMES_SHOWN else []))
