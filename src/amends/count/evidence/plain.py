"""The plain bytes of a stored stream: as it is, or decompressed member by member.

Every byte that can be decoded is handed out; a cut file, or bytes that are no member, become `fault`, never an exception and
never silence. Decoding is streamed, so a small file that unpacks to a large one costs time, not memory; beyond `most` bytes it
is a fault too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from amends.count.evidence.compressions import DECODED_BYTES, MOST_MAGIC, Compression, compression_of

READ_BYTES = 256 * 1024
RESCUE_BYTES = 16 * 1024  # of stored bytes in one go
MOST_UNPACKED = 200_000_000_000  # bytes of one source, unless its block says otherwise: more is no log, but meant to do harm


class Stored(Protocol):
    """What a stored stream must give: an unbuffered file, or standard input."""

    def read(self, size: int, /) -> bytes | None: ...
    def seekable(self) -> bool: ...
    def seek(self, offset: int, /) -> int: ...
    def tell(self) -> int: ...


class PlainBytes:
    """A Readable over a stored stream. Once it has come to its end, all of its counters, its hash and its fault are whole."""

    def __init__(self, stored: Stored, *, most: int = MOST_UNPACKED) -> None:
        self._stored = stored
        self._room = most  # for what is unpacked; what is stored plain needs none
        self._hash = hashlib.sha256()
        self.stored_bytes = 0
        self.plain_bytes = 0
        self.members = 0
        self.fault: str | None = None
        self._ahead = self._first_bytes()
        compression = compression_of(self._ahead)
        self.container = compression.name if compression else None
        self._chunks = self._members(compression) if compression else self._as_stored()
        self._chunk = memoryview(b"")

    @property
    def stored_sha256(self) -> str:
        return self._hash.hexdigest()

    def random_access(self) -> Stored | None:
        """The file behind bytes that are stored as they are; None where there is none. Who moves in it reads no stream after."""
        return self._stored if self.container is None and self._stored.seekable() else None

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
        while 0 < len(first) < MOST_MAGIC and (more := self._read()):  # a pipe may give one byte at a time
            first += more
        return first

    def _as_stored(self) -> Iterator[bytes]:
        while self._ahead:
            yield self._ahead
            self._ahead = self._read()

    def _members(self, compression: Compression) -> Iterator[bytes]:
        """The text of all members, one after the other; what stands after a fault is read for the hash alone."""
        magic = compression.magic
        while self._ahead and self.fault is None:
            while 0 < len(self._ahead) < len(magic) and (more := self._read()):
                self._ahead += more
            if self._ahead.startswith(magic):
                yield from self._member(compression)
            elif not magic.startswith(self._ahead):
                self.fault = f"{compression.name}: bytes that are no member after member {self.members}"
            else:
                self.fault = f"{compression.name}: the file ends inside member {self.members + 1}"
            self._ahead = self._ahead.lstrip(compression.padding) if compression.padding else self._ahead
            while not self._ahead and (more := self._read()):
                self._ahead = more.lstrip(compression.padding) if compression.padding else more
        while self._ahead:
            self._ahead = self._read()

    def _member(self, compression: Compression) -> Iterator[bytes]:
        decoder = compression.decoder()
        begin = self.stored_bytes - len(self._ahead)
        handed_out = 0
        waiting: bytes = self._ahead
        while True:
            try:
                decoded = decoder.decompress(waiting, DECODED_BYTES)
            except compression.errors as error:
                self.fault = f"{compression.name}: {error} in member {self.members + 1}"
                yield from self._rescued(compression, begin, handed_out)
                return
            handed_out += len(decoded)
            if len(decoded) > self._room:
                yield decoded[: self._room]
                self.fault = f"{compression.name}: it unpacks to more than most_unpacked allows"
                return
            self._room -= len(decoded)
            if decoded:
                yield decoded
            if decoder.eof:
                self.members += 1
                self._ahead = decoder.unused_data
                return
            waiting = b""
            if decoder.needs_input:
                waiting = self._ahead = self._read()
                if not waiting:
                    self.fault = f"{compression.name}: the file ends inside member {self.members + 1}"
                    yield from self._rescued(compression, begin, handed_out)
                    return

    def _rescued(self, compression: Compression, begin: int, handed_out: int) -> Iterator[bytes]:
        """What a bad member still gives after `handed_out` bytes: a decoder drops the output of the call that fails, and isal
        keeps the last bytes before a cut, so the member is decoded again, byte by byte where it failed. A stream that cannot seek
        loses those bytes: under DECODED_BYTES.
        """
        if not self._stored.seekable():
            return
        end, last = self.stored_bytes, self.stored_bytes - len(self._ahead)
        decoder = compression.rescuer()
        self._stored.seek(begin)
        decoded = 0
        try:
            while begin < end and not decoder.eof:
                text = decoder.decompress(self._stored.read(min(RESCUE_BYTES, last - begin) if begin < last else 1) or b"")
                begin = self._stored.tell()
                decoded += len(text)
                if decoded > handed_out and text:
                    yield text[-(decoded - handed_out) :]  # less than DECODED_BYTES: within any room
                    handed_out = decoded
        except compression.errors:
            return  # the fault that was told
        finally:
            self._stored.seek(end)


@contextmanager
def open_plain(path: Path, *, most: int = MOST_UNPACKED) -> Iterator[PlainBytes]:
    """Open a stored file for reading its plain bytes. Raises: OSError where it cannot be read."""
    with path.open("rb", buffering=0) as stored:
        yield PlainBytes(stored, most=most)
