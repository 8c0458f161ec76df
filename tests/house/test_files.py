"""What every file of the project keeps: its size, and nothing of the machine that it was written on."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

MOST_LINES = 400

# Written so that this file does not hold what it looks for. A slash after a word begins the path of a URL, not of a machine.
MACHINE_PATHS = re.compile(rb"(?<![\w.\]})*-])/(?:work|root|home/[a-z]+|Users/[a-z]+)/[\w.]")
INDEX_ADDRESSES = re.compile(rb"pypi\.(?:org|python)|python[h]osted|--(?:extra-)?index-url[ =]|--find-links[ =]|file:/{3}opt")


def tracked_files(root: Path) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: there is no list of tracked files")
    return [root / name for name in listed.stdout.split("\0") if name and (root / name).is_file()]


def lines_that_hold(pattern: re.Pattern[bytes], root: Path) -> list[str]:
    """path:line of every match; the match itself stays where it is."""
    return [
        f"{path.relative_to(root)}:{number}"
        for path in tracked_files(root)
        for number, line in enumerate(path.read_bytes().split(b"\n"), start=1)
        if pattern.search(line)
    ]


def test_no_tracked_file_holds_a_path_of_a_machine(root: Path):
    assert lines_that_hold(MACHINE_PATHS, root) == []


def test_no_tracked_file_holds_the_address_of_a_package_index(root: Path):
    assert lines_that_hold(INDEX_ADDRESSES, root) == []


@pytest.mark.parametrize("line", [b"see /wo" + b"rk/notes.md", b'"/ro' + b'ot/.cache/x"', b"cd /ho" + b"me/kim/amends"])
def test_a_path_of_a_machine_is_recognised(line: bytes):
    assert MACHINE_PATHS.search(line)


@pytest.mark.parametrize(
    "line", [b"GET /api/v1/home/address", b"https://shop.example/work/1", b"homework/1", b"/var/log/nginx/access.log"]
)
def test_the_path_of_a_url_or_a_server_is_no_path_of_a_machine(line: bytes):
    assert MACHINE_PATHS.search(line) is None


def test_there_is_no_lock_file_with_addresses(root: Path):
    assert not [path for path in tracked_files(root) if path.name == "uv" + ".lock"]


def test_no_module_is_longer_than_400_lines(root: Path):
    lengths = {str(path.relative_to(root)): len(path.read_bytes().splitlines()) for path in (root / "src").rglob("*.py")}

    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}
