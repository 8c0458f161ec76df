"""Where a world comes to stand: never over anything else, never half, and nothing left of a killed run."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amends.errors import InputError, Place
from amends.simulate.errors import NOT_A_WORLD, OUT_NOT_EMPTY


def refuse_foreign(out: Path, *, force: bool) -> None:
    """Raises: SIM-001 where `out` holds anything, SIM-002 where it holds no world that `force` could replace."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not out.is_dir() or (force and not _is_world(out)):
        raise InputError(NOT_A_WORLD, at=Place(str(out)), expected="a new or empty folder, or a world made by amends simulate")
    if not force:
        raise InputError(OUT_NOT_EMPTY, at=Place(str(out)), expected="a folder that is new or empty")


@contextmanager
def growing(out: Path) -> Iterator[Path]:
    """A folder beside `out`, in which the world grows; if the block ends well it becomes `out`, else nothing is left.

    Its lock says that somebody works there; the kernel frees that of a killed process, whose folder the next run then removes.
    """
    _remove_left_over(out)
    partial = out.with_name(f"{out.name}.partial-{os.getpid()}")
    partial.mkdir(parents=True)
    folder = os.open(partial, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield partial
        _take_place(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        os.close(folder)


def _is_world(path: Path) -> bool:
    return (path / "truth" / "truth.json").is_file() and (path / "logs").is_dir()


def _remove_left_over(out: Path) -> None:
    """What killed runs of the same command left beside `out`: folders that nobody holds any more."""
    for left in out.parent.glob(f"{out.name}.partial-*"):
        if left.name.rpartition("-")[2].isdigit() and left.is_dir() and not _is_held(left):
            shutil.rmtree(left, ignore_errors=True)


def _is_held(path: Path) -> bool:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(folder)


def _take_place(partial: Path, out: Path) -> None:
    """The new world takes the name; a world that stood there is removed only then."""
    old = out.with_name(f"{out.name}.old-{os.getpid()}")
    if out.exists():
        out.rename(old)
    partial.rename(out)
    shutil.rmtree(old, ignore_errors=True)
