"""datamap.yaml as values; every fault told at once, with line and column."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from amends.count.datamap.categories import is_category, known_categories
from amends.count.datamap.errors import BAD_KEY, BAD_TEMPLATE, ID_TWICE, TOO_MANY_FIELDS, UNKNOWN_FIELD, UNKNOWN_SUBJECT
from amends.count.datamap.load import parse
from amends.count.datamap.model import DataMap, Key, Rows, Source, Validity, When
from amends.errors import BAD_VALUE, MISSING_KEY, UNKNOWN_KEY, Code, InputError

SEOUL = ZoneInfo("Asia/Seoul")
WHOLE = """\
version: 1
subjects:
  account: {label: {en: customer account, ko: 고객 계정}, population: {table: lookups/members.csv, id: no, from: joined_on}}
  contact: {label: {en: person in an address book}}
endpoints:
  - id: profile
    request: GET /api/v1/customers/{customer_id}
    disclosed_when: {status: [200], min_sent: 40}
    discloses:
      - {subject: account, key: path.customer_id, fields: [user.name, user.contact.email]}
      - {subject: account, key: path.customer_id, fields: [user.date_of_birth], valid: {from: 2025-08-01T00:00:00+09:00}}
  - id: my-addresses
    request: GET /api/v1/me/addresses
    cacheable: true
    discloses:
      - {subject: account, key: account, fields: [user.contact.address.street, user.contact.address.door_code]}
      - {subject: contact, key: unknown, rows: [0, 20], fields: [user.name]}
  - id: order
    request: GET /api/v1/orders/{id}.json
    strict: true
    discloses:
      - subject: account
        key: path.id
        join: {table: lookups/orders.csv, on: order_id, give: customer_id, immutable: true}
        fields: [user.name]
      - {subject: contact, key: path.id, join: {table: lookups/b.parquet, on: o, give: c, as_of: 2025-11-18}, fields: [user.name]}
      - {subject: contact, key: path.id, join: {table: b.csv, on: o, give: c, from: since, to: until}, fields: [user.name]}
      - {subject: contact, key: path.id, join: {table: lookups/b.csv, on: o, give: c}, rows: 5, fields: [user.name]}
  - id: search
    request: GET /api/v1/search
    when: {host: shop.example, layer: [app, edge]}
    discloses:
      - {subject: account, key: query.ids, split: ",", rows: {from: query.limit, default: 20, most: 100}, fields: [user.name]}
  - id: health
    request: GET /health
    discloses: []
"""
HEAD = "version: 1\nsubjects: {account: {}}\nendpoints:\n"


def read(text: str) -> DataMap:
    return parse(text.encode(), folder=Path("case"), zone=SEOUL)


def faults(text: str) -> list[tuple[Code, int | None, int | None]]:
    with pytest.raises(InputError) as raised:
        read(text)
    return [(finding.code, finding.at.line, finding.at.column) for finding in raised.value.findings if finding.at]


def one_rule(rule: str, request: str = "GET /a/{x}") -> str:
    return f"{HEAD}  - id: a\n    request: {request}\n    discloses:\n      - {{{rule}}}\n"


def test_every_part_of_a_map_is_read() -> None:
    map = read(WHOLE)

    assert [endpoint.id for endpoint in map.endpoints] == ["profile", "my-addresses", "order", "search", "health"]
    assert map.fields == (
        "user.name",
        "user.contact.email",
        "user.date_of_birth",
        "user.contact.address.street",
        "user.contact.address.door_code",
    )
    assert map.subjects["account"].label == {"en": "customer account", "ko": "고객 계정"}
    population = map.subjects["account"].population
    assert population is not None
    assert (population.table, population.path) == ("lookups/members.csv", Path("case/lookups/members.csv"))
    assert (population.id, population.from_column, population.to_column) == ("no", "joined_on", None)
    assert map.subjects["contact"].population is None
    assert len(map.sha256) == 64


def test_rules_of_an_endpoint_are_read() -> None:
    profile, mine, order, search, health = read(WHOLE).endpoints

    assert profile.disclosed_when == When(status=(200,), min_sent=40)
    assert profile.discloses[0].key == Key(Source.PATH, "customer_id")
    assert profile.discloses[1].since == datetime(2025, 7, 31, 15, tzinfo=UTC)
    assert mine.cacheable
    assert mine.discloses[0].key == Key(Source.ACCOUNT)
    assert mine.discloses[1].rows == Rows(0, 20)
    assert order.strict
    assert order.discloses[3].rows == Rows(5, 5)
    assert search.when == {"host": ("shop.example",), "layer": ("app", "edge")}
    assert search.discloses[0].split == ","
    assert search.discloses[0].rows == Rows(0, 100, Key(Source.QUERY, "limit"), 20)
    assert health.discloses == ()
    assert health.at is not None
    assert health.at.line == 34


def test_joins_say_when_their_rows_are_true() -> None:
    joins = [rule.join for rule in read(WHOLE).endpoints[2].discloses]

    assert [join.validity for join in joins if join] == [
        Validity.IMMUTABLE,
        Validity.AS_OF,
        Validity.FROM_TO,
        Validity.UNDATED,
    ]
    assert joins[1] is not None
    assert joins[1].as_of == datetime(2025, 11, 18, tzinfo=SEOUL)
    assert joins[2] is not None
    assert (joins[2].from_column, joins[2].to_column) == ("since", "until")


def test_every_fault_is_told_at_once() -> None:
    text = """\
version: 1
subjects:
  account: {labels: {en: x}}
endpoints:
  - id: a
    request: FETCH /a/{x}
    discloses:
      - {subject: acount, key: path.y, fields: [user.emial, user.name]}
  - id: a
    request: GET a
    disclosed_when: {status: [two hundred]}
    colour: red
"""

    assert faults(text) == [
        (UNKNOWN_KEY, 3, 13),
        (BAD_TEMPLATE, 6, 14),
        (UNKNOWN_SUBJECT, 8, 19),
        (BAD_KEY, 8, 32),
        (UNKNOWN_FIELD, 8, 49),
        (ID_TWICE, 9, 9),
        (BAD_TEMPLATE, 10, 14),
        (BAD_VALUE, 11, 31),
        (UNKNOWN_KEY, 12, 5),
    ]


def test_a_faulty_template_is_told_once() -> None:
    text = one_rule("subject: account, key: path.x, fields: [user.name]", request="GET /a/{x}{y}")

    assert [code for code, *_ in faults(text)] == [BAD_TEMPLATE]


@pytest.mark.parametrize(
    "template",
    ["a", "/a?b=1", "/a#b", "/{a}{b}", "/{a}/{a}", "/{}", "/{a b}", "/{a", "/a}", "/a//b", "/a/../b", "/a;v=1", "/a\tb", ""],
)
def test_templates_that_no_target_could_mean_are_told(template: str) -> None:
    (code, line, _), *_ = faults(f"{HEAD}  - id: a\n    request: 'GET {template}'\n")

    assert (code, line) == (BAD_TEMPLATE, 5)


@pytest.mark.parametrize(
    "key", ["path", "path.", "path.z", "query", "account.x", "principal.x", "unknown.x", "cookie.x", "user.id"]
)
def test_keys_must_name_a_part_of_an_event(key: str) -> None:
    assert faults(one_rule(f"subject: account, key: {key}, fields: [user.name]"))[0][0] == BAD_KEY


@pytest.mark.parametrize(
    "rule",
    [
        "rows: [3, 1]",
        "rows: [1]",
        "rows: -1",
        "rows: many",
        "rows: {from: account, most: 10}",
        "rows: {from: query.limit}",
        "rows: {from: query.limit, default: 30, most: 20}",
        "split: ''",
        "valid: {from: 2025-08-01}",
        "valid: {from: 2025-08-01T00:00:00Z, to: 2025-08-01T00:00:00Z}",
        "valid: {}",
        "join: {table: ../x.csv, on: a, give: b}",
        "join: {table: /etc/passwd, on: a, give: b}",
        "join: {table: x.xlsx, on: a, give: b}",
        "join: {table: x.csv, on: a, give: b, immutable: true, as_of: 2025-01-01}",
        "join: {table: x.csv, on: a}",
    ],
)
def test_rules_that_cannot_be_meant_are_told(rule: str) -> None:
    (code, line, column), *_ = faults(one_rule(f"subject: account, key: query.a, fields: [user.name], {rule}"))

    assert code in (BAD_VALUE, BAD_KEY, MISSING_KEY)
    assert line == 7
    assert column is not None


def test_an_unknown_key_can_be_neither_split_nor_joined() -> None:
    rule = "subject: account, key: unknown, fields: [user.name], split: ',', join: {table: x.csv, on: a, give: b}"

    assert [code for code, *_ in faults(one_rule(rule))] == [BAD_VALUE, BAD_VALUE]


def test_a_rule_without_fields_is_told() -> None:
    assert faults(one_rule("subject: account, key: account, fields: []")) == [(BAD_VALUE, 7, 50)]


def test_a_case_holds_64_fields_and_not_one_more() -> None:
    names = [f"user.contact.address.part_{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(65)]

    assert len(read(one_rule(f"subject: account, key: account, fields: [{', '.join(names[:64])}]")).fields) == 64
    assert [code for code, *_ in faults(one_rule(f"subject: account, key: account, fields: [{', '.join(names)}]"))] == [
        TOO_MANY_FIELDS
    ]


@pytest.mark.parametrize("column", ["time", "principal", "target", "method"])
def test_when_takes_only_columns_of_plain_text(column: str) -> None:
    assert faults(f"{HEAD}  - id: a\n    request: GET /a\n    when: {{{column}: x}}\n")[0][0] == BAD_VALUE


def test_literals_that_reach_the_engine_hold_no_control_characters() -> None:
    (code, line, _), *_ = faults(f'{HEAD}  - id: a\n    request: GET /a\n    when: {{host: "a\\0b"}}\n')

    assert (code, line) == (BAD_VALUE, 6)


def test_ids_and_values_stay_text() -> None:
    map = read("version: 1\nsubjects: {NO: {}}\nendpoints:\n  - {id: 007, request: GET /a, when: {region: NO, zone: 12:30}}\n")

    assert map.endpoints[0].id == "007"
    assert map.endpoints[0].when == {"region": ("NO",), "zone": ("12:30",)}
    assert list(map.subjects) == ["NO"]


@pytest.mark.parametrize(
    "key, is_known",
    [
        ("user.contact.email", True),
        ("user.contact.address.door_code", True),
        ("user.date_of_birth", True),  # fideslang 1
        ("user.demographic.date_of_birth", True),  # fideslang 3
        ("user.emial", False),
        ("user.contact.adress.door_code", False),
        ("user", False),
        ("system.operations", False),
        ("user.contact.Email", False),
        ("user.contact.email ", False),
    ],
)
def test_a_category_is_of_the_taxonomy_or_a_child_of_one(key: str, is_known: bool) -> None:
    assert is_category(key) is is_known


def test_the_taxonomy_is_whole() -> None:
    assert len(known_categories()) == 102
    assert all(key.rpartition(".")[0] in known_categories() for key in known_categories() if "." in key)
