"""The queue of the record: every room leaves its entries here, one file each, written whole or not at all.

An entry's name sorts in the order of writing; the log takes them from here and appends them in that order.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from amends.case import Case, write_atomically
from amends.record.canonical import Value, canonical_json
from amends.units import rfc3339

TYPES = frozenset(
    ("fact", "statement", "correction", "notice", "evidence", "misuse", "exposure", "delivery", "decision", "commitment")
)
BORN_PUBLIC = frozenset(("fact", "statement", "correction", "notice"))  # all else is born sealed (design, section 6)

_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Entry:
    """What waits: its type, when and in which role it was made, its state, its body."""

    type: str
    at: str
    role: str
    state: str
    body: Mapping[str, Value]


def queue_entry(case: Case, *, type: str, role: str, body: Mapping[str, Value], at: datetime) -> Path:
    """Leave one entry for the record; the file that holds it. The body may name persons by role only."""
    if type not in TYPES:
        raise ValueError(f"{type} is no type of the record")
    state = "public" if type in BORN_PUBLIC else "sealed"
    entry: dict[str, Value] = {"type": type, "at": rfc3339(at), "role": role, "state": state, "body": body}
    return leave(case.queue, entry, at=at)


def leave(folder: Path, entry: Mapping[str, Value], *, at: datetime) -> Path:
    """Write one entry under the next name of a queue."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{at:%Y%m%dT%H%M%S%f}-{os.getpid():08d}-{next(_numbers):06d}.json"
    write_atomically(path, canonical_json(entry))
    return path


def queued(case: Case) -> list[Entry]:
    """What waits, in the order in which it will be appended."""
    files = sorted(case.queue.glob("*.json")) if case.queue.is_dir() else []
    return [Entry(**json.loads(file.read_bytes())) for file in files]
