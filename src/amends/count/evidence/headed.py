"""Text under header lines: a line's fields are those of the last `#Fields:` before it (W3C Extended Log File Format,
WD-logfile-960323), which may change in mid-file.

Header lines are rejects with the reason `directive`, empty ones with `empty`; a line before any `#Fields:`, or under one without
date and time, with `no fields`; one with more or fewer cells with `shape`. Stamps are in UTC unless the block names a zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from amends.count.evidence import json_values as values
from amends.count.evidence.arrow import Column, column, nulls, schema
from amends.count.evidence.events import map_of_columns
from amends.count.evidence.formats.json_lines import COLUMN_READERS, TOOK
from amends.count.evidence.json_times import Faults, times, zone_of
from amends.count.evidence.reader import rejected_lines
from amends.count.evidence.schema import EVENTS, LOGGED, PAD, Block, LineReader, Parsed
from amends.count.evidence.settings import Reading

BOM = b"\xef\xbb\xbf"
FIELDS = "#Fields:"
SAMPLE_LINES = 20
STAMP = ("date", "time")
TARGET = ("cs-uri-stem", "cs-uri-query")


@dataclass(frozen=True, slots=True)
class Headed:
    """What a maker of such logs does: how it parts cells, and which column each of its fields is.

    `columns`: field (in lower case) to a column of LOGGED, `account`, or a name of TOOK for the time taken, by its unit.
    """

    title: str
    separator: str
    columns: Mapping[str, str]

    def recognise(self, sample: bytes) -> str | None:
        """A `#Fields:` stands before the first line, and most lines after it have as many cells."""
        lines = sample.removeprefix(BOM).decode("utf-8", "replace").splitlines()
        names = next((line.removeprefix(FIELDS).split() for line in lines if line.startswith(FIELDS)), None)
        cells = [line.split(self.separator) for line in lines if line and not line.startswith("#")][:SAMPLE_LINES]
        good = sum(1 for row in cells if names is not None and len(row) == len(names))
        if names is None or not set(STAMP) <= set(names) or 2 * good <= len(cells):
            return None
        return f"lines stand under {FIELDS} with the cells of {self.title}"

    def reader(self, reading: Reading) -> LineReader:
        return HeadedReader(self, reading)


@dataclass(slots=True)
class _Run:
    """Lines under one `#Fields:`: their places in the block, and their cells."""

    places: list[int] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)


class HeadedReader:
    """Reads one source: the fields of one block hold for the next."""

    def __init__(self, form: Headed, reading: Reading) -> None:
        self._form = form
        roles = {*reading.principal, *filter(None, (reading.account, reading.issued))} - LOGGED.keys()
        roles |= {"server"} if reading.server in (None, "server") else set()
        roles |= {"account"} if reading.account is None else set()
        self._roles = sorted(roles)
        self._zone = zone_of(reading.zone or "UTC")
        self._fields: tuple[str, ...] | None = None
        named = [(name, pa.string()) for name in self._roles]
        self.columns = schema(("line", pa.uint64()), *LOGGED.items(), *named, ("extra", EVENTS.field("extra").type))

    def read(self, block: Block) -> Parsed:
        lines = block.buffer[PAD : PAD + block.size].tobytes().split(b"\n")
        if not lines[-1]:
            lines.pop()
        reasons: dict[int, str] = {}
        batches: list[pa.RecordBatch] = []
        run = _Run()
        for place, line in enumerate(lines):
            text = self._text(line.removeprefix(BOM) if not place and not block.offset else line, place, reasons)
            if text is None:
                continue
            if text.startswith("#"):
                reasons[place] = "directive"
                if text.startswith(FIELDS):
                    batches.append(self._events(block, run, reasons))
                    run, self._fields = _Run(), _fields(text)
                continue
            cells = text.split(self._form.separator)
            if self._fields is None or len(cells) != len(self._fields):
                reasons[place] = "no fields" if self._fields is None else "shape"
            else:
                run.places.append(place)
                run.cells.append(cells)
        batches.append(self._events(block, run, reasons))
        events = pa.Table.from_batches(batches, self.columns).combine_chunks().to_batches()
        empty = pa.RecordBatch.from_pylist([], schema=self.columns)
        return Parsed(len(lines), events[0] if events else empty, rejected_lines(block, lines, reasons))

    def _text(self, line: bytes, place: int, reasons: dict[int, str]) -> str | None:
        """The line as text; None with its reason where it is none."""
        line = line.removesuffix(b"\r")
        if not line or b"\0" in line:
            reasons[place] = "nul" if line else "empty"
            return None
        try:
            return line.decode()
        except UnicodeDecodeError:
            reasons[place] = "utf8"
            return None

    def _events(self, block: Block, run: _Run, reasons: dict[int, str]) -> pa.RecordBatch:
        """The events of a run; `reasons` gets the lines whose cells do not fit."""
        rows = len(run.places)
        names = self._fields or ()
        cells: dict[str, Sequence[object]] = dict(zip(names, zip(*run.cells, strict=True), strict=True)) if rows else {}
        faults: Faults = {}
        made = self._made(cells, rows, faults) if rows else {}
        listed: list[Column] = [
            made[name] if made.get(name) is not None else nulls(rows, self.columns.field(name).type)
            for name in self.columns.names[1:]
        ]
        numbers = column(np.array(run.places, np.uint64) + np.uint64(block.first_line))
        events = pa.RecordBatch.from_arrays([numbers, *listed], schema=self.columns)
        if faults:
            reasons |= {run.places[row]: reason for row, reason in faults.items()}
            good = np.ones(rows, bool)
            good[list(faults)] = False
            events = events.filter(column(good))
        return events

    def _made(self, cells: Mapping[str, Sequence[object]], rows: int, faults: Faults) -> dict[str, Column]:
        """The columns that these cells fill."""
        taken = {self._form.columns[name.lower()]: name for name in cells if name.lower() in self._form.columns}
        stamps = [f"{day}T{clock}" for day, clock in zip(*(cells[name] for name in STAMP), strict=True)]
        made: dict[str, Column] = {"time": times(stamps, self._zone, faults)}
        for name, read in COLUMN_READERS.items():
            if name in taken:
                made[name] = read(cells[taken[name]], name, faults)
        for name, unit in TOOK.items():
            if name in taken:
                made["took_us"] = values.durations(cells[taken[name]], unit, name, faults)
        if TARGET[0] in cells:
            made["target"] = values.texts(_targets(cells), "target", faults)
        used = {*STAMP, *taken.values(), *(TARGET if "target" in made else ())}
        for name in self._roles:
            source = name if name in cells else taken.get(name)
            if source is not None:
                made[name] = values.texts(cells[source], name, faults)
                used.add(source)
        rest = {name: values.texts(found, name, faults) for name, found in cells.items() if name not in used}
        if rest:
            made["extra"] = map_of_columns(rest, rows)
        return made


def _fields(line: str) -> tuple[str, ...] | None:
    """The names of a `#Fields:` line; None where no line under it could be read: a name twice, or no date and time."""
    names = tuple(line.removeprefix(FIELDS).split())
    return names if len(set(names)) == len(names) and set(STAMP) <= set(names) else None


def _targets(cells: Mapping[str, Sequence[object]]) -> list[object]:
    """Path and query as one target; `-` is no query."""
    stems = cells[TARGET[0]]
    queries = cells.get(TARGET[1], ("-",) * len(stems))
    return [stem if query in ("-", "") else f"{stem}?{query}" for stem, query in zip(stems, queries, strict=True)]
