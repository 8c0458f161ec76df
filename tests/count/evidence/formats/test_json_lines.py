from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amends.count.evidence.blocks import iter_parsed
from amends.count.evidence.formats.json_lines import reader, recognise
from amends.count.evidence.schema import PAD, Block, Parsed
from amends.count.evidence.settings import Reading

STAMP = '"@timestamp":"2025-11-18T10:00:00Z"'


def read(data: bytes, reading: Reading | None = None) -> Parsed:
    padding = bytes(PAD)
    block = Block(np.frombuffer(padding + data + padding, np.uint8), len(data), 1, 0)
    return reader(reading or Reading()).read(block)


def event(members: str, reading: Reading | None = None) -> dict[str, object]:
    parsed = read(f"{{{STAMP},{members}}}\n".encode(), reading)
    assert parsed.rejects.num_rows == 0, parsed.rejects.column("reason").to_pylist()
    return parsed.events.to_pylist()[0]


def reason(line: bytes, reading: Reading | None = None) -> str:
    parsed = read(line + b"\n", reading)
    assert (parsed.lines, parsed.events.num_rows) == (1, 0)
    return parsed.rejects.column("reason").to_pylist()[0]


ECS = {
    "@timestamp": "2025-11-18T10:00:00.123Z",
    "source": {"ip": "192.0.2.7"},
    "user": {"id": "42"},
    "http": {"request": {"method": "GET", "id": "r-1"}, "response": {"status_code": 200, "body": {"bytes": 512}}},
    "url": {"original": "/api/v1/customers/42"},
    "user_agent": {"original": "app/1"},
    "event": {"duration": 1_234_567},
    "labels": {"token": "t"},
}
OCSF = {
    "class_uid": 4002,
    "time": 1763460000123,
    "src_endpoint": {"ip": "192.0.2.7"},
    "actor": {"user": {"uid": "42"}},
    "http_request": {"http_method": "GET", "uid": "r-1", "url": {"path": "/a", "query_string": "b=1"}, "user_agent": "app/1"},
    "http_response": {"code": 200, "body_length": 512},
    "duration": 1.5,
}


def test_names_of_ecs_are_known():
    (row,) = read(json.dumps(ECS).encode()).events.to_pylist()

    assert row["time"] == datetime(2025, 11, 18, 10, 0, 0, 123000, tzinfo=UTC)
    assert (row["client"], row["account"], row["method"], row["request_id"]) == ("192.0.2.7", "42", "GET", "r-1")
    assert (row["target"], row["status"], row["sent"], row["took_us"]) == ("/api/v1/customers/42", 200, 512, 1234)
    assert row["extra"] == [("labels.token", "t")]


def test_names_of_ocsf_http_activity_are_known():
    (row,) = read(json.dumps(OCSF).encode()).events.to_pylist()

    assert row["time"] == datetime(2025, 11, 18, 10, 0, 0, 123000, tzinfo=UTC)
    assert (row["client"], row["account"], row["method"], row["request_id"]) == ("192.0.2.7", "42", "GET", "r-1")
    assert (row["target"], row["status"], row["sent"], row["took_us"]) == ("/a?b=1", 200, 512, 1500)
    assert row["extra"] == [("class_uid", "4002")]


def test_flat_and_nested_names_mean_the_same():
    assert event('"source.ip":"192.0.2.7"')["client"] == event('"source":{"ip":"192.0.2.7"}')["client"] == "192.0.2.7"


def test_a_mapping_names_other_members_and_renames_the_rest():
    reading = Reading(columns={"time": "ts", "client": "peer", "tok": "auth.key", "host": "vhost"}, principal=("tok",))

    (row,) = read(b'{"ts":1763460000,"peer":"192.0.2.7","auth":{"key":"k"},"vhost":"shop"}\n', reading).events.to_pylist()

    assert (row["client"], row["tok"], row["extra"]) == ("192.0.2.7", "k", [("host", "shop")])


def test_a_principal_may_be_a_path_that_no_mapping_names():
    assert event('"labels":{"token":"t"}', Reading(principal=("labels.token",)))["labels.token"] == "t"


def test_a_whole_request_line_is_taken_apart():
    row = event('"r":"GET /a b?c HTTP/1.1"', Reading(columns={"request": "r"}))
    odd = event('"r":"\\u0016\\u0003"', Reading(columns={"request": "r"}))

    assert (row["method"], row["target"]) == ("GET", "/a b?c")
    assert (odd["method"], odd["target"]) == (None, "\x16\x03")


@pytest.mark.parametrize(
    "line,why",
    [
        (b"", "empty"),
        (b" \r", "empty"),
        (b"garbage", "json"),
        (b"\xef\xbb\xbf\xef\xbb\xbf{}", "json"),
        (b'[{"@timestamp":"2025-11-18T10:00:00Z"}]', "not an object"),
        (b"3", "not an object"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z"}{"a":1}', "json"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z"} x', "json"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","a":NaN}', "json"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","a":"\xff"}', "utf8"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","a":"\x00"}', "nul"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","a":"\\ud800"}', "json"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","a":' + b"9" * 5000 + b"}", "json"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","a":' + b"[" * 70 + b"]" * 70 + b"}", "nested"),
        (b"[" * 100_000, "nested"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","a":1,"a":2}', "duplicate member"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","a" : 1,"a":2}', "duplicate member"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","source.ip":"1","source":{"ip":"2"}}', "duplicate member"),
        (b"{}", "time"),
        (b'{"@timestamp":"2025-02-30T10:00:00Z"}', "time"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","duration":9223372036854776}', "took_ms"),
        (b'{"@timestamp":"2025-11-18T10:00:00"}', "time without zone"),
        (b'{"@timestamp":12}', "time"),
        (b'{"@timestamp":true}', "time"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","http":{"response":{"status_code":"abc"}}}', "status"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","http":{"response":{"status_code":70000}}}', "status"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","http":{"response":{"status_code":200.0}}}', "status"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","http":{"response":{"body":{"bytes":12345678901234567890}}}}', "sent"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","http":{"response":{"body":{"bytes":-1}}}}', "sent"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","source":{"ip":"1.2.3.4, 5.6.7.8"}}', "client"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","source":{"ip":["1.2.3.4"]}}', "client"),
        (b'{"@timestamp":"2025-11-18T10:00:00Z","event":{"duration":1e999}}', "took_ns"),
    ],
)
def test_a_line_that_is_not_one_fitting_object_is_a_reject_with_its_reason(line, why):
    assert reason(line) == why


def test_other_lines_of_the_block_stay_events():
    good = f"{{{STAMP}}}\n".encode()

    parsed = read(good + b"junk\n" + good + b'{"@timestamp":"x"}\n' + good)

    assert parsed.events.column("line").to_pylist() == [1, 3, 5]
    assert [(row["line"], row["offset"], row["length"]) for row in parsed.rejects.to_pylist()] == [
        (2, len(good), 4),
        (4, 2 * len(good) + 5, 18),
    ]


def test_empty_text_and_a_dash_are_null_in_columns_and_stay_in_extra():
    row = event('"user":{"id":"-"},"url":{"original":""},"x":"-","y":null')

    assert (row["account"], row["target"], row["extra"]) == (None, None, [("x", "-")])


def test_numbers_and_lists_keep_their_text_in_extra():
    row = event('"a":1.10,"b":[1,{"c":2.50}],"d":true,"e":123456789012345678901234567890,"f":{}')

    assert row["extra"] == [
        ("a", "1.10"),
        ("b", '[1,{"c":2.50}]'),
        ("d", "true"),
        ("e", "123456789012345678901234567890"),
        ("f", "{}"),
    ]


def test_a_byte_order_mark_at_the_start_is_not_part_of_the_first_line():
    assert read(b"\xef\xbb\xbf" + f"{{{STAMP}}}\n".encode()).events.num_rows == 1


@pytest.mark.parametrize("value,complete", [("true", True), ('"OK"', True), ('""', False), ("null", None)])
def test_completion_is_truth_or_the_word_of_nginx(value, complete):
    assert event(f'"done":{value}', Reading(columns={"complete": "done"}))["complete"] is complete


def test_completion_of_another_kind_is_a_reject():
    assert reason(f'{{{STAMP},"done":3}}'.encode(), Reading(columns={"complete": "done"})) == "complete"


def test_samples_are_recognised_by_their_names():
    assert recognise(json.dumps(ECS).encode()) == "lines are JSON objects with the names of ECS"
    assert recognise(json.dumps(OCSF).encode()) == "lines are JSON objects with the names of OCSF"
    assert recognise(b'{"a":1}\n') == "lines are JSON objects"
    assert recognise(b"[1]\n[2]\n") is None
    assert recognise(b"") is None


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def pairs_once(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("twice")
    return dict(pairs)


@st.composite
def nearly_json(draw) -> bytes:
    text = json.dumps(draw(st.dictionaries(st.text(max_size=3), json_values, max_size=4)), ensure_ascii=draw(st.booleans()))
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 2))] = draw(
            st.sampled_from([b"", b"{", b"}", b'"', b":", b",", b"0", b"\x00", b"\xff", b" ", b"\\"])
        )
    return bytes(data).replace(b"\n", b"")


@given(nearly_json())
@example(b'{"a":"\\ud800"}')
@example(b'{"a":1e5,"a":2}')
def test_what_the_parser_takes_is_what_json_loads_takes(line):
    reason_found = read(line + b"\n").rejects.column("reason").to_pylist()[0]  # without a time no line is an event
    try:
        value = json.loads(
            line.decode(), object_pairs_hook=pairs_once, parse_constant=lambda name: (_ for _ in ()).throw(ValueError(name))
        )
        json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate has no UTF-8 form
    except (ValueError, RecursionError):
        value = None
    taken = reason_found in ("time", "duplicate member") and isinstance(value, dict)

    assert taken == isinstance(value, dict)
    assert (reason_found == "time") <= isinstance(value, dict)


@given(st.binary(max_size=200), st.integers(1, 64))
def test_every_line_of_any_bytes_is_an_event_or_a_reject_wherever_blocks_are_cut(data, block_bytes):
    import io

    parsed = list(iter_parsed(io.BytesIO(data), reader(Reading()), block_bytes=block_bytes))

    lines = data.count(b"\n") + (not data.endswith(b"\n") if data else 0)
    assert sum(one.events.num_rows + one.rejects.num_rows for one in parsed) == sum(one.lines for one in parsed) == lines


def test_a_member_that_another_one_outranks_is_kept():
    row = event('"source":{"ip":"192.0.2.7"},"client":{"ip":"10.0.0.9"}')

    assert (row["client"], row["extra"]) == ("192.0.2.7", [("client.ip", "10.0.0.9")])
