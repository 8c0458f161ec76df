"""Lines within lines: what is split is put together, what is not of the wrapper is told."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from amends.count.evidence import detect, wrapped
from amends.count.evidence.blocks import iter_parsed
from amends.count.evidence.errors import UNKNOWN_FORMAT
from amends.count.evidence.events import EventColumns
from amends.count.evidence.principals import KeyedHashes
from amends.count.evidence.readers import reader_of
from amends.count.evidence.settings import Reading
from amends.count.evidence.wrappers import WRAPPERS
from amends.errors import InputError

LINE = '192.0.2.7 - - [18/Nov/2025:22:52:00 +0000] "GET /a HTTP/1.1" 200 1 "-" "app"'


def cri(text: str, *, flag: str = "F", stream: str = "stdout") -> str:
    return f"2016-10-06T00:17:09.669794202Z {stream} {flag} {text}"


def docker(log: str, *, stream: str = "stdout") -> str:
    return json.dumps({"log": log, "stream": stream, "time": "2025-11-18T22:52:00.1Z"})


def read(wrapper: str, *lines: str, reading: Reading | None = None) -> tuple[list[int], dict[int, str]]:
    """Lines of events; reasons of rejects by line."""
    data = "".join(line + "\n" for line in lines).encode()
    pieces = list(iter_parsed(io.BytesIO(data), reader_of("nginx", wrapper, reading or Reading()), block_bytes=100))
    assert sum(parsed.numbers or 0 for parsed in pieces) == len(lines)
    rejects = [row for parsed in pieces for row in parsed.rejects.to_pylist()]
    return [line for parsed in pieces for line in parsed.events.column("line").to_pylist()], {
        row["line"]: row["reason"] for row in rejects
    }


def test_a_text_that_docker_split_is_one_line_under_the_number_of_its_first_part():
    split = (docker(LINE[:40]), docker("other\n", stream="stderr"), docker(LINE[40:50]), docker(LINE[50:] + "\n"))

    assert read("docker", docker(LINE + "\n"), *split, docker(LINE + "\n")) == ([1, 2, 6], {3: "address"})


def test_a_text_that_the_kubelet_split_is_one_line():
    assert read("cri", cri(LINE[:40], flag="P"), cri("x", stream="stderr"), cri(LINE[40:])) == ([1], {2: "address"})


def test_a_text_that_never_ends_is_partial():
    assert read("cri", cri(LINE, flag="P"), cri(LINE, stream="stderr")) == ([2], {1: "partial"})


def test_texts_do_not_wait_for_ever_for_one_that_began_before_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wrapped, "MOST_WAITING", 3)

    lines = [cri("begun", flag="P"), *[cri(LINE, stream="stderr")] * 4, cri("go on", flag="P"), cri("end")]

    assert read("cri", *lines) == ([2, 3, 4, 5], {1: "partial", 6: "address"})


def test_lines_of_another_kind_are_told():
    assert read("docker", "{}", "", LINE, docker("a\nb\n")) == ([], {1: "wrapper", 2: "empty", 3: "wrapper", 4: "line feed"})


@pytest.mark.parametrize(
    "prefix",
    [
        "<190>Nov  8 22:52:00 web-1 nginx: ",
        "Nov 18 22:52:00 10.0.0.1 nginx[42]: ",
        "2025-11-18T22:52:00.123456+09:00 web-1 nginx[42]: ",
        "<165>1 2025-11-18T22:52:00.003Z web-1 nginx 8710 - - ",
        '<165>1 - web-1 nginx - ID47 [exampleSDID@32473 iut="3" eventSource="a \\] \\"b\\""][b@1] \ufeff',
    ],
)
def test_syslog_is_read_in_all_its_forms(prefix: str):
    assert read("syslog", prefix + LINE) == ([1], {})


def test_the_host_of_syslog_may_name_the_server():
    reading = Reading(server="syslog_host")
    reader = reader_of("nginx", "syslog", reading)
    data = f"Nov 18 22:52:00 web-1 nginx: {LINE}\nNov 18 22:52:00 web-1 nginx: bad\nNov 18 22:52:00 web-2 nginx: {LINE}\n"
    columns = EventColumns(reader.columns, reading, source="", name="", hashes=KeyedHashes(b""))

    drafts = [columns.draft(parsed) for parsed in iter_parsed(io.BytesIO(data.encode()), reader)]

    assert [server for draft in drafts for server in draft.column("server").to_pylist()] == ["web-1", "web-2"]


@pytest.mark.parametrize(
    "name,line", [("docker", docker(LINE + "\n")), ("cri", cri(LINE)), ("syslog", f"Nov 18 22:52:00 w nginx: {LINE}")]
)
def test_a_wrapper_is_recognised_and_told(tmp_path: Path, name: str, line: str):
    (tmp_path / "a.log").write_text(line + "\n")

    for reading in (Reading(), Reading(format="nginx"), Reading(wrapper=name)):
        choice = detect.choose(tmp_path / "a.log", reading, name="a.log")

        assert (choice.format, choice.wrapper) == ("nginx", name)
    assert WRAPPERS[name].TITLE in detect.choose(tmp_path / "a.log", Reading(), name="a.log").why


def test_docker_lines_whose_texts_nobody_knows_are_json_lines(tmp_path: Path):
    (tmp_path / "a.log").write_text(docker("hello\n") + "\n")

    assert detect.choose(tmp_path / "a.log", Reading(columns={"time": "time"}), name="a.log").wrapper is None
    with pytest.raises(InputError) as caught:
        detect.choose(tmp_path / "a.log", Reading(wrapper="docker"), name="a.log")
    assert caught.value.code == UNKNOWN_FORMAT
