"""Rows of Parquet files as lines: the number of a row, from 1 on, is its line. Columns are members of JSON objects: a field of a
struct has a dotted path, and the same tables name them.

A row that does not fit is a reject whose bytes are the row as JSON. The rows of a row group that cannot be decoded are rejects
too, and that is told as a fault. Memory: BATCH_ROWS rows, and the pages of one row group that hold them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import IOBase
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from amends.count.evidence.arrow import no_events
from amends.count.evidence.json_reader import JsonReader
from amends.count.evidence.json_times import Number
from amends.count.evidence.json_values import Flat
from amends.count.evidence.reader import reject_batch
from amends.count.evidence.schema import RAW_BYTES, Hash, Parsed, Readable

MAGIC = b"PAR1"
BATCH_ROWS = 10_000
UNREADABLE = "row group"  # the reason of rows that cannot be decoded
MOST_UNREADABLE = 10_000_000  # rows that a broken row group may claim to have


class ParquetReader:
    """A RecordReader of rows, each read by the table of a JsonReader. It asks the stream for its file (`random_access`)."""

    needs_file = True

    def __init__(self, members: JsonReader) -> None:
        self._members = members
        self.columns = members.columns
        self.fault: str | None = None

    def iter_parsed(self, readable: Readable, *, block_bytes: int, plain_hash: Hash | None = None) -> Iterator[Parsed]:
        if plain_hash:
            _drain(readable, block_bytes, plain_hash)
        number = 1
        for rows in self._rows(readable):
            parsed = self._parsed(rows, number) if isinstance(rows, list) else self._unreadable(number, rows)
            number += parsed.lines
            yield parsed

    def iter_texts(self, readable: Readable) -> Iterator[bytes]:
        for rows in self._rows(readable):
            yield from map(_as_json, rows) if isinstance(rows, list) else [b""] * rows

    def _rows(self, readable: Readable) -> Iterator[list[Flat] | int]:
        """The rows as members, batch by batch; for rows that cannot be decoded, how many."""
        opened = self._opened(readable)
        for group in range(opened.num_row_groups if opened else 0):
            done = 0
            claimed = int(opened.metadata.row_group(group).num_rows)
            try:
                for batch in opened.iter_batches(batch_size=BATCH_ROWS, row_groups=[group]):
                    rows = _members(batch)
                    done += len(rows)
                    yield rows
            except (pa.ArrowException, OSError, ValueError, OverflowError):  # the last two: an instant out of all range
                self._note(
                    f"row group {group + 1} of {opened.num_row_groups} cannot be decoded after {done:,} of {claimed:,} rows"
                )
                lost = min(max(claimed - done, 0), MOST_UNREADABLE)
                yield from (min(BATCH_ROWS, lost - at) for at in range(0, lost, BATCH_ROWS))

    def _opened(self, readable: Readable) -> Any:
        file: IOBase | None = getattr(readable, "random_access", lambda: None)()
        if file is None:
            self._note("a compressed file or a stream: unpack it first")
            return None
        try:
            made: Any = pq.ParquetFile
            return made(pa.PythonFile(file, mode="r"))
        except (pa.ArrowException, OSError):
            self._note("its footer cannot be read, so no row can")
            return None

    def _parsed(self, rows: list[Flat], first: int) -> Parsed:
        texts = [dict(row) for row in rows]
        events, faults = self._members.events_of(rows, np.arange(len(rows)) + first)
        rejects = [_reject(first + row, reason, _as_json(texts[row])) for row, reason in sorted(faults.items())]
        return Parsed(len(rows), events, reject_batch(rejects))

    def _unreadable(self, first: int, rows: int) -> Parsed:
        rejects = reject_batch(_reject(number, UNREADABLE, b"") for number in range(first, first + rows))
        return Parsed(rows, no_events(self.columns), rejects)

    def _note(self, fault: str) -> None:
        self.fault = self.fault or f"parquet: {fault}"


def _reject(number: int, reason: str, text: bytes) -> tuple[int, int, int, str, bytes]:
    return number, 0, len(text), reason, text[:RAW_BYTES]


def _drain(readable: Readable, block_bytes: int, plain_hash: Hash) -> None:
    buffer = memoryview(bytearray(block_bytes))
    while size := readable.readinto(buffer):
        plain_hash.update(buffer[:size])


def _members(batch: pa.RecordBatch) -> list[Flat]:
    """The rows as flat members, nulls left out."""
    names: list[str] = []
    columns: list[list[object]] = []
    for name, values in _leaves(batch):
        names.append(name if name not in names else f"{name} {len(names)}")
        columns.append(_plain(values))
    return (
        [{name: value for name, value in zip(names, row, strict=True) if value is not None} for row in zip(*columns, strict=True)]
        if columns
        else [{} for _ in range(batch.num_rows)]
    )


def _leaves(batch: Any) -> Iterator[tuple[str, Any]]:
    """The columns, those of structs by their dotted paths."""
    for field, values in zip(batch.schema, batch.columns, strict=True):
        yield from _leaves_of(field.name, values)


def _leaves_of(name: str, values: Any) -> Iterator[tuple[str, Any]]:
    if not pa.types.is_struct(values.type):
        yield name, values
        return
    for field, inner in zip(values.type, values.flatten(), strict=True):  # null where the struct is
        yield from _leaves_of(f"{name}.{field.name}", inner)


def _plain(values: Any) -> list[object]:
    """The values as a JSON parser would give them."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _plain(values.dictionary_decode())
    if pa.types.is_timestamp(kind):  # as RFC 3339; without an offset where the file has no zone
        values, kind = values.cast(pa.timestamp(kind.unit, "UTC" if kind.tz else None)).cast(pa.string()), pa.string()
    if pa.types.is_date(kind) or pa.types.is_time(kind):
        values, kind = values.cast(pa.string()), pa.string()
    listed: list[object] = values.to_pylist()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return listed
    return [None if value is None else _value(value) for value in listed]


def _value(value: object) -> object:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.hex()
    if isinstance(value, list | dict):
        return json.loads(json.dumps(value, default=str))
    return value if isinstance(value, str | bool | int) else Number(str(value))


def _as_json(row: Flat) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()
