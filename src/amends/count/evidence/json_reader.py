"""JSON objects as events: one table says where a maker's log keeps what we need, and is all that a format of JSON lines adds.

A member is named by its dotted path; it may be nested (`{"source": {"ip": ...}}`) or flat (`{"source.ip": ...}`), not both.
Members that no column takes go to `extra` under their dotted paths; lists stay JSON text.

Strict: a line is one object (RFC 8259) and nothing else. Members that stand twice, and values that do not fit their column, make
the line a reject that names the column: nothing becomes null that was not null, absent, empty or `-`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.count.evidence import json_values as values
from amends.count.evidence.arrow import Column, column, maps, nulls, schema
from amends.count.evidence.arrow import texts as text_column
from amends.count.evidence.json_shaped import FREE, ShapedLines, Wanted
from amends.count.evidence.json_times import Faults, Number, times, zone_of
from amends.count.evidence.reader import reject_batch
from amends.count.evidence.schema import EVENTS, LOGGED, PAD, RAW_BYTES, Block, Parsed
from amends.count.evidence.settings import Reading
from amends.count.evidence.subset import in_order, with_column

SAMPLE_LINES = 20
BOM = b"\xef\xbb\xbf"
LINE_FEED = 0x0A

KNOWN = {"time", "request", *values.TOOK, *values.COLUMN_READERS}
RIVALS = {"request": ("method", "target")}  # columns that a mapping of the first fills, too


@dataclass(frozen=True, slots=True)
class Derived:
    """A value made of several members, or of one that must be rewritten.

    `make` gets the values of `paths` in their order (None: absent or null) and gives what the column's reader takes; it is asked
    where no path of the column is present and one of these is. Raises: ValueError where a value is not what it must be; the line
    is then a reject that names the column. A path `a.*` gives all members below `a`, by their names there. `keeps`: the members
    also stay in `extra`.
    """

    paths: tuple[str, ...]
    make: Callable[..., object]
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class JsonTable:
    """Where a maker's log keeps what a server logs of a request.

    `paths`: column to the dotted paths that may hold it, the first that is present wins. Columns are those of events, `account`,
    `server`, `request` (a whole request line), and `took_us`, `took_ms`, `took_s`, `took_ns` (the time taken, in its unit); any
    other name renames a member in `extra`. `derived`: column to what makes it where no path is present, tried in order.
    `unfold`: changes the members before all that, where one of them holds others, such as a message that is a record itself.
    """

    paths: Mapping[str, tuple[str, ...]]
    derived: Mapping[str, tuple[Derived, ...]] = field(default_factory=dict)
    unfold: Callable[[values.Flat], None] | None = None


class JsonReader:
    """A LineReader of JSON lines; see the module for what a line must be. The block's `columns` win over the table."""

    def __init__(self, table: JsonTable, reading: Reading) -> None:
        roles = reading.roles
        self._paths = _paths(table.paths, reading.columns, roles)
        if reading.account is not None and not {"account"} & {*roles, *reading.columns}:
            self._paths.pop("account", None)  # the block names another; this one stays what it is, in `extra`
        self._derived = _derived(table.derived, reading.columns)
        named = {*roles, "account"} if reading.account is None else {*roles}
        named |= {"server"} if reading.server in (None, "server") else set()
        columns = self._paths.keys() | self._derived.keys()
        self._texts = sorted((named & columns) - LOGGED.keys())
        self._renamed = sorted(columns - KNOWN - {*self._texts})
        self._used = {path for paths in self._paths.values() for path in paths}
        self._used |= {path for made in self._derived.values() for one in made if not one.keeps for path in one.paths}
        every = self._paths.values()
        self._seconds = [(paths[:rank], path) for paths in every for rank, path in enumerate(paths) if rank]
        self._zone = zone_of(reading.zone)
        self._unfold = table.unfold
        self._decode = msgspec.json.Decoder(float_hook=Number).decode
        fields = [("line", pa.uint64()), *LOGGED.items(), *((name, pa.string()) for name in self._texts)]
        self.columns = schema(*fields, ("extra", EVENTS.field("extra").type))
        made = {name: [(one.paths, one.make) for one in options] for name, options in self._derived.items()}
        wanted = Wanted(self._paths, made, self._texts, self._renamed, frozenset(self._used), self._seconds)
        self._shaped = ShapedLines(wanted, self.columns, self._zone, learns=table.unfold is None)

    def read(self, block: Block) -> Parsed:
        shaped, rows, bounds = self._shaped.read(block)
        body = block.buffer[PAD : PAD + block.size]
        ends = bounds[rows + 1] - (body[bounds[rows + 1] - 1] == LINE_FEED)
        lines = [body[begin:end].tobytes() for begin, end in zip(bounds[rows].tolist(), ends.tolist(), strict=True)]
        others = self.read_texts(lines, rows + block.first_line, bounds[rows] + block.offset)
        events = in_order([*shaped, others.events]) if shaped else others.events
        return Parsed(len(bounds) - 1, events, others.rejects)

    def read_together(self, texts: Sequence[bytes], numbers: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64]) -> Parsed:
        """The same as `read_texts`, by the shapes that texts share, unless one goes over several lines."""
        if any(b"\n" in text for text in texts):
            return self.read_texts(texts, numbers, offsets)
        body, padding = b"\n".join([*texts, b""]), bytes(PAD)
        is_begin = len(numbers) > 0 and int(numbers[0]) == 1
        buffer = np.frombuffer(b"".join((padding, body, padding)), np.uint8)
        shaped, rows, _ = self._shaped.read(Block(buffer, len(body) if texts else 0, 0, 0 if is_begin else 1))
        own = [with_column(one, "line", column(numbers[one.column("line").to_numpy()].astype(np.uint64))) for one in shaped]
        others = self.read_texts([texts[row] for row in rows.tolist()], numbers[rows], offsets[rows])
        return Parsed(len(texts), in_order([*own, others.events]) if own else others.events, others.rejects)

    def read_texts(self, lines: Sequence[bytes], numbers: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64]) -> Parsed:
        """Read these JSON texts as the lines `numbers`; `offsets` are their places in the plain stream."""
        flats, kept, reasons = self._objects(lines, has_bom=len(lines) > 0 and numbers[0] == 1)
        events, faults = self.events_of(flats, numbers[kept])
        reasons |= {kept[row]: reason for row, reason in faults.items()}
        rejects = (
            (int(numbers[row]), int(offsets[row]), len(lines[row]), reasons[row], lines[row][:RAW_BYTES])
            for row in sorted(reasons)
        )
        return Parsed(lines=len(lines), events=events, rejects=reject_batch(rejects))

    def _objects(
        self, lines: Sequence[bytes], *, has_bom: np.bool_ | bool
    ) -> tuple[list[values.Flat], list[int], dict[int, str]]:
        """The flat objects, the index of the line of each, and for the other lines why they are none."""
        flats: list[values.Flat] = []
        kept: list[int] = []
        reasons: dict[int, str] = {}
        decode, flat_object = self._decode, values.flat_object
        for index, line in enumerate(lines):
            text = line.removeprefix(BOM) if index == 0 and has_bom else line
            try:
                flats.append(flat_object(decode(text), text))
                kept.append(index)
            except values.NOT_JSON as error:
                reasons[index] = values.reason_of(text, error)
        return flats, kept, reasons

    def events_of(self, flats: list[values.Flat], lines: npt.NDArray[np.int64]) -> tuple[pa.RecordBatch, Faults]:
        """The events of these members, and the rows whose values do not fit, with the reason. Changes the members."""
        faults: Faults = {}
        if self._unfold is not None:
            for members in flats:
                self._unfold(members)
        numbers = column(lines.astype(np.uint64))
        events = pa.RecordBatch.from_arrays([numbers, *self._columns(flats, faults)], schema=self.columns)
        if faults:
            good = np.ones(len(flats), dtype=bool)
            good[list(faults)] = False
            events = events.filter(column(good))
        return events, faults

    def _columns(self, flats: list[values.Flat], faults: Faults) -> list[Column]:
        """The columns after `line`; `faults` gets the rows whose values do not fit."""
        present = set().union(*flats)
        taken = {name: _taken(flats, [path for path in paths if path in present]) for name, paths in self._paths.items()}
        for name, made in self._derived.items():
            taken[name] = _made(taken.get(name) or [None] * len(flats), flats, made, name, faults)
        if "request" in taken:
            taken["method"], taken["target"] = values.requests(taken["request"], faults)
        took = [values.durations(taken[name], unit, name, faults) for name, unit in values.TOOK.items() if name in taken]
        columns: dict[str, Column | None] = {
            "time": times(taken["time"], self._zone, faults),
            "took_us": pc.coalesce(*took) if took else None,
        }
        for name, read in values.COLUMN_READERS.items():
            columns[name] = read(taken[name], name, faults) if name in taken else None
        logged = [nulls(len(flats), kind) if columns[name] is None else columns[name] for name, kind in LOGGED.items()]
        roles = [values.texts(taken[name], name, faults) for name in self._texts]
        return [*logged, *roles, self._extra(flats, taken)]

    def _extra(self, flats: list[values.Flat], taken: Mapping[str, Sequence[object]]) -> Column:
        """What no column took, under its dotted name; what the table renames, under its new one."""
        used = self._used
        for earlier, path in self._seconds:
            for members in flats:
                if path in members and any(one in members for one in earlier):
                    members[FREE + path] = members.pop(path)
        for name in self._renamed:
            for members, value in zip(flats, taken[name], strict=True):
                if value is not None:
                    members[FREE + name] = value
        kept = [[name for name in members if name not in used] for members in flats]
        offsets = np.zeros(len(flats) + 1, dtype=np.int32)
        np.cumsum(np.fromiter(map(len, kept), dtype=np.int32, count=len(kept)), out=offsets[1:])
        names = [name.removeprefix(FREE) for name in chain.from_iterable(kept)]
        items = [members[name] for members, chosen in zip(flats, kept, strict=True) for name in chosen]
        if not set(map(type, items)) <= {str}:
            items = [item if type(item) is str else values.as_text(item) for item in items]
        return maps(offsets, text_column(names), column(items, pa.string()))


@lru_cache(maxsize=4)
def sampled(sample: bytes) -> tuple[list[values.Flat], int]:
    """The first lines of a sample that are JSON objects, flat (not to be changed), and how many lines were looked at."""
    lines = [line for line in sample.removeprefix(BOM).split(b"\n") if line.strip()][:SAMPLE_LINES]
    return objects_among(lines), len(lines)


def objects_among(texts: Sequence[bytes]) -> list[values.Flat]:
    """Those of the texts that are JSON objects, flat."""
    decode = msgspec.json.Decoder(float_hook=Number).decode
    good = []
    for text in texts:
        try:
            good.append(values.flat_object(decode(text), text))
        except values.NOT_JSON:
            continue
    return good


def recognise_members(sample: bytes, names: Collection[str], *, title: str) -> str | None:
    """Why most lines are objects of this maker: they hold every member of `names`, by dotted path."""
    return of_maker(*sampled(sample), names, what="lines", title=title)


def of_maker(found: Sequence[values.Flat], number: int, names: Collection[str], *, what: str, title: str) -> str | None:
    """Why most of `number` lines or elements, of which `found` are objects, are of the maker who uses these names."""
    good = sum(all(name in members for name in names) for members in found)
    if not good or 2 * good <= number:
        return None
    return f"{good} of {number} {what} are JSON objects with the members of {title}: {', '.join(names)}"


def first_of(value: object) -> object:
    """The first item of a list that is not empty, for `Derived`; what is no list stays."""
    return (value[0] if value else None) if isinstance(value, list) else value


def with_query(path: object, query: object) -> object:
    """Path and query as one target, for `Derived`."""
    if not isinstance(path, str):
        return None
    return f"{path}?{query.removeprefix('?')}" if isinstance(query, str) and query not in ("", "-") else path


def _paths(table: Mapping[str, tuple[str, ...]], mapping: Mapping[str, str], roles: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Column to the paths that may hold it: the block's own, else the table's; a role that is no column is a path itself."""
    paths = {name: found for name, found in table.items() if not _is_mapped(name, mapping)}
    paths |= {name: (path,) for name, path in mapping.items()}
    paths = {name: (name,) for name in roles} | paths
    return {"time": ()} | paths


def _derived(table: Mapping[str, tuple[Derived, ...]], mapping: Mapping[str, str]) -> dict[str, tuple[Derived, ...]]:
    return {name: made for name, made in table.items() if not _is_mapped(name, mapping)}


def _is_mapped(name: str, mapping: Mapping[str, str]) -> bool:
    """Whether the block's own mapping fills this column of the table."""
    rivals = [other for other, filled in RIVALS.items() if name in filled]
    return (
        name in mapping
        or (name in values.TOOK and bool(values.TOOK.keys() & mapping.keys()))
        or any(other in mapping for other in rivals)
    )


def _taken(flats: list[values.Flat], paths: Sequence[str]) -> list[object]:
    """One value a row: that of the first path that is present."""
    if not paths:
        return [None] * len(flats)
    found: list[object] = [members.get(paths[0]) for members in flats]
    for path in paths[1:]:
        if None not in found:
            break
        found = [members.get(path) if value is None else value for value, members in zip(found, flats, strict=True)]
    return found


def _made(found: list[object], flats: list[values.Flat], made: Sequence[Derived], name: str, faults: Faults) -> list[object]:
    """The values with what can be derived where there is none."""
    for one in made:
        if None not in found:
            break
        for row, members in enumerate(flats):
            given = [_given(members, path) for path in one.paths] if found[row] is None else []
            if any(value is not None for value in given):
                try:
                    found[row] = one.make(*given)
                except ValueError:
                    faults.setdefault(row, name)
    return found


def _given(members: values.Flat, path: str) -> object:
    if not path.endswith(".*"):
        return members.get(path)
    prefix = path[:-1]
    return {name.removeprefix(prefix): value for name, value in members.items() if name.startswith(prefix)} or None
