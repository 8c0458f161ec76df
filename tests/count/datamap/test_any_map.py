"""Any map, any target: the SQL gives what the definition gives, however the templates stand to one another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.count.datamap.mapping import gives_list, key_sql, mapped, traffic
from amends.count.datamap.model import DataMap, Endpoint, Key, Source
from amends.count.datamap.overlaps import can_meet, overlaps
from amends.count.datamap.target import TemplateError, key_values, matched, parse_template
from amends.count.evidence.schema import EVENTS
from amends.engine import Engine, Query, Table, open_engine

LITERALS = ["a", "ab", "a.b", "7", "1", "-", "it's", "홍", "%41", "(x)", "%2F", "~", "A%ed"]
STRICT_LITERALS = [*LITERALS, "", ".", "..", "a;v=1", "%61"]
VALUES = [
    "7",
    "17",
    "00123",
    "-5",
    "1e5",
    "9" * 19,
    "a",
    "ab",
    "a.b",
    "홍",
    "%ED%99%8D",
    "%35",
    ".",
    "..",
    "x;v",
    "%2f",
    "A%ED",
    "%ff",
]
ENDS = ["", "", "", "/", "?", "?q=1", "?q=%31&q=2#x", "#f", ";v", "//", "/.", "/..", "/x/..", "/x"]
PIECES = ["/", "//", ".", "..", "%2e", "%2F", "%61", "%", ";", "?", "#", "7", "a", "http://h", "\n", "\x00", "\ufffd", "e\u0301"]


@st.composite
def segments(draw: st.DrawFn, *, literals: Sequence[str], name: str) -> str:
    kind = draw(st.sampled_from(["literal", "literal", "whole", "whole", "part"]))
    if kind == "literal":
        return draw(st.sampled_from(literals))
    before, after = ("", "") if kind == "whole" else (draw(st.sampled_from(LITERALS)), draw(st.sampled_from(["", *LITERALS])))
    return f"{before}{{{name}}}{after}"


@st.composite
def endpoints(draw: st.DrawFn) -> Endpoint:
    is_strict = draw(st.integers(0, 5)) == 0
    literals = STRICT_LITERALS if is_strict else LITERALS
    parts = [draw(segments(literals=literals, name=f"p{place}")) for place in range(draw(st.integers(0, 3)))]
    template = "/" + "/".join(parts) + draw(st.sampled_from(["", "", "", "/"]))
    hosts = draw(st.sampled_from([None, None, None, ("h",), ("h", "i")]))
    return Endpoint(
        id="",
        method=draw(st.sampled_from(["GET", "GET", "GET", "POST", "HEAD"])),
        template=template,
        discloses=(),
        when={"host": hosts} if hosts else {},
        strict=is_strict,
    )


def is_usable(endpoint: Endpoint) -> bool:
    try:
        parse_template(endpoint.template, strict=endpoint.strict)
    except TemplateError:
        return False
    return True


MAPS = st.lists(endpoints().filter(is_usable), min_size=1, max_size=8).map(
    lambda found: DataMap(sha256="", subjects={}, endpoints=tuple(found), fields=())
)


@st.composite
def targets(draw: st.DrawFn, map: DataMap) -> str:
    """A template with values and an end, and perhaps something put into it; or any text."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.text(max_size=12))
    template = draw(st.sampled_from(map.endpoints)).template
    target = re.sub("{[^}]*}", lambda _: draw(st.sampled_from(VALUES)), template) + draw(st.sampled_from(ENDS))
    if draw(st.integers(0, 2)) == 0:
        place = draw(st.integers(0, len(target)))
        target = target[:place] + draw(st.sampled_from(PIECES)) + target[place:]
    return target


@st.composite
def traffics(draw: st.DrawFn) -> tuple[DataMap, list[dict[str, Any]]]:
    map = draw(MAPS)
    row = st.fixed_dictionaries(
        {
            "target": targets(map),
            "method": st.sampled_from(["GET", "GET", "GET", "HEAD", "POST"]),
            "extra": st.sampled_from([None, [("host", "h")], [("host", "j")]]),
        }
    )
    return map, draw(st.lists(row, min_size=1, max_size=25))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with open_engine(spill=tmp_path_factory.mktemp("spill"), memory_bytes=512 << 20, threads=1) as engine:
        yield engine


def register(engine: Engine, rows: Sequence[dict[str, Any]]) -> Table:
    empty: dict[str, Any] = dict.fromkeys(EVENTS.names)
    given = [{**empty, "source": "s", "line": n, "time": 0, "status": 200, **row} for n, row in enumerate(rows)]
    engine.register("events_given", pa.Table.from_pylist(given, schema=EVENTS))
    return Table.named("events_given")


@settings(max_examples=60)
@given(traffics())
def test_any_map_is_applied_as_the_definition_says(engine: Engine, given: tuple[DataMap, list[dict[str, Any]]]) -> None:
    map, rows = given
    engine.keep("mapped_given", mapped(register(engine, rows), map))

    found = engine.rows(Query({"line": "", "endpoint": ""}, "select line, endpoint from mapped_given"))
    by_line = {row["line"]: row["endpoint"] for row in found}

    for line, row in enumerate(rows):
        match = matched(map, method=row["method"], target=row["target"], columns=dict(row["extra"] or []))
        assert by_line[line] == (match.endpoint if match else None)
        if match:
            endpoint = map.endpoints[match.endpoint]
            keys = keys_of(endpoint)
            assert ids_by_sql(engine, endpoint, line, keys) == [key_values(match, key, split=None, columns={}) for key in keys]


def keys_of(endpoint: Endpoint) -> list[Key]:
    return [Key(Source.QUERY, "q")] + [Key(Source.PATH, name) for name in re.findall("{([^}]*)}", endpoint.template)]


def ids_by_sql(engine: Engine, endpoint: Endpoint, line: int, keys: Sequence[Key]) -> list[tuple[str, ...]]:
    columns = {f"k{place}": "" for place in range(len(keys))}
    expressions = ", ".join(f"{key_sql(endpoint, key)} as k{place}" for place, key in enumerate(keys))
    values = engine.row(Query(columns, f"select {expressions} from mapped_given where line = {line}")).values()
    return [as_tuple(value, is_list=gives_list(key, None)) for key, value in zip(keys, values, strict=True)]


def as_tuple(value: Any, *, is_list: bool) -> tuple[str, ...]:
    if is_list:
        return tuple(value)
    return () if value is None else (value,)


@settings(max_examples=20)
@given(traffics())
def test_traffic_accounts_for_every_event(engine: Engine, given: tuple[DataMap, list[dict[str, Any]]]) -> None:
    map, rows = given

    counted = engine.rows(traffic(register(engine, rows), map))

    assert sum(row["events"] for row in counted) == len(rows)


def answers_alone(endpoint: Endpoint, method: str, target: str, columns: dict[str, str | None]) -> bool:
    alone = DataMap(sha256="", subjects={}, endpoints=(endpoint,), fields=())
    return matched(alone, method=method, target=target, columns=columns) is not None


def as_request(example: str) -> tuple[str, str, dict[str, str | None]]:
    """`GET /path (host h)` as method, target and columns."""
    method, target, *rest = example.split(" ")
    return method, target, {"host": rest[1].rstrip(")")} if rest else {}


@given(MAPS)
def test_the_example_of_an_overlap_matches_both_and_goes_to_the_winner(map: DataMap) -> None:
    named = replace(map, endpoints=tuple(replace(endpoint, id=str(place)) for place, endpoint in enumerate(map.endpoints)))

    for overlap in overlaps(named):
        both = replace(named, endpoints=(named.endpoint(overlap.winner), named.endpoint(overlap.other)))
        method, target, columns = as_request(overlap.example)
        match = matched(both, method=method, target=target, columns=columns)
        assert match is not None
        assert match.endpoint == 0
        assert answers_alone(both.endpoints[1], method, target, columns), overlap


@given(traffics())
def test_templates_that_a_request_matches_both_are_listed(given: tuple[DataMap, list[dict[str, Any]]]) -> None:
    map, rows = given

    for row in rows:
        columns = dict(row["extra"] or [])
        found = [endpoint for endpoint in map.endpoints if answers_alone(endpoint, row["method"], row["target"], columns)]
        for one, other in combinations(found, 2):
            if one.strict == other.strict:  # what a strict one's parameter holds may be folded away
                assert can_meet(one, other)
