from __future__ import annotations

import io

import pytest

from amends.count.evidence.blocks import iter_parsed
from amends.count.evidence.errors import BAD_LOG_FORMAT, NO_ZONE
from amends.count.evidence.formats import apache
from amends.count.evidence.settings import Reading
from amends.errors import InputError

# The example of https://httpd.apache.org/docs/2.4/logs.html#combined
LINE = (
    b'127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326'
    b' "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"'
)


def read(log_format: str | None, *lines: bytes, zone: str | None = None) -> tuple[list[dict[str, object]], list[str]]:
    """The events, and the reasons of the rejects."""
    reader = apache.reader(Reading(log_format=log_format, zone=zone))
    parsed = list(iter_parsed(io.BytesIO(b"\n".join(lines)), reader))
    events = [row for one in parsed for row in one.events.to_pylist()]
    return events, [row["reason"] for one in parsed for row in one.rejects.to_pylist()]


def test_the_example_of_the_manual_is_read() -> None:
    events, rejects = read(None, LINE)

    event = events[0]
    assert rejects == []
    assert str(event["time"]) == "2000-10-10 20:55:36+00:00"
    assert (event["client"], event["user"], event["ident"]) == ("127.0.0.1", "frank", None)
    assert (event["method"], event["target"], event["status"], event["sent"]) == ("GET", "/apache_pb.gif", 200, 2326)
    assert (event["referer"], event["agent"]) == ("http://www.example.com/start.html", "Mozilla/4.08 [en] (Win98; I ;Nav)")


@pytest.mark.parametrize(
    "text",
    [
        "combined",
        apache.NICKNAMES["combined"],
        r'"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-agent}i\""',
        r'LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-agent}i\"" combined',
        r'CustomLog logs/access_log "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-agent}i\""',
        '%h %l %u %t "%r" %>s %b "%!200,304{Referer}i" "%400,501{User-Agent}i"',
    ],
)
def test_a_log_format_may_be_a_nickname_the_string_or_the_whole_directive(text: str) -> None:
    assert read(text, LINE) == read(None, LINE)


@pytest.mark.parametrize(
    "text, column, expected",
    [
        ("%h %Q %t", 4, "%Q is none"),
        ("%h%u %t", 3, "some text between %h and %u"),
        ("%h %", 4, "or %% for a percent sign"),
        ("%i %t", 1, "a name in braces"),
        ("%h", None, "a time of the request"),
        ('%h %t "%r', None, "an even number of quotes"),
        ("%{%H:%M}t %h", 1, "a year, month, day, hour, minute and second"),
        ("%{%A %F %T}t", 1, "a time of fixed width; %A is not known here"),
        ("%{%F %T %Z}t", 1, "a time without %Z"),
        ("%t %{h}T", 4, "%{us}T, %{ms}T or %{s}T"),
        ('LogFormat "%h %t', 16, "the quote that ends the format"),
    ],
)
def test_a_log_format_that_cannot_be_read_is_refused_with_its_place(text: str, column: int | None, expected: str) -> None:
    with pytest.raises(InputError) as refused:
        apache.reader(Reading(log_format=text))

    finding = refused.value.findings[0]
    assert finding.code == BAD_LOG_FORMAT
    assert finding.at is not None
    assert (finding.at.source, finding.at.column) == ("LogFormat", column)
    assert expected in finding.expected


def test_a_dash_for_bytes_is_nothing_sent() -> None:
    events, _ = read("common", b'192.0.2.17 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 304 -')

    assert events[0]["sent"] == 0


def test_an_escaped_quote_does_not_end_a_field() -> None:
    events, rejects = read(None, LINE.replace(b"Mozilla", rb"a \"quoted\" Mozilla"))

    assert rejects == []
    assert str(events[0]["agent"]).startswith(r"a \"quoted\" Mozilla")


def test_a_user_name_may_hold_spaces_and_a_host_be_a_name() -> None:
    events, _ = read("common", b'shop-1.example.com - jo e [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1')

    assert (events[0]["client"], events[0]["user"]) == ("shop-1.example.com", "jo e")


def test_times_that_stand_together_are_one_stamp() -> None:
    form = '%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t "%r"'  # the example of mod_log_config

    events, _ = read(form, b'10/Oct/2000 13:55:36.123 -0700 "GET / HTTP/1.0"')

    assert str(events[0]["time"]) == "2000-10-10 20:55:36.123000+00:00"


@pytest.mark.parametrize(
    "form, stamp",
    [
        ("%{usec}t", b"971211336123456"),
        ("%{msec}t", b"971211336123"),
        ("%{sec}t.%{usec_frac}t", b"971211336.123456"),
        ("%{%s}t", b"971211336"),
    ],
)
def test_times_may_be_numbers(form: str, stamp: bytes) -> None:
    events, _ = read(f"{form} %h", stamp + b" 192.0.2.17")

    assert str(events[0]["time"]).startswith("2000-10-10 20:55:36")


def test_a_stamp_without_a_zone_needs_one() -> None:
    with pytest.raises(InputError) as refused:
        read("%h %{%Y-%m-%d %H:%M:%S}t", b"")
    assert (refused.value.code, str(refused.value.findings[0].at)) == (NO_ZONE, "LogFormat, column 4")

    events, _ = read("%h %{%Y-%m-%d %H:%M:%S}t", b"192.0.2.17 2000-10-10 13:55:36", zone="Asia/Seoul")
    assert str(events[0]["time"]) == "2000-10-10 04:55:36+00:00"


@pytest.mark.parametrize(
    "form, text, took", [("%D", b"1234", 1234), ("%{us}T", b"1234", 1234), ("%{ms}T", b"12", 12_000), ("%T", b"2", 2_000_000)]
)
def test_the_time_taken_is_microseconds(form: str, text: bytes, took: int) -> None:
    events, _ = read(f"%t {form}", b"[10/Oct/2000:13:55:36 -0700] " + text)

    assert events[0]["took_us"] == took


def test_seconds_that_no_number_can_hold_are_a_reject() -> None:
    assert read("%t %T", b"[10/Oct/2000:13:55:36 -0700] 9999999999999") == ([], ["number"])


def test_an_aborted_connection_is_an_incomplete_answer() -> None:
    events, _ = read("%t %X", *(b"[10/Oct/2000:13:55:36 -0700] " + state for state in (b"X", b"+", b"-")))

    assert [event["complete"] for event in events] == [False, True, True]


def test_headers_cookies_and_variables_are_columns_of_their_own() -> None:
    form = "%t %{X-Foo}i %{X-Foo}o %{sid}C %{LANE}e %{why}n %v:%p %I %O %{X-Request-Id}i"

    events, _ = read(form, b"[10/Oct/2000:13:55:36 -0700] a b c d e shop.example:443 1 2 id")

    event = events[0]
    assert [event[name] for name in ("x_foo", "sent_x_foo", "cookie_sid", "env_lane", "note_why")] == ["a", "b", "c", "d", "e"]
    assert [event[name] for name in ("server_name", "port", "bytes_in", "bytes_out", "request_id")] == [
        "shop.example",
        "443",
        "1",
        "2",
        "id",
    ]


def test_method_path_and_query_that_are_logged_apart_are_method_and_target() -> None:
    events, _ = read('%t "%m %U%q %H" %%', b'[10/Oct/2000:13:55:36 -0700] "GET /a?b=c HTTP/1.1" %')

    assert (events[0]["method"], events[0]["target"], events[0]["protocol"]) == ("GET", "/a?b=c", "HTTP/1.1")


def test_a_sample_is_recognised_by_what_only_apache_writes() -> None:
    line = LINE.replace(b"127.0.0.1", b"host.example")

    assert apache.recognise(line) == '1 of 1 lines read as the LogFormat "combined"'
    assert apache.recognise(b"torn\n" + line + b"\ntorn") is None
    assert apache.recognise(b"") is None
