"""Events straight into Parquet, for benchmarks at the size of a country: no logs, no truth, memory for one row group at a time.

The schema comes as an argument, so that this room need not know the one that it tests; its columns are filled by name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from amends.errors import InputError
from amends.simulate.answers import body_bytes
from amends.simulate.attacks import SLOW_NETWORK
from amends.simulate.chance import Integers, mixed, pick, stream
from amends.simulate.clock import DAY_MS
from amends.simulate.endpoints import AGENTS, At
from amends.simulate.errors import BAD_SIZE, UNKNOWN_COLUMN
from amends.simulate.formats.shared import PATHS
from amends.simulate.requests import STATUS, Outcome
from amends.simulate.text import address, addresses, concatenated, digits, either, picked
from amends.simulate.traffic import HOMES

DAYS = 147  # as long as the leak that the design must serve
START_US = 1_750_690_800_000_000  # 2025-06-24 00:00 in Seoul
GROUP_ROWS = 500_000
FIRST_CUSTOMER = 1_003
PRINCIPALS = 5_000_000
ATTACKERS = 400
PAGES = ((At.PROFILE, 90), (At.ADDRESSES, 5), (At.PRODUCT, 5))
ATTACKED_PERCENT = 97  # of the profile requests
OUTCOMES = ((Outcome.WHOLE, 980), (Outcome.CUT, 5), (Outcome.PARTIAL, 2), (Outcome.UNCHANGED, 3), (Outcome.FAILED, 10))


@dataclass(frozen=True, slots=True)
class BenchmarkEvents:
    """What was written. A right selection lists `principals` (16 bytes each) or `clients`; both select the same events."""

    files: tuple[Path, ...]
    events: int
    principals: tuple[bytes, ...]
    clients: tuple[str, ...]


def simulate_events(
    path: Path,
    *,
    schema: pa.Schema,
    events: int = 100_000_000,
    members: int = 33_700_000,
    seed: int = 1,
    files: int = 20,
    progress: Callable[[int], None] | None = None,
) -> BenchmarkEvents:
    """Write `events` rows of `schema` into `files` Parquet files of the folder `path`, each named by its source's hash.

    Times rise through a file and from file to file.
    Raises: SIM-003 for a size, SIM-006 for a column that must not be null and that events do not have.
    """
    if not (events >= files >= 1 and members >= 1):
        raise InputError(BAD_SIZE, expected="as many events as files, one file and one member at least")
    for field in schema:
        if field.name not in MAKERS and not field.nullable:
            raise InputError(UNKNOWN_COLUMN, expected=f"no column {field.name!r} that must not be null")
    path.mkdir(parents=True, exist_ok=True)
    bounds = [events * number // files for number in range(files + 1)]
    written = []
    for number in range(files):
        source = hashlib.sha256(f"simulated source {seed} {number}".encode()).hexdigest()
        written.append(path / f"{source}.parquet")
        with pq.ParquetWriter(written[-1], schema, compression="zstd", compression_level=1) as writer:
            for first in range(bounds[number], bounds[number + 1], GROUP_ROWS):
                rows = min(GROUP_ROWS, bounds[number + 1] - first)
                group = _group(
                    seed, first=first, rows=rows, of=events, line=first - bounds[number] + 1, members=members, source=source
                )
                writer.write_batch(_batch(group, schema))
                if progress:
                    progress(rows)
    principals = _principals(np.arange(ATTACKERS, dtype=np.int64), seed).tobytes()
    return BenchmarkEvents(
        tuple(written),
        events,
        tuple(principals[start : start + 16] for start in range(0, len(principals), 16)),
        tuple(address(SLOW_NETWORK + number * 257) for number in range(ATTACKERS)),
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """Some rows on their way: numbers only. `who` is below ATTACKERS for attackers."""

    source: str
    line: Integers
    time_us: Integers
    who: Integers
    endpoint: Integers
    customer: Integers
    product: Integers
    outcome: Integers
    sent: Integers
    seed: int


def _group(seed: int, *, first: int, rows: int, of: int, line: int, members: int, source: str) -> _Group:
    rng = stream(seed, "events", first)
    step = DAYS * DAY_MS * 1000 // of
    time = START_US + (first + np.arange(rows, dtype=np.int64)) * step
    endpoint = np.array([int(page) for page, _ in PAGES], np.int64)[pick(rng, [weight for _, weight in PAGES], rows)]
    attacked = (endpoint == At.PROFILE) & (rng.integers(0, 100, rows) < ATTACKED_PERCENT)
    who = np.where(attacked, rng.integers(0, ATTACKERS, rows), ATTACKERS + rng.integers(0, PRINCIPALS, rows))
    outcome = np.array([int(kind) for kind, _ in OUTCOMES], np.int64)[pick(rng, [weight for _, weight in OUTCOMES], rows)]
    customer = FIRST_CUSTOMER + rng.integers(0, members, rows) * 3 // 2  # every third number is a hole
    return _Group(
        source, line + np.arange(rows, dtype=np.int64), time, who, endpoint, customer, 10_000 + rng.integers(0, 48_000, rows),
        outcome, body_bytes(rng, endpoint, outcome), seed,
    )  # fmt: skip


def _batch(group: _Group, schema: pa.Schema) -> pa.RecordBatch:
    rows = len(group.line)
    columns = []
    for field in schema:
        maker = MAKERS.get(field.name)
        made = maker(group) if maker else pa.nulls(rows, field.type)
        columns.append(made if made.type == field.type else made.cast(field.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _one(text: str, group: _Group) -> Any:
    """The same text in every row."""
    return pa.DictionaryArray.from_arrays(np.zeros(len(group.line), np.int32), pa.array([text]))


def _source(group: _Group) -> Any:
    return _one(group.source, group)


def _principals(who: Integers, seed: int) -> Any:
    """Sixteen bytes each, as a keyed hash would be."""
    return np.stack([mixed(who, seed + 51), mixed(who, seed + 52)], axis=1)


def _principal(group: _Group) -> Any:
    data = np.ascontiguousarray(_principals(group.who, group.seed))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(group.who), [None, pa.py_buffer(data)])


def _client(group: _Group) -> Any:
    return addresses(np.where(group.who < ATTACKERS, SLOW_NETWORK + group.who * 257, HOMES + group.who % (1 << 23)))


def _target(group: _Group) -> Any:
    number = np.where(group.endpoint == At.PRODUCT, group.product, group.customer)
    named = either(group.endpoint == At.ADDRESSES, "", digits(number))
    return concatenated(picked(PATHS, group.endpoint), named)


def _status(group: _Group) -> Any:
    return pa.array(STATUS[group.outcome])


def _agent(group: _Group) -> Any:
    return picked(pa.array(AGENTS), 4 + group.who % (len(AGENTS) - 4))


MAKERS: Mapping[str, Callable[[_Group], Any]] = {
    "source": _source,
    "line": lambda group: pa.array(group.line.astype(np.uint64)),
    "time": lambda group: pa.array(group.time_us).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC")),
    "server": partial(_one, "web-1"),
    "layer": partial(_one, "app"),
    "client": _client,
    "principal": _principal,
    "principal_kind": partial(_one, "tok"),
    "account": lambda group: digits(group.customer),
    "method": partial(_one, "GET"),
    "target": _target,
    "status": _status,
    "sent": lambda group: pa.array(group.sent),
    "agent": _agent,
}
