"""Each file of an archive is a source of its own."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.count.evidence.archives import Archive, open_archive
from amends.count.evidence.plain import PlainBytes

LOG = b"".join(b"line %d\n" % number for number in range(3_000))
LIMIT = 10**9


def packed(
    *members: tuple[str, bytes], form: int = tarfile.PAX_FORMAT, links: tuple[str, ...] = (), pax: dict[str, str] | None = None
) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for name, data in members:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.pax_headers = len(data), 1_760_000_000, pax or {}
            archive.addfile(entry, io.BytesIO(data))
        for name in links:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(entry)
    return made.getvalue()


def read(archive: Archive) -> dict[str, bytes | str]:
    """By name: the bytes, or why they are not taken."""
    return {
        member.name: b"".join(pieces(member.stream)) if member.stream else member.reason
        for member in archive.members()
        if member.stream or member.reason
    }


def pieces(stream) -> Iterator[bytes]:
    while piece := stream.read(70_000):
        yield piece


def archive_of(data: bytes, *, most: int = LIMIT) -> Archive:
    return Archive(PlainBytes(io.BytesIO(data), most=most))


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 200_000])
def test_every_file_comes_out_as_it_went_in(form: int, size: int) -> None:
    long = "a/" * 60 + "access.log"
    archive = archive_of(packed(("web-1/access.log", LOG), (long, b"x" * size), ("last", LOG), form=form))

    assert read(archive) == {"web-1/access.log": LOG, long: b"x" * size, "last": LOG}
    assert archive.fault is None


def test_what_is_no_regular_file_or_hidden_is_told() -> None:
    archive = archive_of(packed(("./a.log", LOG), (".git/config", b"x"), ("b/._a", b"x"), links=("link",)))

    assert read(archive) == {"a.log": LOG, ".git/config": "hidden", "b/._a": "hidden", "link": "not a regular file"}


def test_the_hash_is_that_of_the_archive_as_stored(tmp_path: Path) -> None:
    file = tmp_path / "logs.tgz"
    file.write_bytes(gzip.compress(packed(("a.log", LOG))))

    with open_archive(file, most=LIMIT) as archive:
        assert archive is not None
        assert read(archive) == {"a.log": LOG}
        assert archive.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_members_that_are_not_read_to_their_end_do_not_shift_the_next() -> None:
    archive = archive_of(packed(("a.log", LOG), ("b.log", b"b")))

    found = {member.name: member.stream.read(5) for member in archive.members() if member.stream}

    assert found == {"a.log": LOG[:5], "b.log": b"b"}


@given(st.integers(0, 40_000))
def test_a_cut_archive_keeps_every_byte_that_is_there(cut: int) -> None:
    data = packed(("a.log", LOG), ("b.log", LOG), form=tarfile.USTAR_FORMAT)[:cut]
    archive = archive_of(data)

    found = read(archive)

    body = data[512:][: len(LOG)]
    assert found.get("a.log", b"") == body
    assert archive.fault is not None or cut >= 512 + 2 * len(LOG)


@pytest.mark.parametrize("data", [b"", b"x", LOG, bytes(1024), gzip.compress(LOG), b"PK\x03\x04" + bytes(600)])
def test_other_files_are_no_archives(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "access.log"
    file.write_bytes(data)

    with open_archive(file, most=LIMIT) as archive:
        assert archive is None


def test_a_header_that_would_fill_the_memory_is_a_fault() -> None:
    archive = archive_of(gzip.compress(packed(("a.log", LOG), ("b.log", LOG), pax={"comment": "x" * (2 << 20)})))

    assert read(archive) == {}
    assert "header of more than" in str(archive.fault)


def test_an_archive_that_unpacks_to_more_than_is_allowed_is_read_so_far() -> None:
    archive = archive_of(gzip.compress(packed(("a.log", LOG), ("b.log", bytes(5_000_000)))), most=1_000_000)

    found = read(archive)

    assert found["a.log"] == LOG
    assert len(found["b.log"]) < 1_000_000
    assert archive.fault is not None


@given(st.binary(max_size=2_000), st.integers(0, 1_000))
def test_no_bytes_break_it(junk: bytes, place: int) -> None:
    data = packed(("a.log", LOG[:1_000]))

    read(archive_of(data[:place] + junk + data[place + len(junk) :]))
