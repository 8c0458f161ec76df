"""A LineReader within a wrapper: the texts are read by the format, and stand under the numbers and places of the physical lines.

A text that is split over several lines has the number of its first. Lines come out in order: a text waits for those that began
before it, up to MOST_WAITING; one that has not ended by then is a reject, `partial`, as is one that the file's end leaves open.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.count.evidence.arrow import column
from amends.count.evidence.arrow import texts as texts_of
from amends.count.evidence.blocks import TOO_LONG, PhysicalLine, iter_blocks, lines_of
from amends.count.evidence.reader import reject_batch
from amends.count.evidence.schema import LINE_BYTES, RAW_BYTES, Hash, LineReader, Parsed, Readable
from amends.count.evidence.subset import in_order, read_texts
from amends.count.evidence.wrappers import NOT_WRAPPED, Part, Wrapper

BOM = b"\xef\xbb\xbf"
MOST_WAITING = 10_000  # texts that wait for one that began before them
PARTIAL = "partial"
HOST = "syslog_host"  # the column that `server` may name


@dataclass(slots=True)
class _Text:
    """One text, of one physical line or of several."""

    lines: list[PhysicalLine]
    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    host: str | None = None
    is_done: bool = False
    reason: str | None = None  # why it is a reject whatever it says

    def add(self, part: Part) -> None:
        self.parts.append(part.text)
        self.size += len(part.text)
        self.is_done = part.is_end
        self.host = part.host
        if b"\n" in part.text:
            self.reason = "line feed"
        if self.size > LINE_BYTES:
            self.reason, self.parts = TOO_LONG, []

    @property
    def place(self) -> tuple[int, int, int, str, bytes]:
        """The row of a reject: all its lines where they stand together, else the first."""
        first, last = self.lines[0], self.lines[-1]
        stands_together = last.number - first.number == len(self.lines) - 1
        lines = self.lines if stands_together else [first]
        length = lines[-1].offset + lines[-1].length - first.offset
        return first.number, first.offset, length, self.reason or "", b"\n".join(line.text for line in lines)[:RAW_BYTES]


class WrappedReader:
    """A StreamReader of the texts within a wrapper."""

    def __init__(self, reader: LineReader, wrapper: Wrapper, *, with_host: bool = False) -> None:
        self._reader, self._wrapper, self._with_host = reader, wrapper, with_host
        self._waiting: deque[_Text] = deque()
        self._open: dict[str, _Text] = {}
        self.columns = reader.columns.append(pa.field(HOST, pa.string())) if with_host else reader.columns
        self.fault: str | None = None

    @property
    def seen(self) -> frozenset[str] | None:
        """The columns of a format that names them as it goes."""
        seen = getattr(self._reader, "seen", None)
        return None if seen is None else frozenset(seen)

    def iter_parsed(self, readable: Readable, *, block_bytes: int, plain_hash: Hash | None = None) -> Iterator[Parsed]:
        for block in iter_blocks(readable, block_bytes=block_bytes, plain_hash=plain_hash):
            numbers = 0
            for line in lines_of(block):
                self._add(line)
                numbers += 1
            yield self._parsed(self._ready(), numbers)
        for text in list(self._open.values()):
            self._give_up(text)
        yield self._parsed(self._ready(), 0)

    def _add(self, line: PhysicalLine) -> None:
        shown = line.text.removeprefix(BOM) if line.number == 1 else line.text
        part = None if line.is_long else self._wrapper.part(shown.removesuffix(b"\r"))
        if part is None:
            reason = TOO_LONG if line.is_long else NOT_WRAPPED if shown.strip() else "empty"
            self._waiting.append(_Text([line], is_done=True, reason=reason))
            return
        text = self._open.pop(part.stream, None)
        if text is None:
            text = _Text([line])
            self._waiting.append(text)
        else:
            text.lines.append(line)
        text.add(part)
        if not text.is_done:
            self._open[part.stream] = text
        if len(self._waiting) > MOST_WAITING and not self._waiting[0].is_done:
            self._give_up(self._waiting[0])

    def _give_up(self, text: _Text) -> None:
        """What of it is still to come begins a new one."""
        text.is_done, text.reason = True, text.reason or PARTIAL
        self._open = {stream: open_text for stream, open_text in self._open.items() if open_text is not text}

    def _ready(self) -> list[_Text]:
        """The texts at the head of the queue that have ended."""
        ready = []
        while self._waiting and self._waiting[0].is_done:
            ready.append(self._waiting.popleft())
        return ready

    def _parsed(self, texts: list[_Text], numbers: int) -> Parsed:
        good = [text for text in texts if text.reason is None]
        lines = np.array([text.lines[0].number for text in good], np.int64)
        inner = read_texts(
            self._reader, [b"".join(text.parts) for text in good], lines, reject_batch(text.place for text in good)
        )
        events = self._with_hosts(inner.events, lines, good) if self._with_host else inner.events
        bad = reject_batch(text.place for text in texts if text.reason is not None)
        return Parsed(len(texts), events, in_order([inner.rejects, bad]) if bad.num_rows else inner.rejects, numbers)

    def _with_hosts(self, events: pa.RecordBatch, lines: npt.NDArray[np.int64], good: list[_Text]) -> pa.RecordBatch:
        rows = np.searchsorted(lines, events.column("line").to_numpy().astype(np.int64))
        hosts = texts_of([text.host for text in good]).take(column(rows))
        return pa.RecordBatch.from_arrays([*events.columns, hosts], schema=self.columns)
