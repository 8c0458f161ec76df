"""Any bytes at all: each line is one event or one reject, and the vectorised reader gives what the definition gives."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amends.count.evidence.blocks import iter_blocks, iter_parsed
from amends.count.evidence.formats import apache, nginx
from amends.count.evidence.grammar import LineFormat, Slot
from amends.count.evidence.kinds import NULL
from amends.count.evidence.reader import TextReader
from amends.count.evidence.schema import RAW_BYTES
from amends.count.evidence.strict import StrictReader
from amends.count.evidence.vector import VectorReader

BOM = b"\xef\xbb\xbf"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FULL = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
    ' "$http_x_forwarded_for" $request_time $request_id'
)
FORMATS: dict[str, tuple[LineFormat, list[bytes]]] = {
    "nginx with everything": (
        nginx.parse_log_format(FULL),
        [
            b'203.0.113.7 - - [24/Jun/2025:00:00:01 +0900] "GET /api/v1/x HTTP/1.1" 200 123 "-" "Mozilla/5.0" "1.2.3.4" 0.123 '
            + b"0123456789abcdef" * 2,
            b'2001:db8::1 - jo e [01/Jan/2024:23:59:60 -0530] "OPTIONS /a?b=c d HTTP/2.0" 404 1234567890123 "https://x/"'
            b' "M (\\x22)"'
            b' "1.2.3.4, 5.6.7.8" 12345.678 -',
        ],
    ),
    "nginx with named columns": (
        nginx.parse_log_format(nginx.COMBINED + " uid=$uid tok=$tok iss=$iss"),
        [b'192.168.100.200 - - [24/Jun/2025:00:00:01 +0900] "GET / HTTP/1.1" 200 1 "-" "M" uid=123 tok=abcdefabcdefabcdef iss=-'],
    ),
    "nginx in tabs": (
        nginx.parse_log_format("$time_iso8601\t$remote_addr\t$request_method\t$request_uri\t$status\t$http_user_agent"),
        [b'2025-06-24T00:00:01+09:00\t10.0.0.1\tGET\t/api/x?y=z and more\t200\tMozilla "quoted" agent'],
    ),
    "nginx in bars": (
        nginx.parse_log_format("$msec|$remote_addr|$request|$status|$upstream_addr|$request_completion|$request_time"),
        [
            b"1750690801.123|10.0.0.1|GET / HTTP/1.1|200|10.0.0.1:80, 10.0.0.2:80|OK|0.003",
            b"1750690801.123|10.0.0.1|-|400|-||0.003",
        ],
    ),
    "nginx in spaces": (
        nginx.parse_log_format(
            '$remote_addr $msec $upstream_addr $upstream_status $request_time "$request_method $uri?$args $server_protocol"'
            " $status [$upstream_response_time] $request_completion x$request_id"
        ),
        [
            b"10.0.0.11 1750690801.123 10.0.0.1:80, 10.0.0.2:80 : 10.1.1.1:99 502, 200 0.003 "
            b'"GET /x/y?a=b HTTP/1.1" 200 [0.1, 0.2] OK xab',
            b'10.0.0.11 1750690801.123 10.0.0.1:80 200 0.003 "GET /x/y?- HTTP/1.1" 200 [-]  xab',
        ],
    ),
    "nginx without escapes": (
        nginx.parse_log_format(
            'escape=none \'$remote_addr:$remote_port [$time_local] "$request" "$http_user_agent" $status\''
            " ' $sent_http_content_length'"
        ),
        [
            b'10.0.0.11:443 [24/Jun/2025:00:00:01 +0900] "GET /x\\ HTTP/1.1" "agent\\" 200 -',
            b'10.0.0.11:443 [24/Jun/2025:00:00:01 +0900] "GET /x HTTP/1.1" "\xec\x95\x88" 200 17',
        ],
    ),
    "apache combined": (
        apache.parse_log_format("combined"),
        [
            b'127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326 "-" "Mozilla \\"x\\" [en]"',
            b'host-1.example.com - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 304 - "-" "M"',
        ],
    ),
    "apache with odd times": (
        apache.parse_log_format('%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t %a "%m %U%q %H" %>s %D %X %{ms}T %{usec}t'),
        [b'10/Oct/2000 13:55:36.123 -0700 ::1 "GET /x?y=1 HTTP/1.1" 200 1234 + 12 1750690801123456'],
    ),
    "apache in civil time": (
        apache.parse_log_format('%h %{%Y-%m-%d}t %{%H:%M:%S}t "%r" %>s %T', zone="Europe/Berlin"),
        [b'192.0.2.77 2025-03-30 02:30:00 "GET / HTTP/1.1" 200 1', b'192.0.2.77 2025-03-31 02:30:00 "GET / HTTP/1.1" 200 1'],
    ),
}
PIECES = [
    *(
        b'"',
        b" ",
        b"\\",
        b'\\"',
        b"[",
        b"]",
        b"-",
        b"\r",
        b"\0",
        b"\xff",
        b"\xec\x95\x88",
        b",",
        b", ",
        b" : ",
        b".",
        b":",
        b"0",
        b"9",
        b"@",
    ),
    *(
        b"|",
        b"\t",
        b"?",
        b"/",
        b"`",
        b"=",
        b" HTTP/",
        b"GET",
        b"\n",
        b"unix:",
        b" tok=x",
        BOM,
        b"\xc2\xa0",
        b"999999999999999999",
    ),
]
piece = st.one_of(st.sampled_from(PIECES), st.binary(min_size=1, max_size=3))


@st.composite
def mutated(draw: st.DrawFn, lines: list[bytes]) -> bytes:
    """A good line with some of it flipped, cut, doubled or put in."""
    line = bytearray(draw(st.sampled_from(lines)))
    for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2, 4]))):
        start = draw(st.integers(0, len(line)))
        end = min(len(line), start + draw(st.sampled_from([0, 1, 1, 2, 5, 60])))
        doubled = bytes(line[start:end])
        line[start:end] = draw(st.one_of(st.just(b""), piece, st.just(doubled * 2), st.just(doubled[::-1])))
    return bytes(line)


@st.composite
def logs(draw: st.DrawFn) -> tuple[str, bytes]:
    name = draw(st.sampled_from(sorted(FORMATS)))
    lines = draw(st.lists(st.one_of(st.sampled_from(FORMATS[name][1]), mutated(FORMATS[name][1])), min_size=1, max_size=25))
    return name, draw(st.sampled_from([b"", b"", BOM])) + b"\n".join(lines) + draw(st.sampled_from([b"", b"\n"]))


def by_definition(form: LineFormat, text: bytes) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Events and rejects from the strict reader alone, put together without any of the code that builds columns."""
    strict = StrictReader(form)
    slots = [piece for segment in form.segments for piece in segment.pieces if isinstance(piece, Slot)]
    events: list[dict[str, object]] = []
    rejects: list[dict[str, object]] = []
    offset = 0
    for number, whole in enumerate(text.removesuffix(b"\n").split(b"\n") if text else [], start=1):
        line = whole.removeprefix(BOM) if number == 1 else whole
        result = strict.read(line)
        if isinstance(result, str):
            place = {"line": number, "offset": offset, "length": len(whole), "reason": result, "raw": whole[:RAW_BYTES]}
            rejects.append(place)
        else:
            event: dict[str, object] = {"line": number}
            for slot, values in zip(slots, result, strict=True):
                for column, type_, value in zip(slot.field.columns, slot.field.kind.types, values, strict=True):
                    event[column] = plain_value(line, type_, value)
            events.append(event)
        offset += len(whole) + 1
    return events, rejects


def plain_value(line: bytes, type_: pa.DataType, value: tuple[int, int] | int) -> object:
    if isinstance(value, tuple):
        text = line[slice(*value)].decode()
        return None if text in ("", "-") else text
    if value == NULL:
        return None
    if pa.types.is_timestamp(type_):
        return EPOCH + timedelta(microseconds=value)
    return bool(value) if pa.types.is_boolean(type_) else value


def read(form: LineFormat, text: bytes, block_bytes: int) -> tuple[int, list[dict[str, object]], list[dict[str, object]]]:
    reader = TextReader(form)
    parsed = list(iter_parsed(io.BytesIO(text), reader, block_bytes=block_bytes))
    for one in parsed:
        one.events.validate(full=True)
        assert one.events.schema == reader.columns
    lines = sum(one.lines for one in parsed)
    return (
        lines,
        [row for one in parsed for row in one.events.to_pylist()],
        [row for one in parsed for row in one.rejects.to_pylist()],
    )


@given(logs(), st.sampled_from([1, 100, 3000, 1 << 20]))
@example(("apache combined", b""), 1)
@example(("apache combined", BOM), 1)
@example(("apache combined", b"\n"), 1)
def test_the_reader_gives_on_every_line_what_the_definition_gives(log: tuple[str, bytes], block_bytes: int) -> None:
    form, text = FORMATS[log[0]][0], log[1]
    events, rejects = by_definition(form, text)

    lines, read_events, read_rejects = read(form, text, block_bytes)

    assert lines == len(events) + len(rejects) == text.count(b"\n") + (not text.endswith(b"\n") and text != b"")
    assert read_events == events
    assert read_rejects == rejects


@given(st.binary(max_size=400), st.sampled_from(sorted(FORMATS)))
def test_any_bytes_at_all_are_accounted_for(text: bytes, name: str) -> None:
    lines, events, rejects = read(FORMATS[name][0], text, 1 << 20)

    assert lines == len(events) + len(rejects) == text.count(b"\n") + (not text.endswith(b"\n") and text != b"")


VARIABLES = [
    "remote_addr",
    "remote_user",
    "time_local",
    "request",
    "status",
    "body_bytes_sent",
    "request_time",
    "http_user_agent",
    "uid",
]
VALUES = {
    "remote_addr": st.sampled_from(["192.0.2.17", "1.1.1.1", "2001:db8::1", "-"]),
    "time_local": st.sampled_from(["24/Jun/2025:00:00:01 +0900", "24/Jun/2025:23:59:59 +0900"]),
    "request": st.sampled_from(["GET /a HTTP/1.1", "POST /b?c=d e HTTP/2.0", "\\x16\\x03", "-", "GET /"]),
    "status": st.sampled_from(["200", "-", "404"]),
    "body_bytes_sent": st.sampled_from(["0", "12345678", "123456789", "-"]),
    "request_time": st.sampled_from(["0.000", "12.345", "1", "-", "12345678.123"]),
}
ANY_TEXT = st.text("ab-. ,:=|[/\\x", max_size=12)
separator = st.sampled_from([" ", " ", '" "', '"', " [", "] ", "|", "=", " - ", ", ", " uid=", "\t", "0", ":", '" ', ' "'])


@given(st.lists(st.tuples(st.sampled_from(VARIABLES), separator), min_size=1, max_size=6), st.data())
def test_formats_that_nobody_thought_of_are_read_by_their_definition(pieces: list[tuple[str, str]], data: st.DataObject) -> None:
    text = "".join(f"${{{name}}}{between}" for name, between in [*pieces, ("time_local", "")])
    text += '"' * (text.count('"') % 2)
    form = nginx.parse_log_format(text)
    lines = []
    for _ in range(data.draw(st.integers(1, 5))):
        line = text
        for name in VARIABLES:
            while f"${{{name}}}" in line:
                line = line.replace(f"${{{name}}}", data.draw(VALUES.get(name, ANY_TEXT)), 1)
        lines.append(line.encode())
    log = b"\n".join(lines)

    events, rejects = by_definition(form, log)

    assert read(form, log, 1 << 20) == (len(lines), events, rejects)


@pytest.mark.parametrize("name", [name for name in FORMATS if "civil" not in name])
def test_an_ordinary_line_of_every_format_is_taken_by_the_vector(name: str) -> None:
    form, lines = FORMATS[name]
    block = next(iter_blocks(io.BytesIO((lines[0] + b"\n") * 3)))

    _, taken = VectorReader(form).read(block)

    assert len(taken.rows) == (0 if name in SLOW else 3)


SLOW = {"apache combined"}  # its first line holds an escaped quote
