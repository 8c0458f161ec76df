"""Shapes of unmapped requests: every request in one, and nobody's data in any."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.count.datamap.mapping import mapped
from amends.count.datamap.model import DataMap
from amends.count.datamap.shapes import MOST_SEGMENTS, unmapped
from amends.count.datamap.target import METHODS, fold
from amends.count.evidence.schema import EVENTS
from amends.engine import Engine, Table, open_engine

NOTHING_MAPPED = DataMap(sha256="", subjects={}, endpoints=(), fields=())
SEGMENTS = [
    *("api", "v1", "export", "app.83.js", "a_b-c", "kim@example.com", "홍길동", "%ED%99%8D", "it's", "a b"),
    *("<b>", "\x1b[31m", "\x00", "\n"),
    *("7", "C00123456", "kim1985", "01012345678", "123e4567-e89b-12d3-a456-426614174000", "a" * 33, "", ".", "..", ";x=1", "%2F"),
]
PATHS = st.lists(st.sampled_from(SEGMENTS) | st.text(max_size=4), max_size=14).map(lambda parts: "/" + "/".join(parts))
QUERIES = st.sampled_from(["", "?", "?q=kim", "?kim", "?kim%40example.com=1&a=2", "?" + "&".join("abcdefg")])
REQUESTS = st.fixed_dictionaries(
    {
        "target": st.none() | st.builds(lambda path, query: path + query, PATHS, QUERIES) | st.text(max_size=6),
        "method": st.sampled_from(["GET", "HEAD", "kim@example.com", None]),
        "status": st.sampled_from([200, 204, 304, 404, None]),
    }
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with open_engine(spill=tmp_path_factory.mktemp("spill"), memory_bytes=512 << 20, threads=1) as engine:
        yield engine


def shape_of(target: str | None) -> str:
    """The definition: words as they are, all else as {}."""
    path = fold(target).path if target is not None else None
    if path is None:
        return "(no path)"
    segments = path[1:].split("/")
    shown = [segment if is_word(segment) else "{}" for segment in segments[:MOST_SEGMENTS]]
    return "/" + "/".join(shown + ["{...}"] * (len(segments) > MOST_SEGMENTS))


def is_word(segment: str) -> bool:
    digits = sum(character in "0123456789" for character in segment)
    return re.fullmatch(r"[A-Za-z0-9._-]{0,32}", segment) is not None and digits < 3 and (digits < len(segment) or not segment)


def is_answered(row: dict[str, Any]) -> bool:
    return row["method"] != "HEAD" and (row["status"] is None or 200 <= row["status"] <= 299)


@given(st.lists(REQUESTS, min_size=1, max_size=40))
def test_every_request_stands_in_the_shape_of_its_definition(engine: Engine, rows: list[dict[str, Any]]) -> None:
    empty: dict[str, Any] = dict.fromkeys(EVENTS.names)
    given = [{**empty, "source": "s", "line": n, "time": 0, **row} for n, row in enumerate(rows, start=1)]
    engine.register("events_given", pa.Table.from_pylist(given, schema=EVENTS))

    found = unmapped(mapped(Table.named("events_given"), NOTHING_MAPPED), engine)

    expected = Counter(
        (row["method"] if row["method"] in METHODS else None, shape_of(row["target"]), is_answered(row)) for row in rows
    )
    assert {(shape.method, shape.shape, shape.successful): shape.events for shape in found} == expected
    for shape in found:
        assert re.fullmatch(r"(/|\(no path\)|[A-Za-z0-9._{}/-])+(\?[A-Za-z_.=…&\[\]-]*)?", shape.example)
        assert "kim" not in shape.example
        assert shape_of(rows[shape.line - 1]["target"]) == shape.shape
