"""`make` alone lists the targets, and the build runs two of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

TARGETS = ("setup", "demo", "check", "test", "test-all", "bench", "requirements", "docs")


def test_make_alone_lists_each_target_with_a_line(root: Path):
    listed = subprocess.run(["make", "--no-print-directory"], cwd=root, capture_output=True, text=True, check=True).stdout

    described = {words[1]: words[2] for line in listed.splitlines() if len(words := line.split(maxsplit=2)) == 3}
    assert set(TARGETS) <= set(described)


def test_make_alone_installs_nothing(root: Path):
    planned = subprocess.run(["make", "--dry-run"], cwd=root, capture_output=True, text=True, check=True).stdout

    assert "setup.sh" not in planned


def test_the_build_runs_check_and_test(root: Path):
    script = (root / ".ci" / "run").read_text("utf-8")

    assert "set -euo pipefail" in script
    assert [line.split()[-1] for line in script.splitlines() if line.startswith("make ")] == ["check", "test"]
