"""The log files of one server: written, rotated, compressed, one of them lost, one rotation written twice.

Rotation is logrotate's with `delaycompress`: the newest two files are plain, older ones gzip; numbers count back from the newest.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

GZIP_LEVEL = 1
CHUNK = 1 << 20
MEMBER = 31  # window bits that ask zlib for a gzip member; it writes no name and no time (RFC 1952, MTIME 0)


@dataclass(slots=True)
class ServerLogs:
    """Files in order of time; `write` says where lines went, as (number of the file, its first line of these)."""

    folder: Path
    name: str
    pool: ThreadPoolExecutor
    keep: int = 0  # last lines to remember, for a rotation that writes them twice
    files: int = 0
    lines: int = 0
    written: int = 0
    lost: set[int] = field(default_factory=set)
    counts: list[int] = field(default_factory=list)
    _file: BinaryIO | None = None
    _tail: deque[bytes] = field(default_factory=deque)
    _waiting: list[Future[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self._tail = deque(maxlen=self.keep)

    @property
    def current(self) -> int:
        return self.files - 1

    def rotate(self, *, again: bool = False, lost: bool = False) -> int:
        """Begin the next file; `again`: with the last lines of the one before; how many. A `lost` one is never written."""
        self._end_file()
        self.files += 1
        self.lines = self.written = 0
        if self.current >= 2:
            self._waiting.append(self.pool.submit(_compress, self._part(self.current - 2)))
        if lost:
            self.lost.add(self.current)
            return 0
        self._file = self._part(self.current).open("wb")
        repeated = list(self._tail) if again else []
        self.write(repeated, sum(part.count(b"\n") for part in repeated))
        return len(repeated)

    def write(self, parts: Sequence[bytes | memoryview], lines: int) -> int:
        """Append; the number of the first of these lines, 1-based."""
        first = self.lines + 1
        if self._file is not None:
            for part in parts:
                self.written += self._file.write(part)
        self.lines += lines
        return first

    def remember(self, lines: Sequence[bytes]) -> None:
        """The last lines that were written, for a rotation to come."""
        self._tail.extend(lines)

    def finish(self) -> dict[int, str]:
        """Close, give every file its number, and say each one's name by its place in time (a lost one: none)."""
        self._end_file()
        for waiting in self._waiting:
            waiting.result()
        names = {}
        for place in range(self.files):
            back = self.files - 1 - place
            if place not in self.lost:
                packed = self._part(place).with_suffix(".gz")
                end = ".gz" if packed.exists() else ""
                names[place] = f"{self.name}{f'.{back}' if back else ''}{end}"
                (packed if end else self._part(place)).rename(self.folder / names[place])
        return names

    def close(self) -> None:
        """Let go of the open file; nothing more is written to it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _end_file(self) -> None:
        self.close()
        if self.files:
            self.counts.append(0 if self.current in self.lost else self.lines)

    def _part(self, place: int) -> Path:
        return self.folder / f"{self.name}-{place:06d}.part"


def _compress(path: Path) -> None:
    """One gzip member, the same bytes wherever the same zlib is; `path` is gone after it. A lost file has none."""
    if not path.exists():
        return
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, MEMBER)
    with path.open("rb") as plain, path.with_suffix(".gz").open("wb") as packed:
        while data := plain.read(CHUNK):
            packed.write(packer.compress(data))
        packed.write(packer.flush())
    path.unlink()
