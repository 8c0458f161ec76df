"""The case folder: its paths, its lock, its keys, and writing so that a kill leaves it whole.

Layout and what may be rebuilt from what: design, section 4.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from amends.errors import (
    BAD_CASE_PATH,
    BAD_SETTINGS,
    CASE_EXISTS,
    CASE_LOCKED,
    DISK_FULL,
    NO_RIGHTS,
    NOT_A_CASE,
    SECRET_MISSING,
    UNKNOWN_ZONE,
    InputError,
    OperationError,
    Place,
    is_text,
)
from amends.settings import SETTINGS, Settings, new_settings, parse_settings, zone_named
from amends.units import Period

PARTIAL = ".partial-"  # a name that starts so is unfinished work of a command that runs or was killed
OWNER = re.compile(r"\.partial-(?:spill-)?(\d+)(?:\D|$)")
LOCK_WAIT_SECONDS = 10.0
PRINCIPAL_BYTES = 16  # HMAC-SHA-256 cut to 128 bits: no two of 10**9 credentials collide (p < 2e-21)


@dataclass(frozen=True, slots=True)
class Case:
    """An opened case folder. Holds no file open; every path is made here."""

    path: Path
    settings: Settings

    @property
    def settings_file(self) -> Path:
        return self.path / SETTINGS

    @property
    def datamap_file(self) -> Path:
        return self.path / "datamap.yaml"

    @property
    def misuse_file(self) -> Path:
        return self.path / "misuse.yaml"

    @property
    def evidence(self) -> Path:
        return self.path / "evidence"

    @property
    def sources_file(self) -> Path:
        return self.path / "sources.parquet"

    @property
    def repeats_file(self) -> Path:
        return self.path / "repeats.parquet"

    @property
    def events(self) -> Path:
        return self.path / "events"

    @property
    def rejects(self) -> Path:
        return self.path / "rejects"

    @property
    def exposure(self) -> Path:
        return self.path / "exposure"

    @property
    def acquisitions(self) -> Path:
        return self.path / "acquisitions"

    @property
    def holds(self) -> Path:
        return self.path / "holds"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def queue(self) -> Path:
        return self.path / "record" / "queue"

    @property
    def acts(self) -> Path:
        """The private log: who looked into the case."""
        return self.path / "acts" / "queue"

    @property
    def reports(self) -> Path:
        return self.path / "reports"

    @property
    def spill(self) -> Path:
        """A folder of this process for intermediate data, on the case's disk: they are as sensitive as the case."""
        return self.path / f"{PARTIAL}spill-{os.getpid()}"

    def key(self) -> bytes:
        """The case's key for keyed hashes. Raises: CAS-008 where it is missing."""
        try:
            return (self.secrets / "hmac.key").read_bytes()
        except FileNotFoundError as error:
            raise OperationError(SECRET_MISSING, expected="32 bytes in secrets/hmac.key", permanent=True) from error

    @contextmanager
    def lock(self, *, wait_seconds: float = LOCK_WAIT_SECONDS) -> Iterator[None]:
        """Only one command writes at a time. The kernel frees the lock of a killed process.

        Raises: CAS-004 with the process that holds it, after `wait_seconds`.
        """
        with (self.path / ".lock").open("a+") as file:
            _wait_for_lock(file.fileno(), until=time.monotonic() + wait_seconds)
            file.seek(0)
            file.truncate()
            file.write(str(os.getpid()))
            file.flush()
            try:
                _remove_partial(self.path)
                yield
            finally:
                file.truncate(0)


def create_case(path: Path, *, company: str, zone: str, at_rest: str = "not stated", window: Period | None = None) -> Case:
    """Make a new case folder (mode 0700) with a commented amends.toml and a fresh key.

    Raises: CAS-002 where the folder holds anything, CAS-007 for an unknown zone, CAS-009 for a path that is not UTF-8.
    """
    _check_name(path)
    if zone_named(zone) is None:
        raise InputError(UNKNOWN_ZONE, at=Place("--tz"), expected="an IANA name, such as Asia/Seoul")
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(CASE_EXISTS, at=Place(str(path)), expected="a folder that is new or empty")
    settings = new_settings(company, zone, at_rest, window)
    parse_settings(settings, file="the settings given")  # what could not be read back is refused before the folder is there
    with writing(path):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        for name in ("evidence", "events", "rejects", "lookups", "reports", "record/queue"):
            (path / name).mkdir(parents=True)
        (path / "secrets").mkdir(mode=0o700)
        write_atomically(path / "secrets" / "hmac.key", secrets.token_bytes(32))
        write_atomically(path / SETTINGS, settings.encode())
    return open_case(path)


def open_case(path: Path) -> Case:
    """The case in `path`. Raises: CAS-001 where there is none, CAS-003 for settings that cannot be used, CAS-009 as above."""
    _check_name(path)
    file = path / SETTINGS
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(NOT_A_CASE, at=Place(str(path)), expected=f"a folder that holds {SETTINGS}") from error
    except UnicodeDecodeError as error:
        raise InputError(BAD_SETTINGS, at=Place(str(file)), expected="UTF-8 text") from error
    except PermissionError as error:
        raise InputError(NO_RIGHTS, at=Place(str(file)), expected="the right to read it") from error
    except OSError as error:  # a folder of that name, or a chain of links
        raise InputError(BAD_SETTINGS, at=Place(str(file)), expected="a file that can be read") from error
    return Case(path=path, settings=parse_settings(text, file=str(file)))


def _check_name(path: Path) -> None:
    """The engine takes paths as UTF-8 only. Raises: CAS-009."""
    if not is_text(str(path)):
        raise InputError(BAD_CASE_PATH, at=Place(str(path)), expected="a path in UTF-8")


def keyed_hash(key: bytes, text: str) -> bytes:
    """A credential as the case stores it: HMAC-SHA-256 under the case's key (RFC 2104), first 128 bits."""
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256")[:PRINCIPAL_BYTES]


def keyed_hashes(key: bytes, texts: Iterable[bytes]) -> list[bytes]:
    """`keyed_hash` of many texts in UTF-8, at half the cost: the key's two blocks are hashed once (RFC 2104, section 4)."""
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key.ljust(64, b"\0")))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key.ljust(64, b"\0")))
    hashes = []
    for text in texts:
        within, around = inner.copy(), outer.copy()
        within.update(text)
        around.update(within.digest())
        hashes.append(around.digest()[:PRINCIPAL_BYTES])
    return hashes


@contextmanager
def atomic_file(path: Path, *, mode: int = 0o600) -> Iterator[Path]:
    """A path to write to, which becomes `path` when the block ends well, its bytes on the disk; else nothing is left."""
    partial = path.with_name(f"{PARTIAL}{os.getpid()}-{secrets.token_hex(4)}-{path.name}"[:255])
    try:
        yield partial
        partial.chmod(mode)
        _sync(partial)
        partial.replace(path)
        _sync(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """`path` holds either what it held before or all of `data`, whatever happens in between."""
    with atomic_file(path, mode=mode) as partial:
        partial.write_bytes(data)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """A full disk and missing rights as coded errors. Raises: CAS-005, CAS-006."""
    try:
        yield
    except PermissionError as error:
        raise InputError(NO_RIGHTS, at=Place(str(path)), expected="the right to write there") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OperationError(DISK_FULL, at=Place(str(path)), expected="room for what is written") from error
        raise


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _wait_for_lock(file: int, *, until: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= until:
                holder = os.pread(file, 20, 0).decode("ascii", "replace") or "unknown"
                raise OperationError(CASE_LOCKED, expected=f"no other writer; process {holder} holds the lock") from error
            time.sleep(0.05)


def _remove_partial(folder: Path) -> None:
    """Unfinished work of killed commands; called under the lock, which look-ups and entries of the private log do not take."""
    for name in (".", "evidence", "events", "rejects", "secrets", "secrets/principals", "record/queue", "exposure", "holds",
                 "acquisitions", "acts/queue"):  # fmt: skip
        for partial in (folder / name).glob(f"{PARTIAL}*"):
            if _is_of_the_living(partial.name):
                continue
            shutil.rmtree(partial) if partial.is_dir() else partial.unlink(missing_ok=True)


def _is_of_the_living(name: str) -> bool:
    """Is it the work of a process that runs, such as this one, whose engine may be open already?"""
    found = OWNER.match(name)
    return found is not None and Path(f"/proc/{found[1]}").exists()


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
