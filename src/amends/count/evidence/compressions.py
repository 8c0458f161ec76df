"""Compressions, told apart by their first bytes: gzip (RFC 1952), Zstandard (RFC 8878), bzip2 and xz.

A decoder takes stored bytes and hands out text in pieces of bounded size, so that a small file that unpacks to a large one costs
time, not memory.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

import zstandard
from isal import isal_zlib

GZIP_WINDOW = 31  # zlib's wbits: a gzip header, and the largest window
DECODED_BYTES = 1024 * 1024  # at most so much is decoded in one go
FED_BYTES = 256  # to Zstandard in one go: each 4 of them may be a block of 128 KiB (RFC 8878, section 3.1.1.2)
XZ_MEMORY_BYTES = 128 * 1024 * 1024  # `xz -9` needs 65 MiB; a hostile header may ask for 4 GiB


class Decoder(Protocol):
    """Decodes one member. `unused_data`: what was given beyond its end."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Compression:
    """A compression: its name, how its files begin, what decodes them, what decodes as much as can be of a bad one."""

    name: str
    magic: bytes
    decoder: Callable[[], Decoder]
    rescuer: Callable[[], Decoder]
    errors: tuple[type[Exception], ...]
    padding: bytes = b""  # what may stand between members


class _WithTail:
    """zlib's decoders give back what they did not take: here it is kept, as bz2 and lzma do."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self._is_full = False

    @property
    def eof(self) -> bool:
        return bool(self._decoder.eof)

    @property
    def needs_input(self) -> bool:
        return not self._is_full

    @property
    def unused_data(self) -> bytes:
        return bytes(self._decoder.unused_data)

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes:
        decoded = bytes(self._decoder.decompress(self._decoder.unconsumed_tail + data, max_length))
        self._is_full = bool(self._decoder.unconsumed_tail) or (max_length > 0 and len(decoded) == max_length)
        return decoded


class _Zstandard:
    """Zstandard's decoder knows no limit for what it hands out, so it is fed little by little."""

    def __init__(self) -> None:
        self._decoder: Any = zstandard.ZstdDecompressor().decompressobj()
        self._waiting = b""

    @property
    def eof(self) -> bool:
        return bool(self._decoder.eof)

    @property
    def needs_input(self) -> bool:
        return not self._waiting

    @property
    def unused_data(self) -> bytes:
        return bytes(self._decoder.unused_data) + self._waiting

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        waiting, place, pieces, size = self._waiting + data, 0, [], 0
        while place < len(waiting) and (max_length < 0 or size < max_length) and not self._decoder.eof:
            decoded = self._decoder.decompress(waiting[place : place + FED_BYTES])
            place += FED_BYTES
            pieces.append(decoded)
            size += len(decoded)
        self._waiting = waiting[place:]
        return b"".join(pieces)


def _xz() -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY_BYTES)


COMPRESSIONS = (
    Compression(
        "gzip",
        b"\x1f\x8b",
        lambda: _WithTail(isal_zlib.decompressobj(wbits=GZIP_WINDOW)),
        lambda: _WithTail(zlib.decompressobj(GZIP_WINDOW)),
        (cast(type[Exception], isal_zlib.IsalError), zlib.error),  # isal's stubs call it an instance
    ),
    Compression("zstd", b"\x28\xb5\x2f\xfd", _Zstandard, _Zstandard, (zstandard.ZstdError,)),
    Compression("bzip2", b"BZh", bz2.BZ2Decompressor, bz2.BZ2Decompressor, (OSError, ValueError)),
    Compression("xz", b"\xfd7zXZ\x00", _xz, _xz, (lzma.LZMAError,), padding=b"\0"),
)
MOST_MAGIC = max(len(one.magic) for one in COMPRESSIONS)


def compression_of(first: bytes) -> Compression | None:
    """The compression of a stream that begins so; None: it is plain."""
    return next((one for one in COMPRESSIONS if first.startswith(one.magic)), None)
