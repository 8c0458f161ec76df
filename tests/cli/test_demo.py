"""amends demo: the main job in one command, on a small shop."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from amends.cli import demo as room
from amends.cli.frame import main

SMALL = ["--members", "600", "--lines", "8000"]


def test_the_counted_pairs_equal_the_truth_and_a_report_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "demo"

    assert main(["demo", "--folder", str(folder), "--no-serve", "--json", *SMALL]) == 0

    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["equal"]
    assert found["confirmed"] == found["planted"] > 100
    assert "How many" in Path(found["report"]).read_text(encoding="utf-8")
    for verb in ("simulate", "new", "ingest", "datamap check", "scope", "who", "report"):
        assert f"$ amends {verb} " in told.err


def test_a_folder_that_the_demo_did_not_make_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    assert main(["demo", "--folder", str(tmp_path), "--no-serve", *SMALL]) == 2

    assert "CLI-005" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_step_that_fails_ends_the_demo_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(room, "_someone", lambda exported: "--no-such-option")

    assert main(["demo", "--folder", str(tmp_path / "demo"), "--no-serve", *SMALL]) == 4

    told = capsys.readouterr().err
    assert "CLI-006" in told
    assert "amends who" in told


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """A process that a shell started in the background does not hear Ctrl-C, and none that it starts does."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_the_report_is_served_on_loopback_until_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "amends.cli", "demo", "--folder", str(tmp_path / "demo"), *SMALL]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        address = next(line.split()[-1] for line in process.stderr if "The report: http" in line)
        with urllib.request.urlopen(address) as answer:
            page = answer.read().decode()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)

    assert address.startswith("http://127.0.0.1:")
    assert page == (tmp_path / "demo" / "report.html").read_text(encoding="utf-8")
    assert process.returncode == 0
