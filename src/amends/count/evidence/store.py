"""The store: evidence is taken once, named by its own hash, and never changed.

Beside each `evidence/<sha256>` lies its statement, `evidence/<sha256>.json`: under which paths it was seen and taken, when,
and with which settings of the command line. Evidence, statements and amends.toml are enough to make all else again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import IO, Any

from amends.case import PARTIAL, Case, write_atomically, writing
from amends.count.evidence.archives import Readable
from amends.count.evidence.errors import BAD_STATEMENT
from amends.count.evidence.settings import parse_reading
from amends.errors import InputError, Place
from amends.units import rfc3339

CHUNK_BYTES = 1 << 20
FICLONE = 0x40049409  # linux/fs.h: _IOW(0x94, 9, int); shares the blocks of two files on Btrfs, XFS, bcachefs
READ_ONLY = 0o400

type Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True, order=True)
class Sighting:
    """A path, as it was given, under which these bytes were found."""

    path: str
    name: str
    modified_at: str | None  # RFC 3339; None for a stream
    taken_at: str
    archive: str | None = None  # SHA-256 of the archive that held it


@dataclass(frozen=True, slots=True)
class Statement:
    """How a source came into the case. `settings` are those of the command line, which win over the block of amends.toml."""

    sha256: str
    size: int
    in_place: str | None  # the absolute path where the bytes were left; None: they are kept in the case
    sightings: tuple[Sighting, ...]
    settings: Mapping[str, Any]

    @property
    def kept(self) -> bool:
        return self.in_place is None

    @property
    def seen_as(self) -> Sighting:
        """The sighting that names the source: the first path in order, so that the order of ingestion does not matter."""
        return min(self.sightings)

    @property
    def path(self) -> PurePath:
        return PurePath(self.seen_as.path)

    def stored(self, case: Case) -> Path:
        return Path(self.in_place) if self.in_place is not None else case.evidence / self.sha256


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking one file did: `is_new` where these bytes were not in the case."""

    statement: Statement
    is_new: bool


def take_file(
    case: Case,
    file: Path,
    *,
    given: str,
    in_place: bool,
    settings: Mapping[str, Any],
    now: datetime,
    advance: Advance = lambda _: None,
) -> Taken:
    """Bring one regular file into the case, or leave it where it is and remember its hash. Call it under the case's lock.

    Raises: CAS-005, CAS-006. The same bytes again are no second source.
    """
    with file.open("rb") as opened:
        state = os.fstat(opened.fileno())
        modified = rfc3339(datetime.fromtimestamp(state.st_mtime_ns // 1000 / 1_000_000, UTC))
        sighting = Sighting(path=given, name=PurePath(given).name, modified_at=modified, taken_at=rfc3339(now))
        if in_place:
            sha256, size = _hashed(opened, advance)
            return _state(case, sha256, size, sighting, settings, in_place=str(file.resolve()))
        with partial_evidence(case) as partial:
            with partial.open("xb") as copy:
                sha256, size = _cloned(opened, copy, partial, advance) or _copied(opened, copy, advance)
                os.fsync(copy.fileno())
            return _keep(case, partial, sha256, size, sighting, settings)


def take_partial(case: Case, partial: Path, *, sha256: str, size: int, seen: Sighting, settings: Mapping[str, Any]) -> Taken:
    """Keep a stream that `spool` has written."""
    return _keep(case, partial, sha256, size, seen, settings)


def spool(stream: Readable, partial: Path, *, advance: Advance = lambda _: None) -> tuple[str, int]:
    """Write a stream to a file that is not evidence yet; its hash and size."""
    with writing(partial), partial.open("xb") as copy:
        spooled = _copied(stream, copy, advance)
        os.fsync(copy.fileno())
    return spooled


@contextmanager
def partial_evidence(case: Case) -> Iterator[Path]:
    """A name for bytes that are not evidence yet; nothing is left of them unless they are kept."""
    partial = case.evidence / f"{PARTIAL}{os.getpid()}-{secrets.token_hex(8)}"
    try:
        with writing(case.evidence):
            yield partial
    finally:
        partial.unlink(missing_ok=True)


def statements(case: Case) -> list[Statement]:
    """Every source of the case, in the order of their hashes. Raises: EVI-026."""
    files = sorted(case.evidence.glob("*.json")) if case.evidence.is_dir() else []
    return [_read_statement(file) for file in files if not file.name.startswith(PARTIAL)]


def hash_of(file: Path, advance: Advance = lambda _: None) -> tuple[str, int]:
    """SHA-256 and size of a stored file."""
    with file.open("rb") as opened:
        return _hashed(opened, advance)


def _keep(case: Case, partial: Path, sha256: str, size: int, sighting: Sighting, settings: Mapping[str, Any]) -> Taken:
    kept = case.evidence / sha256
    is_new = not kept.exists()
    if is_new:
        partial.chmod(READ_ONLY)
        partial.replace(kept)
        _sync_folder(case.evidence)
    taken = _state(case, sha256, size, sighting, settings, in_place=None)
    return replace(taken, is_new=taken.is_new and is_new)


def _state(case: Case, sha256: str, size: int, sighting: Sighting, settings: Mapping[str, Any], *, in_place: str | None) -> Taken:
    """Write or complete the statement. Settings given now win; without any, those of the first time stay."""
    file = case.evidence / f"{sha256}.json"
    before = _read_statement(file) if file.exists() else None
    known = before.sightings if before else ()
    seen = known if any(one.path == sighting.path for one in known) else tuple(sorted((*known, sighting)))
    kept = in_place is None or (before is not None and before.kept)
    statement = Statement(
        sha256=sha256,
        size=size,
        in_place=None if kept else (before.in_place if before and Path(before.in_place or "").exists() else in_place),
        sightings=seen,
        settings=dict(settings) or (before.settings if before else {}),
    )
    if statement != before:
        text = json.dumps(asdict(statement), ensure_ascii=False, indent=1, sort_keys=True)
        with writing(file):
            write_atomically(file, text.encode("utf-8", "surrogateescape"))
    return Taken(statement, is_new=before is None)


def _read_statement(file: Path) -> Statement:
    try:
        values = json.loads(file.read_bytes().decode("utf-8", "surrogateescape"))
        sightings = tuple(Sighting(**one) for one in values.pop("sightings"))
        statement = Statement(sightings=sightings, **values)
        _check_statement(statement, file)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(BAD_STATEMENT, at=Place(str(file)), expected="the JSON that ingest wrote") from error
    if statement.sha256 != file.stem or not sightings:
        raise InputError(BAD_STATEMENT, at=Place(str(file)), expected=f"a statement about {file.stem}")
    return statement


def _check_statement(statement: Statement, file: Path) -> None:
    """Raises: ValueError, TypeError for values that ingest never writes; EVI-001 for settings that cannot be."""
    texts = [statement.sha256, statement.in_place or ""]
    for one in statement.sightings:
        texts += [one.path, one.name, one.taken_at, one.modified_at or "", one.archive or ""]
        for instant in (one.taken_at, *filter(None, (one.modified_at,))):
            datetime.fromisoformat(instant)
    if not all(isinstance(text, str) for text in texts) or type(statement.size) is not int:
        raise TypeError(file)
    parse_reading(statement.settings, at=Place(str(file)))
    json.dumps(statement.settings, ensure_ascii=False).encode()


def _cloned(source: IO[bytes], copy: IO[bytes], path: Path, advance: Advance) -> tuple[str, int] | None:
    """A reflink: no byte moves, and what is hashed is the clone. None where the file system has none."""
    try:
        fcntl.ioctl(copy.fileno(), FICLONE, source.fileno())
    except OSError:
        return None
    with path.open("rb") as clone:
        return _hashed(clone, advance)


def _copied(source: Readable, copy: IO[bytes], advance: Advance) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK_BYTES):
        digest.update(chunk)
        copy.write(chunk)
        size += len(chunk)
        advance(len(chunk))
    copy.flush()
    return digest.hexdigest(), size


def _hashed(file: IO[bytes], advance: Advance) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
        advance(len(chunk))
    return digest.hexdigest(), size


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
