from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.case import keyed_hash, keyed_hashes
from amends.count.evidence import principals
from amends.count.evidence.clear_forms import ClearForms
from amends.count.evidence.events import EventColumns, map_of_columns
from amends.count.evidence.principals import KeyedHashes
from amends.count.evidence.schema import EVENTS, Parsed
from amends.count.evidence.settings import Reading

KEY = bytes(32)
TIME = pa.array([0, 1, 2], pa.timestamp("us", "UTC"))


def events(reading: Reading, **columns) -> pa.Table:
    schema = pa.schema([("line", pa.uint64()), ("time", pa.timestamp("us", "UTC")), *((name, pa.string()) for name in columns)])
    batch = pa.RecordBatch.from_arrays(
        [pa.array([1, 2, 3], pa.uint64()), TIME, *(pa.array(v, pa.string()) for v in columns.values())], schema=schema
    )
    parsed = Parsed(3, batch, pa.RecordBatch.from_pylist([], schema=pa.schema([])))
    made = EventColumns(schema, reading, source="s" * 64, name="access.log", hashes=KeyedHashes(KEY))
    return made.finish([made.draft(parsed)])


def test_the_principal_is_the_first_column_that_is_present_else_the_address():
    made = events(Reading(principal=("tok", "key")), client=["192.0.2.1"] * 3, tok=["t1", None, None], key=["k1", "k2", None])

    assert made.column("principal").to_pylist() == [keyed_hash(KEY, "t1"), keyed_hash(KEY, "k2"), keyed_hash(KEY, "192.0.2.1")]
    assert made.column("principal_kind").to_pylist() == ["tok", "key", "address"]


def test_without_credential_and_address_the_principal_is_unknown():
    made = events(Reading(principal=("tok",)), client=[None, "192.0.2.1", None], tok=[None, None, "t"])

    assert made.column("principal").to_pylist() == [None, keyed_hash(KEY, "192.0.2.1"), keyed_hash(KEY, "t")]
    assert made.column("principal_kind").to_pylist() == [None, "address", "tok"]


def test_a_token_that_was_issued_has_the_hash_under_which_it_comes_back():
    made = events(Reading(principal=("tok",), issued="iss"), tok=[None, "new", "new"], iss=["new", None, None])

    assert made.column("issued").to_pylist()[0] == made.column("principal").to_pylist()[1]


def test_no_credential_stands_in_the_events_in_clear():
    made = events(
        Reading(principal=("tok",), issued="iss"),
        tok=["clear-1"] * 3,
        iss=["clear-2"] * 3,
        cookie=["clear-3", "clear-3", None],
        x=["a"] * 3,
    )

    extra = made.column("extra").to_pylist()
    assert "clear-" not in str(made.to_pylist())
    assert [name for name, _ in extra[0]] == ["cookie", "x"]
    assert extra[0][0][1] == f"hmac:{keyed_hash(KEY, 'clear-3').hex()}"
    assert extra[2] == [("x", "a")]


def test_secret_parameters_are_masked_in_target_and_referer():
    made = events(Reading(), target=["/?token=a", "/", None], http_referer=["https://shop.example/?sid=1", None, None])

    assert made.column("target").to_pylist() == ["/?token=***", "/", None]
    assert made.column("extra").to_pylist()[0] == [("http_referer", "https://shop.example/?sid=***")]


def test_the_server_is_a_constant_or_a_logged_column():
    constant = events(Reading(server="web-1"), host=["a", "b", None])
    logged = events(Reading(server="host"), host=["a", "b", None])

    assert constant.column("server").to_pylist() == ["web-1"] * 3
    assert logged.column("server").to_pylist() == ["a", "b", None]


def test_events_have_the_columns_of_the_schema_whatever_is_logged():
    assert events(Reading()).schema == EVENTS


@given(st.lists(st.tuples(*[st.none() | st.text(max_size=3)] * 3), max_size=8))
def test_extra_holds_what_is_not_null_in_the_order_of_the_columns(rows):
    names = ["a", "b", "c"]
    columns = {name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(names)}

    made = map_of_columns(columns, len(rows))

    assert made.to_pylist() == [
        [(name, value) for name, value in zip(names, row, strict=True) if value is not None] for row in rows
    ]


@given(st.text(max_size=80), st.binary(max_size=64))
def test_hashing_many_texts_gives_the_same_as_hashing_one(text, key):
    assert keyed_hashes(key, [b"", text.encode()]) == [keyed_hash(key, ""), keyed_hash(key, text)]


def test_each_distinct_credential_is_kept_in_clear_once_even_when_the_cache_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(principals, "MOST_KNOWN", 2)
    clear = ClearForms(tmp_path / "secrets" / "clear.parquet")
    hashes = KeyedHashes(KEY, clear)
    for _ in range(3):
        hashes.of(pa.array(["c", "a", None, "b", "a"]), kind="tok")

    clear.write()

    rows = pq.read_table(tmp_path / "secrets" / "clear.parquet").to_pylist()
    assert sorted(row["clear"] for row in rows) == ["a", "b", "c"]
    assert [row["hash"] for row in rows] == sorted(keyed_hash(KEY, text) for text in "abc")


def test_a_format_may_not_have_both_a_map_and_columns_that_no_event_has():
    schema = pa.schema([("line", pa.uint64()), ("x", pa.string()), ("extra", EVENTS.field("extra").type)])

    with pytest.raises(ValueError, match="there too"):
        EventColumns(schema, Reading(), source="", name="", hashes=KeyedHashes(KEY))


def test_what_stands_within_a_column_is_who_asked_and_the_column_is_not_kept_in_clear():
    reading = Reading(principal=("tail:pair:tok",), account="tail:pair:uid")

    made = events(reading, client=["192.0.2.1"] * 3, tail=["uid=5 tok=clear-1", "uid=6", None])

    assert made.column("principal").to_pylist()[0] == keyed_hash(KEY, "clear-1")
    assert made.column("principal_kind").to_pylist() == ["tail:pair:tok", "address", "address"]
    assert made.column("account").to_pylist() == ["5", "6", None]
    assert "clear-1" not in str(made.to_pylist())
    assert made.column("extra").to_pylist()[0] == [("tail", f"hmac:{keyed_hash(KEY, 'uid=5 tok=clear-1').hex()}")]


def test_the_client_is_whom_the_trusted_proxies_name():
    reading = Reading(forwarded="xff", trusted_proxies=("10.0.0.0/8",))

    made = events(reading, client=["10.0.0.1", "10.0.0.1", "192.0.2.1"], xff=["203.0.113.7", None, "203.0.113.7"])

    assert made.column("client").to_pylist() == ["203.0.113.7", "10.0.0.1", "192.0.2.1"]
    assert made.column("principal").to_pylist()[0] == keyed_hash(KEY, "203.0.113.7")
    assert made.column("extra").to_pylist()[0] == [("xff", "203.0.113.7")]
