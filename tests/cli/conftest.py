"""A case on the real command line: settings, a map with a table, a selection, and a log of three accounts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amends.cli.frame import main

SETTINGS = """\
[case]
company = "Shop"
zone = "UTC"
"""
MAP = """\
version: 1
subjects:
  account: {label: {en: account}, population: {table: lookups/members.csv, id: id}}
endpoints:
  - id: profile
    request: GET /p/{id}
    discloses:
      - {subject: account, key: path.id, fields: [user.name]}
"""
MISUSE = """\
- {id: all, author: a, at: 2026-03-02T00:00:00Z, reason: r, where: {client: [203.0.113.7]}}
"""
LINE = '{client} - - [01/Mar/2026:00:00:{second:02} +0000] "GET /p/{id} HTTP/1.1" 200 512 "-" "agent"\n'

type Run = Callable[..., tuple[int, dict[str, Any]]]


def log(ids: int = 3, client: str = "203.0.113.7") -> str:
    return "".join(LINE.format(client=client, second=number, id=number) for number in range(ids))


@pytest.fixture
def make_case(tmp_path: Path) -> Callable[..., Path]:
    """A case at a path of its own, its log ingested; what it says may be given."""

    def made(
        path: Path | None = None,
        *,
        lines: str | None = None,
        map: str = MAP,
        misuse: str = MISUSE,
        settings: str = SETTINGS,
        members: int = 9,
    ) -> Path:
        case = path or tmp_path / "case"
        source = tmp_path / "access.log"
        source.write_text(lines if lines is not None else log(), encoding="utf-8")
        assert main(["new", "--company", "Shop", "--tz", "UTC", "--at-rest", "nowhere", "--", str(case)]) == 0
        for name, text in (("amends.toml", settings), ("datamap.yaml", map), ("misuse.yaml", misuse)):
            (case / name).write_text(text, encoding="utf-8")
        ids = "".join(f"{number}\n" for number in range(members))
        (case / "lookups" / "members.csv").write_text(f"id\n{ids}", encoding="utf-8")
        assert main(["ingest", "--", str(case), str(source)]) == 0
        return case

    return made


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run one command with `--json`: its exit status and its object."""

    def ran(*words: object) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        status = main([*map(str, words), "--json"])
        return status, json.loads(capsys.readouterr().out)

    return ran
