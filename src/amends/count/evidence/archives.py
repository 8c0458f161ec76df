"""Tar archives, plain or compressed: each regular file within is a source of its own, under the archive's path and its own.

POSIX.1-1988 ustar, pax and GNU forms. An archive is read once, from its beginning to its end. A member's name is only ever text:
nothing is unpacked to where it points.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol, cast

from amends.count.evidence.plain import PlainBytes, open_plain

MOST_HEADER = 1 << 20  # bytes of a header's long names and notes (pax), which tarfile reads into memory whole
CHUNK_BYTES = 1 << 16


class Readable(Protocol):
    """Gives its bytes in pieces; none at its end."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Member:
    """One entry. `stream`: its bytes, to be read before the next entry is asked for; None where it is not taken, for a reason."""

    name: str
    modified: datetime | None
    stream: Readable | None
    reason: str = ""


class Archive:
    """The members of one archive. When all are read, `sha256` is that of the archive as stored, and `fault` says why its end is
    not known, if so.
    """

    def __init__(self, plain: PlainBytes) -> None:
        self._plain = plain
        self._bytes = _Forward(plain)
        self.fault: str | None = None

    @property
    def sha256(self) -> str:
        return self._plain.stored_sha256

    def members(self) -> Iterator[Member]:
        try:
            with tarfile.open(fileobj=cast(IO[bytes], self._bytes), mode="r:", errors="surrogateescape") as archive:
                while (entry := archive.next()) is not None:
                    yield self._member(entry)
                    archive.members = []  # type: ignore[attr-defined]  # it would remember every entry
        except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
            self.fault = f"the archive cannot be read on: {error}"
        while self._bytes.read(CHUNK_BYTES):  # to its end, for its hash
            pass
        self.fault = self.fault or self._plain.fault

    def _member(self, entry: tarfile.TarInfo) -> Member:
        name = entry.name.removeprefix("./")
        if entry.isdir():
            return Member(name, None, None)
        if not entry.isreg() or entry.issparse():
            return Member(name, None, None, "not a regular file")
        if any(part.startswith(".") for part in name.split("/")):
            return Member(name, None, None, "hidden")
        return Member(name, _instant(entry.mtime), _Part(self._bytes, entry))


@contextmanager
def open_archive(path: Path, *, most: int) -> Iterator[Archive | None]:
    """The archive in a file; None where it is none. `most`: so many bytes are unpacked at most."""
    with open_plain(path) as plain:
        try:
            tarfile.TarInfo.frombuf(_Forward(plain).read(tarfile.BLOCKSIZE), "utf-8", "surrogateescape")
            is_archive = True
        except (tarfile.HeaderError, ValueError):
            is_archive = False
    with open_plain(path, most=most) as plain:
        yield Archive(plain) if is_archive else None


class _Part:
    """A member's bytes as far as they are there: where the archive is cut, so is the member, and the next entry tells it."""

    def __init__(self, archive: _Forward, entry: tarfile.TarInfo) -> None:
        archive.seek(entry.offset_data)
        self._archive, self._left = archive, entry.size

    def read(self, size: int, /) -> bytes:
        taken = self._archive.read(min(size, self._left, CHUNK_BYTES))
        self._left -= len(taken)
        return taken


class _Forward(io.RawIOBase):
    """Plain bytes as tarfile reads them: forward, but for the one byte before a header that it looks at again."""

    def __init__(self, plain: PlainBytes) -> None:
        self._plain = plain
        self._at = 0
        self._last = b""  # the last byte, for a seek one back
        self._back = False

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at - self._back

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence != io.SEEK_SET or offset < self._at - 1:
            raise tarfile.ReadError("an entry that lies before the one that was read")
        self._back = offset == self._at - 1
        while self._at < offset:
            if not self._take(min(offset - self._at, CHUNK_BYTES)):
                break
        return self.tell()

    def read(self, size: int = -1, /) -> bytes:
        if size < 0 or size > MOST_HEADER:
            raise tarfile.ReadError(f"a header of more than {MOST_HEADER:,} bytes")
        before, self._back = self._last if self._back and size else b"", False
        parts, missing = [before], size - len(before)
        while missing and (part := self._take(missing)):
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _take(self, size: int) -> bytes:
        buffer = bytearray(size)
        count = self._plain.readinto(memoryview(buffer))
        self._at += count
        taken = bytes(buffer[:count])
        self._last = taken[-1:] or self._last
        return taken


def _instant(mtime: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(mtime, UTC)
    except (ValueError, OverflowError, OSError):
        return None
