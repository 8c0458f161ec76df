"""Verification: is the evidence still what was taken, and does every account of lines still close?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from amends.case import PARTIAL, Case
from amends.count.evidence.acquisitions import by_source
from amends.count.evidence.errors import CHANGED_SOURCE
from amends.count.evidence.sources import Source, events_file, read_facts, read_sources, rejects_file
from amends.count.evidence.store import Statement, hash_of, statements
from amends.errors import Finding, InputError, Place
from amends.units import rfc3339


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not hold, of which source (its hash, and its name where that is known)."""

    sha256: str
    name: str | None
    what: str

    def as_json(self) -> dict[str, str | None]:
        return {"sha256": self.sha256, "name": self.name, "what": self.what}


@dataclass(frozen=True, slots=True)
class Verification:
    """How many sources were looked at, and every fault."""

    sources: int
    faults: tuple[Fault, ...]

    @property
    def holds(self) -> bool:
        return not self.faults


def verify(case: Case, *, advance: Callable[[int], None] = lambda _: None) -> Verification:
    """Hash every source again and check every row, file and equation. Changes nothing.

    Cost: one pass over all stored bytes.
    """
    stated = {statement.sha256: statement for statement in statements(case)}
    rows = {source.sha256: source for source in read_sources(case)}
    faults = [*_orphans(case, stated, rows), *_never_taken(case, stated)]
    repeats = _repeats_by_source(case)
    for sha256, statement in stated.items():
        name = statement.seen_as.name
        faults += [Fault(sha256, name, what) for what in _stored(case, statement, advance)]
        if sha256 in rows:
            faults += [Fault(sha256, name, what) for what in _read(case, rows[sha256], repeats.get(sha256, 0))]
    return Verification(len(stated), tuple(faults))


def check_left_in_place(case: Case) -> None:
    """Hash what was left where it stood: before a run leans on it, it must be what was taken (design, section 4).

    Cost: one pass over these bytes. Raises: EVI-020 with every source that has changed or gone.
    """
    findings = [
        Finding(CHANGED_SOURCE, Place(statement.seen_as.path), what, CHANGED_SOURCE.next_step)
        for statement in statements(case)
        if statement.in_place is not None
        for what in _stored(case, statement, lambda _: None)
    ]
    if findings:
        raise InputError.of(findings)


def _orphans(case: Case, stated: dict[str, Statement], rows: dict[str, Source]) -> Iterator[Fault]:
    """Evidence without a statement, statements that were never read, rows of nothing."""
    kept = {file.name for file in case.evidence.iterdir()} if case.evidence.is_dir() else set()
    for name in sorted(kept):
        if not name.endswith(".json") and not name.startswith(PARTIAL) and name not in stated:
            yield Fault(name, None, "evidence without its statement: give the same file to ingest again")
    for sha256, statement in stated.items():
        if sha256 not in rows:
            yield Fault(sha256, statement.seen_as.name, "taken, but not read: run amends ingest CASE")
    for sha256, source in rows.items():
        if sha256 not in stated:
            yield Fault(sha256, source.name, "a row in sources.parquet without its statement")


def _never_taken(case: Case, stated: dict[str, Statement]) -> Iterator[Fault]:
    """Files that an acquisition statement names and the case does not hold. Raises: EVI-033."""
    for sha256, acquisition in by_source(case).items():
        if sha256 not in stated:
            at = f"{acquisition.host}:{acquisition.files[sha256]}"
            yield Fault(sha256, at, f"taken by {acquisition.by} at {rfc3339(acquisition.at)}, and not in the case")


def _stored(case: Case, statement: Statement, advance: Callable[[int], None]) -> Iterator[str]:
    file = statement.stored(case)
    where = "where it was left" if statement.in_place else "from the case"
    try:
        found = hash_of(file, advance)
    except FileNotFoundError:
        yield f"the stored bytes are gone {where}"
        return
    except PermissionError:
        yield "the stored bytes cannot be read: no right"
        return
    if found != (statement.sha256, statement.size):
        yield f"the stored bytes have changed {where}: their SHA-256 is {found[0]}"


def _read(case: Case, source: Source, repeats: int) -> Iterator[str]:
    facts = read_facts(case, source.sha256)
    if facts is None:
        yield "its events or rejects are missing or of another version: run amends ingest CASE"
        return
    if not source.balance.closes:
        yield f"lines = events + rejects + repeats does not close: {source.balance}"
    events = pq.read_metadata(events_file(case, source.sha256)).num_rows
    rejects = pq.read_metadata(rejects_file(case, source.sha256)).num_rows
    if (facts.lines, facts.rows, facts.rejects) != (source.lines, events, rejects):
        yield f"{source.lines:,} lines in its row, {events:,} events and {rejects:,} rejects in its files"
    if repeats != source.repeats or source.events != events - repeats:
        yield f"{source.repeats:,} repeats in its row, {repeats:,} in repeats.parquet"
    if not _each_line_once(case, source, facts.numbers):
        yield "a line stands twice, or not at all, in its events and rejects"


def _each_line_once(case: Case, source: Source, numbers: int) -> bool:
    """Each of the `lines` has a number of its own from 1 to `numbers`, as one event or one reject. Cost: a byte a number."""
    seen = np.zeros(numbers, dtype=bool)
    number = 0
    for file in (events_file(case, source.sha256), rejects_file(case, source.sha256)):
        for batch in pq.ParquetFile(file).iter_batches(columns=["line"]):
            lines = batch.column("line").to_numpy().astype(np.int64)
            if len(lines) and (lines.min() < 1 or lines.max() > numbers):
                return False
            seen[lines - 1] = True
            number += len(lines)
    return number == source.lines == int(np.count_nonzero(seen))


def _repeats_by_source(case: Case) -> dict[str, int]:
    if not case.repeats_file.exists():
        return {}
    repeats = pq.read_table(case.repeats_file, columns=["source"])
    counted = (
        repeats.set_column(0, "source", repeats.column("source").cast(pa.string()))
        .group_by("source")
        .aggregate([([], "count_all")])
    )
    return {str(row["source"]): int(row["count_all"] or 0) for row in counted.to_pylist()}
