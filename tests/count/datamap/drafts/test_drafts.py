"""Drafts parse as maps, guess what names say, and mark every guess."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from amends.count.datamap.categories import is_category
from amends.count.datamap.drafts import har, openapi
from amends.count.datamap.drafts.draft import Drafted, Member, as_yaml
from amends.count.datamap.drafts.recognised import NAMES, category
from amends.count.datamap.errors import BAD_DESCRIPTION
from amends.count.datamap.load import parse
from amends.count.datamap.model import DataMap
from amends.errors import InputError

API = """
openapi: 3.1.0
servers: [{url: "https://shop.example/api/v1"}]
paths:
  /customers/{customer-id}:
    parameters: [{name: customer-id, in: path}]
    get:
      operationId: getCustomer
      responses:
        "200": {content: {application/json: {schema: {$ref: "#/components/schemas/Customer"}}}}
        "404": {description: none}
    delete: {responses: {"204": {description: gone}}}
  /customers:
    get:
      parameters: [{$ref: "#/components/parameters/Limit"}]
      responses:
        2XX:
          content:
            application/vnd.shop+json:
              schema: {type: object, properties: {items: {type: array, items: {$ref: "#/components/schemas/Customer"}}}}
  /me/addresses:
    get:
      responses:
        "200":
          content:
            application/json: {schema: {type: array, items: {allOf: [{$ref: "#/components/schemas/Address"}]}}}
  /products/{id}: {get: {responses: {"200": {content: {application/json: {schema: {properties: {sku: {}, price: {}}}}}}}}}
  /odd/{a}-{b}: {get: {responses: {"200": {description: no body}}}}
components:
  parameters:
    Limit: {name: limit, in: query, schema: {type: integer, maximum: 50}}
  schemas:
    Customer:
      properties:
        fullName: {type: string}
        contact: {type: string, format: email}
        phoneNumber: {type: string}
        tier: {type: string}
        address: {$ref: "#/components/schemas/Address"}
        friends: {type: array, items: {$ref: "#/components/schemas/Customer"}}
    Address: {properties: {streetLine1: {}, postalCode: {}, doorCode: {}}}
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "file"
    file.write_text(text, encoding="utf-8")
    return file


def as_map(text: str, tmp_path: Path) -> DataMap:
    return parse(text.encode(), folder=tmp_path)


def test_a_description_becomes_a_map_of_its_operations(tmp_path: Path) -> None:
    text = as_yaml(openapi.drafted(written(tmp_path, API)), origin="api.yaml")

    map = as_map(text, tmp_path)
    by_id = {endpoint.id: endpoint for endpoint in map.endpoints}
    customer = by_id["getCustomer"].discloses[0]
    assert (by_id["getCustomer"].method, by_id["getCustomer"].template) == ("GET", "/api/v1/customers/{customer_id}")
    assert by_id["getCustomer"].disclosed_when.status == (200,)
    assert (str(customer.key.source), customer.key.name) == ("path", "customer_id")
    assert set(customer.fields) == {
        "user.name",
        "user.contact.email",
        "user.contact.phone_number",
        "user.contact.address.street",
        "user.contact.address.postal_code",
        "user.contact.address.door_code",
    }
    listed = by_id["get-api-v1-customers"].discloses[0]
    assert listed.rows is not None
    assert (str(listed.key.source), listed.rows.most, listed.rows.key and listed.rows.key.name) == ("unknown", 50, "limit")
    assert str(by_id["get-api-v1-me-addresses"].discloses[0].key.source) == "account"
    assert "get-api-v1-products-id" not in by_id  # that it gives nothing is for a person to say
    assert "  #   discloses: []  # confirm: nobody's data in sku, price" in text
    assert "# left out: GET /api/v1/odd/{a}-{b}" in text


def test_every_guess_is_marked(tmp_path: Path) -> None:
    text = as_yaml(openapi.drafted(written(tmp_path, API)), origin="api.yaml")

    guesses = ("subject:", "key:", "rows:", "- user.", "discloses: []")
    assert all("# confirm" in line for line in text.splitlines() if any(guess in line for guess in guesses))
    assert "nobody's data in tier" in text


def test_a_map_with_guesses_is_in_doubt_until_all_are_settled(tmp_path: Path) -> None:
    text = as_yaml(openapi.drafted(written(tmp_path, API)), origin="api.yaml")

    assert as_map(text, tmp_path).guesses == text.count("# confirm") > 0
    assert as_map(text, tmp_path).doubt is not None
    assert as_map(text.replace("# confirm", "#"), tmp_path).doubt is None


def test_yaml_and_json_say_the_same(tmp_path: Path) -> None:
    first = openapi.drafted(written(tmp_path, API))

    assert openapi.drafted(written(tmp_path, json.dumps(yaml.safe_load(API)))) == first


def entry(url: str, body: Any, *, method: str = "GET", status: int = 200, base64_: bool = False) -> dict[str, Any]:
    text = json.dumps(body)
    content = {"text": base64.b64encode(text.encode()).decode(), "encoding": "base64"} if base64_ else {"text": text}
    return {"request": {"method": method, "url": url}, "response": {"status": status, "content": content}}


def test_a_recording_becomes_a_map_without_any_value_of_it(tmp_path: Path) -> None:
    entries = [
        entry("https://shop.example/api/v1/customers/9001?expand=all", {"email": "minsu@example.com", "name": "Minsu"}),
        entry("https://shop.example/api/v1/customers/9002", {"phone": "010-1234-5678"}, base64_=True),
        entry("https://shop.example/api/v1/search?limit=5", [{"name": "Minsu"}]),
        entry("https://shop.example/api/v1/customers/9003", {"email": "x"}, status=403),
        {"request": {"method": "GET", "url": "https://shop.example/logo.png"}, "response": {"status": 200, "content": {}}},
        {"request": 5},
    ]
    text = as_yaml(har.drafted(written(tmp_path, json.dumps({"log": {"entries": entries}}))), origin="a.har")

    map = as_map(text, tmp_path)
    assert [(endpoint.method, endpoint.template) for endpoint in map.endpoints] == [
        ("GET", "/api/v1/customers/{id}"),
        ("GET", "/api/v1/search"),
    ]
    assert set(map.endpoints[0].discloses[0].fields) == {"user.contact.email", "user.name", "user.contact.phone_number"}
    assert not any(value in text for value in ("minsu", "Minsu", "9001", "010-"))


@pytest.mark.parametrize("text", ["", "[]", "{}", "openapi: 2.0\npaths: {}", "openapi: 3.0.0", "{", "a: [", b"\xff\xfe{"])
def test_what_is_no_description_is_told(tmp_path: Path, text: str | bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())

    for read in (openapi.drafted, har.drafted):
        with pytest.raises(InputError) as caught:
            read(file)
        assert caught.value.code == BAD_DESCRIPTION


def test_a_schema_of_endless_depth_ends(tmp_path: Path) -> None:
    wide = {f"p{number}": {"$ref": f"#/components/schemas/S{(number + 1) % 30}"} for number in range(30)}
    schemas = {f"S{number}": {"properties": wide} for number in range(30)}
    get = {"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}}}
    document = {"openapi": "3.0.0", "paths": {"/a": {"get": get}}, "components": {"schemas": schemas}}

    (endpoint,) = openapi.drafted(written(tmp_path, json.dumps(document)))

    assert len(endpoint.members) == 30


@pytest.mark.parametrize(
    "name, wanted",
    [
        ("emailAddress", "user.contact.email"),
        ("e-mail", "user.contact.email"),
        ("ip_address", "user.device.ip_address"),
        ("deliveryAddress", "user.contact.address.street"),
        ("entranceCode", "user.contact.address.door_code"),
        ("firstName", "user.name.first"),
        ("userName", "user.account.username"),
        ("recipientName", "user.name"),
        ("productName", None),
        ("currency", None),
        ("total", None),
    ],
)
def test_a_name_says_its_category_or_nothing(name: str, wanted: str | None) -> None:
    assert category(name) == wanted


def test_every_category_that_is_guessed_is_one() -> None:
    assert all(is_category(key) for _, key in NAMES)


texts = st.text(max_size=12)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
paths = st.lists(texts | st.sampled_from(["{id}", "me", "{customer-id}"]), max_size=4).map(lambda parts: "/" + "/".join(parts))
members = st.lists(st.builds(Member, texts | st.just("email"), texts)).map(tuple)
methods = st.sampled_from(["GET", "POST", "get\n", ""])
endpoints = st.builds(Drafted, methods, paths, texts, members=members, is_list=st.booleans(), said=texts)
operations = plain | st.fixed_dictionaries({"responses": plain})


@given(st.lists(endpoints, max_size=4))
def test_whatever_a_source_says_the_draft_parses(tmp_path_factory: pytest.TempPathFactory, found: list[Drafted]) -> None:
    text = as_yaml(found, origin="a file\nof: many [lines")

    as_map(text, tmp_path_factory.getbasetemp())


@given(
    st.dictionaries(paths, st.dictionaries(st.sampled_from(["get", "post", "parameters"]), operations, max_size=2), max_size=3)
)
def test_no_description_breaks_it(tmp_path_factory: pytest.TempPathFactory, items: dict[str, Any]) -> None:
    file = tmp_path_factory.mktemp("api") / "api.json"
    file.write_text(json.dumps({"openapi": "3.0.3", "paths": items}))

    as_yaml(openapi.drafted(file), origin="api.json")
