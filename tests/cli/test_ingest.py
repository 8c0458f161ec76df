from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from amends.case import create_case
from amends.cli.frame import main

ROW = '192.0.2.1 - - [18/Nov/2025:10:{minute:02}:{second:02} +0900] "GET /{second} HTTP/1.1" 200 5 "-" "agent"\n'
LINES = "".join(ROW.format(minute=at // 60, second=at % 60) for at in range(300)).encode()


@pytest.fixture
def case(tmp_path: Path) -> Path:
    create_case(tmp_path / "case", company="Shop", zone="Asia/Seoul")
    return tmp_path / "case"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "access.log").write_bytes(LINES + b"junk with kim@shop.example\n")
    return tmp_path / "access.log"


def test_the_equation_is_printed_and_rejects_are_told_by_place_never_by_text(case, log, capsys):
    assert main(["ingest", str(case), str(log)]) == 0

    out = capsys.readouterr().out
    assert "301 lines = 300 events + 1 rejects + 0 repeats (closes)" in out
    assert f"first at {log}, line 301" in out
    assert "kim@shop.example" not in out
    assert "files    1 = 1 + 0 in the case already (closes)" in out


def test_json_has_the_shape_that_programs_rely_on(case, log, capsys):
    assert main(["ingest", str(case), str(log), "--server", "web-1", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    (source,) = told["sources"]
    assert {
        "sha256",
        "plain_sha256",
        "name",
        "format",
        "lines",
        "events",
        "rejects",
        "repeats",
        "first",
        "last",
        "fault",
    } <= source.keys()
    assert told["total"] == {"lines": 301, "events": 300, "rejects": 1, "repeats": 0}
    assert (source["first"], source["last"]) == ("2025-11-18T01:00:00Z", "2025-11-18T01:04:59Z")
    assert told["gaps"] == []


def test_gaps_name_server_start_end_and_reason(case, log, capsys):
    with (case / "amends.toml").open("a") as file:
        file.write('\n[[evidence]]\nmatch = "access.log"\nserver = "web-1"\n')
        file.write('\n[[evidence]]\nmatch = "web-2/*"\nserver = "web-2"\n')
    main(["ingest", str(case), str(log), "--json"])

    (gap,) = json.loads(capsys.readouterr().out)["gaps"]
    assert {"server", "start", "end", "reason"} <= gap.keys()
    assert (gap["server"], gap["reason"]) == ("web-2", "no source")


def test_sources_tells_the_same_account_as_ingest(case, log, capsys):
    main(["ingest", str(case), str(log), "--json"])
    first = json.loads(capsys.readouterr().out)
    main(["sources", str(case), "--json"])
    second = json.loads(capsys.readouterr().out)

    assert all(first[key] == second[key] for key in second.keys() - {"holds"})


def test_a_cut_gz_is_status_1(case, tmp_path, capsys):
    (tmp_path / "access.log.gz").write_bytes(gzip.compress(LINES)[:-20])

    assert main(["ingest", str(case), str(tmp_path / "access.log.gz")]) == 1
    assert "fault    " in capsys.readouterr().out
    assert main(["sources", str(case)]) == 1


def test_verification_is_status_0_and_after_a_change_of_the_evidence_status_1(case, log, capsys):
    main(["ingest", str(case), str(log)])
    assert main(["sources", str(case), "--verify"]) == 0
    assert "verified 1 sources: every hash, file and equation holds" in capsys.readouterr().out

    stored = next(file for file in (case / "evidence").iterdir() if file.suffix != ".json")
    stored.chmod(0o600)
    stored.write_bytes(LINES)

    assert main(["sources", str(case), "--verify", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["verified"]["faults"]) == 1


@pytest.mark.parametrize(
    "arguments,status,code",
    [
        (["no/such/file"], 3, "CLI-004"),
        (["bad.log"], 3, "EVI-003"),
        (["access.log", "--format", "elf"], 3, "EVI-003"),
        (["access.log", "--layer", "cellar"], 3, "EVI-001"),
        (["access.log", "--log-format", "$"], 3, "EVI-00"),
        (["access.log", "--no-such-option"], 2, "CLI-001"),
        (["empty"], 3, "EVI-024"),
    ],
)
def test_what_is_wrong_is_told_by_code_and_status(case, log, tmp_path, capsys, monkeypatch, arguments, status, code):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.log").write_bytes(b"nothing of the kind\n")
    (tmp_path / "empty").mkdir()

    assert main(["ingest", str(case), *arguments]) == status
    assert capsys.readouterr().err.startswith(code)


def test_an_empty_file_is_taken(case, tmp_path, capsys):
    (tmp_path / "access.log").write_bytes(b"")

    assert main(["ingest", str(case), str(tmp_path / "access.log")]) == 0
    assert "0 lines = 0 events + 0 rejects + 0 repeats (closes)" in capsys.readouterr().out


def test_a_case_without_sources_says_what_to_do_next(case, capsys):
    assert main(["sources", str(case)]) == 0
    assert "next: amends ingest CASE" in capsys.readouterr().out


def test_a_pipe_is_standard_input(case):
    command = [sys.executable, "-m", "amends.cli", "ingest", str(case), "-", "--json"]

    done = subprocess.run(command, input=LINES, capture_output=True, check=True)

    assert json.loads(done.stdout)["total"]["events"] == 300
    assert done.stderr == b""


def test_how_the_format_was_recognised_is_said(case, log, capsys):
    main(["ingest", str(case), str(log)])

    assert "taken for nginx" in capsys.readouterr().out


def test_a_format_that_nobody_knows_is_told_once_not_for_every_file(case, log, capsys):
    (log.parent / "other.log").write_bytes(LINES)

    assert main(["ingest", str(case), str(log.parent), "--format", "elf"]) == 3

    err = capsys.readouterr().err
    assert err.startswith("EVI-003  --format: ")
    assert err.count("EVI-003") == 1


@pytest.mark.parametrize("option", ["--server", "--log-format", "--account", "--principal", "--zone", "--layer"])
def test_a_setting_that_is_not_text_is_refused_and_the_case_stays_usable(case, log, capsys, option):
    assert main(["ingest", str(case), str(log), option, "web\udcff"]) == 2
    assert "CLI-001" in capsys.readouterr().err

    assert main(["ingest", str(case), str(log)]) == 0


def test_a_file_may_have_any_name(case, tmp_path, capsys):
    names = [b"[a]*.log", b"?.log", b"q'\"o.log", b"n\nl.log", b"--help", b"-", b"\xff.log", b"\x1b[31m.log", b"~", b" "]
    (tmp_path / "logs").mkdir()
    for number, name in enumerate(names):
        row = ROW.format(minute=number, second=0) + ROW.format(minute=number, second=1)
        (tmp_path / "logs" / os.fsdecode(name)).write_text(row)

    assert main(["ingest", str(case), str(tmp_path / "logs"), "--in-place", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["events"] == 2 * len(names)
    assert main(["ingest", str(case), str(tmp_path / "logs"), "--json"]) == 0
    known = json.loads(capsys.readouterr().out)["known"]
    assert sorted(os.path.basename(os.fsencode(path)) for path in known) == sorted(names)
    assert main(["sources", str(case), "--verify"]) == 0


def test_a_name_never_forges_a_line_of_the_answer(case, tmp_path, capsys):
    forged = tmp_path / "a.log\n999 lines = 999 events + 0 rejects + 0 repeats (closes)"
    forged.write_bytes(LINES)
    hidden = tmp_path / "logs" / ".a\nverified 9 sources"
    hidden.parent.mkdir()
    hidden.write_bytes(b"")
    (hidden.parent / "b.log").write_bytes(LINES)

    for _ in range(2):
        assert main(["ingest", str(case), str(forged), str(hidden.parent)]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith(("999", "verified"))] == []
