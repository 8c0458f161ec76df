"""amends datamap check: what a person at a terminal, and a script, get to see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amends.case import create_case
from amends.cli.frame import main

MAP = """\
version: 1
subjects: {account: {}}
endpoints:
  - id: profile
    request: GET /api/v1/customers/{customer_id}
    discloses:
      - {subject: account, key: path.customer_id, fields: [user.name]}
"""
LINE = '203.0.113.7 - - [20/Nov/2026:09:00:0{second} +0900] "GET {target} HTTP/1.1" 200 512 "-" "curl/8.5"\n'


@pytest.fixture
def case(tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    create_case(folder, company="Shop Ltd.", zone="Asia/Seoul")
    (folder / "datamap.yaml").write_text(MAP, encoding="utf-8")
    return folder


def ingest(case: Path, *targets: str) -> None:
    log = case.parent / "access.log"
    log.write_text("".join(LINE.format(second=second, target=target) for second, target in enumerate(targets)))
    assert main(["ingest", str(case), str(log)]) == 0


def test_a_map_that_names_every_request_is_done_with_status_0(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest(case, "/api/v1/customers/7", "/api/v1//customers/8/")
    capsys.readouterr()

    status = main(["datamap", "check", str(case)])

    text = capsys.readouterr().out
    assert status == 0
    assert "2 = 2 (closes)" in text
    assert "slashes 1, trailing 1" in text
    assert "keeps a scope from being final: nothing in the map" in text


def test_every_key_of_the_json_object_is_described(case: Path, capsys: pytest.CaptureFixture[str], root: Path) -> None:
    main(["datamap", "check", str(case), "--json"])

    page = (root / "docs" / "datamap.md").read_text(encoding="utf-8")
    assert [key for key in json.loads(capsys.readouterr().out) if f"`{key}`" not in page] == []


def test_unmapped_successful_requests_are_a_no(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest(case, "/api/v1/customers/7", "/api/v2/export/1234?token=tok_secret")
    capsys.readouterr()

    status = main(["datamap", "check", str(case), "--json"])

    out = capsys.readouterr().out
    data = json.loads(out)
    assert status == 1
    assert data["unmapped_successful"] == 1
    assert data["unmapped"][0]["shape"] == "/api/v2/export/{}"
    assert "tok_secret" not in out


def test_a_person_is_shown_where_it_stands_and_what_wins(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    me = "  - {id: me, request: GET /api/v1/customers/me}\n"
    (case / "datamap.yaml").write_text(MAP.replace("user.name", "user.contact.emial") + me, encoding="utf-8")
    ingest(case, "/api/v2/export/1234?kim@example.com", "/api/v1/customers/me")
    capsys.readouterr()

    status = main(["datamap", "check", str(case)])

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert status == 1
    assert f"1 GET /api/v2/export/{{}}?… {case.parent}/access.log, line 1" in lines
    assert "me profile it is more literal GET /api/v1/customers/me" in lines
    assert "fields of the case's own: user.contact.emial (or is user.contact.email meant?)" in lines
    assert lines[-1] == "keeps a scope from being final: successful requests to endpoints that the map does not name: 1"


def test_a_faulty_map_is_told_with_its_places(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (case / "datamap.yaml").write_text(MAP.replace("user.name", "user.nmae"), encoding="utf-8")

    status = main(["datamap", "check", str(case), "--json"])

    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert status == 3
    assert (error["code"], error["line"]) == ("MAP-001", 7)
    assert error["expected"].endswith("near: user.name")


def test_a_case_without_a_map_is_told_what_to_do(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (case / "datamap.yaml").unlink()

    assert main(["datamap", "check", str(case)]) == 3
    assert "MAP-009" in capsys.readouterr().err


def test_a_case_without_events_is_checked_all_the_same(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["datamap", "check", str(case)]) == 0
    text = capsys.readouterr().out
    assert "0 = 0 (closes)" in text
    assert "no log was read yet; next: amends ingest" in text
