"""`make setup` takes an interpreter that runs and is new enough, provides one where it may, else says what is missing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

RIGHT = f'exec "{sys.executable}" "$@"'
BROKEN = "echo 'this version is not active' >&2; exit 127"  # as pyenv's shims answer
REAL = str(Path(sys.executable).resolve())

Machine = Callable[..., subprocess.CompletedProcess[str]]


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def machine(root: Path, tmp_path: Path) -> Machine:
    """Run the script on a made-up machine that holds only the given programs, by path; the user is not root unless said."""

    def run(programs: dict[str, str], *, user: int = 1000, **environment: str) -> subprocess.CompletedProcess[str]:
        write_program(tmp_path / "bin" / "id", f"echo {user}")
        for name, text in programs.items():
            write_program(tmp_path / name, text)
        return subprocess.run(
            [str(root / "scripts" / "find-python.sh")],
            env={
                "PATH": str(tmp_path / "bin"),
                "HOME": str(tmp_path / "kim"),
                "PYTHON_FOLDERS": str(tmp_path / "usual"),
                "FOLDER": str(tmp_path),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    "place",
    [
        "bin/python3.12",
        "bin/python3.13",
        "bin/python3",
        "usual/python3.13",
        "kim/.pyenv/versions/3.12.9/bin/python3.12",
        "kim/.local/share/uv/python/cpython-3.13.1-linux-x86_64-gnu/bin/python3.13",
    ],
)
def test_an_interpreter_is_found_where_it_stands(machine: Machine, place: str):
    result = machine({place: RIGHT})

    assert (result.returncode, result.stdout.strip()) == (0, REAL)


def test_a_shim_of_a_version_that_is_not_active_is_passed_over(machine: Machine):
    result = machine({"bin/python3.12": BROKEN, "bin/python3": BROKEN, "kim/.pyenv/versions/3.12.1/bin/python3.12": RIGHT})

    assert (result.returncode, result.stdout.strip()) == (0, REAL)


def test_an_interpreter_that_cannot_make_environments_is_passed_over(machine: Machine):
    without_venv = f'case "$2" in *ensurepip*) exit 1;; esac\n{RIGHT}'

    result = machine({"bin/python3.12": without_venv, "bin/python3.13": RIGHT})

    assert (result.returncode, result.stdout.strip()) == (0, REAL)


def test_the_named_interpreter_is_taken_before_all_others(machine: Machine, tmp_path: Path):
    named = tmp_path / "mine" / "python"

    result = machine({"mine/python": RIGHT, "bin/python3.12": BROKEN}, PYTHON=str(named))

    assert (result.returncode, result.stdout.strip()) == (0, REAL)


def test_a_named_interpreter_that_does_not_suit_is_said_so(machine: Machine, tmp_path: Path):
    result = machine({"mine/python": BROKEN, "bin/python3.12": RIGHT}, PYTHON=str(tmp_path / "mine" / "python"))

    assert result.returncode == 1
    assert "is not a Python 3.12 or newer" in result.stderr


def test_root_on_debian_gets_the_package_of_debian(machine: Machine):
    install = f'/bin/mkdir -p "$FOLDER/usual"; /bin/ln -s "{REAL}" "$FOLDER/usual/python3.13"'
    programs = {
        "bin/apt-cache": '[ "$2" = python3.13 ] && echo "  Candidate: 3.13.5-2" || echo "  Candidate: (none)"',
        "bin/apt-get": f'[ "$1" = install ] || exit 0\n{install}',
        "bin/grep": 'exec /bin/grep "$@"',
    }

    result = machine(programs, user=0)

    assert (result.returncode, result.stdout.strip()) == (0, REAL)
    assert "installing Debian's python3.13" in result.stderr


def test_where_there_is_none_one_sentence_says_what_is_missing(machine: Machine):
    result = machine({"bin/python3": BROKEN})

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "setup: no Python 3.12 or newer was found or could be installed: install one "
        "(with its venv module; or: pip install uv && uv python install 3.12), or name it with PYTHON=/path/to/python3.12."
    ]
