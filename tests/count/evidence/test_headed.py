"""Text under header lines: fields that change, blocks of any size, lines that stand under nothing."""

from __future__ import annotations

import io

import pytest

from amends.count.evidence.blocks import iter_parsed
from amends.count.evidence.formats.w3c import reader
from amends.count.evidence.settings import Reading

HEAD = b"#Fields: date time c-ip cs-method cs-uri-stem sc-status\n"
LINE = b"2025-11-18 13:52:0%d 192.0.2.7 GET /%d 200\n"


def read(data: bytes, reading: Reading | None = None, block_bytes: int = 1 << 16) -> tuple[list[dict], list[dict]]:
    parsed = list(iter_parsed(io.BytesIO(data), reader(reading or Reading()), block_bytes=block_bytes))
    assert all(one.lines == one.events.num_rows + one.rejects.num_rows for one in parsed)
    return [row for one in parsed for row in one.events.to_pylist()], [row for one in parsed for row in one.rejects.to_pylist()]


@pytest.mark.parametrize("block_bytes", [64, 100, 1 << 16])
def test_fields_hold_over_blocks_and_change_where_a_directive_says_so(block_bytes: int) -> None:
    other = b"#Fields: date time sc-status cs-uri-stem tok\n2025-11-18 14:00:00 404 /last t-1\n"
    data = HEAD + b"".join(LINE % (number, number) for number in range(9)) + b"\r\n" + other

    events, rejects = read(data, Reading(principal=("tok",)), block_bytes)

    assert [event["target"] for event in events] == [*(f"/{number}" for number in range(9)), "/last"]
    assert [event["tok"] for event in events] == [None] * 9 + ["t-1"]
    assert [(row["line"], row["reason"]) for row in rejects] == [(1, "directive"), (11, "empty"), (12, "directive")]
    assert rejects[-1]["offset"] == data.index(other)


def test_what_no_column_takes_stays_under_its_name() -> None:
    (event,), _ = read(b"#Fields: date time s-port cs(Cookie) cs-uri-stem\n2025-11-18 13:52:00 443 a=1 /\n")

    assert dict(event["extra"]) == {"s-port": "443", "cs(Cookie)": "a=1"}


@pytest.mark.parametrize("head", [b"", b"#Fields: time c-ip\n", b"#Fields: date time time\n"])
def test_lines_under_no_fields_that_could_be_read_are_rejects(head: bytes) -> None:
    events, rejects = read(head + LINE % (1, 1))

    assert not events
    assert rejects[-1]["reason"] == "no fields"


@pytest.mark.parametrize(
    "line,reason",
    [
        (b"2025-11-18 13:52:00 192.0.2.7 GET / 200 more", "shape"),
        (b"2025-02-30 13:52:00 192.0.2.7 GET / 200", "time"),
        (b"2025-11-18 13:52:00 192.0.2.7 GET / 2oo", "status"),
        (b"2025-11-18 13:52:00 a,b GET / 200", "client"),
        (b"2025-11-18 13:52:00 192.0.2.7 GET /\0 200", "nul"),
        (b"2025-11-18 13:52:00 192.0.2.7 GET /\xff 200", "utf8"),
    ],
)
def test_a_line_that_does_not_fit_is_a_reject_with_its_reason(line: bytes, reason: str) -> None:
    events, rejects = read(HEAD + line + b"\n" + LINE % (1, 1))

    assert len(events) == 1
    assert (rejects[-1]["line"], rejects[-1]["reason"], rejects[-1]["raw"]) == (2, reason, line)
