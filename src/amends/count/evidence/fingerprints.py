"""The fingerprint of an event: what it is looked up by in other sources, before a byte of these is compared."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pyarrow as pa

CHEAP = ("status", "sent")  # numbers, which are read faster than texts and already tell most events apart
TEXTS = ("client", "method", "target", "agent")
DIGEST_BYTES = 12

type Fingerprint = tuple[int, int, str, str]
"""Line, time in microseconds since 1970, the values of CHEAP, and a digest over these and TEXTS."""


def fingerprints(events: pa.RecordBatch | pa.Table) -> list[Fingerprint]:
    """One for each event; columns that are not there are null."""
    names = [name for name in ("line", *CHEAP, *TEXTS) if name in events.schema.names]
    times: Any = events.column("time").cast(pa.int64()).to_pylist()
    rows: Any = events.select(names).to_pylist()
    return [(row["line"], time, _numbers(row), _digest(row)) for row, time in zip(rows, times, strict=True)]


def cheap(events: pa.RecordBatch | pa.Table) -> list[str]:
    """The values of CHEAP of each event, as a fingerprint has them."""
    rows: Any = events.select(list(CHEAP)).to_pylist()
    return [_numbers(row) for row in rows]


def _numbers(row: dict[str, Any]) -> str:
    return "/".join(str(row.get(name)) for name in CHEAP)


def _digest(row: dict[str, Any]) -> str:
    text = json.dumps([row.get(name) for name in (*CHEAP, *TEXTS)], ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()
