"""The sources of a case: one row each in `sources.parquet`, made from the statements beside the evidence and the facts beside
the events.

What reading a source found (its facts) stands in the metadata of `events/<sha256>.parquet`, so that a killed ingestion loses
nothing that it had finished, and `sources.parquet` can always be made again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from amends.case import Case, atomic_file
from amends.count.evidence.arrow import schema
from amends.count.evidence.errors import UNFINISHED
from amends.count.evidence.fingerprints import Fingerprint
from amends.count.evidence.schema import TIME
from amends.count.evidence.store import Statement
from amends.errors import OperationError, Place, visible
from amends.units import Balance, instant_of

READER = 3  # raised when the same bytes and settings give other events than before: sources are then read again
FACTS = b"amends"  # the key of the facts in Parquet's metadata

SOURCES = schema(
    pa.field("sha256", pa.string(), nullable=False),
    pa.field("plain_sha256", pa.string(), nullable=False),
    pa.field("id", pa.uint32(), nullable=False),
    pa.field("name", pa.string(), nullable=False),
    pa.field("path", pa.string(), nullable=False),
    pa.field("kept", pa.bool_(), nullable=False),
    pa.field("size", pa.int64(), nullable=False),
    ("mtime", TIME),
    ("server", pa.string()),
    pa.field("layer", pa.string(), nullable=False),
    ("format", pa.string()),
    ("time_is", pa.string()),
    ("zone", pa.string()),
    pa.field("lines", pa.int64(), nullable=False),
    pa.field("events", pa.int64(), nullable=False),
    pa.field("rejects", pa.int64(), nullable=False),
    pa.field("repeats", pa.int64(), nullable=False),
    pa.field("reasons", pa.map_(pa.string(), pa.int64()), nullable=False),
    ("first", TIME),
    ("last", TIME),
    ("fault", pa.string()),
    pa.field("torn", pa.bool_(), nullable=False),
    pa.field("config_hash", pa.string(), nullable=False),
    pa.field("why", pa.string(), nullable=False),
    pa.field("acquisition", pa.string(), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What reading one source found. Holds no time of day, path or process: the same bytes and settings give the same facts.

    `numbers` is how many line numbers there are: more than `lines` where a line is a record of several physical lines, which
    bears the number of its first. `rows` are the parsed lines, repeats among them; `first_us` and `last_us` the least and the
    greatest time of these, in microseconds since 1970. `torn`: the last line has no line feed. `ends`: line, time and
    fingerprint of the first and of the last event, by which they are looked up in other sources.
    """

    sha256: str
    config_hash: str
    reader: int
    format: str | None
    time_is: str | None
    zone: str | None
    server: str | None
    layer: str
    why: str
    plain_sha256: str
    plain_size: int
    lines: int
    numbers: int
    rows: int
    rejects: int
    reasons: Mapping[str, int]
    first_us: int | None
    last_us: int | None
    torn: bool
    fault: str | None
    ends: tuple[Fingerprint, ...]

    def as_metadata(self) -> dict[str, str]:
        return {FACTS.decode(): json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)}


@dataclass(frozen=True, slots=True)
class Source:
    """One row of `sources.parquet`.

    `events` are those that count: parsed lines without repeats. `id` is good for one run only.
    """

    sha256: str
    plain_sha256: str
    id: int
    name: str
    path: str
    kept: bool
    size: int
    mtime: datetime | None
    server: str | None
    layer: str
    format: str | None
    time_is: str | None
    zone: str | None
    lines: int
    events: int
    rejects: int
    repeats: int
    reasons: Mapping[str, int] = field(hash=False)
    first: datetime | None
    last: datetime | None
    fault: str | None
    torn: bool
    config_hash: str
    why: str
    acquisition: str

    @property
    def balance(self) -> Balance:
        """lines = events + rejects + repeats."""
        return Balance(given=self.lines, done=self.events, left={"rejects": self.rejects, "repeats": self.repeats})


def sources(case: Case) -> list[Source]:
    """All sources, in the order of their hashes; an empty list for a case without evidence. Raises: EVI-021 within an
    ingestion.
    """
    check_finished(case)
    return read_sources(case)


def read_sources(case: Case) -> list[Source]:
    """The rows as they were last written, whatever goes on."""
    if not case.sources_file.exists():
        return []
    rows = pq.read_table(case.sources_file, schema=SOURCES).to_pylist(maps_as_pydicts="strict")
    return [Source(**row) for row in rows]


def write_sources(case: Case, rows: Iterable[Source]) -> None:
    """Replace `sources.parquet`, in the order of the hashes."""
    names = [column.name for column in fields(Source)]
    ordered = sorted(rows, key=lambda source: source.sha256)
    table = pa.Table.from_pylist(
        [{name: getattr(row, name) for name in names} | {"reasons": list(row.reasons.items())} for row in ordered], SOURCES
    )
    with atomic_file(case.sources_file) as partial:
        pq.write_table(table, partial, compression="zstd")


def source_of(statement: Statement, facts: Facts, *, rank: int, repeats: int) -> Source:
    """The row of one source."""
    seen = statement.seen_as
    return Source(
        sha256=facts.sha256,
        plain_sha256=facts.plain_sha256,
        id=rank,
        name=_shown(seen.name),
        path=_shown(seen.path),
        kept=statement.kept,
        size=statement.size,
        mtime=datetime.fromisoformat(seen.modified_at) if seen.modified_at else None,
        server=facts.server,
        layer=facts.layer,
        format=facts.format,
        time_is=facts.time_is,
        zone=facts.zone,
        lines=facts.lines,
        events=facts.rows - repeats,
        rejects=facts.rejects,
        repeats=repeats,
        reasons=facts.reasons,
        first=instant_of(facts.first_us) if facts.first_us is not None else None,
        last=instant_of(facts.last_us) if facts.last_us is not None else None,
        fault=facts.fault,
        torn=facts.torn,
        config_hash=facts.config_hash,
        why=facts.why,
        acquisition=f"evidence/{facts.sha256}.json",
    )


def events_file(case: Case, sha256: str) -> Path:
    return case.events / f"{sha256}.parquet"


def rejects_file(case: Case, sha256: str) -> Path:
    return case.rejects / f"{sha256}.parquet"


def clear_file(case: Case, sha256: str) -> Path:
    """The credentials of one source in clear; may be missing."""
    return case.secrets / "principals" / f"{sha256}.parquet"


def read_facts(case: Case, sha256: str) -> Facts | None:
    """What reading this source found; None where it was not read to the end, or by another version of the reader."""
    file = events_file(case, sha256)
    if not file.exists() or not rejects_file(case, sha256).exists():
        return None
    try:
        metadata = pq.read_metadata(file).metadata or {}
        values = json.loads(metadata[FACTS])
        facts = Facts(**values | {"ends": tuple(tuple(end) for end in values["ends"])})
    except (pa.ArrowInvalid, ValueError, TypeError, KeyError):
        return None
    return facts if facts.reader == READER and facts.sha256 == sha256 else None


def check_finished(case: Case) -> None:
    """Raises: EVI-021 where an ingestion runs or was killed: sources and repeats may not fit each other then."""
    if _mark(case).exists():
        raise OperationError(UNFINISHED, at=Place(str(case.path)), expected="an ingestion that came to its end")


def begin(case: Case) -> None:
    """From here to `end`, no room counts. Call it under the case's lock."""
    _mark(case).touch(mode=0o600)


def end(case: Case) -> None:
    _mark(case).unlink(missing_ok=True)


def _mark(case: Case) -> Path:
    return case.path / ".ingesting"


def _shown(path: str) -> str:
    """A file name in a form that Arrow, JSON and one line of a terminal can hold: it need not be UTF-8, nor without controls."""
    return visible(path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))


def as_json(source: Source) -> dict[str, Any]:
    """The object that other programs rely on (design, section 5), and more."""
    shown = ("sha256", "plain_sha256", "name", "format", "lines", "events", "rejects", "repeats", "first", "last", "fault")
    more = ("path", "kept", "size", "mtime", "server", "layer", "time_is", "zone", "reasons", "torn", "why")
    return {name: _plain(getattr(source, name)) for name in (*shown, *more)}


def _plain(value: Any) -> Any:
    return (
        value.isoformat().replace("+00:00", "Z")
        if isinstance(value, datetime)
        else dict(value)
        if isinstance(value, Mapping)
        else value
    )
