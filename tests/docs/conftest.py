"""The pages, and the folders in which their examples start."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SIMULATE = "amends simulate world --members 2000 --lines 20000"  # docs/datamap.md and docs/scope.md show numbers of this world
CASE = 'amends new case --company "Shop Ltd." --tz Asia/Seoul && cp -r world/case/. case && amends ingest case world/logs'
CODE = re.compile(r"^```[a-z]*\n(.*?)^```$|^ {4,}(\S[^\n]*)$|`([^`]+)`", re.MULTILINE | re.DOTALL)
STARTS = {"empty": None, "world": SIMULATE, "case": f"{SIMULATE} && {CASE}"}


@pytest.fixture(scope="session")
def pages(root: Path) -> dict[str, str]:
    """Every page under docs/ and the README, by name."""
    files = [*sorted((root / "docs").rglob("*.md")), root / "README.md"]
    return {str(file.relative_to(root)): file.read_text(encoding="utf-8") for file in files}


@pytest.fixture(scope="session")
def code(pages: dict[str, str]) -> dict[str, str]:
    """What stands as code on every page: in fences, indented, or between backticks."""
    return {name: "\n".join("".join(piece) for piece in CODE.findall(page)) for name, page in pages.items()}


@pytest.fixture(scope="session")
def shell() -> Callable[[str, Path], tuple[int, str]]:
    """Run one line as a reader would, stdout and stderr as they see them: exit status, output."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AMENDS")} | {"PATH": path}

    def run(line: str, folder: Path) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return done.returncode, done.stdout

    return run


@pytest.fixture(scope="session")
def start_in(tmp_path_factory: pytest.TempPathFactory, shell: Callable[[str, Path], tuple[int, str]]) -> Callable[[str], Path]:
    """A new folder that holds nothing, a simulated world, or a world and a case that has read its logs."""
    made: dict[str, Path] = {}

    def start(name: str) -> Path:
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name)
            if command := STARTS[name]:
                status, output = shell(command, made[name])
                assert status == 0, output
        return Path(shutil.copytree(made[name], tmp_path_factory.mktemp("page") / "folder", symlinks=True))

    return start
