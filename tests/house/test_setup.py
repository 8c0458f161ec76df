"""`make setup` installs once, again when something changed, and never calls a half-made environment done."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

# Writes down what it is asked, makes itself the environment's Python, and leaves a program where the project is installed.
PYTHON = """\
echo "$*" >>asked.txt
case "$*" in
*" -m venv "* | "-m venv "*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
*--require-hashes*) [ ! -e offline ] || exit 1 ;;
*--editable*) printf '#!/bin/sh\\n' >.venv/bin/amends && chmod +x .venv/bin/amends ;;
esac
"""

Setup = Callable[[], tuple[int, str]]


def write_program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    """A checkout whose Python is made up: nothing is installed."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "requirements").mkdir()
    shutil.copy(root / "scripts" / "setup.sh", tmp_path / "scripts")
    write_program(tmp_path / "scripts" / "find-python.sh", 'echo "$PWD/base"')
    write_program(tmp_path / "scripts" / "install-for-tests.sh", "")
    write_program(tmp_path / "base", PYTHON)
    (tmp_path / "requirements" / "dev.txt").write_text("rich==1 --hash=sha256:00\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return tmp_path


@pytest.fixture
def setup(checkout: Path) -> Setup:
    """Run it; the exit status, and what the made-up Python was asked to install."""

    def run() -> tuple[int, str]:
        (checkout / "asked.txt").unlink(missing_ok=True)
        result = subprocess.run([str(checkout / "scripts" / "setup.sh")], capture_output=True, text=True, check=False)
        asked = checkout / "asked.txt"
        lines = asked.read_text().splitlines() if asked.exists() else []
        return result.returncode, "\n".join(line for line in lines if "install" in line)

    return run


def test_the_first_time_it_installs_what_is_pinned_and_the_project(setup: Setup, checkout: Path):
    status, installed = setup()

    assert status == 0
    assert "--require-hashes --requirement requirements/dev.txt" in installed
    assert "--no-deps --no-build-isolation --editable ." in installed
    assert (checkout / ".venv" / "bin" / "amends").exists()


def test_the_second_time_it_installs_nothing(setup: Setup):
    setup()

    assert setup() == (0, "")


@pytest.mark.parametrize("name", ["requirements/dev.txt", "pyproject.toml"])
def test_a_change_of_what_is_asked_for_is_installed(setup: Setup, checkout: Path, name: str):
    setup()
    with (checkout / name).open("a") as file:
        file.write("# changed\n")

    status, installed = setup()

    assert (status, "--require-hashes" in installed) == (0, True)


def test_a_program_that_went_missing_is_put_back(setup: Setup, checkout: Path):
    setup()
    (checkout / ".venv" / "bin" / "amends").unlink()

    setup()

    assert (checkout / ".venv" / "bin" / "amends").exists()


def test_an_environment_that_was_moved_is_made_again(setup: Setup, checkout: Path):
    setup()
    stamp = checkout / ".venv" / "amends-setup.stamp"
    stamp.write_text(stamp.read_text().replace(str(checkout.resolve()), "/elsewhere"))

    _, installed = setup()

    assert "--editable" in installed


def test_an_installation_that_failed_is_tried_again(setup: Setup, checkout: Path):
    (checkout / "offline").touch()
    failed, _ = setup()
    (checkout / "offline").unlink()

    status, installed = setup()

    assert (failed, status) == (1, 0)
    assert "--editable" in installed
