"""The columns of events, rejects, repeats and sources (design, section 4), and what a format hands over for each block of lines.

Mapping to OCSF HTTP Activity (4002) and ECS 8: `docs/evidence.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

TIME = pa.timestamp("us", "UTC")
NAME = pa.dictionary(pa.int32(), pa.string())  # few distinct values
HASH = pa.binary(16)  # keyed hash: HMAC-SHA-256 under the case's key, first 128 bits

# What a server may log of a request; a format fills those that its lines hold, the rest is null.
LOGGED: dict[str, pa.DataType] = {
    "time": TIME,
    "request_id": pa.string(),
    "client": pa.string(),
    "method": pa.string(),
    "target": pa.string(),
    "status": pa.uint16(),
    "sent": pa.int64(),
    "length": pa.int64(),
    "complete": pa.bool_(),
    "took_us": pa.int64(),
    "agent": pa.string(),
}

EVENTS = pa.schema(
    [
        pa.field("source", NAME, nullable=False),
        pa.field("line", pa.uint64(), nullable=False),
        pa.field("time", TIME, nullable=False),
        pa.field("server", NAME),
        pa.field("layer", NAME),
        pa.field("request_id", pa.string()),
        pa.field("client", pa.string()),
        pa.field("principal", HASH),
        pa.field("principal_kind", NAME),
        pa.field("account", pa.string()),
        pa.field("issued", HASH),
        pa.field("method", pa.string()),
        pa.field("target", pa.string()),
        pa.field("status", pa.uint16()),
        pa.field("sent", pa.int64()),
        pa.field("length", pa.int64()),
        pa.field("complete", pa.bool_()),
        pa.field("took_us", pa.int64()),
        pa.field("agent", pa.string()),
        pa.field("extra", pa.map_(pa.string(), pa.string())),
    ]
)

REJECTS = pa.schema(
    [
        pa.field("source", NAME, nullable=False),
        pa.field("line", pa.uint64(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),  # of its first byte in the plain stream
        pa.field("length", pa.int64(), nullable=False),  # bytes without the line feed
        pa.field("reason", NAME, nullable=False),
        pa.field("raw", pa.binary(), nullable=False),  # cut at RAW_BYTES
    ]
)

REPEATS = pa.schema(
    [
        pa.field("source", NAME, nullable=False),
        pa.field("line", pa.uint64(), nullable=False),
        pa.field("of_source", NAME, nullable=False),
        pa.field("of_line", pa.uint64(), nullable=False),
    ]
)

RAW_BYTES = 64 * 1024  # of a rejected line that are kept beside its place
LINE_BYTES = 16 * 1024 * 1024  # a longer line is a reject, "too long"
PAD = 64  # bytes on both sides of a block, so that a vector load near an edge stays inside


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines in one buffer: PAD bytes, `size` bytes of lines, PAD bytes; only a source's last line may lack its line feed.

    `first_line` is the 1-based number of the first line, `offset` the place of its first byte in the plain stream.
    """

    buffer: npt.NDArray[np.uint8]
    size: int
    first_line: int
    offset: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of the lines of one block: `lines = events.num_rows + rejects.num_rows`, each in line order.

    `events` has `line` (u64), then the columns of the reader's `columns`; `rejects` has the columns of REJECTS without `source`.
    """

    lines: int
    events: pa.RecordBatch
    rejects: pa.RecordBatch


class LineReader(Protocol):
    """A format, made ready for one source."""

    columns: pa.Schema
    """`line`, then columns of LOGGED, then the format's own columns as text, under the names that its configuration uses."""

    def read(self, block: Block) -> Parsed: ...
