from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from amends.count.evidence.compressions import compression_of
from amends.count.evidence.plain import MOST_UNPACKED, PlainBytes, open_plain

TEXT = b"".join(b"line %d %s\n" % (number, hashlib.sha256(b"%d" % number).hexdigest().encode()) for number in range(20_000))
PACKED = gzip.compress(TEXT, mtime=0)  # the same in every process: parts of it name tests


class Pipe(io.BytesIO):
    """Cannot seek, and gives a few bytes at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(1 + self.tell() % 1000)

    def seekable(self) -> bool:
        return False


def drain(stored: io.BytesIO, most: int = 70_000, *, room: int = MOST_UNPACKED) -> tuple[bytes, PlainBytes]:
    """All plain bytes; the counters and the hash must be whole whatever came."""
    plain = PlainBytes(stored, most=room)
    buffer = memoryview(bytearray(most))
    text = bytearray()
    while count := plain.readinto(buffer):
        text += buffer[:count]
    assert plain.stored_sha256 == hashlib.sha256(stored.getvalue()).hexdigest()
    assert (plain.stored_bytes, plain.plain_bytes) == (len(stored.getvalue()), len(text))
    return bytes(text), plain


@given(st.binary(max_size=300), st.integers(1, 50))
def test_bytes_that_are_of_no_compression_come_as_they_are(text: bytes, most: int) -> None:
    if compression_of(text):
        text = b"x" + text

    plain, source = drain(io.BytesIO(text), most)

    assert plain == text
    assert (source.container, source.fault) == (None, None)


@pytest.mark.parametrize("kind", [io.BytesIO, Pipe])
def test_members_are_decoded_one_after_the_other(kind: type[io.BytesIO]) -> None:
    text, source = drain(kind(PACKED + gzip.compress(b"") + gzip.compress(b"second\n")))

    assert text == TEXT + b"second\n"
    assert (source.container, source.members, source.fault) == ("gzip", 3, None)


@pytest.mark.parametrize("kind", [io.BytesIO, Pipe])
def test_a_cut_file_gives_what_can_be_decoded_and_tells_the_fault(kind: type[io.BytesIO]) -> None:
    cut = PACKED[: len(PACKED) * 6 // 10]

    text, source = drain(kind(cut))

    whole = zlib.decompressobj(31).decompress(cut)
    assert whole.startswith(text)
    assert len(text) >= len(whole) - (8 if kind is Pipe else 0)  # isal keeps back what it has not sorted out
    assert source.fault == "gzip: the file ends inside member 1"


@pytest.mark.parametrize("junk", [b"junk", bytes(512), b"x"])
def test_bytes_after_the_last_member_are_told(junk: bytes) -> None:
    text, source = drain(io.BytesIO(PACKED + junk))

    assert text == TEXT
    assert source.fault == "gzip: bytes that are no member after member 1"


@pytest.mark.parametrize("begun", [b"\x1f", b"\x1f\x8b", PACKED[:9]])
def test_a_member_that_only_begins_is_told(begun: bytes) -> None:
    text, source = drain(io.BytesIO(PACKED + begun))

    assert text == TEXT
    assert source.fault == "gzip: the file ends inside member 2"


def test_a_wrong_checksum_loses_nothing_and_is_told() -> None:
    wrong = bytearray(PACKED)
    wrong[-6] ^= 0xFF

    text, source = drain(io.BytesIO(bytes(wrong)))

    assert text == TEXT
    assert source.fault is not None
    assert source.fault.endswith("in member 1")


SMALL = gzip.compress(TEXT[:4000])


@given(st.integers(10, len(SMALL) - 9), st.integers(1, 255))
@example(len(SMALL) - 9, 0x80)  # the bits that fill the last byte of the stream say nothing: no fault
def test_a_flipped_byte_gives_all_that_zlib_could_give(place: int, flip: int) -> None:
    wrong = bytearray(SMALL)
    wrong[place] ^= flip

    text, source = drain(io.BytesIO(bytes(wrong)))

    decoded, whole = by_zlib(bytes(wrong))
    assert text.startswith(decoded)
    assert (source.fault is None) == whole


def by_zlib(packed: bytes) -> tuple[bytes, bool]:
    """What zlib hands out of one member before it fails, eight bytes at a time, and whether it came to the end."""
    decoder = zlib.decompressobj(31)
    text = b""
    try:
        for begin in range(0, len(packed), 8):
            text += decoder.decompress(packed[begin : begin + 8])
    except zlib.error:
        return text, False
    return text, decoder.eof


def test_a_small_file_that_unpacks_to_a_large_one_is_streamed() -> None:
    text = 100 * 1024 * 1024
    plain = PlainBytes(io.BytesIO(gzip.compress(b"\n" * text)))
    buffer = memoryview(bytearray(1 << 20))

    while plain.readinto(buffer):
        assert plain.plain_bytes <= text

    assert (plain.plain_bytes, plain.fault) == (text, None)
    assert plain.stored_bytes < text // 500


def test_a_file_is_opened_for_its_plain_bytes(tmp_path: Path) -> None:
    (tmp_path / "access.log.gz").write_bytes(PACKED)
    buffer = memoryview(bytearray(2 * len(TEXT)))

    with open_plain(tmp_path / "access.log.gz") as plain:
        first = plain.readinto(buffer)

    assert bytes(buffer[:first]) == TEXT[:first] != b""


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


FIRST = TEXT[:4000]
SECOND = TEXT[:100_000]
PACKED_FIRST = {name: pack(FIRST) for name, pack in PACK.items()}
PACKED_BOTH = {name: PACKED_FIRST[name] + pack(SECOND) for name, pack in PACK.items()}
PACKED_SMALL = {name: PACKED_FIRST[name] + pack(b"second\n") for name, pack in PACK.items()}


@pytest.mark.parametrize("kind", [io.BytesIO, Pipe])
@pytest.mark.parametrize("name", PACK)
def test_every_compression_is_decoded_member_by_member(name: str, kind: type[io.BytesIO]) -> None:
    pack = PACK[name]
    padding = b"\0" * 8 if name == "xz" else b""  # stream padding: xz file format, section 2.2

    text, source = drain(kind(pack(TEXT) + padding + pack(b"") + pack(b"second\n") + padding))

    assert text == TEXT + b"second\n"
    assert (source.container, source.members, source.fault) == (name, 3, None)


@pytest.mark.parametrize("name", PACK)
@given(data=st.data())
def test_a_cut_gives_the_beginning_and_its_fault_in_every_compression(name: str, data: st.DataObject) -> None:
    packed = PACKED_BOTH[name]
    cut = data.draw(st.integers(8, len(packed) - 1))

    text, source = drain(io.BytesIO(packed[:cut]))

    assert (FIRST + SECOND).startswith(text)
    assert (source.fault is None) == (cut == len(PACKED_FIRST[name]))
    if cut >= len(packed) // 2 and name == "gzip":  # blocks of the others are larger than this text
        assert len(text) > len(FIRST)


@pytest.mark.parametrize("name", PACK)
@given(data=st.data())
def test_no_flipped_byte_ends_in_an_error_in_any_compression(name: str, data: st.DataObject) -> None:
    wrong = bytearray(PACKED_SMALL[name])
    wrong[data.draw(st.integers(6, len(wrong) - 1))] ^= data.draw(st.integers(1, 255))

    text, source = drain(io.BytesIO(bytes(wrong)))

    assert source.container == name
    assert text == FIRST + b"second\n" or source.fault is not None


@pytest.mark.parametrize("name", ["zstd", "bzip2", "xz"])
def test_what_unpacks_to_much_is_streamed_in_every_compression(name: str) -> None:
    size = 64 * 1024 * 1024
    packed = PACK[name](bytes(size))
    tracemalloc.start()
    plain = PlainBytes(io.BytesIO(packed))
    buffer = memoryview(bytearray(1 << 20))

    while plain.readinto(buffer):
        pass

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (plain.plain_bytes, plain.fault) == (size, None)
    assert peak < size // 2


@pytest.mark.parametrize("most", [1, len(TEXT) - 1])
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_what_unpacks_to_more_than_is_allowed_is_read_so_far_and_hashed_whole(pack: Callable[[bytes], bytes], most: int) -> None:
    stored = pack(TEXT) * 2
    text, source = drain(io.BytesIO(stored), room=most)

    assert text == TEXT[:most]
    assert source.fault is not None
    assert source.fault.endswith("it unpacks to more than most_unpacked allows")
    assert source.stored_sha256 == hashlib.sha256(stored).hexdigest()


def test_what_is_stored_plain_needs_no_room() -> None:
    text, source = drain(io.BytesIO(TEXT), room=1)

    assert text == TEXT
    assert source.fault is None


def test_a_source_within_its_limit_has_no_fault() -> None:
    text, source = drain(io.BytesIO(PACKED), room=len(TEXT))

    assert text == TEXT
    assert source.fault is None
