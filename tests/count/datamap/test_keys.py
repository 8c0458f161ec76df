"""How many rows an answer can hold, and an event's columns as text, in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.count.datamap.mapping import column_sql, mapped, rows_sql
from amends.count.datamap.model import DataMap, Endpoint, Key, Rows, Source
from amends.count.datamap.target import query_values
from amends.count.evidence.schema import EVENTS
from amends.engine import Engine, Query, Table, open_engine

SEARCH = Endpoint("search", "GET", "/search", ())
MAP = DataMap(sha256="", subjects={}, endpoints=(SEARCH,), fields=())
ASKED = st.sampled_from(
    ["0", "1", "20", "007", "-1", "1e2", " 5", "5 ", "all", "", "9" * 18, "9" * 19, "٣", "5\n", "５"]
) | st.text(max_size=3)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with open_engine(spill=tmp_path_factory.mktemp("spill"), memory_bytes=512 << 20, threads=1) as engine:
        yield engine


def keep(engine: Engine, rows: Sequence[dict[str, Any]]) -> None:
    empty: dict[str, Any] = dict.fromkeys(EVENTS.names)
    given = [{**empty, "source": "s", "line": n, "time": 0, "method": "GET", **row} for n, row in enumerate(rows)]
    engine.register("events_given", pa.Table.from_pylist(given, schema=EVENTS))
    engine.keep("mapped_given", mapped(Table.named("events_given"), MAP))


def most_of(values: Sequence[str], rows: Rows) -> int:
    """The definition: what was asked for, the largest of several; what is no number from 1 to `most` reads as `most`."""
    asked = [value for value in values if value]
    if not asked:
        return rows.most if rows.default is None else rows.default
    return max(read(value, rows.most) for value in asked)


def read(value: str, most: int) -> int:
    is_number = 0 < len(value) <= 18 and set(value) <= set("0123456789")
    return int(value) if is_number and 1 <= int(value) <= most else most


@settings(max_examples=40)
@given(st.lists(st.lists(ASKED, max_size=3), min_size=1, max_size=10), st.sampled_from([None, 0, 20]))
def test_the_rows_of_an_answer_are_those_of_the_definition(engine: Engine, asked: list[list[str]], default: int | None) -> None:
    queries = ["&".join(f"limit={quote_plus(value)}" for value in values) for values in asked]
    keep(engine, [{"target": f"/search?{query}"} for query in queries])
    rows = Rows(least=0, most=100, key=Key(Source.QUERY, "limit"), default=default)

    found = engine.rows(Query({"most": ""}, f"select {rows_sql(SEARCH, rows)} as most from mapped_given order by line"))

    assert [row["most"] for row in found] == [most_of(query_values(query, "limit"), rows) for query in queries]


@pytest.mark.parametrize(
    "query, most",
    [
        ("limit=5", 5),
        ("limit=5&limit=7", 7),
        ("", 20),
        ("limit=", 20),
        ("limit=0", 100),
        ("limit=-1", 100),
        ("limit=1000", 100),
        ("limit=99999999999999999999", 100),
        ("limit=all", 100),
        ("limit=%35", 5),
    ],
)
def test_rows_are_what_was_asked_for_and_at_most_the_most(engine: Engine, query: str, most: int) -> None:
    keep(engine, [{"target": f"/search?{query}"}])
    rows = Rows(least=0, most=100, key=Key(Source.QUERY, "limit"), default=20)

    assert engine.row(Query({"most": ""}, f"select {rows_sql(SEARCH, rows)} as most from mapped_given")) == {"most": most}


def test_rows_that_nobody_asked_for_are_the_most(engine: Engine) -> None:
    keep(engine, [{"target": "/search"}])

    assert engine.row(Query({"most": ""}, f"select {rows_sql(SEARCH, Rows(0, 20))} as most from mapped_given")) == {"most": 20}


@pytest.mark.parametrize(
    "name, given, text",
    [
        ("account", "00123", "00123"),
        ("status", 404, "404"),
        ("sent", 5_000_000_000, "5000000000"),
        ("complete", False, "false"),
        ("principal", b"\x00\xab" * 8, "00ab" * 8),
        ("host", None, "shop.example"),  # another logged column
        ("no such column", None, None),
        ("agent", None, None),
    ],
)
def test_a_column_is_read_as_text(engine: Engine, name: str, given: Any, text: str | None) -> None:
    row: dict[str, Any] = {"target": "/", "time": datetime(2026, 1, 1, tzinfo=UTC), "extra": [("host", "shop.example")]}
    keep(engine, [row | ({name: given} if given is not None else {})])

    assert engine.row(Query({"text": ""}, f"select {column_sql(name)} as text from mapped_given")) == {"text": text}


def test_names_with_quotes_stay_names(engine: Engine) -> None:
    name = "it's; drop table x --"
    keep(engine, [{"target": "/", "extra": [(name, "v")]}])

    assert engine.row(Query({"v": ""}, f"select {column_sql(name)} as v from mapped_given")) == {"v": "v"}
