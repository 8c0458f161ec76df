"""Progress of long work, on stderr: nothing within the first two seconds, then a bar with rate and remaining time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

QUIET_SECONDS = 2.0
LINE_SECONDS = 15.0  # between two lines where stderr is no terminal, as in a batch job's log


@contextmanager
def shown(what: str, *, total_bytes: int) -> Iterator[Callable[[int], None]]:
    """Yields `advance(bytes)`. A bar on a terminal, otherwise now and then a line."""
    meter = _Bar(what, total_bytes) if sys.stderr.isatty() else _Lines(what, total_bytes)
    try:
        yield meter.advance
    finally:
        meter.close()


class _Bar:
    def __init__(self, what: str, total: int) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task(what, total=total or None)
        self._visible_from = time.monotonic() + QUIET_SECONDS
        self._started = False

    def advance(self, done: int) -> None:
        self._progress.advance(self._task, done)
        if not self._started and time.monotonic() >= self._visible_from:
            self._progress.start()
            self._started = True

    def close(self) -> None:
        if self._started:
            self._progress.stop()


class _Lines:
    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._done = what, total, 0
        self._start = time.monotonic()
        self._next = self._start + LINE_SECONDS

    def advance(self, done: int) -> None:
        self._done += done
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + LINE_SECONDS
        rate = self._done / (now - self._start)
        left = f", {max(self._total - self._done, 0) / rate:.0f} s left" if self._total and rate else ""
        share = f"{self._done / self._total:.0%}, " if self._total else ""
        print(f"{self._what}: {share}{self._done / 1e6:,.0f} MB, {rate / 1e6:,.0f} MB/s{left}", file=sys.stderr)

    def close(self) -> None:
        return
