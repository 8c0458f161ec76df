"""The private log: each command over a case leaves who, what and why, and never whom it asked about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from amends.case import Case, create_case
from amends.cli.frame import main


def logged(case: Case) -> list[dict[str, Any]]:
    return [json.loads(file.read_bytes()) for file in sorted(case.acts.glob("*.json"))]


def test_each_command_over_a_case_is_logged_by_its_words_and_the_names_of_its_options(tmp_path: Path, capsys: Any) -> None:
    case = create_case(tmp_path / "case", company="Shop", zone="Asia/Seoul")

    assert main(["sources", str(case.path), "--verify"]) == 0
    assert main(["hold", "list", str(case.path)]) == 0
    main(["who", str(case.path), "1000042", "--raw", "--reason", "asked by the customer"])

    found = logged(case)
    assert [(one["verb"], one["options"], one["reason"]) for one in found] == [
        ("sources", ["verify_all"], None),
        ("hold list", [], None),
        ("who", ["subject", "raw", "reason"], "asked by the customer"),
    ]
    assert all(one["actor"] for one in found)
    assert "1000042" not in json.dumps(found)


def test_a_case_that_can_only_be_read_is_looked_into_and_this_is_said(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    case = create_case(tmp_path / "case", company="Shop", zone="Asia/Seoul")

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("amends.record.acts.leave", refuse)

    assert main(["sources", str(case.path)]) == 0
    assert "not logged" in capsys.readouterr().err
