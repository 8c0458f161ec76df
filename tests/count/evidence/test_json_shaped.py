"""Shapes of JSON lines: whatever a line holds, reading it by a shape gives what reading it alone gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.count.evidence import json_shaped
from amends.count.evidence.formats import formats
from amends.count.evidence.json_reader import JsonReader
from amends.count.evidence.json_shapes import shape_of
from amends.count.evidence.schema import PAD, Block, Parsed
from amends.count.evidence.settings import Reading

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
JSON_SAMPLES = sorted(path for path in SAMPLES.glob("*.log") if path.read_bytes().lstrip()[:1] == b"{")
STAMP = '"@timestamp":"2025-11-18T10:00:00Z"'


@pytest.fixture(autouse=True)
def _from_one_line_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_shaped, "FEWEST_LINES", 1)


def block(data: bytes, *, first_line: int = 1, offset: int = 0) -> Block:
    padding = bytes(PAD)
    return Block(np.frombuffer(padding + data + padding, np.uint8), len(data), first_line, offset)


def both(reader: Any, *blocks: Block) -> tuple[list[Parsed], list[Parsed]]:
    """By shapes, and line by line."""
    shaped, alone = reader(), reader()
    alone._shaped._tries = 0
    return [shaped.read(one) for one in blocks], [alone.read(one) for one in blocks]


def equal(reader: Any, *blocks: Block) -> None:
    for shaped, alone in zip(*both(reader, *blocks), strict=True):
        assert shaped.lines == alone.lines
        assert shaped.events.schema == alone.events.schema
        assert shaped.events.to_pylist() == alone.events.to_pylist()
        assert shaped.rejects.to_pylist() == alone.rejects.to_pylist()


def reader(**settings: Any) -> Any:
    return lambda: formats()["json"].reader(Reading(**settings))


texts = st.one_of(
    st.sampled_from(
        ["", "-", "x", "203.0.113.7", "2025-11-18T10:00:00Z", "200", "1.5", "007", "true", "null", "a b", "é", "한글"]
    ),
    st.text(max_size=6),
)
numbers = st.one_of(
    st.integers(-5, 10**18), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([0, 0.5, 1e20, -0.0])
)
simple = st.one_of(texts, numbers, st.booleans(), st.none())
values = st.one_of(simple, st.lists(simple, max_size=3), st.just({}), st.lists(st.just({"a": 1}), max_size=1))
NAMES = [
    "@timestamp", "time", "source", "ip", "http", "request", "method", "url", "original", "path", "query", "status_code",
    "duration", "user", "id", "event", "labels", "a.b", "a", "b", "", "\u00e9", 'q"',
]  # fmt: skip


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """Some lines of a few loggers: the same members in the same order, other values; spaced in one way or the other."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        names = draw(st.lists(st.sampled_from(NAMES), max_size=5, unique=True))
        nested = draw(
            st.dictionaries(
                st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True), max_size=2
            )
        )
        fixed = {name: draw(values) for name in names if draw(st.booleans())}
        spaced = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")]))
        is_ascii = draw(st.booleans())
        for _ in range(draw(st.integers(1, 4))):
            members: dict[str, Any] = {"@timestamp": "2025-11-18T10:00:00Z"} if draw(st.booleans()) else {}
            members |= {name: fixed[name] if name in fixed else draw(values) for name in names}
            members |= {name: {inner: draw(values) for inner in own} for name, own in nested.items()}
            found.append(json.dumps(members, separators=spaced, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass"))
    order = draw(st.permutations(found))
    return b"\n".join(order) + draw(st.sampled_from([b"", b"\n", b"\r\n"]))


@settings(max_examples=300)
@given(
    lines(),
    st.sampled_from(
        [{}, {"principal": ("user.id",)}, {"columns": {"time": "time", "host": "url.original", "request": "http.request"}}]
    ),
)
def test_by_shapes_and_line_by_line_come_out_the_same(data: bytes, settings: dict[str, Any]) -> None:
    half = data.find(b"\n", len(data) // 2) + 1
    blocks = [block(data)] if not half else [block(data[:half]), block(data[half:], first_line=2, offset=half)]

    equal(reader(**settings), *(one for one in blocks if one.size))


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    found = bytearray(data * 3)
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(found)))
        end = min(len(found), start + draw(st.sampled_from([0, 1, 1, 3, 40])))
        found[start:end] = draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b'"', b"\\", b",", b"{", b"}", b"null", b"\n", b" "]))
        )
    return bytes(found)


@pytest.mark.parametrize("path", JSON_SAMPLES, ids=lambda path: path.name)
@settings(max_examples=40)
@given(data=st.data())
def test_a_makers_lines_come_out_the_same_whatever_is_changed_in_them(path: Path, data: st.DataObject) -> None:
    made = formats()[path.name.split(".")[0]].reader(Reading())
    members = made if isinstance(made, JsonReader) else made._members
    text = data.draw(mutated(path.read_bytes()))
    if not text:
        return

    def fresh() -> JsonReader:
        again = formats()[path.name.split(".")[0]].reader(Reading())
        return again if isinstance(again, JsonReader) else again._members

    assert members.columns == fresh().columns
    equal(fresh, block(text))


def test_lines_of_one_logger_are_read_by_shape_and_none_is_left() -> None:
    rows = [
        f'{{{STAMP},"http":{{"request":{{"method":"GET"}}}},"n":{number},"ok":true,"of":["a",{number}.5]}}'
        for number in range(50)
    ]
    made = formats()["json"].reader(Reading())
    assert isinstance(made, JsonReader)

    batches, left, _ = made._shaped.read(block("\n".join(rows).encode()))

    assert [batch.num_rows for batch in batches] == [50]
    assert len(left) == 0
    assert batches[0].to_pylist()[7]["extra"] == [("n", "7"), ("ok", "true"), ("of", '["a",7.5]')]


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{}", b"[]", b"1", b'{"a":1', b'{"a":1}}', b'{"a":1,}', b'{"a" 1}', b'{"a":1,"a":2}',
        b'{"a.b":1,"a":{"b":2}}', b'{"a":{}}',
        b'{"a":[{}]}', b'{"a":[1,]}', b'{"a":[1 2]}', b'{"a":"\\n"}', b'{"a":"\xff', b'{"\xff":1}', b'{"a":tru}', b'{"a":[null]}',
        b'{"a":1} x',
        b'{"a":' * 50 + b"1" + b"}" * 50,
    ],
)  # fmt: skip
def test_what_has_no_shape_is_left_to_the_reader_of_single_lines(line: bytes) -> None:
    assert shape_of(line) is None


@given(data=lines(), first=st.integers(1, 3))
def test_texts_that_are_no_lines_come_out_as_alone(data: bytes, first: int) -> None:
    texts = data.split(b"\n")
    numbers = np.arange(first, first + len(texts))
    offsets = np.arange(len(texts)) * 1000
    made = formats()["json"].reader(Reading())
    assert isinstance(made, JsonReader)

    together, alone = made.read_together(texts, numbers, offsets), made.read_texts(texts, numbers, offsets)

    assert together.events.to_pylist() == alone.events.to_pylist()
    assert together.rejects.to_pylist() == alone.rejects.to_pylist()
