"""Acquisition statements: who took which files from where, when, how and in whose presence, and what the clock showed.

The items are those of ISO/IEC 27037:2012, 6.1 and 7.1. A statement is TOML, written where the files are taken, of one act of
taking; beside FILE may lie FILE.sig (`sshsig`) and FILE.tsr with FILE.tsa.pem (`stamps`). The case keeps them as they came, as
`acquisitions/<sha256>.toml`. A source that no statement names has a *hash from ingestion only*.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from amends.case import Case, write_atomically, writing
from amends.count.evidence.errors import BAD_ACQUISITION
from amends.errors import InputError, Place, is_text
from amends.record import queue_entry
from amends.record.canonical import Value
from amends.record.sshsig import Signer, signer_of
from amends.record.stamps import stamped_at
from amends.units import rfc3339

NAMESPACE = "amends-acquisition"
HASH_ONLY = "hash from ingestion only"
MOST_BYTES = 1 << 20  # of a file: a statement names some thousand files at most
ON_THE_DAY = timedelta(days=1)
SHA256 = re.compile("[0-9a-f]{64}")
TEXTS = ("by", "host", "command")
OPTIONAL_TEXTS = ("place", "reason", "changes", "clock_measured")
KEYS = {*TEXTS, *OPTIONAL_TEXTS, "at", "present", "clock_offset_s", "files"}
SIGNATURE, STAMP, ROOTS = ".sig", ".tsr", ".tsa.pem"


@dataclass(frozen=True, slots=True)
class Acquisition:
    """One act of taking files. `sha256` is the statement's own; `files`: SHA-256 of a file to its path there.

    `clock_offset_s`: how far the host's clock was ahead of true time then. `signer` and `stamped` are None without a signature or
    a time stamp.
    """

    sha256: str
    by: str
    at: datetime
    host: str
    command: str
    present: tuple[str, ...]
    files: Mapping[str, str] = field(hash=False)
    clock_offset_s: float | None = None
    clock_measured: str | None = None
    place: str | None = None
    reason: str | None = None
    changes: str | None = None
    signer: Signer | None = None
    stamped: datetime | None = None

    @property
    def is_stamped_on_the_day(self) -> bool:
        return self.stamped is not None and self.stamped - self.at <= ON_THE_DAY

    def as_json(self, sha256: str) -> dict[str, Any]:
        """Of one of its files."""
        return {
            "statement": self.sha256,
            "by": self.by,
            "at": rfc3339(self.at),
            "host": self.host,
            "path": self.files[sha256],
            "command": self.command,
            "present": list(self.present),
            "clock_offset_s": self.clock_offset_s,
            "signed": self.signer.fingerprint if self.signer else None,
            "stamped": rfc3339(self.stamped) if self.stamped else None,
            "stamped_on_the_day": self.is_stamped_on_the_day,
        }

    def words(self, sha256: str) -> str:
        """Of one of its files, for people."""
        signed = f"signed {self.signer.fingerprint}" if self.signer else "not signed"
        stamped = f"stamped {rfc3339(self.stamped)}" if self.stamped else "no outside time stamp"
        late = "" if self.stamped is None or self.is_stamped_on_the_day else ", not on the day"
        return f"{self.host}:{self.files[sha256]}, by {self.by} at {rfc3339(self.at)}; {signed}; {stamped}{late}"


def read_acquisition(file: Path) -> Acquisition:
    """A statement with what lies beside it. Raises: EVI-033."""
    parts = {ending: _bytes(beside) for ending in ("", SIGNATURE, STAMP, ROOTS) if (beside := Path(f"{file}{ending}")).exists()}
    return _of(parts, file)


def keep_acquisitions(case: Case, files: Iterable[Path], *, now: datetime) -> list[Acquisition]:
    """Check all, then take each into the case with what lies beside it. Call it under the case's lock. Raises: EVI-033."""
    given = [(file, read_acquisition(file)) for file in files]
    known = {one.sha256 for one in acquisitions(case)}
    for file, one in given:
        with writing(case.acquisitions):
            case.acquisitions.mkdir(mode=0o700, exist_ok=True)
            for ending in (SIGNATURE, STAMP, ROOTS, ""):  # the statement last: it is there with all of them, or not at all
                if (beside := Path(f"{file}{ending}")).exists():
                    write_atomically(case.acquisitions / f"{one.sha256}.toml{ending}", _bytes(beside))
        if one.sha256 not in known:
            body: dict[str, Value] = {
                "acquisition": one.sha256,
                "sources": sorted(one.files),
                "is_signed": one.signer is not None,
            }
            queue_entry(case, type="evidence", role="investigator", body=body, at=now)
    return [one for _, one in given]


def acquisitions(case: Case) -> list[Acquisition]:
    """All statements of the case, by the time of taking. Raises: EVI-033 for one that no longer is what was taken."""
    found = []
    for file in sorted(case.acquisitions.glob("*.toml")) if case.acquisitions.is_dir() else ():
        one = read_acquisition(file)
        if one.sha256 != file.stem:
            raise _bad(file, "the statement that was taken: its SHA-256 is its name")
        found.append(one)
    return sorted(found, key=lambda one: (one.at, one.sha256))


def by_source(case: Case) -> dict[str, Acquisition]:
    """For each file that a statement names, the earliest of these."""
    return {sha256: one for one in reversed(acquisitions(case)) for sha256 in one.files}


def _of(parts: Mapping[str, bytes], file: Path) -> Acquisition:
    text = parts.get("")
    if text is None:
        raise _bad(file, "a file that exists")
    values = dict(_values(text, file))
    signer, stamped = None, None
    try:
        if SIGNATURE in parts:
            signer = signer_of(text, parts[SIGNATURE], namespace=NAMESPACE)
    except ValueError as error:
        raise _bad(f"{file}{SIGNATURE}", str(error)) from error
    if STAMP in parts:
        if ROOTS not in parts:
            raise _bad(f"{file}{ROOTS}", "the certificate of the authority that made the time stamp, in PEM")
        try:
            stamped = stamped_at(text, parts[STAMP], parts[ROOTS])
        except ValueError as error:
            raise _bad(f"{file}{STAMP}", str(error)) from error
    return Acquisition(sha256=hashlib.sha256(text).hexdigest(), signer=signer, stamped=stamped, **values)


def _values(text: bytes, file: Path) -> Iterator[tuple[str, Any]]:
    """The keys of a statement, each checked."""
    try:
        table = tomllib.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise _bad(file, "TOML in UTF-8") from error
    for key in table.keys() - KEYS:
        raise _bad(file, f"no key {key!r}, but {', '.join(sorted(KEYS))}")
    for key in (*TEXTS, *OPTIONAL_TEXTS):
        value = table.get(key)
        if (value is None and key in TEXTS) or (value is not None and not _is_line(value)):
            raise _bad(file, f'{key} = "TEXT"')
        yield key, value
    at, present, offset, files = (table.get(key) for key in ("at", "present", "clock_offset_s", "files"))
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise _bad(file, "at = 2025-11-18T23:40:00+09:00, with an offset")
    yield "at", at
    if not isinstance(present, list) or not all(map(_is_line, present)):
        raise _bad(file, 'present = ["NAME", ...]; [] where nobody else was')
    yield "present", tuple(present)
    if offset is not None and (isinstance(offset, bool) or not isinstance(offset, int | float) or not abs(offset) < 1e9):
        raise _bad(file, "clock_offset_s as seconds, such as 0.42, by which the clock was ahead")
    yield "clock_offset_s", float(offset) if offset is not None else None
    if (
        not isinstance(files, dict)
        or not files
        or not all(SHA256.fullmatch(key) and _is_line(path) for key, path in files.items())
    ):
        raise _bad(file, 'a table [files] with a line SHA256 = "PATH" for each file')
    yield "files", files


def _is_line(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and is_text(value) and value.isprintable()


def _bytes(file: Path) -> bytes:
    """Raises: EVI-033 where it is larger than any of these files is."""
    with file.open("rb") as opened:
        found = opened.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise _bad(file, f"a file of at most {MOST_BYTES:,} bytes")
    return found


def _bad(file: Path | str, expected: str) -> InputError:
    return InputError(BAD_ACQUISITION, at=Place(str(file)), expected=expected)
