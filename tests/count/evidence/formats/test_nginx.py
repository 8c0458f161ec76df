from __future__ import annotations

import io

import pytest

from amends.count.evidence.blocks import iter_parsed
from amends.count.evidence.errors import BAD_LOG_FORMAT
from amends.count.evidence.formats import formats, nginx
from amends.count.evidence.settings import Reading
from amends.errors import InputError

LINE = b'192.0.2.17 - jo [24/Jun/2025:00:00:01 +0900] "GET /a?b=c HTTP/1.1" 200 12 "-" "M"'


def read(log_format: str | None, *lines: bytes) -> tuple[list[dict[str, object]], list[str]]:
    """The events, and the reasons of the rejects."""
    reader = nginx.reader(Reading(log_format=log_format))
    parsed = list(iter_parsed(io.BytesIO(b"\n".join(lines)), reader))
    events = [row for one in parsed for row in one.events.to_pylist()]
    return events, [row["reason"] for one in parsed for row in one.rejects.to_pylist()]


def test_without_a_log_format_it_is_combined() -> None:
    events, rejects = read(None, LINE)

    assert rejects == []
    event = events[0]
    assert (event["client"], event["method"], event["target"], event["status"], event["sent"]) == (
        "192.0.2.17",
        "GET",
        "/a?b=c",
        200,
        12,
    )
    assert (event["remote_user"], event["http_referer"], event["agent"]) == ("jo", None, "M")
    assert str(event["time"]) == "2025-06-23 15:00:01+00:00"


@pytest.mark.parametrize(
    "text",
    [
        nginx.COMBINED,
        f"'{nginx.COMBINED}'",
        f"log_format main '{nginx.COMBINED}';",
        "log_format main escape=default '$remote_addr - $remote_user [$time_local] ' # who and when\n"
        '    \'"$request" $status \' "$body_bytes_sent \\"$http_referer\\" " \'"$http_user_agent"\';',
        nginx.COMBINED.replace("$status", "${status}"),
    ],
)
def test_a_log_format_may_be_the_string_or_the_whole_directive(text: str) -> None:
    assert read(text, LINE) == read(None, LINE)


@pytest.mark.parametrize(
    "text, column, expected",
    [
        ("$remote_addr$remote_user [$time_local]", 13, "some text between $remote_addr and $remote_user"),
        ("$remote_addr $", 14, "a variable's name after $"),
        ("$remote_addr [$status]", None, "a time of the request"),
        ('[$time_local] "$request', None, "an even number of quotes"),
        ("log_format main '$time_local", 17, "the quote that ends this word"),
        ("log_format main $time_local;", 17, "words in quotes"),
        ("escape=odd '$time_local'", None, "escape=default, escape=json or escape=none"),
        ("'$time_local \\\\ \"\\\\$request\"'", None, "no backslash between quotes"),
        ('{"time": "$time_iso8601", "status": $status', None, "one JSON object"),
    ],
)
def test_a_log_format_that_cannot_be_read_is_refused_with_its_place(text: str, column: int | None, expected: str) -> None:
    with pytest.raises(InputError) as refused:
        nginx.reader(Reading(log_format=text))

    finding = refused.value.findings[0]
    assert finding.code == BAD_LOG_FORMAT
    assert finding.at is not None
    assert (finding.at.source, finding.at.column) == ("log_format", column)
    assert expected in finding.expected


def test_every_variable_is_a_column_under_its_own_name() -> None:
    events, _ = read(
        nginx.COMBINED + " uid=$uid tok=$cookie_tok again=$uid $time_iso8601",
        LINE + b" uid=1 tok=t again=2 2025-06-24T00:00:01+09:00",
    )

    assert (events[0]["uid"], events[0]["cookie_tok"], events[0]["uid_2"]) == ("1", "t", "2")
    assert events[0]["time_local"] == "24/Jun/2025:00:00:01 +0900"


def test_a_variable_named_like_a_column_of_events_does_not_take_its_place() -> None:
    events, _ = read("$remote_addr $agent [$time_local]", b"192.0.2.17 x [24/Jun/2025:00:00:01 +0900]")

    assert events[0]["logged_agent"] == "x"
    assert "agent" not in events[0]


def test_of_two_times_the_more_precise_counts() -> None:
    events, _ = read("$time_local $msec", b"24/Jun/2025:00:00:01 +0900 1750690801.123")

    assert str(events[0]["time"]) == "2025-06-23 15:00:01.123000+00:00"


def test_path_and_arguments_that_are_logged_apart_are_one_target() -> None:
    form = '[$time_local] "$request_method $uri?$args"'
    stamp = b"[24/Jun/2025:00:00:01 +0900] "

    events, _ = read(form, stamp + b'"GET /a?b=c"', stamp + b'"GET /a?-"', stamp + b'"GET /a?"')

    assert [(event["method"], event["target"]) for event in events] == [("GET", "/a?b=c"), ("GET", "/a"), ("GET", "/a")]


def test_request_time_is_microseconds_and_an_unfinished_answer_is_not_complete() -> None:
    form = "[$time_local] <$request_completion> $request_time"

    events, _ = read(form, *(b"[24/Jun/2025:00:00:01 +0900] <%s> 1.234" % word for word in (b"OK", b"", b"-")))

    assert [(event["complete"], event["took_us"]) for event in events] == [
        (True, 1_234_000),
        (False, 1_234_000),
        (None, 1_234_000),
    ]


def test_without_escapes_a_backslash_means_itself() -> None:
    events, rejects = read("escape=none '[$time_local] \"$http_user_agent\" $status'", b'[24/Jun/2025:00:00:01 +0900] "a\\" 200')

    assert (events[0]["agent"], rejects) == ("a\\", [])


def test_a_client_cannot_write_another_column() -> None:
    form = nginx.COMBINED + " uid=$cookie_uid tok=$tok iss=$iss"

    events, rejects = read(
        form,
        LINE + b" uid=x tok=evil tok=real iss=-",
        LINE + b" uid=x tok=evil iss=evil tok=real iss=-",
        LINE.replace(b'"M"', b'"M" uid=x tok=evil iss=- "') + b" uid=1 tok=real iss=-",
    )

    assert (events, rejects) == ([], ["shape", "shape", "shape"])


def test_a_log_format_that_writes_json_is_read_as_json_lines() -> None:
    form = (
        'log_format j escape=json \'{"t":"$time_iso8601","a":{"ip":"$remote_addr"},"r":"$request","s":$status,\''
        ' \'"tok":"$cookie_tok","x":"a $uid b"}\';'
    )
    line = b'{"t":"2025-06-24T00:00:01+09:00","a":{"ip":"1.2.3.4"},"r":"GET /x HTTP/1.1","s":200,"tok":"T","x":"a 7 b"}'

    events, rejects = read(form, line)

    assert rejects == []
    assert (events[0]["client"], events[0]["method"], events[0]["target"], events[0]["status"]) == ("1.2.3.4", "GET", "/x", 200)
    assert sorted(events[0]["extra"]) == [("cookie_tok", "T"), ("x", "a 7 b")]  # type: ignore[call-overload]


def test_a_sample_is_recognised_by_most_of_its_lines() -> None:
    assert nginx.recognise(b"\n".join([LINE, LINE, b"torn"])) == '2 of 3 lines read as the log_format "combined"'
    assert nginx.recognise(b"\n".join([LINE, b"torn", b"torn"])) is None
    assert nginx.recognise(b"") is None


@pytest.mark.parametrize("line", [LINE.replace(b'"M"', b'"M \\"x\\""'), LINE.replace(b"192.0.2.17", b"host.example")])
def test_no_sample_is_both_nginx_and_apache(line: bytes) -> None:
    sample = b"\n".join([LINE, LINE, LINE, line])

    assert [name for name in ("apache", "nginx") if formats()[name].recognise(sample)] == ["apache"]
    assert [name for name in ("apache", "nginx") if formats()[name].recognise(LINE)] == ["nginx"]


def test_a_socket_and_a_zone_are_no_host_names() -> None:
    sample = b"\n".join([LINE, LINE.replace(b"192.0.2.17", b"unix:"), LINE.replace(b"192.0.2.17", b"fe80::1%eth0")])

    assert [name for name in ("apache", "nginx") if formats()[name].recognise(sample)] == ["nginx"]


def test_a_long_hostile_word_does_not_stop_recognition() -> None:
    assert nginx.recognise(b"g" * 64 * 1024) is None
