"""Lines of known shapes as columns, without an object for each line: what a JsonReader makes of most lines.

For each shape it is decided once which member fills which column. A line whose value does not fit is left to the reader of single
lines, which says why; so both ways give the same events, and only one of them gives rejects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.count.evidence import json_values as values
from amends.count.evidence.arrow import Column, column, map_of_columns, maps, nulls
from amends.count.evidence.arrow import texts as text_column
from amends.count.evidence.json_shapes import NUMBER, TRUTH, Leaf, Shape, shape_of
from amends.count.evidence.json_times import Faults, Number, times
from amends.count.evidence.kinds import TEXT, Outputs, Span
from amends.count.evidence.lanes import Bytes, Positions, Truths
from amends.count.evidence.parts import LINE_FEED, bounds_of, part_of
from amends.count.evidence.reader import text_of
from amends.count.evidence.schema import PAD, Block
from amends.count.evidence.vector import VectorReader

MOST_SHAPES = 12
MOST_TRIES = 50  # to learn another
FEWEST_LINES = 64  # fewer are not worth another shape
FREE = "\0"  # no dotted path of a mapping starts so: marks a member that goes to `extra` whatever its name
BOM = b"\xef\xbb\xbf"
BACKSLASH, SPACE, SLASH = 0x5C, 0x20, 0x2F


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a JsonReader's columns ask for: see its fields of the same names."""

    paths: Mapping[str, tuple[str, ...]]
    derived: Mapping[str, Sequence[tuple[tuple[str, ...], Callable[..., object]]]]
    texts: Sequence[str]
    renamed: Sequence[str]
    used: frozenset[str]
    seconds: Sequence[tuple[tuple[str, ...], str]]


@dataclass(slots=True)
class Cells:
    """The values of some lines of one shape; a column of each is made when it is asked for."""

    buffer: Bytes
    outputs: Sequence[Outputs]
    rows: int
    has_slashes: bool  # some may be written as `\\/`

    def texts(self, leaf: Leaf) -> Column:
        """As `extra` keeps them: texts as they are, everything else as JSON."""
        if leaf.items is not None:
            parts = [self._as_json(item) for item in leaf.items]
            return _joined("[", _joined(*parts, between=","), "]") if parts else text_column(["[]"] * self.rows)
        span = self.outputs[leaf.slot][0]
        assert isinstance(span, Span)
        found = text_of(self.buffer, span.start, span.end)
        return pc.replace_substring(found, "\\/", "/") if self.has_slashes and leaf.kind is TEXT else found

    def objects(self, leaf: Leaf) -> list[object]:
        """As JSON's reader gives them."""
        if leaf.items is not None:
            items = [self.objects(item) for item in leaf.items]
            return [list(row) for row in zip(*items, strict=True)] if items else [[] for _ in range(self.rows)]
        found = self.texts(leaf).to_pylist()
        if leaf.kind is NUMBER:
            return [Number(text) if "." in text else int(text) for text in found]
        return [text == "true" for text in found] if leaf.kind is TRUTH else found

    def _as_json(self, item: Leaf) -> Column:
        found = self.texts(item)
        return _joined('"', found, '"') if item.kind is TEXT else found


def _joined(*parts: Column | str, between: str = "") -> Column:
    """The texts of each row in one; a text alone stands in every row."""
    join: Any = pc.binary_join_element_wise
    return join(*parts, between)


class ShapedLines:
    """Reads those lines of a block that have a shape; `learns` shapes from the others."""

    def __init__(self, wanted: Wanted, columns: pa.Schema, zone: ZoneInfo | None, *, learns: bool = True) -> None:
        self._wanted, self._columns, self._zone = wanted, columns, zone
        self._shapes: list[_ShapeReader] = []
        self._tries = MOST_TRIES if learns else 0

    def read(self, block: Block) -> tuple[list[pa.RecordBatch], Positions, Positions]:
        """The events of the lines that have a shape; which lines are left, by their place in the block; and where each line of
        the block begins, and the last one ends.
        """
        body = block.buffer[PAD : PAD + block.size]
        bounds = bounds_of(body)
        is_odd = _is_odd(body, bounds)
        is_open = ~is_odd
        batches: list[pa.RecordBatch] = []
        for shape in self._known_and_new(body, bounds, is_open):
            open_ = np.flatnonzero(is_open)
            rows, events = shape.read(part_of(block, bounds, open_), block.first_line + open_)
            if events is not None:
                batches.append(events)
                is_open[open_[rows]] = False
        return batches, np.flatnonzero(is_odd | is_open), bounds

    def _known_and_new(self, body: Bytes, bounds: Positions, is_open: Truths) -> Iterator[_ShapeReader]:
        """The known shapes, then new ones, as long as lines enough are open."""
        for shape in self._shapes:
            if np.count_nonzero(is_open) >= FEWEST_LINES:
                yield shape
        while np.count_nonzero(is_open) >= FEWEST_LINES and len(self._shapes) < MOST_SHAPES and self._tries:
            self._tries -= 1
            row = int(np.argmax(is_open))
            found = shape_of(body[bounds[row] : bounds[row + 1]].tobytes().rstrip(b"\n").removeprefix(BOM))
            columns = _ShapeReader.of(found, self._wanted, self._columns, self._zone) if found else None
            if columns is None:
                return
            yield columns
            if is_open[row]:
                return  # it did not take even the line that it was made of
            self._shapes.append(columns)


class _ShapeReader:
    """Lines of one shape as events."""

    def __init__(self, shape: Shape, wanted: Wanted, columns: pa.Schema, zone: ZoneInfo | None) -> None:
        self._vector = VectorReader(shape.form)
        self._wanted, self._columns, self._zone = wanted, columns, zone
        self._leaves = {name: _first(shape, paths) for name, paths in wanted.paths.items()}
        self._made = {
            name: [(tuple(_given(shape, path) for path in paths), make) for paths, make in options if _is_any(shape, paths)]
            for name, options in wanted.derived.items()
            if self._leaves.get(name) is None
        }
        self._extra = self._extra_members(shape)

    @classmethod
    def of(cls, shape: Shape, wanted: Wanted, columns: pa.Schema, zone: ZoneInfo | None) -> _ShapeReader | None:
        """None for a shape without a time, or with members that only some of its lines would have."""
        made = cls(shape, wanted, columns, zone)
        has_time = made._leaves.get("time") is not None
        return made if has_time and not any(made._made.get(name) for name in ("time", *wanted.renamed)) else None

    def read(self, block: Block, numbers: Positions) -> tuple[Positions, pa.RecordBatch | None]:
        """Which lines of the block it takes, and their events."""
        _, taken = self._vector.read(block)
        if not len(taken.rows):
            return taken.rows, None
        cells = Cells(block.buffer, taken.outputs, len(taken.rows), bool((block.buffer == BACKSLASH).any()))
        faults: Faults = {}
        lines = column(numbers[taken.rows].astype(np.uint64))
        events = pa.RecordBatch.from_arrays([lines, *self._all_columns(cells, faults)], schema=self._columns)
        if not faults:
            return taken.rows, events
        good = np.ones(cells.rows, np.bool_)
        good[list(faults)] = False
        return taken.rows[good], events.filter(column(good))

    def _all_columns(self, cells: Cells, faults: Faults) -> list[Column]:
        """The columns after `line`; `faults` gets the rows whose values do not fit."""
        given = {name: self._values(name, cells, faults) for name in self._leaves.keys() | self._made.keys()}
        given = {name: found for name, found in given.items() if found is not None}
        if "request" in given:
            given["method"], given["target"] = values.requests(given["request"], faults)
        took = [values.durations(given[name], unit, name, faults) for name, unit in values.TOOK.items() if name in given]
        found: dict[str, Column] = {"time": times(given["time"], self._zone, faults)}
        if took:
            found["took_us"] = pc.coalesce(*took)
        for name, read in values.COLUMN_READERS.items():
            if name in given:
                found[name] = read(given[name], name, faults)
        for name in self._wanted.texts:
            if name in given:
                found[name] = values.texts(given[name], name, faults)
        found["extra"] = self._extra_column(cells)
        every = [one for one in self._columns if one.name != "line"]
        return [found[one.name] if one.name in found else nulls(cells.rows, one.type) for one in every]

    def _values(self, name: str, cells: Cells, faults: Faults) -> Column:
        """The values of one column, as its reader takes them; None where the shape has none."""
        leaf = self._leaves.get(name)
        if leaf is not None:
            return cells.objects(leaf) if leaf.items is not None or name == "request" else cells.texts(leaf)
        if not self._made.get(name):
            return None
        found: list[object] = [None] * cells.rows
        for members, make in self._made[name]:
            keys = list(zip(*(_column_of(given, cells) for given in members), strict=True))
            known: dict[object, object] = {}
            for row, key in enumerate(keys):
                if found[row] is None:
                    try:
                        found[row] = _once(make, key, known)
                    except ValueError:
                        faults.setdefault(row, name)
        return found

    def _extra_members(self, shape: Shape) -> list[tuple[str, Leaf]]:
        """What no column takes, under its dotted name; what the table renames, under its new one; in the order of one line."""
        members = dict(shape.leaves)
        for earlier, path in self._wanted.seconds:
            if path in members and any(one in members for one in earlier):
                members[FREE + path] = members.pop(path)
        for name in self._wanted.renamed:
            leaf = self._leaves.get(name)
            if leaf is not None:
                members[FREE + name] = leaf
        return [(name.removeprefix(FREE), leaf) for name, leaf in members.items() if name not in self._wanted.used]

    def _extra_column(self, cells: Cells) -> Column:
        count = len(self._extra)
        if not count:
            return map_of_columns({}, cells.rows)
        offsets = np.arange(0, count * cells.rows + 1, count, dtype=np.int32)
        names = text_column([name for name, _ in self._extra]).take(column(np.tile(np.arange(count), cells.rows)))
        row_by_row = np.arange(count) * cells.rows + np.arange(cells.rows)[:, None]
        items = pa.concat_arrays([cells.texts(leaf) for _, leaf in self._extra]).take(column(row_by_row.ravel()))
        return maps(offsets, names, items)


def _once(make: Callable[..., object], key: tuple[object, ...], known: dict[object, object]) -> object:
    """What `make` gives for these values: of texts that come again and again it is asked once."""
    if len(key) > 1 or type(key[0]) is not str:
        return make(*key)
    if key not in known:
        known[key] = make(*key)
    return known[key]


type Given = Leaf | dict[str, Leaf] | None


def _first(shape: Shape, paths: Sequence[str]) -> Leaf | None:
    return next((shape.leaves[path] for path in paths if path in shape.leaves), None)


def _is_any(shape: Shape, paths: Sequence[str]) -> bool:
    return any(_given(shape, path) for path in paths)


def _given(shape: Shape, path: str) -> Given:
    """The leaf at a path; all below it for `a.*`, by their names there."""
    if not path.endswith(".*"):
        return shape.leaves.get(path)
    prefix = path[:-1]
    return {name.removeprefix(prefix): leaf for name, leaf in shape.leaves.items() if name.startswith(prefix)} or None


def _column_of(given: Given, cells: Cells) -> Sequence[object]:
    if given is None:
        return [None] * cells.rows
    if isinstance(given, Leaf):
        return cells.objects(given)
    columns = {name: cells.objects(leaf) for name, leaf in given.items()}
    return [{name: own[row] for name, own in columns.items()} for row in range(cells.rows)]


def _is_odd(body: Bytes, bounds: Positions) -> Truths:
    """Lines with a control character, or with a backslash that does not stand before a slash."""
    odd = np.flatnonzero((body < SPACE) & (body != LINE_FEED))
    backslashes = np.flatnonzero(body == BACKSLASH)
    if len(backslashes):
        before = backslashes[body[np.minimum(backslashes + 1, len(body) - 1)] != SLASH]
        odd = np.concatenate((odd, before))
    found = np.zeros(len(bounds) - 1, np.bool_)
    found[np.searchsorted(bounds, odd, side="right") - 1] = True
    return found
