"""One pass over the events of the misuse: what is plain leaves the engine as numbers, what asks for more stays in it.

An event is plain where each facet of its endpoint names one subject of a kind by itself, and its ids are numbers. It is counted
by what it has in common with others, and its disclosures go to be sorted. An event that disclosed nothing is counted only. All
others become the table `chosen`, row by row. `answers` is both: every event of the misuse is counted in it once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from amends.case import writing
from amends.count.scope.chosen import CHOSEN, Ground, chosen, judge_not_modified
from amends.count.scope.disclosures import is_plain, mask_sql, tail, tail_types
from amends.count.scope.facets import Facet
from amends.count.scope.numbers import Numbers
from amends.count.scope.outcomes import NOTHING, POSSIBLE, Outcome
from amends.count.scope.patterns import Numbers32, Patterns
from amends.count.scope.places import Integers, Truths
from amends.count.scope.subjects import subject_patterns
from amends.count.scope.tally import BUCKET_US, Counts, Tally
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, U64

ANSWERS = Table.named("answers")
BATCH_ROWS = 40_000  # so that a batch and what is made of it stay in the cache
SPARE = 8  # room for an eighth more disclosures than events of the misuse
SORTED_PART = 3  # this part of the engine's memory is beside it for sorting
UNMAPPED_ENDPOINT = 65_535
COUNTED, PLAIN, REST = 0, 1, 2  # what becomes of an event
NONE = -1


@dataclass(frozen=True, slots=True)
class Sifted:
    """The plain disclosures by kind, to be read once; and how many there are."""

    numbers: Mapping[str, Numbers]
    named: int


def sift(ground: Ground, *, events: int, engine: Engine) -> Sifted:
    """Keep `chosen` and `answers`, with the 304s judged; the plain disclosures come back. `events`: of the misuse."""
    plain = {kind: own for kind in ground.map.subjects if (own := _plain_facets(kind, ground))}
    numbers = {kind: _numbers(ground, events if kind in plain else 0, engine) for kind in ground.map.subjects}
    patterns = _EventPatterns(ground, plain, [numbers[kind].patterns for kind in plain])
    tally = Tally()
    with _Rest(engine.spill / "rest.parquet") as rest:
        for batch in engine.batches(sifted(ground, plain), rows=BATCH_ROWS):
            pattern = patterns.numbered(batch)
            standing = {name: batch.column(name).to_numpy().view(np.int64) for name in ground.places.carried}
            is_rest = patterns.is_rest[pattern]
            _count(tally, ground.places.times(standing), pattern, ~is_rest)
            for number, kind in enumerate(plain):
                _sort(numbers[kind], _subjects(batch, number), standing, patterns.of_kind[number][pattern])
            rest.add(batch, is_rest)
    engine.keep("chosen", rest.query(ground))
    judge_not_modified(ground, engine=engine)
    engine.register("tallied", patterns.table(tally.counts()))
    engine.view("answers", answers(ground))
    return Sifted(numbers, sum(one.count for one in numbers.values()))


class _EventPatterns:
    """The patterns of events: what becomes of each, and by kind the pattern of its disclosure."""

    def __init__(self, ground: Ground, plain: Mapping[str, Sequence[Facet]], kinds: Sequence[Patterns]) -> None:
        self._tail, self._kinds = tail(ground), kinds
        self._always = [_always(facets) for facets in plain.values()]
        timed = [f"fields_{number}" for number, facets in enumerate(plain.values()) if any(one.is_timed for one in facets)]
        self._patterns = Patterns(("state", "outcome", *self._tail, *timed))
        self.is_rest: Truths = np.zeros(0, bool)
        self.of_kind: list[Integers] = [np.zeros(0, np.int64) for _ in kinds]  # NONE: it gives nothing of this kind

    def numbered(self, batch: pa.RecordBatch) -> Numbers32:
        """The pattern of each event of a batch."""
        found = self._patterns.numbered({name: batch.column(name) for name in self._patterns.names})
        if len(self._patterns) > len(self.is_rest):
            self._learn()
        return found

    def table(self, counts: Counts) -> pa.Table:
        """The events that were counted, by quarter of an hour, outcome and what travels with a disclosure."""
        names = ("outcome", *self._tail)
        columns = {name: self._patterns.column(name).view(np.uint64)[counts.pattern] for name in names}
        return pa.table({"bucket": counts.bucket, **columns, "events": counts.rows})

    def _learn(self) -> None:
        """Say of all patterns what becomes of their events."""
        column = self._patterns.column
        state, is_sure = column("state"), column("outcome") < POSSIBLE
        self.is_rest = state == REST
        for number, kind in enumerate(self._kinds):
            fields = self._always[number][column("endpoint")]
            if f"fields_{number}" in self._patterns.names:
                fields = fields | column(f"fields_{number}")
            given = np.flatnonzero((state == PLAIN) & (fields != 0))
            masks = {"confirmed": np.where(is_sure, fields, 0), "possible": np.where(is_sure, 0, fields)}
            columns = {name: (masks[name] if name in masks else column(name))[given] for name in kind.names}
            own = np.full(len(state), NONE)
            own[given] = kind.numbered({name: pa.array(values.view(np.uint64)) for name, values in columns.items()})
            self.of_kind[number] = own


def sifted(ground: Ground, plain: Mapping[str, Sequence[Facet]]) -> Query:
    """The chosen events with what becomes of each, and by kind of `plain` the subject of a plain event, and its fields where they
    depend on its time.
    """
    rows = chosen(ground)
    own = {name: kind for name, kind in rows.columns.items() if name not in ("place", "endpoint")}
    by_kind: dict[str, tuple[str, str]] = {}
    for number, facets in enumerate(plain.values()):
        subjects = {facet.endpoint: f"number_{facet.slot}" for facet in facets}
        by_kind[f"subject_{number}"] = (I64, f"coalesce({_by_endpoint(subjects, 'null')}, 0)")
        if fields := {facet.endpoint: mask_sql(facet, ground) for facet in facets if facet.is_timed}:
            by_kind[f"fields_{number}"] = (U64, _by_endpoint(fields, "0"))
    is_ready = {
        endpoint: " and ".join(f"number_{facet.slot} is not null" for facet in own)
        for endpoint, own in _by_endpoints(facet for facets in plain.values() for facet in facets).items()
    }
    state = f"""
        case
            when outcome >= {NOTHING} then {COUNTED}
            when outcome <> {Outcome.NOT_MODIFIED:d} and {_by_endpoint(is_ready, "false")} then {PLAIN}
            else {REST}
        end"""
    kinds = {"state": "UTINYINT", **{name: kind for name, (kind, _) in by_kind.items()}}
    return Query(
        columns={**own, "endpoint": "USMALLINT", **ground.places.carried, **kinds},
        sql=f"""
            select {"".join(f"{name}, " for name in own)} coalesce(endpoint, {UNMAPPED_ENDPOINT})::USMALLINT as endpoint,
                {ground.places.carried_sql("place")}, ({state})::UTINYINT as state
                {"".join(f", ({sql})::{kind} as {name}" for name, (kind, sql) in by_kind.items())}
            from ({rows.sql})
        """,
    )


def answers(ground: Ground) -> Query:
    """The events of the misuse, counted by quarter of an hour, outcome and what travels with a disclosure."""
    columns = {"bucket": I64, "outcome": "UTINYINT", **tail_types(ground), "events": I64}
    bucket = f"({ground.places.microseconds_sql('place')}) // {BUCKET_US}"
    counted = {name: f"{name}::{kind}" for name, kind in columns.items()}
    counted["endpoint"] = f"nullif(endpoint, {UNMAPPED_ENDPOINT})::{columns['endpoint']}"
    return Query(
        columns=columns,
        sql=f"""
            select {bucket} as bucket, outcome, {", ".join(tail(ground))}, 1::BIGINT as events from {CHOSEN}
            union all
            select {", ".join(f"{sql} as {name}" for name, sql in counted.items())} from tallied
        """,
    )


def _plain_facets(kind: str, ground: Ground) -> list[Facet]:
    """The facets of a kind at endpoints all of whose facets are plain."""
    others = {facet.endpoint for facet in ground.facets if not is_plain(facet, ground.facets)}
    return [facet for facet in ground.facets if facet.kind == kind and facet.endpoint not in others]


def _always(facets: Iterable[Facet]) -> Integers:
    """By endpoint, the fields that its facet gives at any time; none where they depend on it."""
    masks = np.zeros(UNMAPPED_ENDPOINT + 1, np.uint64)
    for facet in facets:
        masks[facet.endpoint] = 0 if facet.is_timed else facet.mask
    return masks.view(np.int64)


def _by_endpoints(facets: Iterable[Facet]) -> dict[int, list[Facet]]:
    found: dict[int, list[Facet]] = {}
    for facet in facets:
        found.setdefault(facet.endpoint, []).append(facet)
    return found


def _by_endpoint(sql: Mapping[int, str], otherwise: str) -> str:
    branches = " ".join(f"when {endpoint} then {text}" for endpoint, text in sql.items())
    return f"(case endpoint {branches} else {otherwise} end)" if sql else otherwise


def _numbers(ground: Ground, events: int, engine: Engine) -> Numbers:
    memory_bytes = engine.memory_bytes // SORTED_PART // len(ground.map.subjects)
    expected = events + events // SPARE
    return Numbers(subject_patterns(ground), ground.places, folder=engine.spill, memory_bytes=memory_bytes, expected=expected)


def _count(tally: Tally, us: Integers, patterns: Numbers32, counted: Truths) -> None:
    """Count the events that do not become rows."""
    if counted.all():
        tally.add(us, patterns)
    else:
        tally.add(us[counted], patterns[counted])


def _subjects(batch: pa.RecordBatch, kind: int) -> Integers:
    subjects: Any = batch.column(f"subject_{kind}").to_numpy()
    return cast(Integers, subjects)


def _sort(numbers: Numbers, subjects: Integers, standing: Mapping[str, Integers], patterns: Integers) -> None:
    """Take the plain disclosures of one kind."""
    given = patterns != NONE
    if not given.all():
        rows = np.flatnonzero(given)
        subjects, patterns = subjects[rows], patterns[rows]
        standing = {name: column[rows] for name, column in standing.items()}
    numbers.add(subjects, standing, patterns.astype(np.uint32))


class _Rest:
    """Events that stay rows, in a file: a statement that is being read cannot fill a table beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0  # that wait

    def __enter__(self) -> _Rest:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        try:
            if error is None:
                self._write()
        finally:
            if self._writer is not None:
                self._writer.close()

    def add(self, batch: pa.RecordBatch, is_rest: Truths) -> None:
        if not is_rest.any():
            return
        self._waiting.append(batch.filter(pa.array(is_rest)))
        self._rows += self._waiting[-1].num_rows
        if self._rows >= BATCH_ROWS:
            self._write()

    def _write(self) -> None:
        """Write what waits as one group of rows: writing each batch's few alone cost as much as sorting the others."""
        if not self._rows:
            return
        with writing(self._path):
            if self._writer is None:
                schema = self._waiting[0].schema
                self._writer = pq.ParquetWriter(self._path, schema, compression="lz4", use_dictionary=False)
            self._writer.write_table(pa.Table.from_batches(self._waiting))
        self._waiting, self._rows = [], 0

    def query(self, ground: Ground) -> Query:
        """What `chosen` holds. To be asked when the file is closed."""
        rows = chosen(ground)
        if self._writer is None:
            return Query(rows.columns, f"select * from ({rows.sql}) limit 0")
        listed = ", ".join(f"{ground.places.place_sql()} as place" if name == "place" else name for name in rows.columns)
        return Query(rows.columns, f"select {listed} from {Table.parquet([self._path])}")
