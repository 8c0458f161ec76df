"""A map held against the logs: silence is shown, with numbers, and without anybody's data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amends.count.datamap.check import MapCheck, check
from amends.count.datamap.errors import NO_COLUMN, NO_TABLE
from amends.count.datamap.load import parse
from amends.count.evidence.schema import EVENTS
from amends.engine import Engine, Table, open_engine

MAP = """\
version: 1
subjects:
  account: {population: {table: lookups/members.csv, id: customer_id, from: joined_on}}
endpoints:
  - {id: profile, request: "GET /api/v1/customers/{customer_id}"}
  - {id: me, request: GET /api/v1/customers/me}
  - id: order
    request: GET /api/v1/orders/{order_id}
    discloses:
      - subject: account
        key: path.order_id
        join: {table: lookups/orders.parquet, on: order_id, give: customer_id, immutable: true}
        fields: [user.name]
  - {id: host-a, request: GET /page, when: {host: a}}
  - {id: host-b, request: GET /page, when: {host: b}}
  - {id: twin, request: "GET /api/v1/orders/{id}"}
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with open_engine(spill=tmp_path / "spill", memory_bytes=512 << 20, threads=1) as engine:
        yield engine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lookups").mkdir()
    (tmp_path / "lookups" / "members.csv").write_text("\ufeffcustomer_id,joined_on\n1,2020-01-01\n", encoding="utf-8")
    pq.write_table(pa.table({"order_id": ["1"], "customer_id": ["2"]}), tmp_path / "lookups" / "orders.parquet")
    return tmp_path


def checked(engine: Engine, folder: Path, rows: Sequence[Mapping[str, Any]], map: str = MAP) -> MapCheck:
    empty: dict[str, Any] = dict.fromkeys(EVENTS.names)
    events = [
        {**empty, "source": "s", "line": n, "time": 0, "method": "GET", "status": 200, **row}
        for n, row in enumerate(rows, start=1)
    ]
    pq.write_table(pa.Table.from_pylist(events, schema=EVENTS), folder / "events.parquet")
    return check(parse(map.encode(), folder=folder), events=Table.parquet([folder / "events.parquet"]), engine=engine)


def targets(*texts: str, **columns: Any) -> list[dict[str, Any]]:
    return [{"target": text, **columns} for text in texts]


def test_a_map_that_names_every_successful_request_keeps_no_scope_from_being_final(engine: Engine, folder: Path) -> None:
    found = checked(engine, folder, targets("/api/v1/customers/7", "/api/v1/customers/me") + targets("/nowhere", status=404))

    assert found.keeps_from_final == ()
    assert found.balance.closes
    assert [(e.id, e.events, e.successful) for e in found.endpoints[:2]] == [("profile", 1, 1), ("me", 1, 1)]
    assert found.never == ("order", "host-a", "host-b", "twin")


def test_unmapped_requests_are_counted_by_shape_with_the_successful_ones_first(engine: Engine, folder: Path) -> None:
    rows = targets("/api/v2/export/1", "/api/v2/export/2?token=abc", "/api/v2//export/3/") + targets(
        *["/wp-login.php"] * 9, status=404
    )

    found = checked(engine, folder, rows)

    assert [(u.method, u.shape, u.events, u.successful) for u in found.unmapped] == [
        ("GET", "/api/v2/export/{}", 3, True),
        ("GET", "/wp-login.php", 9, False),
    ]
    assert found.unmapped_successful == 3
    assert len(found.keeps_from_final) == 1
    assert found.balance.left == {"unmapped": 12}


def test_an_example_names_source_and_line_and_no_value(engine: Engine, folder: Path) -> None:
    rows = targets("/reset/kim@example.com/3f9a8b7c6d5e4f30?token=tok_secret&kim%40example.com&a=1&b=2&c=3&d=4")

    (shape,) = checked(engine, folder, rows).unmapped

    assert shape.shape == "/reset/{}/{}"
    assert shape.example == "/reset/{}/{}?token=…&…&a=…&b=…&c=…&…"
    assert (shape.source, shape.line) == ("s", 1)


@pytest.mark.parametrize(
    "segment",
    [
        "123",
        "C00123456",
        "01012345678",
        "5d41402abc4b2a76b9719d911017c592",
        "123e4567-e89b-12d3-a456-426614174000",
        "kim@example.com",
        "%ED%99%8D",
        "홍길동",
        "a" * 33,
        "it's",
        "a b",
    ],
)
def test_what_could_be_a_persons_data_is_never_part_of_a_shape(engine: Engine, folder: Path, segment: str) -> None:
    (shape,) = checked(engine, folder, targets(f"/u/{segment}/{segment}/x")).unmapped

    assert shape.shape == "/u/{}/{}/x"


def test_words_stay_in_a_shape(engine: Engine, folder: Path) -> None:
    (shape,) = checked(engine, folder, targets("/api/v1/static/app.83.js")).unmapped

    assert shape.shape == "/api/v1/static/app.83.js"


def test_too_many_words_in_one_place_are_taken_as_ids(engine: Engine, folder: Path) -> None:
    words = [f"/shop/{a}{b}x/photo" for a in "abcdefghijk" for b in "abcdefghij"]

    found = checked(engine, folder, targets(*words, "/shop/aax/price", "/about"))

    assert [(u.shape, u.events) for u in found.unmapped] == [("/shop/{}/photo", 110), ("/about", 1), ("/shop/{}/price", 1)]


def test_noise_of_a_scanner_does_not_hide_a_successful_endpoint(engine: Engine, folder: Path) -> None:
    noise = [f"/api/{a}{b}x" for a in "abcdefghijk" for b in "abcdefghij"]

    found = checked(engine, folder, targets("/api/export") + targets(*noise, status=404))

    assert [(u.shape, u.events, u.successful) for u in found.unmapped] == [("/api/export", 1, True), ("/api/{}", 110, False)]


def test_very_deep_paths_end_in_one_mark(engine: Engine, folder: Path) -> None:
    (shape,) = checked(engine, folder, targets("/a" * 500, "/a" * 600)).unmapped

    assert shape.shape == "/a" * 12 + "/{...}"
    assert shape.events == 2


def test_requests_without_path_or_method_are_unmapped_too(engine: Engine, folder: Path) -> None:
    rows = [
        {"target": None, "method": None, "status": 400},
        {"target": "*", "method": "OPTIONS"},
        {"target": "/x", "method": "get me"},
    ]

    found = checked(engine, folder, rows)

    assert [(u.method, u.shape, u.successful) for u in found.unmapped] == [
        ("OPTIONS", "(no path)", True),
        (None, "/x", True),
        (None, "(no path)", False),
    ]
    assert found.balance.closes


def test_templates_that_one_request_can_match_are_listed_with_the_winner(engine: Engine, folder: Path) -> None:
    found = checked(engine, folder, targets("/api/v1/orders/1", "/"))

    assert [(o.winner, o.other, o.is_tie, o.because, o.example) for o in found.overlaps] == [
        ("me", "profile", False, "it is more literal", "GET /api/v1/customers/me"),
        ("order", "twin", True, "it stands first in the file: say which is meant", "GET /api/v1/orders/x"),
    ]
    assert [(e.id, e.events) for e in found.endpoints if e.events] == [("order", 1)]


def test_why_one_template_wins_is_said(engine: Engine, folder: Path) -> None:
    map = """\
version: 1
subjects: {}
endpoints:
  - {id: any, request: "GET /p/{x}"}
  - {id: host, request: "GET /p/{x}", when: {host: [a, b]}}
  - {id: head, request: "HEAD /p/{x}", when: {host: [b, c]}}
  - {id: raw, request: "GET /p//{x}/", strict: true}
"""

    found = checked(engine, folder, [], map)

    assert [(o.winner, o.other, o.because, o.example) for o in found.overlaps] == [
        ("raw", "head", "it is more literal", "HEAD /p//x/ (host b)"),
        ("raw", "host", "it is more literal", "GET /p//x/ (host a)"),
        ("raw", "any", "it is more literal", "GET /p//x/"),
        ("head", "host", "it names the method HEAD", "HEAD /p/x (host b)"),
        ("head", "any", "it names the method HEAD", "HEAD /p/x (host b)"),
        ("host", "any", "it asks for more columns", "GET /p/x (host a)"),
    ]


def test_fields_that_are_not_in_the_taxonomy_are_shown_with_the_key_that_is_near(engine: Engine, folder: Path) -> None:
    map = MAP.replace("fields: [user.name]", "fields: [user.name, user.contact.emial, user.contact.address.door_code]")

    found = checked(engine, folder, [], map)

    assert [(field.key, field.near) for field in found.own_fields] == [
        ("user.contact.emial", "user.contact.email"),
        ("user.contact.address.door_code", None),
    ]
    assert found.keeps_from_final == ()


def test_an_unmapped_request_whose_status_was_not_logged_may_have_been_answered(engine: Engine, folder: Path) -> None:
    found = checked(engine, folder, targets("/api/v2/x", status=None) + targets("/api/v2/x", method="HEAD"))

    assert found.unmapped_successful == 1
    assert [(shape.method, shape.successful) for shape in found.unmapped] == [("GET", True), ("HEAD", False)]


def test_steps_of_folding_are_counted(engine: Engine, folder: Path) -> None:
    rows = targets("//api/v1/customers/7", "http://h/api/v1/customers/7/", "/api/v1/customers/7;v=1#x", "/api/v1/%63ustomers/./7")

    found = checked(engine, folder, rows)

    assert found.folding == {"absolute": 1, "fragment": 1, "percent": 1, "parameters": 1, "slashes": 1, "dots": 1, "trailing": 1}
    assert found.endpoints[0].events == 4


def test_missing_tables_and_columns_are_findings(engine: Engine, folder: Path) -> None:
    (folder / "lookups" / "members.csv").write_text("id,joined_on\n")
    (folder / "lookups" / "orders.parquet").write_bytes(b"no parquet")

    found = checked(engine, folder, [])

    assert [(finding.code, finding.at.source) for finding in found.findings if finding.at] == [
        (NO_COLUMN, "lookups/members.csv"),
        (NO_TABLE, "lookups/orders.parquet"),
    ]
    assert found.keeps_from_final == ("missing tables or columns that the map names: 2",)


def test_the_first_line_of_a_table_without_a_header_is_not_repeated(engine: Engine, folder: Path) -> None:
    (folder / "lookups" / "members.csv").write_text("1000042,kim@example.com\n")

    expected = [finding.expected for finding in checked(engine, folder, []).findings]

    assert expected == ["one column customer_id", "one column joined_on"]


def test_a_column_with_nearly_that_name_is_told(engine: Engine, folder: Path) -> None:
    (folder / "lookups" / "members.csv").write_text("customerid,joined_on\n")

    assert [finding.expected for finding in checked(engine, folder, []).findings] == ["one column customer_id; it has customerid"]


def test_a_column_that_stands_twice_is_a_finding(engine: Engine, folder: Path) -> None:
    (folder / "lookups" / "members.csv").write_text("customer_id,customer_id,joined_on\n")

    assert [finding.code for finding in checked(engine, folder, []).findings] == [NO_COLUMN]


def test_a_case_without_events_is_checked_for_its_tables(engine: Engine, folder: Path) -> None:
    found = checked(engine, folder, [])

    assert found.balance.given == 0
    assert found.unmapped == ()
    assert found.keeps_from_final == ()


def test_the_answer_is_one_json_object_of_plain_values(engine: Engine, folder: Path) -> None:
    data = json.loads(json.dumps(checked(engine, folder, targets("/api/v2/x")).as_json()))

    assert data["events"] == data["mapped"] + data["unmapped_events"] == 1
    assert data["unmapped"][0]["example"] == "/api/v2/x"
