"""Imports go down and never turn back, and every room stands on a floor that a contract names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter import api

CONTAINERS = ("amends", "amends.count", "amends.answer")


def named_floors(root: Path, container: str) -> set[str]:
    """The members of a container that a layers contract names."""
    contracts = api.read_configuration(str(root / "pyproject.toml"))["contracts_options"]
    (layers,) = (c["layers"] for c in contracts if c["type"] == "layers" and c["containers"] == [container])
    return {name.strip(" ()") for layer in layers for name in layer.replace(":", "|").split("|")}


def members(folder: Path) -> set[str]:
    """Packages and modules directly in a folder; a folder counts as soon as it holds any Python file."""
    packages = {path.name for path in folder.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    return packages | {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts of the pyproject.toml in `folder` over its src/, as `make check` does."""
    command = "from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-c", command, "--no-logo", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def empty_house(root: Path, tmp_path: Path) -> Path:
    """A house with every named room, none of which imports anything."""
    (tmp_path / "pyproject.toml").write_bytes((root / "pyproject.toml").read_bytes())
    for container in CONTAINERS:
        for floor in named_floors(root, container):
            room = tmp_path.joinpath("src", *container.split("."), floor)
            room.mkdir(parents=True, exist_ok=True)
    for folder in (tmp_path / "src" / "amends").rglob(""):
        (folder / "__init__.py").touch()
    return tmp_path


def test_every_import_contract_is_kept(root: Path):
    result = lint_imports(root)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_folder_and_module_is_on_a_floor(root: Path, container: str):
    folder = root.joinpath("src", *container.split("."))

    assert members(folder) - named_floors(root, container) == set()


def test_a_house_without_imports_keeps_the_contracts(empty_house: Path):
    result = lint_imports(empty_house)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    "room,imported",
    [
        ("errors", "amends.units"),
        ("documents", "amends.case"),
        ("case", "amends.engine"),
        ("engine", "amends.record"),
        ("record", "amends.count"),
        ("count", "amends.answer"),
        ("count/evidence", "amends.count.datamap"),
        ("count/datamap", "amends.count.evidence"),
        ("count/evidence", "amends.count.scope"),
        ("simulate", "amends.record"),
        ("simulate", "amends.count.evidence"),
        ("simulate", "amends.answer"),
        ("answer", "amends.simulate"),
        ("answer/reports", "amends.cli"),
        ("count", "django"),
        ("cli", "django.db"),
    ],
)
def test_an_import_that_turns_back_breaks_a_contract(empty_house: Path, room: str, imported: str):
    (empty_house / "src" / "amends" / room / "planted.py").write_text(f"import {imported}\n")

    result = lint_imports(empty_house)

    assert result.returncode == 1
    assert "planted -> " in result.stdout


@pytest.mark.parametrize("room", ["utils", "count/hunt", "answer/hearing"])
def test_a_room_that_no_contract_names_breaks_one(empty_house: Path, room: str):
    folder = empty_house / "src" / "amends" / room
    folder.mkdir()
    (folder / "__init__.py").touch()

    result = lint_imports(empty_house)

    assert result.returncode == 1
    assert folder.name in result.stdout
