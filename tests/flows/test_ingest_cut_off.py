"""An ingestion that is killed, interrupted, run twice at once, or without room: the case stays whole and can be finished."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from amends.case import create_case, open_case
from amends.cli.frame import main
from amends.count.evidence.sources import sources
from amends.count.evidence.verify import verify

# Ends itself at the nth atomic step of an ingestion: each makes a file appear under its name.
DIES = """
import os, signal, sys
from pathlib import Path
from amends.cli.frame import main
from amends.count.evidence import workers
number, signal_name, small = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
workers.SMALL_BYTES = small
steps = 0
replace = Path.replace
def dying(self, target):
    global steps
    steps += 1
    if steps == number:
        os.kill(os.getpid(), getattr(signal, signal_name))
    return replace(self, target)
Path.replace = dying
if __name__ == "__main__":
    sys.exit(main(sys.argv[4:]))
"""

MADE = ("evidence", "events", "rejects", "secrets/principals", "repeats.parquet", "sources.parquet")


def log(day: int, lines: int = 400) -> bytes:
    row = '192.0.2.{client} - - [{day:02}/Nov/2025:10:{minute:02}:{second:02} +0900] "GET /{at} HTTP/1.1" 200 5 "-" "agent"\n'
    return (
        "".join(row.format(client=at % 250, day=day, minute=at // 60 % 60, second=at % 60, at=at) for at in range(lines)).encode()
        + b"junk\n"
    )


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    for day in (1, 2, 3):
        (folder / f"access.log.{day}").write_bytes(log(day))
    (folder / "access.log").write_bytes(b"".join(log(3).splitlines(keepends=True)[-50:]) + log(4))
    return folder


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    create_case(tmp_path / "fresh", company="Shop", zone="Asia/Seoul")
    return tmp_path / "fresh"


def tree(case: Path) -> dict[str, bytes]:
    """What an ingestion makes; the moment at which evidence was taken is left out of the statements."""
    found = {}
    for name in MADE:
        for file in [case / name] if (case / name).is_file() else sorted((case / name).rglob("*")):
            data = file.read_bytes()
            if file.suffix == ".json":
                statement = json.loads(data)
                data = json.dumps([statement["size"], [one["path"] for one in statement["sightings"]]]).encode()
            found[str(file.relative_to(case))] = data
    return found


@pytest.fixture
def undisturbed(fresh: Path, logs: Path, tmp_path: Path) -> dict[str, bytes]:
    shutil.copytree(fresh, tmp_path / "undisturbed")
    assert main(["ingest", str(tmp_path / "undisturbed"), str(logs)]) == 0
    return tree(tmp_path / "undisturbed")


def dying(number: int, signal: str, *arguments: str, small: int = 1 << 30) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", DIES, str(number), signal, str(small), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("step", [1, 2, 3, 5, 9, 10, 11, 15, 21, 22])
def test_killed_at_any_step_and_run_again_gives_the_same_bytes(fresh, logs, undisturbed, step):
    killed = dying(step, "SIGKILL", "ingest", str(fresh), str(logs))
    assert killed.returncode == -9

    assert main(["ingest", str(fresh), str(logs)]) == 0

    assert tree(fresh) == undisturbed
    assert verify(open_case(fresh)).holds
    assert not list(fresh.rglob(".partial-*"))


def test_what_was_taken_before_a_kill_is_read_without_giving_it_again(fresh, logs, undisturbed):
    dying(13, "SIGKILL", "ingest", str(fresh), str(logs))

    assert main(["ingest", str(fresh)]) == 0

    assert tree(fresh) == undisturbed


def test_no_room_counts_on_what_was_cut_off(fresh, logs, capsys):
    dying(13, "SIGKILL", "ingest", str(fresh), str(logs))

    assert main(["sources", str(fresh)]) == 4
    assert capsys.readouterr().err.startswith("EVI-021")


def test_reading_processes_end_when_their_parent_was_killed(fresh, logs, undisturbed):
    # they hold its stdout: reading to the end of it waits for the last of them
    killed = dying(10, "SIGKILL", "ingest", str(fresh), str(logs), "--workers", "2", small=0)
    assert killed.returncode == -9

    assert main(["ingest", str(fresh)]) == 0

    assert tree(fresh) == undisturbed


@pytest.mark.parametrize("step", [4, 13])
def test_an_interrupt_says_what_stays_and_the_case_can_be_finished(fresh, logs, undisturbed, step):
    interrupted = dying(step, "SIGINT", "ingest", str(fresh), str(logs))

    assert interrupted.returncode == 4
    assert interrupted.stderr.startswith("CLI-002")
    assert "stays" in interrupted.stderr
    assert "Traceback" not in interrupted.stderr
    assert main(["ingest", str(fresh), str(logs)]) == 0
    assert tree(fresh) == undisturbed


def test_two_ingestions_at_once_come_one_after_the_other(fresh, logs, undisturbed):
    halves = [[str(logs / "access.log"), str(logs / "access.log.1")], [str(logs / "access.log.2"), str(logs / "access.log.3")]]
    command = [sys.executable, "-m", "amends.cli", "ingest", str(fresh)]

    running = [subprocess.Popen([*command, *half], stdout=subprocess.DEVNULL) for half in halves]

    assert [process.wait() for process in running] == [0, 0]
    assert len(sources(open_case(fresh))) == 4
    assert tree(fresh) == undisturbed


def mounted(folder: Path, size: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "amends-test", str(folder)]
    return (
        os.geteuid() == 0
        and shutil.which("mount") is not None
        and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


def test_a_full_disk_is_told_and_leaves_a_whole_case(fresh, logs, undisturbed, tmp_path, monkeypatch, capsys):
    """On a small file system where root can mount one, else with a write that fails as the kernel makes it fail."""
    (logs / "big.log").write_bytes(log(5, lines=40_000))
    case = tmp_path / "small"
    case.mkdir()
    is_mounted = mounted(case, "1500k")
    try:
        shutil.copytree(fresh, case, dirs_exist_ok=True)
        with monkeypatch.context() as patched:
            if not is_mounted:
                patched.setattr(os, "fsync", lambda file: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
            assert main(["ingest", str(case), str(logs)]) == 4
        assert capsys.readouterr().err.startswith("CAS-006")
        (logs / "big.log").unlink()

        assert main(["ingest", str(case), str(logs)]) == 0

        assert tree(case) == undisturbed
        assert not list(case.rglob(".partial-*"))
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", str(case)], check=True)
