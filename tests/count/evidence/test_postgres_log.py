"""Lines of PostgreSQL's own logs: their stamps, and what a message is."""

from __future__ import annotations

import io
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.count.evidence.blocks import iter_parsed
from amends.count.evidence.formats import pgaudit, pgaudit_json
from amends.count.evidence.json_times import NO_ZONE_REASON
from amends.count.evidence.postgres_log import moment
from amends.count.evidence.settings import Reading

BERLIN, SEOUL = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Seoul")


@pytest.mark.parametrize(
    "stamp,zone,wanted",
    [
        ("2026-11-02 10:00:00.123 UTC", None, "2026-11-02 10:00:00.123Z"),
        ("2026-11-02 10:00:00.123 GMT", SEOUL, "2026-11-02 10:00:00.123Z"),
        ("2026-11-02 10:00:00.123 -03", SEOUL, "2026-11-02 10:00:00.123-03"),
        ("2026-11-02 10:00:00.123 KST", SEOUL, "2026-11-02 10:00:00.123+0900"),
        ("2026-11-02 10:00:00.123 KST", None, "2026-11-02 10:00:00.123"),
        ("2026-11-02 10:00:00.123 KST", BERLIN, "2026-11-02 10:00:00.123 KST"),
        ("2026-10-25 02:30:00 CEST", BERLIN, "2026-10-25 02:30:00+0200"),
        ("2026-10-25 02:30:00 CET", BERLIN, "2026-10-25 02:30:00+0100"),
        ("2026-02-30 02:30:00 CET", BERLIN, "2026-02-30 02:30:00 CET"),
        ("yesterday", BERLIN, "yesterday"),
    ],
)
def test_a_zone_s_name_is_its_offset_in_the_block_s_zone(stamp: str, zone: ZoneInfo | None, wanted: str):
    assert moment(stamp, zone) == wanted


def read(message: object, **members: object) -> dict[str, Any]:
    """The event of one line of jsonlog."""
    line = {"timestamp": "2026-11-02 10:00:00.123 UTC", "dbname": "shop", "error_severity": "LOG", "message": message} | members
    parsed = list(iter_parsed(io.BytesIO(json.dumps(line).encode()), pgaudit_json.reader(Reading())))
    (event,) = [row for part in parsed for row in part.events.to_pylist(maps_as_pydicts="strict")]
    return event


@pytest.mark.parametrize(
    "message,target",
    [
        ("AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.a,select 1 from a where id = $1,7", "/shop/READ/SELECT/public.a?id=7"),
        ("AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.a,select 1 from a where id = $1,<none>", "/shop/READ/SELECT/public.a"),
        ("AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.a,<not logged>,<not logged>", "/shop/READ/SELECT/public.a"),
        (
            'AUDIT: SESSION,1,1,READ,SELECT,,,select 1 from a where id = $1 and x = $2,"<long field suppressed>,""a,b"""',
            "/shop/READ/SELECT/a?x=a,b",
        ),
        ("AUDIT: SESSION,1,1,READ,SELECT", "/shop/LOG/00000/-"),
        ('AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.a,"select', "/shop/LOG/00000/-"),
        ("statement: select 1 from a where id = 7", "/shop/LOG/SELECT/a?id=7"),
        ("execute S_1/C_2: select 1 from a where id = 7", "/shop/LOG/SELECT/a?id=7"),
        ("duration: 0.041 ms  statement: select 1 from a where id = 7", "/shop/LOG/SELECT/a?id=7"),
        ("duration: 0.041 ms  bind <unnamed>: select 1 from a where id = 7", "/shop/LOG/00000/-"),
        ("duration: 0.041 ms", "/shop/LOG/00000/-"),
    ],
)
def test_a_statement_is_a_request_and_every_other_line_a_message(message: str, target: str):
    assert read(message)["target"] == target


def test_a_parameter_that_was_cut_names_nobody():
    message = "execute <unnamed>: select 1 from a where id = $1 and x = $2 and y = $3"

    found = read(message, detail="Parameters: $1 = 'ab''c', $2 = 'ab...', $3 = NULL")

    assert (found["target"], found["extra"]["detail"]) == (
        "/shop/LOG/SELECT/a?id=ab%27c",
        "Parameters: $1 = ?, $2 = ?, $3 = NULL",
    )


@pytest.mark.parametrize("state,status", [(None, None), ("01000", None), ("42501", 403), ("28P01", 403), ("42P01", 400)])
def test_an_error_has_the_status_of_one(state: str | None, status: int | None):
    assert read("x", **({"state_code": state} if state else {}))["status"] == status


def test_no_rows_are_no_answer_without_data():
    line = "AUDIT: SESSION,1,1,READ,COPY,,,copy a to stdout,<none>,"

    assert (read(line + "0")["status"], read(line + "3")["status"]) == (None, 200)


def test_no_literal_of_a_statement_stays_in_a_column():
    secret = "kim@shop.example"

    audited = read(f"AUDIT: SESSION,1,1,WRITE,UPDATE,,,update a set b = '{secret}',<none>")
    failed = read(f"duplicate: {secret}", statement=f"insert into a values ('{secret}')", detail=f"Key (b)=({secret})")

    assert secret not in f"{audited}{failed}"


@given(
    st.dictionaries(
        st.sampled_from(["message", "detail", "dbname", "state_code", "statement", "user"]), st.integers() | st.text()
    )
)
def test_members_of_any_kind_are_an_event_or_a_reject(members: dict[str, object]):
    line = json.dumps({"timestamp": "2026-11-02 10:00:00.123 UTC"} | members).encode()

    (parsed,) = iter_parsed(io.BytesIO(line), pgaudit_json.reader(Reading()))

    assert parsed.events.num_rows + parsed.rejects.num_rows == 1


def test_many_lines_are_read_as_one():
    line = json.dumps({"timestamp": "2026-11-02 10:00:00.123 UTC", "message": "statement: select 1"}).encode() + b"\n"

    (parsed,) = iter_parsed(io.BytesIO(line * 200), pgaudit_json.reader(Reading()))

    assert set(parsed.events.column("target").to_pylist()) == {"/-/LOG/SELECT/-"}


def test_a_stamp_with_a_zone_s_name_needs_the_block_s_zone():
    line = b'2026-11-02 10:00:00.123 KST,,,1,,a.1,1,,2026-11-02 10:00:00 KST,,0,LOG,00000,"x",,,,,,,,,""\n'

    parsed = list(iter_parsed(io.BytesIO(line), pgaudit.reader(Reading())))

    assert [reason for part in parsed for reason in part.rejects.column("reason").to_pylist()] == [NO_ZONE_REASON]


def test_the_log_of_another_extension_is_not_csvlog():
    line = (
        b"2024-06-05 15:56:34.521 EEST,postgres,test,6106,[local],66606022.17da,1,INSERT,2024-06-05 15:54:58 EEST,9/323,0,00000,"
        b"SESSION,1,1,WRITE,INSERT,,,insert into test values (4),<not logged>,,,,,,,,,psql"
    )

    assert pgaudit.recognise(line) is None
