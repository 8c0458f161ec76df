"""W3C logs: what a directive says holds until the next."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from amends.count.evidence import detect
from amends.count.evidence.blocks import iter_parsed
from amends.count.evidence.errors import NO_SUCH_COLUMN
from amends.count.evidence.formats import w3c
from amends.count.evidence.settings import Reading
from amends.errors import InputError

FIELDS = b"#Fields: date time c-ip cs-username cs-uri-stem cs(Cookie)\n"
LINE = b"2025-11-18 22:52:00 192.0.2.7 jo /a s=1\n"


def read(data: bytes, reading: Reading | None = None) -> tuple[list[dict], list[str]]:
    pieces = list(iter_parsed(io.BytesIO(data), w3c.reader(reading or Reading())))
    events = [row for parsed in pieces for row in parsed.events.to_pylist(maps_as_pydicts="strict")]
    return events, [reason for parsed in pieces for reason in parsed.rejects.column("reason").to_pylist()]


def test_lines_before_any_fields_are_rejects():
    assert read(LINE + FIELDS + LINE)[1] == ["no fields", "directive"]


@pytest.mark.parametrize(
    "directive",
    [
        b"#Fields: c-ip cs-method\n",
        b"#Fields:\n",
        b"#Fields: date time \xff\n",
        b"#Fields: date time c-ip x x\n",
        b"#Fields: time c-ip\n",
    ],
)
def test_fields_that_no_line_can_be_read_by_end_what_was_before(directive: bytes):
    events, reasons = read(FIELDS + LINE + directive + LINE)

    assert (len(events), reasons) == (1, ["directive", "directive", "no fields"])


def test_a_setting_takes_a_field_out_of_the_rest():
    ((event,), _) = read(FIELDS + LINE, Reading(principal=("cs(Cookie)",), account="cs-username"))

    assert (event["cs(Cookie)"], event["cs-username"], event["extra"]) == ("s=1", "jo", {})


def test_the_zone_of_a_block_is_that_of_its_stamps():
    ((event,), _) = read(FIELDS + LINE, Reading(zone="Asia/Seoul"))

    assert event["time"].hour == 13


def test_a_column_that_no_directive_names_is_an_error(tmp_path: Path):
    (tmp_path / "u_ex251118.log").write_bytes(b"#Software: IIS\n" + FIELDS.replace(b"c-ip", b"c-ip s-ip") + LINE)

    with pytest.raises(InputError) as caught:
        detect.choose(tmp_path / "u_ex251118.log", Reading(principal=("cs(Authorization)",)), name="u_ex251118.log")

    assert caught.value.code == NO_SUCH_COLUMN
    assert "'cs(Authorization)' is not logged here" in caught.value.findings[0].expected


@pytest.mark.parametrize(
    "line,reason",
    [
        (b"2025-11-18 13:52:00 192.0.2.7 GET / 200 more", "shape"),
        (b"2025-11-18 13:52:00 192.0.2.7 GET /", "shape"),
        (b"2025-02-30 13:52:00 192.0.2.7 GET / 200", "time"),
        (b"2025-11-18 13:52:00 192.0.2.7 GET / 2oo", "status"),
        (b"2025-11-18 13:52:00 a,b GET / 200", "address"),
        (b"2025-11-18 13:52:00 192.0.2.7 GET /\0 200", "nul"),
        (b"2025-11-18 13:52:00 192.0.2.7 GET /\xff 200", "utf8"),
    ],
)
def test_a_line_that_does_not_fit_is_a_reject_with_its_reason(line: bytes, reason: str):
    head = b"#Fields: date time c-ip cs-method cs-uri-stem sc-status\n"

    events, reasons = read(head + line + b"\n" + b"2025-11-18 13:52:01 192.0.2.7 GET /1 200\n")

    assert (len(events), reasons) == (1, ["directive", reason])
