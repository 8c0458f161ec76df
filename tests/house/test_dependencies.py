"""What is declared is used and described, what is used is declared, and what is pinned carries hashes and no address."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest

# Where the name that is imported is not the name that is installed.
IMPORTED_AS = {
    "django-allauth": "allauth",
    "pysigma": "sigma",
    "pyyaml": "yaml",
    "tzdata": "zoneinfo",  # the standard library reads it where the machine has no zones of its own
}


def project(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))


def names(requirements: Iterable[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", requirement)[0].lower() for requirement in requirements}


def declared(root: Path) -> dict[str, set[str]]:
    """The names of packages by where they are declared: `core`, each extra, `dev`."""
    document = project(root)
    extras = {extra: names(given) for extra, given in document["project"]["optional-dependencies"].items()}
    return {"core": names(document["project"]["dependencies"]), **extras, "dev": names(document["dependency-groups"]["dev"])}


def imported(root: Path) -> set[str]:
    """The top names of everything that src/ imports, at whatever depth of a module."""
    found: set[str] = set()
    for path in (root / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.split(".")[0])
    return found


def module_of(package: str) -> str:
    return IMPORTED_AS.get(package, package.replace("-", "_"))


def pinned(path: Path) -> dict[str, list[str]]:
    """name==version to its hashes."""
    requirements = path.read_text("utf-8").replace("\\\n", " ").splitlines()
    return {line.split()[0]: re.findall(r"--hash=(\S+)", line) for line in requirements if line.strip()}


def test_every_core_dependency_is_imported(root: Path):
    assert {package for package in declared(root)["core"] if module_of(package) not in imported(root)} == set()


def test_every_imported_package_is_declared(root: Path):
    shipped = {place: packages for place, packages in declared(root).items() if place != "dev"}

    foreign = imported(root) - set(sys.stdlib_module_names) - {"amends"}
    assert foreign - {module_of(package) for packages in shipped.values() for package in packages} == set()


def test_every_dependency_is_described_with_its_reason_and_licence(root: Path):
    text = (root / "docs" / "dependencies.md").read_text("utf-8")
    rows = {cells[0].strip(" `"): cells[1:] for line in text.splitlines() if len(cells := line.strip("| ").split(" | ")) >= 3}

    wanted = set().union(*declared(root).values())
    assert {package for package in wanted if package not in rows or not all(map(str.strip, rows[package]))} == set()


@pytest.mark.parametrize("name", ["core.txt", "dev.txt"])
def test_every_pinned_package_carries_hashes(root: Path, name: str):
    found = pinned(root / "requirements" / name)

    assert found
    assert [requirement for requirement, hashes in found.items() if "==" not in requirement or not hashes] == []


@pytest.mark.parametrize("name", ["core.txt", "dev.txt"])
def test_no_requirements_name_an_address(root: Path, name: str):
    assert "://" not in (root / "requirements" / name).read_text("utf-8")


def test_what_is_declared_is_pinned(root: Path):
    places = declared(root)
    core = names(pinned(root / "requirements" / "core.txt"))
    dev = names(pinned(root / "requirements" / "dev.txt"))

    assert places["core"] - core == set()
    assert set().union(*(packages for place, packages in places.items() if place not in {"korean", "spark"})) - dev == set()


def test_the_core_is_pinned_to_the_versions_that_are_tested(root: Path):
    assert set(pinned(root / "requirements" / "core.txt")) - set(pinned(root / "requirements" / "dev.txt")) == set()


def test_the_packages_here_are_the_pinned_ones(root: Path):
    here = {f"{name}=={metadata.version(name)}" for name in declared(root)["core"]}

    assert here - set(pinned(root / "requirements" / "dev.txt")) == set()
