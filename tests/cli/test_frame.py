from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from types import ModuleType

import pytest
from rich.table import Table

from amends.cli import frame
from amends.cli.frame import Answer, main, verb, verb_names
from amends.errors import BAD_VALUE, InputError, Place


@pytest.fixture
def planted(monkeypatch):
    """A verb `planted` that does what the test says."""

    def plant(action):
        module = ModuleType("amends.cli.planted")

        def planted() -> Answer:
            """A verb of the test."""
            return action()

        module.planted = verb(planted)
        monkeypatch.setitem(sys.modules, "amends.cli.planted", module)
        monkeypatch.setattr(frame, "verb_names", lambda: ["planted"])

    return plant


def fail(error):
    def action():
        raise error

    return action


def test_the_answer_is_printed_as_text(planted, capsys):
    planted(lambda: Answer({"n": 3}, text="three lines"))

    assert main(["planted"]) == 0
    assert capsys.readouterr().out == "three lines\n"


def test_json_prints_one_object_and_nothing_else(planted, capsys):
    planted(lambda: Answer({"n": 3, "name": "조"}, text="three lines"))

    assert main(["planted", "--json"]) == 0
    out = capsys.readouterr()
    assert json.loads(out.out) == {"n": 3, "name": "조"}
    assert out.err == ""


def test_an_answer_of_no_is_status_1(planted):
    planted(lambda: Answer({}, text="no", is_no=True))

    assert main(["planted"]) == 1


def test_bad_input_is_status_3_with_place_and_next_step(planted, capsys):
    planted(fail(InputError(BAD_VALUE, at=Place("a.log", 7), expected="a number")))

    assert main(["planted"]) == 3
    assert capsys.readouterr().err.startswith("DOC-002  a.log, line 7: ")


def test_bad_input_as_json_carries_the_same_words(planted, capsys):
    planted(fail(InputError(BAD_VALUE, at=Place("a.log", 7), expected="a number")))

    assert main(["planted", "--json"]) == 3
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert (error["code"], error["line"], error["expected"]) == ("DOC-002", 7, "a number")


HOSTILE = "a\x1b[2Jb\x9b31mc\u202ed\x07e\u2028f"
HARMLESS = "a\\u001b[2Jb\\u009b31mc\\u202ed\\u0007e\\u2028f"


def test_no_text_from_outside_steers_the_terminal(planted, capsys):
    table = Table()
    table.add_column("name")
    table.add_row(HOSTILE)
    planted(lambda: Answer({"name": HOSTILE}, text=[HOSTILE, table]))

    assert main(["planted"]) == 0
    out = capsys.readouterr().out
    assert out.count(HARMLESS) == 2
    assert main(["planted", "--json"]) == 0
    out = capsys.readouterr().out
    assert HARMLESS in out
    assert json.loads(out) == {"name": HOSTILE}


def test_no_error_steers_the_terminal(planted, capsys):
    planted(fail(InputError(BAD_VALUE, at=Place(HOSTILE + "\n", 7), expected=HOSTILE)))

    assert main(["planted"]) == 3
    err = capsys.readouterr().err
    assert err.splitlines()[:2] == [f"DOC-002  {HARMLESS}\\u000a, line 7: {BAD_VALUE.meaning}", f"         expected  {HARMLESS}"]


def test_a_fault_of_ours_shows_no_traceback_and_not_its_message(planted, capsys, monkeypatch):
    monkeypatch.delenv("AMENDS_DEBUG", raising=False)
    planted(fail(RuntimeError("member 8812345 has the door code 1234")))

    assert main(["planted"]) == 4
    shown = capsys.readouterr().err
    assert "CLI-003" in shown
    assert "8812345" not in shown
    assert "Traceback" not in shown


def test_an_interruption_says_what_to_do(planted, capsys):
    planted(fail(KeyboardInterrupt()))

    assert main(["planted"]) == 4
    assert "CLI-002" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error,status,code",
    [
        (FileNotFoundError(errno.ENOENT, "", "gone.log"), 3, "CLI-004"),
        (OSError(errno.ELOOP, "", "round.log"), 3, "CLI-004"),
        (PermissionError(errno.EACCES, "", "shut.log"), 3, "CAS-005"),
        (OSError(errno.ENOSPC, "", "full"), 4, "CAS-006"),
    ],
)
def test_errors_of_the_system_are_coded(planted, capsys, error, status, code):
    planted(fail(error))

    assert main(["planted"]) == status
    assert capsys.readouterr().err.startswith(code)


@pytest.mark.parametrize("words", [["nope"], ["new"], ["new", "x", "--company"], ["new", "x", "--colour", "red"]])
def test_a_wrong_command_line_is_status_2(words, capsys):
    assert main(words) == 2
    assert "CLI-001" in capsys.readouterr().err


@pytest.mark.parametrize("name", verb_names())
def test_every_verb_has_help_with_an_example(name, capsys):
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: amends")


def test_amends_alone_lists_the_verbs(capsys):
    assert main([]) == 0
    listed = capsys.readouterr().out
    assert all(f"\n  {name} " in listed for name in verb_names())


def test_the_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("amends ")


def test_a_path_that_is_no_case_is_bad_input(tmp_path, planted, capsys):
    assert main(["new", str(tmp_path / "case"), "--company", "Shop", "--tz", "UTC"]) == 0
    assert main(["new", str(tmp_path / "case"), "--company", "Shop", "--tz", "UTC"]) == 3
    assert "CAS-002" in capsys.readouterr().err


def test_letters_that_the_terminal_lacks_are_printed_as_escapes(tmp_path):
    words = ["new", str(tmp_path / "case"), "--company", "조", "--tz", "UTC", "--at-rest", "nowhere"]

    done = subprocess.run(
        [sys.executable, "-m", "amends.cli", *words],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )

    assert done.returncode == 0
    assert b"for \\uc870, UTC" in done.stdout
