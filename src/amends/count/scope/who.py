"""What is known about single subjects: each view of them within the misuse, with its source and its line.

The views are counted anew from the events, by the same statements as the exposure: what `who` shows is what the exposure counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from amends.case import Case
from amends.count.datamap.errors import UNKNOWN_SUBJECT
from amends.count.datamap.model import DataMap
from amends.count.scope.chosen import choose
from amends.count.scope.exposure import seen
from amends.count.scope.gathering import Gathered, gather
from amends.count.scope.lines import read_lines
from amends.count.scope.measure import ground_of, spread_chosen
from amends.count.scope.run import read_inputs
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, U64
from amends.errors import Place, UsageError
from amends.units import instant_of

ASKED = Table.named("asked_subjects")


@dataclass(frozen=True, slots=True)
class View:
    """One answer that showed the subject. `raw` is the line as it was logged, where it was asked for and its bytes are there."""

    time: datetime
    endpoint: str
    fields: tuple[str, ...]
    fields_possible: tuple[str, ...]
    source: str
    name: str | None
    line: int
    raw: bytes | None = None

    @property
    def grade(self) -> str:
        return "confirmed" if self.fields else "possible"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about one subject: its views in order of time; none: not affected as far as the logs cover the window."""

    kind: str
    subject: str
    views: tuple[View, ...]

    @property
    def grade(self) -> str | None:
        if not self.views:
            return None
        return "confirmed" if any(view.fields for view in self.views) else "possible"


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to all ids that were asked for, with the share of the window that the logs cover."""

    known: tuple[Known, ...]
    gathered: Gathered
    share: float | None


def who(case: Case, ids: Sequence[str], *, engine: Engine, raw: bool, kind: str | None = None) -> Answered:
    """Every view of these subjects, of one kind or of all, in the order in which they were asked for.

    Cost: one pass over the events of the misuse, however many ids are asked for; `raw` reads each source named up to its last
    line. Raises: MAP-004 for a kind that the map does not declare.
    """
    inputs = read_inputs(case)
    if kind is not None and kind not in inputs.map.subjects:
        raise UsageError(UNKNOWN_SUBJECT, at=Place("--kind"), expected=f"one of {', '.join(inputs.map.subjects)}")
    gathered = gather(case, inputs.misuse, inputs.map, engine=engine)
    ground = ground_of(gathered.evidence, inputs.map, inputs.misuse, engine=engine)
    choose(ground, engine=engine)
    spread_chosen(ground, zone=case.settings.zone, engine=engine)
    distinct = list(dict.fromkeys(ids))
    engine.register("asked_subjects", pa.table({"subject": pa.array(distinct, pa.string())}))
    kinds = [kind] if kind is not None else list(inputs.map.subjects)
    found: dict[tuple[str, str], list[View]] = {}
    for each in kinds:
        for row in engine.rows(
            views_of(seen(each, ground), ground.places.microseconds_sql("place"), ground.places.line_sql("place"))
        ):
            source, line = ground.places.origin(row["pointer"])
            view = _view(row, inputs.map, source=source, line=line, name=gathered.names.get(source))
            found.setdefault((each, row["subject"]), []).append(view)
    known = [
        Known(each, subject, tuple(found.get((each, subject), ())))
        for subject in distinct
        for each in _kinds_to_tell(subject, kinds, found)
    ]
    if raw:
        known = _with_raw(case, known)
    return Answered(tuple(known), gathered, gathered.coverage.share)


def views_of(rows: Table, time_us: str, pointer: str) -> Query:
    """The disclosures of the asked subjects, in order of time."""
    return Query(
        columns={"subject": TEXT, "us": I64, "pointer": U64, "endpoint": I64, "confirmed": U64, "possible": U64},
        sql=f"""
            with named as (
                select coalesce(text, number::VARCHAR) as subject, * exclude (text, number) from {rows}
            )
            select subject, {time_us} as us, {pointer} as pointer, endpoint::BIGINT as endpoint, confirmed, possible
            from named
            where subject in (select subject from {ASKED})
            order by subject, place
        """,
    )


def _kinds_to_tell(subject: str, kinds: Sequence[str], found: Mapping[tuple[str, str], object]) -> Sequence[str]:
    """The kinds in which the id was seen; seen in none, the first one, with no view."""
    return [kind for kind in kinds if (kind, subject) in found] or kinds[:1]


def _view(row: Mapping[str, int], map: DataMap, *, source: str, line: int, name: str | None) -> View:
    sure, maybe = row["confirmed"], row["possible"] & ~row["confirmed"]
    return View(
        time=instant_of(row["us"]),
        endpoint=map.endpoints[row["endpoint"]].id,
        fields=_fields(sure, map),
        fields_possible=_fields(maybe, map),
        source=source,
        name=name,
        line=line,
    )


def _fields(mask: int, map: DataMap) -> tuple[str, ...]:
    return tuple(key for place, key in enumerate(map.fields) if mask >> place & 1)


def _with_raw(case: Case, known: Sequence[Known]) -> list[Known]:
    wanted: dict[str, set[int]] = {}
    for each in known:
        for view in each.views:
            wanted.setdefault(view.source, set()).add(view.line)
    lines = read_lines(case, wanted)
    return [
        Known(each.kind, each.subject, tuple(_shown(view, lines.get((view.source, view.line))) for view in each.views))
        for each in known
    ]


def _shown(view: View, raw: bytes | None) -> View:
    return View(view.time, view.endpoint, view.fields, view.fields_possible, view.source, view.name, view.line, raw)
