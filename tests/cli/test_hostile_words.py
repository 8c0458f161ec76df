"""Words and settings that nobody meant end in a coded error with its place, and leave nothing half."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amends.case import create_case
from amends.cli import frame
from amends.cli.frame import main
from amends.errors import OperationError

Run = Callable[..., tuple[int, dict[str, Any]]]
MAKE = ("new", "--company", "Shop", "--at-rest", "nowhere")


def code(found: tuple[int, dict[str, Any]]) -> str:
    status, told = found
    assert status in (2, 3)
    (first, *_) = told["errors"]
    assert first["expected"]
    assert first["next"]
    return str(first["code"])


@pytest.mark.parametrize("zone", ["", "Asia", "Asia/Nowhere", "../../etc/passwd", "localtime", "posix/UTC", "x" * 999, "a\x00b"])
def test_a_zone_that_is_none_everywhere_is_refused_and_no_folder_is_left(tmp_path: Path, run: Run, zone: str) -> None:
    assert code(run(*MAKE, "--tz", zone, tmp_path / "new")) in ("CAS-007", "CAS-003")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "window",
    [
        ("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z"),
        ("2026-03-02", "2026-03-03"),
        ("yesterday", "today"),
        ("0001-01-01T00:00:00+09:00", "2026-03-01T00:00:00Z"),
        ("2026-03-01T00:00:00Z", "9999-12-31T23:59:59-12:00"),
    ],
)
def test_a_window_that_is_none_is_refused_and_no_folder_is_left(tmp_path: Path, run: Run, window: tuple[str, str]) -> None:
    assert code(run(*MAKE, "--tz", "UTC", "--from", window[0], "--to", window[1], tmp_path / "new")) == "CLI-001"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "text",
    [
        "unknown = 1",
        "x = " + "9" * 5_000,
        "x = " + "[" * 5_000,
        "evidence = 5",
        "[[evidence]]\nprincipal = 5",
        "[[evidence]]\nmatch = 5",
        '[[evidence]]\nzone = "Asia"',
        '[[evidence]]\nlayer = "nope"',
        "[[evidence]",
    ],
)
def test_settings_that_nobody_meant_are_told_with_their_place(make_case: Callable[..., Path], run: Run, text: str) -> None:
    case = make_case()
    (case / "amends.toml").write_text((case / "amends.toml").read_text() + text + "\n")

    found = run("ingest", case)

    assert code(found) in ("CAS-003", "EVI-001")
    assert "amends.toml" in found[1]["errors"][0]["source"]


def test_settings_that_are_a_folder_are_told(make_case: Callable[..., Path], run: Run) -> None:
    case = make_case()
    (case / "amends.toml").unlink()
    (case / "amends.toml").mkdir()

    assert code(run("sources", case)) == "CAS-003"


@pytest.mark.parametrize("memory", ["0", "-1", "1", "5MB", "1e9", "99999999TB", "abc", ""])
def test_an_amount_of_memory_that_nobody_meant_is_refused(make_case: Callable[..., Path], run: Run, memory: str) -> None:
    assert code(run("scope", make_case(), f"--memory={memory}")) == "SCO-009"


@pytest.mark.parametrize("place", ["folder", "fifo"])
def test_what_is_no_file_is_never_replaced(tmp_path: Path, make_case: Callable[..., Path], run: Run, place: str) -> None:
    out = tmp_path / "out.csv"
    _ = out.mkdir() if place == "folder" else os.mkfifo(out)
    case = make_case()

    for words in (("scope", case, "--export"), ("report", case, "--out"), ("datamap", "draft", case, "--from-logs", "--out")):
        assert code(run(*words, out, "--force")) == "CLI-008"


def test_words_that_are_no_text_are_told(make_case: Callable[..., Path], run: Run) -> None:
    case = make_case()

    assert code(run("who", case, "\udcff")) == "CLI-001"
    assert code(run("scope", case, "--claim", "\udcff")) == "CLI-001"


def test_ids_that_are_no_text_are_told_with_their_line(
    make_case: Callable[..., Path], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"1\n\xff\n")))

    found = run("who", case, "-")

    assert code(found) == "CLI-007"
    assert found[1]["errors"][0]["line"] == 2


def test_a_kind_that_the_map_does_not_have_is_told(make_case: Callable[..., Path], run: Run) -> None:
    assert code(run("who", make_case(), "1", "--kind", "nobody")) == "MAP-004"


def test_a_statement_that_somebody_changed_is_told(make_case: Callable[..., Path], run: Run) -> None:
    case = make_case()
    (statement,) = (case / "evidence").glob("*.json")
    whole = statement.read_text()

    for old, new in (('"size": ', '"size": "x", "other": '), ('"taken_at": "20', '"taken_at": "never'), ("{", "[" * 5_000)):
        statement.write_text(whole.replace(old, new, 1))
        assert code(run("ingest", case)) == "EVI-026"


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE])
def test_a_disk_that_fails_is_no_fault_of_amends(number: int) -> None:
    error = frame._of_system(OSError(number, "failed"))

    assert isinstance(error, OperationError)
    assert error.code.id == "CLI-009"


def test_a_name_beyond_the_terminal_is_printed_as_escapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_case(tmp_path / "case", company="쿠키", zone="UTC")
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)

    assert main(["new", "--company", "상점", "--tz", "UTC", "--at-rest", "n", str(tmp_path / "second")]) == 0
    out.flush()
    assert b"\\uc0c1" in out.buffer.getvalue()  # type: ignore[attr-defined]
