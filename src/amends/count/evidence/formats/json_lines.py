"""JSON lines: one JSON object (RFC 8259) a line, its members named by dotted paths.

ECS 8 (elastic.co/guide/en/ecs) and OCSF HTTP Activity (schema.ocsf.io, class 4002) are known by their own names; `columns` in
a block maps others and wins. A member may be nested (`{"source": {"ip": ...}}`) or flat (`{"source.ip": ...}`), not both.
Members that no column takes go to `extra` under their dotted names; lists stay JSON text. `server` is a logged column only
where `columns` names one.

Strict: a line is one object and nothing else. Members that stand twice, and values that do not fit their column, make the
line a reject that names the column: nothing becomes null that was not null, absent, empty or `-`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.count.evidence import json_values as values
from amends.count.evidence.arrow import Column, column, maps, nulls, schema, texts
from amends.count.evidence.json_times import Faults, Number, times, zone_of
from amends.count.evidence.reader import rejected_lines
from amends.count.evidence.schema import EVENTS, LOGGED, PAD, Block, Parsed
from amends.count.evidence.settings import Reading

NAME = "json"
TIME_IS = "end"
IS_GENERIC = True
SAMPLE_LINES = 20
BOM = b"\xef\xbb\xbf"

# Where ECS and OCSF keep what a server logs of a request; the first that is present wins.
PATHS: dict[str, tuple[str, ...]] = {
    "time": ("@timestamp", "time_dt", "time"),
    "request_id": ("http.request.id", "http_request.uid"),
    "client": ("source.ip", "client.ip", "source.address", "client.address", "src_endpoint.ip"),
    "account": ("user.id", "actor.user.uid"),
    "method": ("http.request.method", "http_request.http_method"),
    "target": ("url.original", "url.full", "http_request.url.url_string"),
    "status": ("http.response.status_code", "http_response.code"),
    "sent": ("http.response.body.bytes", "http_response.body_length"),
    "took_ns": ("event.duration",),
    "took_ms": ("duration",),
    "agent": ("user_agent.original", "http_request.user_agent"),
}
# Path and query, joined by `?` where no whole target is logged.
PARTS = (("url.path", "url.query"), ("http_request.url.path", "http_request.url.query_string"))
# Columns that give the time taken, with the microseconds of a unit; None: nanoseconds.
TOOK: dict[str, int | None] = {"took_us": 1, "took_ms": 1_000, "took_s": 1_000_000, "took_ns": None}

COLUMN_READERS: dict[str, Callable[[Sequence[object], str, Faults], Column]] = {
    "request_id": values.texts,
    "client": values.addresses,
    "method": values.texts,
    "target": values.texts,
    "status": values.statuses,
    "sent": values.integers,
    "length": values.integers,
    "complete": values.completions,
    "agent": values.texts,
}
KNOWN = {"time", "request", *TOOK, *COLUMN_READERS}


def recognise(sample: bytes) -> str | None:
    """Most lines are JSON objects; says whose names they use."""
    lines, good = objects(sample)
    if not good or 2 * len(good) <= lines:
        return None
    if any("class_uid" in members for members in good):
        return "lines are JSON objects with the names of OCSF"
    if any("@timestamp" in members for members in good):
        return "lines are JSON objects with the names of ECS"
    return "lines are JSON objects"


def reader(reading: Reading) -> JsonLines:
    return JsonLines(reading)


def objects(sample: bytes) -> tuple[int, list[values.Flat]]:
    """How many lines the beginning of a sample has, empty ones left out, and those of them that are JSON objects."""
    decode = msgspec.json.Decoder(float_hook=Number).decode
    lines = [line for line in sample.removeprefix(BOM).split(b"\n") if line.strip()][:SAMPLE_LINES]
    good = []
    for line in lines:
        try:
            good.append(values.flat_object(decode(line), line))
        except values.NOT_JSON:
            continue
    return len(lines), good


class JsonLines:
    """Reads JSON lines; see the module for what a line must be.

    `paths`: where the maker of a format keeps each column, dotted; the first that is present wins.
    """

    def __init__(self, reading: Reading, paths: Mapping[str, tuple[str, ...]] | None = None) -> None:
        built_in = PATHS if paths is None else paths
        roles = [*reading.principal, *filter(None, (reading.account, reading.issued))]
        self._paths = _paths(reading.columns, roles, built_in)
        if reading.account is not None and not {"account"} & {*roles, *reading.columns}:
            self._paths.pop("account", None)  # the block names another; this one stays what it is, in `extra`
        named = {*roles, "account"} if reading.account is None else {*roles}
        named |= {"server"} if reading.server in (None, "server") else set()
        self._texts = sorted((named & self._paths.keys()) - LOGGED.keys())
        self._renamed = sorted(self._paths.keys() - KNOWN - {*self._texts})
        self._has_parts = paths is None and not {"target", "request"} & reading.columns.keys()
        self._used = {path for paths in self._paths.values() for path in paths}
        if self._has_parts:
            self._used |= {path for parts in PARTS for path in parts}
        self._zone = zone_of(reading.zone)
        self._decode = msgspec.json.Decoder(float_hook=Number).decode
        fields = [("line", pa.uint64()), *LOGGED.items(), *((name, pa.string()) for name in self._texts)]
        self.columns = schema(*fields, ("extra", EVENTS.field("extra").type))

    def read(self, block: Block) -> Parsed:
        lines = block.buffer[PAD : PAD + block.size].tobytes().split(b"\n")
        if not lines[-1]:
            lines.pop()
        flats, kept, reasons = self._objects(lines, has_bom=block.offset == 0)
        faults: Faults = {}
        numbers = column(np.array(kept, dtype=np.uint64) + np.uint64(block.first_line))
        events = pa.RecordBatch.from_arrays([numbers, *self._columns(flats, faults)], schema=self.columns)
        if faults:
            good = np.ones(len(kept), dtype=bool)
            good[list(faults)] = False
            events = events.filter(column(good))
            reasons |= {kept[row]: reason for row, reason in faults.items()}
        return Parsed(lines=len(lines), events=events, rejects=rejected_lines(block, lines, reasons))

    def _objects(self, lines: Sequence[bytes], *, has_bom: bool) -> tuple[list[values.Flat], list[int], dict[int, str]]:
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

    def _columns(self, flats: list[values.Flat], faults: Faults) -> list[Column]:
        """The columns after `line`; `faults` gets the rows whose values do not fit."""
        taken = {name: _taken(flats, paths) for name, paths in self._paths.items()}
        if "request" in taken:
            taken["method"], taken["target"] = values.requests(taken["request"], faults)
        if self._has_parts:
            taken["target"] = _joined(taken["target"], flats)
        took = [values.durations(taken[name], unit, name, faults) for name, unit in TOOK.items() if name in taken]
        columns: dict[str, Column | None] = {
            "time": times(taken["time"], self._zone, faults),
            "took_us": pc.coalesce(*took) if took else None,
        }
        for name, read in COLUMN_READERS.items():
            columns[name] = read(taken[name], name, faults) if name in taken else None
        logged = [nulls(len(flats), kind) if columns[name] is None else columns[name] for name, kind in LOGGED.items()]
        roles = [values.texts(taken[name], name, faults) for name in self._texts]
        return [*logged, *roles, self._extra(flats, taken)]

    def _extra(self, flats: list[values.Flat], taken: Mapping[str, Sequence[object]]) -> Column:
        """What no column took, under its dotted name; what `columns` renames, under its new one."""
        used = self._used
        for name in self._renamed:
            for members, value in zip(flats, taken[name], strict=True):
                if value is not None:
                    members[_FREE + name] = value
        kept = [[name for name in members if name not in used] for members in flats]
        offsets = np.zeros(len(flats) + 1, dtype=np.int32)
        np.cumsum(np.fromiter(map(len, kept), dtype=np.int32, count=len(kept)), out=offsets[1:])
        names = [name.removeprefix(_FREE) for name in chain.from_iterable(kept)]
        items = [members[name] for members, chosen in zip(flats, kept, strict=True) for name in chosen]
        if not set(map(type, items)) <= {str}:
            items = [item if type(item) is str else values.as_text(item) for item in items]
        return maps(offsets, texts(names), column(items, pa.string()))


_FREE = "\0"  # no dotted path of a mapping starts so: marks a renamed member


def _paths(
    mapping: Mapping[str, str], roles: Sequence[str], built_in: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Column to the paths that may hold it: the block's own, else the built-in ones; a role that is no column is a path
    itself.
    """
    paths = {name: found for name, found in built_in.items() if name not in mapping}
    if TOOK.keys() & mapping.keys():
        paths = {name: found for name, found in paths.items() if name not in TOOK}
    if "request" in mapping:
        paths = {name: found for name, found in paths.items() if name not in ("method", "target")}
    paths |= {name: (path,) for name, path in mapping.items()}
    return {name: (name,) for name in roles} | paths


def _taken(flats: list[values.Flat], paths: Sequence[str]) -> list[object]:
    """One value a row: that of the first path that is present."""
    found: list[object] = [members.get(paths[0]) for members in flats]
    for path in paths[1:]:
        if None not in found:
            break
        found = [members.get(path) if value is None else value for value, members in zip(found, flats, strict=True)]
    return found


def _joined(targets: list[object], flats: list[values.Flat]) -> list[object]:
    """Path and query as one target, where no whole one is logged."""
    if None not in targets:
        return targets
    joined = []
    for target, members in zip(targets, flats, strict=True):
        for path, query in PARTS if target is None else ():
            start, rest = members.get(path), members.get(query)
            if isinstance(start, str):
                target = f"{start}?{rest}" if isinstance(rest, str) and rest else start
                break
        joined.append(target)
    return joined
