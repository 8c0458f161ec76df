"""The columns of events, rejects, repeats and sources (design, section 4), and what a format hands over for each block of lines.

Mapping to OCSF HTTP Activity (4002) and ECS 8: `docs/evidence.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

TIME = pa.timestamp("us", "UTC")
# An event's time, in microseconds since 1970: from then to the end of 2099. No server logged before, and what says so, or a later
# year, is a clock that was not set, or no stamp.
TIMES_US = range(4_102_444_800_000_000)
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
    """What became of some lines: `lines = events.num_rows + rejects.num_rows`, each in line order.

    `events` has `line` (u64), then the columns of the reader's `columns`; `rejects` has the columns of REJECTS without `source`.
    `numbers`: how many line numbers these lines take, where a line is a record that may hold several physical lines and bears the
    number of its first; None: as many as there are lines.
    """

    lines: int
    events: pa.RecordBatch
    rejects: pa.RecordBatch
    numbers: int | None = None


class Hash(Protocol):
    def update(self, data: memoryview, /) -> None: ...


class Readable(Protocol):
    """Like a raw file: fills a part of the buffer, 0 at the end."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...


class LineReader(Protocol):
    """A format whose lines are physical lines, made ready for one source. Blocks come in order, so it may remember."""

    columns: pa.Schema
    """`line`, then columns of LOGGED, then the format's own columns as text, under the names that its configuration uses; or,
    where a source tells its columns only as it goes, a map `extra` of the rest."""

    def read(self, block: Block) -> Parsed: ...


@runtime_checkable
class StreamReader(Protocol):
    """A format that finds its own records in the plain bytes: records of several physical lines, elements, rows."""

    columns: pa.Schema
    """As a LineReader has them."""

    fault: str | None
    """What kept the stream from being read as a whole; known when it has come to its end."""

    def iter_parsed(self, readable: Readable, *, block_bytes: int, plain_hash: Hash | None = None) -> Iterator[Parsed]:
        """Reads to the end, whatever comes, some `block_bytes` at a time; `plain_hash` is fed every byte."""
        ...


@runtime_checkable
class RecordReader(StreamReader, Protocol):
    """A StreamReader whose line numbers are not those of physical lines: elements of a document, rows of a table."""

    def iter_texts(self, readable: Readable) -> Iterator[bytes]:
        """The bytes that stand for each line, in order: equal lines have equal bytes. One that is too long gives its length and
        its beginning."""
        ...


type Reader = LineReader | StreamReader
