"""The SQL gives what the definition gives, for any target."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.count.datamap.folding import ODD, STEPS
from amends.count.datamap.mapping import EVENT_COLUMNS, gives_list, key_sql, mapped, traffic
from amends.count.datamap.model import DataMap, Endpoint, Key, Source
from amends.count.datamap.target import fold, key_values, matched
from amends.count.evidence.schema import EVENTS
from amends.count.evidence.view import EVENT_COLUMNS as EVIDENCE_COLUMNS
from amends.engine import Engine, Query, Table, open_engine

ENDPOINTS = (
    Endpoint("profile", "GET", "/api/v1/customers/{customer_id}", ()),
    Endpoint("me", "GET", "/api/v1/customers/me", ()),
    Endpoint("addresses", "GET", "/api/v1/customers/{customer_id}/addresses/{address_id}", ()),
    Endpoint("photo", "GET", "/p/u-{id}.json", ()),
    Endpoint("photo-any", "GET", "/p/{id}.json", ()),
    Endpoint("photo-part", "GET", "/p/a{id}n", ()),
    Endpoint("photo-all", "GET", "/p/{id}", ()),
    Endpoint("search", "GET", "/api/v1/search", (), when={"host": ("shop.example", "m.shop.example")}),
    Endpoint("search-elsewhere", "GET", "/api/v1/search", ()),
    Endpoint("edit", "POST", "/api/v1/customers/{customer_id}", ()),
    Endpoint("head", "HEAD", "/api/v1/customers/{customer_id}", ()),
    Endpoint("raw", "GET", "/api/v1//raw/{x}/", (), strict=True),
    Endpoint("folded-raw", "GET", "/api/v1/raw/{x}", ()),
    Endpoint("root", "GET", "/", ()),
    Endpoint("korean", "GET", "/검색/{q}", ()),
    Endpoint("odd", "GET", "/a.b*c(d)/it's/{x}", ()),
    Endpoint("part-after", "GET", "/q/{id}.jn", ()),
    Endpoint("part-both", "GET", "/q/abc{id}n", ()),
    Endpoint("ones", "GET", "/o/1{id}", ()),
    Endpoint("numbers", "GET", "/o/{id}", ()),
    Endpoint("number-five", "POST", "/o/5", ()),
    Endpoint("by-status", "GET", "/p/{id}/s", (), when={"status": ("404",)}),
)
MAP = DataMap(sha256="", subjects={}, endpoints=ENDPOINTS, fields=())
KEYS = {
    Key(Source.QUERY, "ids"): (None, ","),
    Key(Source.QUERY, "a b"): (None,),
    Key(Source.ACCOUNT): (None, ";"),
    Key(Source.PRINCIPAL): (None,),
    Key(Source.COLUMN, "host"): (None,),
    Key(Source.COLUMN, "status"): (None,),
    Key(Source.UNKNOWN): (None, ","),
}

PIECES = [
    *("/", "//", "/api/v1/customers/", "/api/v1/customers/me", "/api", "v1", "customers", "/p/", "u-", "a", "n", "s", ".json"),
    *("/addresses/", "7", "123456", "00123", "1e5", "/api/v1/search", "?", "&", "=", "ids=", "ids=1,2", "a+b=", "a%20b="),
    *("%69ds=", "limit=50", ",", "%2C", "+", " ", ";", ";jsessionid=1", ".", "..", "/./", "/../", "/..;/", "/.;x", "%2e"),
    *("%2E%2e", "%2f", "%41", "%7E", "%7e", "%61", "%", "%%", "%4", "%zz", "%ff", "%C3%28", "%ed%99%8d", "%ED%99%8D", "홍"),
    *("e\u0301", "%4\u0301", "#", "http://", "https://h.example", "HTTP://h:80/", "a+b-c.d://x", "*", "'", "\n", "\u00a0"),
    *("\x01", "\\", "(d)", "/a.b*c(d)/it's/", "/%EA%B2%80%EC%83%89/", "/검색/", "/api/v1//raw/", "/raw/x/", "%00", "%C0%AF"),
    "%ED%A0%80",
]
ANYTHING = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=9).map("".join)
VALUES = [
    "7",
    "123456789",
    "00123",
    "1e5",
    "-5",
    "+5",
    " 5",
    "5 ",
    "0x1F",
    "1_000",
    "9" * 19,
    "me",
    "a",
    "n",
    "bc",
    "an",
    "u-5",
    "a.json",
]
VALUES += ["5.json", "ab.cn", "u-.json", "u-a.json", ".", "..", "%ED%99%8D", "%35", "홍", "a,b", "5;v=1", "5#x", "abc-def_~", "s"]
TAILS = [
    "",
    "",
    "",
    "/",
    "?",
    "?ids=1,2,,3&ids=%34&a+b=x%20y",
    "?x#y",
    "?ids=1,2#y",
    "?limit=5",
    "#f",
    ";v",
    "//",
    "/.",
    "/..",
    "/x/..",
]


@st.composite
def likely_targets(draw: st.DrawFn) -> str:
    """A template with values, and perhaps something put into it."""
    template = draw(st.sampled_from(ENDPOINTS)).template
    path = re.sub("{[^}]*}", lambda _: draw(st.sampled_from(VALUES)), template)
    target = path + draw(st.sampled_from(TAILS))
    if draw(st.booleans()):
        place = draw(st.integers(0, len(target)))
        target = target[:place] + draw(st.sampled_from(PIECES)) + target[place:]
    return target


TARGETS = likely_targets() | ANYTHING


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with open_engine(spill=tmp_path_factory.mktemp("spill"), memory_bytes=512 << 20, threads=1) as engine:
        yield engine


def events(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    empty: dict[str, Any] = dict.fromkeys(EVENTS.names)
    given = [
        {**empty, "source": "s", "line": n, "time": 0, "method": "GET", "status": 200, **row}
        for n, row in enumerate(rows, start=1)
    ]
    return pa.Table.from_pylist(given, schema=EVENTS)


def as_columns(row: Mapping[str, Any]) -> dict[str, str | None]:
    """The event's columns as the definition takes them."""
    extra = dict(row.get("extra") or [])
    status = row.get("status", 200)
    principal = row.get("principal")
    return {**extra, "account": row.get("account"), "status": str(status), "principal": principal.hex() if principal else None}


def map_both(engine: Engine, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, Any]]:
    """For each row what the SQL and what the definition says: endpoint, and by key the ids."""
    engine.register("events_given", events(rows))
    engine.keep("mapped_given", mapped(Table.named("events_given"), MAP))
    found = {
        row["line"]: row["endpoint"]
        for row in engine.rows(Query({"line": "", "endpoint": ""}, "select line, endpoint from mapped_given"))
    }
    by_line: dict[int, dict[Any, Any]] = {line: {} for line in found}
    for index in {index for index in found.values() if index is not None}:
        keys = keys_of(index)
        expressions = ", ".join(f"{key_sql(ENDPOINTS[index], key, split)} as k{n}" for n, (key, split) in enumerate(keys))
        columns = {"line": "", **{f"k{n}": "" for n in range(len(keys))}}
        for row in engine.rows(Query(columns, f"select line, {expressions} from mapped_given where endpoint = {index}")):
            by_line[row["line"]] = {key: as_tuple(row[f"k{n}"], gives_list(*key)) for n, key in enumerate(keys)}
    return [((found[n], by_line[n]), defined(row)) for n, row in enumerate(rows, start=1)]


def keys_of(index: int) -> list[tuple[Key, str | None]]:
    given = [(key, split) for key, splits in KEYS.items() for split in splits]
    names = [part.split("}")[0] for part in ENDPOINTS[index].template.split("{")[1:]]
    return given + [(Key(Source.PATH, name), split) for name in names for split in (None, ",")]


def as_tuple(value: Any, is_list: bool) -> tuple[str, ...]:
    assert isinstance(value, list) if is_list else value is None or (isinstance(value, str) and value)
    return tuple(value) if is_list else () if value is None else (value,)


def defined(row: Mapping[str, Any]) -> tuple[int | None, dict[Any, Any]]:
    columns = as_columns(row)
    match = matched(MAP, method=row.get("method", "GET"), target=row["target"], columns=columns)
    if match is None:
        return None, {}
    return match.endpoint, {key: key_values(match, key[0], split=key[1], columns=columns) for key in keys_of(match.endpoint)}


ROWS = st.fixed_dictionaries(
    {
        "target": TARGETS,
        "method": st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "get"]),
        "status": st.sampled_from([200, 404]),
        "account": st.sampled_from([None, "", "a; b;", "00123"]),
        "principal": st.sampled_from([None, b"0123456789abcdef"]),
        "extra": st.sampled_from(
            [None, [], [("host", "shop.example")], [("host", "")], [("host", "m.shop.example"), ("x", "y")]]
        ),
    }
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=60))
def test_sql_maps_every_target_as_the_definition_does(engine: Engine, rows: list[dict[str, Any]]) -> None:
    for by_sql, by_definition in map_both(engine, rows):
        assert by_sql == by_definition


@settings(max_examples=150, deadline=None)
@given(st.lists(TARGETS, min_size=1, max_size=60))
def test_each_step_says_the_same_in_sql(engine: Engine, targets: list[str]) -> None:
    engine.register("texts", pa.table({"text": pa.array(targets, pa.string())}))
    for step in STEPS:
        rows = engine.rows(Query({"text": "", "after": ""}, f"select text, {step.sql('text')} as after from texts"))

        for row in rows:
            assert row["after"] == step.text(row["text"]), (step.name, row["text"])


@settings(max_examples=100, deadline=None)
@given(st.lists(TARGETS, min_size=1, max_size=60))
def test_steps_are_counted_where_they_changed_something(engine: Engine, targets: list[str]) -> None:
    engine.register("events_given", events([{"target": target} for target in targets]))

    counted = engine.rows(traffic(Table.named("events_given"), MAP))

    expected = Counter(step for target in targets for step in fold(target).steps)
    assert {step.name: sum(row[step.name] for row in counted) for step in STEPS} == {
        step.name: expected[step.name] for step in STEPS
    }
    assert sum(row["events"] for row in counted) == len(targets)


@settings(max_examples=500)
@given(TARGETS)
def test_what_is_not_odd_is_changed_by_nothing_but_the_trailing_slash(target: str) -> None:
    if not re.search(ODD, target):
        assert set(fold(target).steps) <= {"trailing"}


def test_a_null_target_or_method_is_mapped_nowhere(engine: Engine) -> None:
    rows = [{"target": None}, {"target": "/", "method": None}, {"target": ""}]
    engine.register("events_given", events(rows))

    engine.keep("mapped_given", mapped(Table.named("events_given"), MAP))

    found = engine.rows(Query({"endpoint": ""}, "select endpoint from mapped_given"))
    assert found == [{"endpoint": None}] * 3


@pytest.mark.parametrize(
    "target, id",
    [
        ("/q/abcd.jn", "part-both"),  # more literal, though only the other has its quick form here
        ("/q/x.jn", "part-after"),
        ("/o/17", "ones"),
        ("/o/7", "numbers"),
        ("/api/v1/customers/me", "me"),
        ("/api/v1//raw/x/", "raw"),
        ("/api/v1/raw/x/", "folded-raw"),
        ("/api/v1/raw/x", "folded-raw"),
    ],
)
def test_the_more_literal_template_wins_in_both(engine: Engine, target: str, id: str) -> None:
    (((index, _), (expected, _)),) = map_both(engine, [{"target": target}])

    assert index == expected
    assert ENDPOINTS[index].id == id


def test_mapped_gives_the_columns_that_it_declares(engine: Engine) -> None:
    engine.register("events_given", events([{"target": "/"}]))

    query = mapped(Table.named("events_given"), MAP)

    assert engine.columns(query) == dict(query.columns)


def test_event_columns_are_those_of_the_evidence_room() -> None:
    assert EVENT_COLUMNS == EVIDENCE_COLUMNS


def test_very_long_targets_are_folded_as_the_definition_does(engine: Engine) -> None:
    targets = ["/a/" * 2000 + "..", "/" + "../" * 3000 + "api/v1/customers/5", "/" + "%41" * 5000]

    for by_sql, by_definition in map_both(engine, [{"target": target} for target in targets]):
        assert by_sql == by_definition
