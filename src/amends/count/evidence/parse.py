"""One source, from its stored bytes to its events and rejects: `lines = events + rejects`, checked for every block and for
the whole.

The files depend on the bytes, the block of settings and the case's key alone; no clock, path or process goes into them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amends.case import Case, atomic_file, writing
from amends.count.evidence.arrow import Column, constant
from amends.count.evidence.blocks import LINE_FEED, iter_parsed
from amends.count.evidence.clear_forms import ClearForms
from amends.count.evidence.detect import Choice
from amends.count.evidence.encodings import encodings
from amends.count.evidence.errors import CHANGED_SOURCE
from amends.count.evidence.events import EventColumns
from amends.count.evidence.fingerprints import Fingerprint, fingerprints
from amends.count.evidence.formats import formats
from amends.count.evidence.plain import PlainBytes, Stored, open_plain
from amends.count.evidence.principals import KeyedHashes
from amends.count.evidence.readers import reader_of
from amends.count.evidence.schema import EVENTS, REJECTS, Reader, RecordReader, StreamReader
from amends.count.evidence.settings import Reading
from amends.count.evidence.sources import READER, Facts, clear_file, events_file, rejects_file
from amends.count.evidence.store import Statement
from amends.errors import InputError, Place

GROUP_ROWS = 250_000
GROUP_BYTES = 48 * 1024 * 1024  # of Arrow columns, some 150,000 lines: keeps a reading process below 300 MB
SAMPLE_ROWS = 20_000  # that the encodings are chosen by


def read_source(
    case: Case, statement: Statement, reading: Reading, choice: Choice, *, advance: Callable[[int], None] = lambda _: None
) -> Facts:
    """Write the events, rejects and clear principals of one source, each file whole or not at all; what was found.

    Memory: one row group. Raises: EVI-020 where the bytes are not those that were taken, CAS-006.
    """
    stored, sha256 = statement.stored(case), statement.sha256
    events_path = events_file(case, sha256)
    with writing(events_path):
        events_path.unlink(missing_ok=True)  # old events never stand beside new rejects
        clear = ClearForms(clear_file(case, sha256))
        try:
            with open_plain(stored, most=reading.most_unpacked) as plain, atomic_file(events_path) as events_partial:
                with atomic_file(rejects_file(case, sha256)) as rejects_partial:
                    tally = _Tally(plain, reading, choice, statement, KeyedHashes(case.key(), clear), advance)
                    facts = tally.read(events_partial, rejects_partial)
                clear.write()
        except FileNotFoundError as error:
            if stored.exists():
                raise
            raise InputError(CHANGED_SOURCE, at=Place(statement.seen_as.path), expected="the file where it was left") from error
        finally:
            clear.discard()
    return facts


class _Tally:
    """Reads one source and counts."""

    def __init__(
        self,
        plain: PlainBytes,
        reading: Reading,
        choice: Choice,
        statement: Statement,
        hashes: KeyedHashes,
        advance: Callable[[int], None],
    ) -> None:
        self.hashes = hashes
        self._plain, self._reading, self._choice, self._statement, self._advance = plain, reading, choice, statement, advance
        self._watched = _Watched(plain)
        self._lines = self._rows = self._numbers = 0
        self._reasons: Counter[str] = Counter()
        self._first: int | None = None
        self._last: int | None = None
        self._ends: list[Fingerprint] = []
        self._fault: str | None = None
        self._has_physical_lines = True

    def read(self, events_partial: Path, rejects_partial: Path) -> Facts:
        plain_hash = hashlib.sha256()
        reader, columns, server = None, None, self._reading.server
        if self._choice.format is not None:
            reader = reader_of(self._choice.format, self._choice.wrapper, self._reading)
            columns = EventColumns(
                reader.columns,
                self._reading,
                source=self._statement.sha256,
                name=self._statement.seen_as.path,
                hashes=self.hashes,
            )
            server = columns.server
        with (
            _Groups(rejects_partial, REJECTS) as rejects,
            _Groups(events_partial, EVENTS, columns.finish if columns else None) as events,
        ):
            if reader is None or columns is None:
                self._watched.demand_end()
            else:
                self._read_blocks(reader, columns, events, rejects, plain_hash)
            self._check()
            facts = self._facts(plain_hash.hexdigest(), server)
            events.add_metadata(facts)
        return facts

    def _read_blocks(
        self, reader: Reader, columns: EventColumns, events: _Groups, rejects: _Groups, plain_hash: hashlib._Hash
    ) -> None:
        source = self._statement.sha256
        done = 0
        for parsed in iter_parsed(self._watched, reader, plain_hash=plain_hash):
            if parsed.lines != parsed.events.num_rows + parsed.rejects.num_rows:
                raise ArithmeticError("a block's lines are not its events and rejects")
            self._lines += parsed.lines
            self._numbers += parsed.lines if parsed.numbers is None else parsed.numbers
            if parsed.events.num_rows:
                self._rows += parsed.events.num_rows
                self._span(parsed.events.column("time"))
                drafted = columns.draft(parsed)
                self._ends = (self._ends or fingerprints(drafted.slice(0, 1)))[:1] + fingerprints(
                    drafted.slice(drafted.num_rows - 1)
                )
                events.add(drafted)
            if parsed.rejects.num_rows:
                reasons: Any = parsed.rejects.column("reason").to_pylist()
                self._reasons.update(reasons)
                rejects.add(_with_source(parsed.rejects, source))
            self._advance(self._plain.stored_bytes - done)
            done = self._plain.stored_bytes
        if isinstance(reader, StreamReader):
            self._fault = reader.fault
        self._has_physical_lines = not isinstance(reader, RecordReader)

    def _span(self, times: Column) -> None:
        found: Any = pc.min_max(times.cast(pa.int64()))
        least, most = found["min"].as_py(), found["max"].as_py()
        self._first = least if self._first is None else min(self._first, least)
        self._last = most if self._last is None else max(self._last, most)

    def _check(self) -> None:
        if self._plain.stored_sha256 != self._statement.sha256:
            raise InputError(
                CHANGED_SOURCE,
                at=Place(self._statement.seen_as.path),
                expected=f"bytes with the SHA-256 {self._statement.sha256}",
            )
        if self._lines != self._rows + self._reasons.total():
            raise ArithmeticError("a source's lines are not its events and rejects")

    def _facts(self, plain_sha256: str, server: str | None) -> Facts:
        name = self._choice.format
        return Facts(
            sha256=self._statement.sha256,
            config_hash=self._reading.config_hash,
            reader=READER,
            format=name,
            time_is=self._reading.time_is or (formats()[name].TIME_IS if name else None),
            zone=self._reading.zone,
            server=server,
            layer=self._reading.layer,
            why=self._choice.why,
            plain_sha256=plain_sha256,
            plain_size=self._plain.plain_bytes,
            lines=self._lines,
            numbers=self._numbers,
            rows=self._rows,
            rejects=self._reasons.total(),
            reasons=dict(sorted(self._reasons.items())),
            first_us=self._first,
            last_us=self._last,
            torn=self._has_physical_lines and self._watched.is_torn,
            fault=self._plain.fault or self._fault,
            ends=tuple(self._ends),
        )


class _Watched:
    """The plain bytes, remembering the last of them."""

    def __init__(self, plain: PlainBytes) -> None:
        self._plain = plain
        self._last = LINE_FEED

    @property
    def is_torn(self) -> bool:
        """Whether the last line lacks its line feed."""
        return self._last != LINE_FEED

    def readinto(self, buffer: memoryview, /) -> int:
        count = self._plain.readinto(buffer)
        if count:
            self._last = buffer[count - 1]
        return count

    def random_access(self) -> Stored | None:
        return self._plain.random_access()

    def demand_end(self) -> None:
        """A source without a format has no bytes: none may be left unread."""
        if self.readinto(memoryview(bytearray(1))):
            raise ArithmeticError("bytes of a source without a format")


type Finish = Callable[[Sequence[pa.RecordBatch]], pa.Table]


class _Groups:
    """A Parquet file written in row groups that are the same for the same rows, however they came.

    One group is written in a thread at the side (Arrow lets go of the interpreter's lock) while the next is read.
    """

    def __init__(self, path: Path, schema: pa.Schema, finish: Finish | None = None) -> None:
        self._path, self._schema = path, schema
        self._opened: pq.ParquetWriter | None = None
        self._finish: Finish = finish or (lambda batches: pa.Table.from_batches(list(batches), schema))
        self._waiting: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0
        self._side = ThreadPoolExecutor(1)
        self._written: Future[None] | None = None

    def __enter__(self) -> _Groups:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._flush()
                self._wait()
                self._writer().close()
        finally:
            self._side.shutdown(wait=True)
            if kind is not None and self._opened is not None:
                self._opened.close()

    def add(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()

    def add_metadata(self, facts: Facts) -> None:
        self._flush()
        self._wait()
        self._writer().add_key_value_metadata(facts.as_metadata())

    def _flush(self) -> None:
        if self._rows:
            self._wait()
            self._written = self._side.submit(self._write, self._waiting)
        self._waiting, self._rows, self._bytes = [], 0, 0

    def _write(self, batches: list[pa.RecordBatch]) -> None:
        table = self._finish(batches)
        batches.clear()
        self._writer(table).write_table(table, row_group_size=table.num_rows)
        del table
        pa.default_memory_pool().release_unused()  # 30 to 60 MB less at the peak

    def _wait(self) -> None:
        """For the group that is being written. Raises: what its writing raised."""
        if self._written is not None:
            self._written.result()
            self._written = None

    def _writer(self, first: pa.Table | None = None) -> pq.ParquetWriter:
        """Opened with the encodings that fit its first rows."""
        if self._opened is None:
            sample = first.slice(0, SAMPLE_ROWS) if first is not None else self._schema.empty_table()
            made: Any = pq.ParquetWriter
            self._opened = made(self._path, self._schema, compression="zstd", **asdict(encodings(sample)))
        return self._opened


def _with_source(rejects: pa.RecordBatch, source: str) -> pa.RecordBatch:
    columns: dict[str, Column] = {name: rejects.column(name) for name in rejects.schema.names}
    columns["source"] = constant(source, rejects.num_rows)
    return pa.RecordBatch.from_arrays([columns[name] for name in REJECTS.names], schema=REJECTS)
