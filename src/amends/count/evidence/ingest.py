"""Ingestion: files come into the case once, and each becomes events, rejects and repeats.

Everything is checked before anything is written: formats, settings, rights. After that a kill at any moment leaves a case
that the next `amends ingest CASE` finishes: what was stored stays, what was read stays, the rest is read again.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from amends.case import LOCK_WAIT_SECONDS, Case
from amends.count.evidence import store
from amends.count.evidence.account import LineAccount, account_of_lines
from amends.count.evidence.acquisitions import keep_acquisitions
from amends.count.evidence.archives import Archive, Readable, open_archive
from amends.count.evidence.detect import check_format, choose
from amends.count.evidence.errors import CHANGED_SOURCE, NOT_READABLE, NOTHING_TO_READ, UNKNOWN_FORMAT
from amends.count.evidence.repeats import find_repeats
from amends.count.evidence.settings import Reading, evidence_blocks, matches, parse_reading, reading_for
from amends.count.evidence.sources import Facts, Source, begin, end, read_facts, source_of, write_sources
from amends.count.evidence.store import Statement, statements
from amends.count.evidence.workers import Task, read_all
from amends.engine import open_engine
from amends.errors import NO_RIGHTS, Finding, InputError, Place
from amends.record import queue_entry
from amends.units import Balance, rfc3339

STANDARD_INPUT = "-"
OPTIONS = ("format", "log_format", "wrapper", "principal", "account", "issued", "zone", "server", "layer")
"""Settings of a block that the command line may give; they stay with the source and win over its block."""


@dataclass(frozen=True, slots=True)
class Left:
    """A path within a given folder that was not taken, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ingestion:
    """What one ingestion did, and the account of the whole case after it.

    `new` came in now, `read` were parsed now (new ones, and those whose block changed), `known` were given but are in the
    case already.
    """

    account: LineAccount
    new: tuple[str, ...]
    read: tuple[str, ...]
    known: tuple[str, ...]  # paths as given
    left: tuple[Left, ...]
    idle: tuple[str, ...]  # the `match` of blocks of amends.toml that no source has

    @property
    def sources(self) -> tuple[Source, ...]:
        return self.account.sources

    @property
    def files(self) -> Balance:
        """Paths found = taken + known + left by reason."""
        reasons: dict[str, int] = {}
        for one in self.left:
            reasons[one.reason] = reasons.get(one.reason, 0) + 1
        given = len(self.new) + len(self.known) + len(self.left)
        return Balance(given=given, done=len(self.new), left={"in the case already": len(self.known), **reasons})


@dataclass(slots=True)
class _Found:
    """A path to take: a regular file, or a stream that was spooled (its hash and size), out of an archive or not."""

    file: Path
    given: str
    spooled: tuple[str, int] | None = None
    name: str = "standard input"
    modified: datetime | None = None
    archive: str | None = None


@dataclass(slots=True)
class _Search:
    files: list[_Found] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


def ingest(
    case: Case,
    paths: Sequence[str],
    *,
    now: datetime,
    options: Mapping[str, Any] | None = None,
    in_place: bool = False,
    leave_unknown: bool = False,
    workers: int | None = None,
    advance: Callable[[int], None] = lambda _: None,
    stdin: BinaryIO | None = None,
    acquired: Sequence[Path] = (),
    wait_seconds: float = LOCK_WAIT_SECONDS,
) -> Ingestion:
    """Take the files and folders of `paths` (`-`: standard input) into the case and read what is not read yet.

    `options` are settings of the command line (OPTIONS). No path: finish an ingestion that was cut off, and read again the
    sources whose block in amends.toml has changed. `leave_unknown`: files of a folder whose format nobody knows are left and
    told, instead of refused. `acquired`: acquisition statements to take in too. Raises: EVI-001 to 005 for settings and formats,
    all of them at once and before anything is written; EVI-033 for a statement; EVI-020 for a source that has changed in place;
    CAS-004 to 006.
    """
    options = {name: value for name, value in (options or {}).items() if value}
    given = parse_reading(options, at=Place("the command line"))
    check_format(given.format, at=Place("--format"))  # once, not for every file
    readings = evidence_blocks(case)
    for number, reading in enumerate(readings, 1):
        check_format(reading.format, at=Place(f"{case.settings_file}, [[evidence]] number {number}"))
    with case.lock(wait_seconds=wait_seconds), ExitStack() as stack:
        search = _unpacked(case, _search(case, paths, stack, stdin), readings, stack)
        if paths and not search.files:
            raise InputError(
                NOTHING_TO_READ, at=Place(", ".join(paths)), expected=f"a log; {len(search.left)} paths were left out"
            )
        unknown = _check_all(case, search, options, readings, leave_unknown=leave_unknown)
        search.files = [found for found in search.files if found.given not in unknown]
        search.left += [Left(path, "format not recognised") for path in sorted(unknown)]
        keep_acquisitions(case, acquired, now=now)
        begin(case)
        taken = [_take(case, found, options, in_place=in_place, now=now, advance=advance) for found in search.files]
        facts, read = _read_missing(case, readings, workers or os.cpu_count() or 1, advance)
        sources = _settle(case, facts)
        new = tuple(sorted({one.statement.sha256 for one in taken if one.is_new}))
        if new or read:
            _queue(case, sources, new, read, now)
        end(case)
        with open_engine(spill=case.spill) as engine:  # within the lock: the next ingestion may begin as soon as it is free
            account = account_of_lines(case, engine)
    known = tuple(found.given for found, one in zip(search.files, taken, strict=True) if not one.is_new)
    paths_of_sources = [statement.path for statement in statements(case)]
    idle = tuple(reading.match for reading in readings if not any(matches(reading, path) for path in paths_of_sources))
    return Ingestion(account, new, tuple(sorted(read)), known, tuple(search.left), idle)


def bytes_to_read(case: Case, paths: Sequence[str]) -> int:
    """How many bytes an ingestion of these paths will take in and read, at most; streams are not counted. For a progress bar."""
    files: list[str] = []
    for path in paths:
        if path != STANDARD_INPUT:
            files += _walk(case, path, []) if Path(path).is_dir() else [path]
    return 2 * sum(Path(file).stat().st_size for file in files)


def reading_of(statement: Statement, readings: list[Reading]) -> Reading:
    """How a source is read: its block, and over it what the command line said when it was taken."""
    return _with_options(reading_for(statement.path, readings), statement.settings)


def _with_options(reading: Reading, options: Mapping[str, Any]) -> Reading:
    values: dict[str, Any] = {name: tuple(value) if name == "principal" else value for name, value in options.items()}
    return replace(reading, **values)


def _search(case: Case, paths: Sequence[str], stack: ExitStack, stdin: BinaryIO | None) -> _Search:
    """Every regular file under `paths`, sorted; a folder's hidden and special files are left, and told."""
    search = _Search()
    try:
        _look(case, paths, stack, stdin, search)
    except PermissionError as error:
        raise InputError(NO_RIGHTS, at=Place(str(error.filename)), expected="the right to read it") from error
    return search


def _look(case: Case, paths: Sequence[str], stack: ExitStack, stdin: BinaryIO | None, search: _Search) -> None:
    for path in paths:
        file = Path(path)
        if path != STANDARD_INPUT and file.resolve() == case.path.resolve():
            raise InputError(NOT_READABLE, at=Place(path), expected="logs; this is the case itself")
        if path == STANDARD_INPUT:
            search.files.append(_spooled(case, _standard_input(stdin), path, stack))
        elif file.is_dir():
            for given in _walk(case, path, search.left):
                search.files.append(_Found(Path(given), given))
        elif stat.S_ISREG(file.stat().st_mode):
            search.files.append(_Found(file, path))
        elif stat.S_ISFIFO(file.stat().st_mode) or stat.S_ISCHR(file.stat().st_mode):
            with file.open("rb") as stream:
                if stat.S_ISCHR(file.stat().st_mode) and not stream.isatty() and path != os.devnull:
                    raise InputError(NOT_READABLE, at=Place(path), expected="a log; this device never ends")
                search.files.append(_spooled(case, stream, path, stack))
        else:
            raise InputError(NOT_READABLE, at=Place(path), expected="a regular file, a folder or a stream")


def _walk(case: Case, folder: str, left: list[Left]) -> Iterator[str]:
    """Regular files below `folder`, by name. A folder that cannot be listed is an error, not an empty folder."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if Path(entry.path).resolve() == case.path.resolve():
            left.append(Left(entry.path, "the case itself"))
        elif entry.name.startswith("."):
            left.append(Left(entry.path, "hidden"))
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(case, entry.path, left)
        elif entry.is_file():
            yield entry.path
        else:
            left.append(Left(entry.path, "a link to a folder" if entry.is_dir() else "not a regular file"))


def _standard_input(stdin: BinaryIO | None) -> BinaryIO:
    return stdin or sys.stdin.buffer


def _spooled(case: Case, stream: Readable, given: str, stack: ExitStack) -> _Found:
    partial = stack.enter_context(store.partial_evidence(case))
    return _Found(partial, given, spooled=store.spool(stream, partial))


def _unpacked(case: Case, search: _Search, readings: list[Reading], stack: ExitStack) -> _Search:
    """The same with the members of archives in their place."""
    unpacked = _Search(left=search.left)
    for found in search.files:
        most = reading_for(PurePath(found.given), readings).most_unpacked
        try:
            with open_archive(found.file, most=most) as archive:
                unpacked.files += [found] if archive is None else _members(case, found, archive, unpacked.left, stack)
        except PermissionError:
            unpacked.files.append(found)  # told with all that is wrong, when its format is looked for
    return unpacked


def _members(case: Case, found: _Found, archive: Archive, left: list[Left], stack: ExitStack) -> list[_Found]:
    taken = []
    for member in archive.members():
        given = f"{found.given}/{member.name}"
        if member.stream is not None:
            one = _spooled(case, member.stream, given, stack)
            taken.append(replace(one, name=PurePath(given).name, modified=member.modified))
        elif member.reason:
            left.append(Left(given, member.reason))
    if archive.fault is not None:
        left.append(Left(found.given, archive.fault))
    return [replace(one, archive=archive.sha256) for one in taken]


def _check_all(
    case: Case, search: _Search, options: Mapping[str, Any], readings: list[Reading], *, leave_unknown: bool
) -> set[str]:
    """Choose a format for every new file and every source, so that whatever is wrong is told before anything is done.

    The paths that are left where `leave_unknown`. Raises: all findings at once.
    """
    findings: list[Finding] = []
    unknown: set[str] = set()
    for found in search.files:
        reading = _with_options(reading_for(PurePath(found.given), readings), options)
        try:
            choose(found.file, reading, name=found.given)
        except PermissionError:
            findings.append(Finding(NO_RIGHTS, Place(found.given), "the right to read it", NO_RIGHTS.next_step))
        except InputError as error:
            if leave_unknown and error.code == UNKNOWN_FORMAT and reading.format == "auto":
                unknown.add(found.given)
            else:
                findings += error.findings
    for statement in statements(case):
        reading = reading_of(statement, readings)
        facts = read_facts(case, statement.sha256)
        if facts is None or facts.config_hash != reading.config_hash:
            findings += _faults(case, statement, reading)
    if findings:
        raise InputError.of(findings)
    return unknown


def _faults(case: Case, statement: Statement, reading: Reading) -> Iterable[Finding]:
    """What would keep a source that is in the case from being read again."""
    try:
        choose(statement.stored(case), reading, name=statement.seen_as.path)
    except FileNotFoundError:
        return [Finding(CHANGED_SOURCE, Place(statement.seen_as.path), "the file where it was left", CHANGED_SOURCE.next_step)]
    except InputError as error:
        return error.findings
    return []


def _take(
    case: Case, found: _Found, options: Mapping[str, Any], *, in_place: bool, now: datetime, advance: Callable[[int], None]
) -> store.Taken:
    if found.spooled is None:
        return store.take_file(case, found.file, given=found.given, in_place=in_place, settings=options, now=now, advance=advance)
    sha256, size = found.spooled
    modified = rfc3339(found.modified) if found.modified else None
    seen = store.Sighting(found.given, found.name, modified, rfc3339(now), found.archive)
    return store.take_partial(case, found.file, sha256=sha256, size=size, seen=seen, settings=options)


def _read_missing(
    case: Case, readings: list[Reading], workers: int, advance: Callable[[int], None]
) -> tuple[list[tuple[Statement, Facts]], list[str]]:
    """The facts of every source, and which were read now."""
    facts: dict[str, Facts] = {}
    tasks = []
    stated = statements(case)
    for statement in stated:
        reading = reading_of(statement, readings)
        known = read_facts(case, statement.sha256)
        if known is not None and known.config_hash == reading.config_hash:
            facts[statement.sha256] = known
        else:
            choice = choose(statement.stored(case), reading, name=statement.seen_as.path)
            tasks.append(Task(statement, reading, choice))
    for found in read_all(case, tasks, workers=workers, advance=advance):
        facts[found.sha256] = found
    return [(statement, facts[statement.sha256]) for statement in stated], [task.statement.sha256 for task in tasks]


def _settle(case: Case, read: list[tuple[Statement, Facts]]) -> list[Source]:
    """Find the repeats among all sources and write the rows of all."""
    repeats = find_repeats(case, read)
    sources = [
        source_of(statement, facts, rank=rank, repeats=repeats[facts.sha256]) for rank, (statement, facts) in enumerate(read)
    ]
    write_sources(case, sources)
    return sources


def _queue(case: Case, sources: list[Source], new: Iterable[str], read: Iterable[str], now: datetime) -> None:
    """One entry for the record: hashes and counts, no name and no path."""
    touched = {*new, *read}
    rows = [
        {
            "sha256": source.sha256,
            "plain_sha256": source.plain_sha256,
            "size": source.size,
            "lines": source.lines,
            "events": source.events,
            "rejects": source.rejects,
            "repeats": source.repeats,
            "fault": source.fault,
        }
        for source in sources
        if source.sha256 in touched
    ]
    total = {name: sum(getattr(source, name) for source in sources) for name in ("lines", "events", "rejects", "repeats")}
    queue_entry(case, type="evidence", role="investigator", body={"sources": rows, "case": total}, at=now)
