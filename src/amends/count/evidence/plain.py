"""The plain bytes of a stored stream: as it is, or gzip (RFC 1952) member by member, told apart by its first bytes.

Every byte that can be decoded is handed out; a cut file, or bytes that are no member, become `fault`, never an exception and
never silence. Decoding is streamed, so a small file that unpacks to a large one costs time, not memory: `stored_bytes` and
`plain_bytes` tell the ratio.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, cast

from isal import isal_zlib

GZIP_MAGIC = b"\x1f\x8b"
GZIP_WINDOW = 31  # zlib's wbits: a gzip header, and the largest window
READ_BYTES = 256 * 1024
DECODED_BYTES = 1024 * 1024  # at most so much is decoded ahead of the reader


ISAL_ERROR = cast(type[Exception], isal_zlib.IsalError)  # its stubs call it an instance
RESCUE_BYTES = 16 * 1024  # of stored bytes in one go; zlib makes at most 1,032 of one


class Stored(Protocol):
    """What a stored stream must give: an unbuffered file, or standard input."""

    def read(self, size: int, /) -> bytes | None: ...
    def seekable(self) -> bool: ...
    def seek(self, offset: int, /) -> int: ...
    def tell(self) -> int: ...


class PlainBytes:
    """A Readable over a stored stream. Once it has come to its end, all of its counters, its hash and its fault are whole."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        self._hash = hashlib.sha256()
        self.stored_bytes = 0
        self.plain_bytes = 0
        self.members = 0
        self.fault: str | None = None
        self._ahead = self._first_bytes()
        self.container = "gzip" if self._ahead.startswith(GZIP_MAGIC) else None
        self._chunks = self._members() if self.container else self._as_stored()
        self._chunk = memoryview(b"")

    @property
    def stored_sha256(self) -> str:
        return self._hash.hexdigest()

    def readinto(self, buffer: memoryview, /) -> int:
        """Some of the plain bytes; 0 at the end."""
        while not self._chunk:
            following = next(self._chunks, None)
            if following is None:
                return 0
            self._chunk = memoryview(following)
        count = min(len(self._chunk), len(buffer))
        buffer[:count] = self._chunk[:count]
        self._chunk = self._chunk[count:]
        self.plain_bytes += count
        return count

    def _read(self) -> bytes:
        read = self._stored.read(READ_BYTES) or b""
        self._hash.update(read)
        self.stored_bytes += len(read)
        return read

    def _first_bytes(self) -> bytes:
        first = self._read()
        while 0 < len(first) < len(GZIP_MAGIC) and (more := self._read()):  # a pipe may give one byte at a time
            first += more
        return first

    def _as_stored(self) -> Iterator[bytes]:
        while self._ahead:
            yield self._ahead
            self._ahead = self._read()

    def _members(self) -> Iterator[bytes]:
        """The text of all members, one after the other; what stands after a fault is read for the hash alone."""
        while self._ahead and self.fault is None:
            if self._ahead.startswith(GZIP_MAGIC[: len(self._ahead)]):
                yield from self._member()
            else:
                self.fault = f"gzip: bytes that are no member after member {self.members}"
            self._ahead = self._ahead or self._read()
        while self._ahead:
            self._ahead = self._read()

    def _member(self) -> Iterator[bytes]:
        decoder = isal_zlib.decompressobj(wbits=GZIP_WINDOW)
        begin = self.stored_bytes - len(self._ahead)
        handed_out = 0
        waiting: bytes = self._ahead
        while True:
            try:
                decoded = decoder.decompress(waiting, DECODED_BYTES)
            except ISAL_ERROR as error:
                self.fault = f"gzip: {error} in member {self.members + 1}"
                yield from self._rescued(begin, handed_out)
                return
            handed_out += len(decoded)
            if decoded:
                yield decoded
            if decoder.eof:
                self.members += 1
                self._ahead = decoder.unused_data
                return
            waiting = decoder.unconsumed_tail
            if not waiting and len(decoded) < DECODED_BYTES:
                waiting = self._ahead = self._read()
                if not waiting:
                    self.fault = f"gzip: the file ends inside member {self.members + 1}"
                    yield from self._rescued(begin, handed_out)
                    return

    def _rescued(self, begin: int, handed_out: int) -> Iterator[bytes]:
        """What a bad member still gives after `handed_out` bytes: isal drops the output of the call that fails and keeps the last
        bytes before a cut, so the member is decoded again by zlib, byte by byte where isal failed. A stream that cannot seek
        loses those bytes: under DECODED_BYTES.
        """
        if not self._stored.seekable():
            return
        end, last = self.stored_bytes, self.stored_bytes - len(self._ahead)
        decoder = zlib.decompressobj(GZIP_WINDOW)
        self._stored.seek(begin)
        decoded = 0
        try:
            while begin < end and not decoder.eof:
                text = decoder.decompress(self._stored.read(min(RESCUE_BYTES, last - begin) if begin < last else 1) or b"", 0)
                begin = self._stored.tell()
                decoded += len(text)
                if decoded > handed_out and text:
                    yield text[-(decoded - handed_out) :]
                    handed_out = decoded
        except zlib.error:
            return  # the fault that isal told
        finally:
            self._stored.seek(end)


@contextmanager
def open_plain(path: Path) -> Iterator[PlainBytes]:
    """Open a stored file for reading its plain bytes. Raises: OSError where it cannot be read."""
    with path.open("rb", buffering=0) as stored:
        yield PlainBytes(stored)
