"""One run of scope over a case: read its inputs, count, keep the result under the hash of the inputs, queue the totals.

The run's name is the SHA-256 of its inputs (sources and how they were read, what is missing, tables, map, selection, ceilings,
window, version), not of the case's key or of the order of ingestion: whoever has the same inputs gets the same name and the same
bytes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import amends
from amends.case import Case, atomic_file, write_atomically, writing
from amends.count.datamap.load import load as load_map
from amends.count.datamap.mapping import MAPPED_COLUMNS
from amends.count.datamap.model import DataMap
from amends.count.datamap.shapes import Unmapped, unmapped
from amends.count.evidence.sources import Source, sources
from amends.count.scope.bounds import unit_of
from amends.count.scope.ceilings import Ceiling, read_ceilings
from amends.count.scope.gaps import Missing
from amends.count.scope.gathering import Gathered, gather
from amends.count.scope.measure import Counted, measure
from amends.count.scope.misuse import Misuse, read_misuse
from amends.count.scope.people import People
from amends.count.scope.selection import prepare
from amends.engine import Engine, Query
from amends.record import queue_entry
from amends.record.canonical import canonical_json
from amends.units import rfc3339

FORM = 2  # raised when the same inputs give another exposure than before


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run is made of."""

    map: DataMap
    misuse: Misuse
    ceilings: tuple[Ceiling, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """A finished run. `not_final` says in words what keeps it from being final; empty: it is."""

    run: str
    exposure: Path
    views: Path
    inputs: Inputs
    gathered: Gathered
    counted: Counted
    unmapped: tuple[Unmapped, ...]
    not_final: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def closes(self) -> bool:
        """Do the room's equations close?"""
        return self.counted.account.events_balance.closes and self.counted.account.disclosures_balance.closes


def read_inputs(case: Case) -> Inputs:
    """Raises: every fault of datamap.yaml, misuse.yaml and amends.toml, each with its place."""
    map = load_map(case)
    return Inputs(map, read_misuse(case, map), read_ceilings(case, map), tuple(sources(case)))


def scope(case: Case, *, engine: Engine, now: datetime) -> Scope:
    """Count who was exposed; `exposure/RUN.parquet`, `RUN.views.parquet` and `RUN.json` are written, and one entry queued for a
    new run.

    Cost: three passes over the events, one of them over the columns that the map and the selection need.
    Raises: SCO-001 to SCO-007, MAP-001 to MAP-008; ENG-001 where memory does not suffice.
    """
    inputs = read_inputs(case)
    with case.lock(), ExitStack() as stack:
        gathered = gather(case, inputs.misuse, inputs.map, engine=engine)
        with writing(case.exposure):
            case.exposure.mkdir(mode=0o700, exist_ok=True)
        # written under a passing name, because the run's name needs the tables' hashes, which reading them gives
        made = stack.enter_context(_Made(case.exposure, "parquet"))
        views = stack.enter_context(_Made(case.exposure, "views.parquet"))
        with writing(case.exposure):
            counted = measure(
                gathered.evidence, inputs.map, inputs.misuse, inputs.ceilings,
                zone=case.settings.zone, engine=engine, exposure=made.path, views=views.path,
            )  # fmt: skip
        said = inputs_json(case, inputs, counted)
        run = hashlib.sha256(canonical_json(said)).hexdigest()
        is_new = not (case.exposure / f"{run}.json").exists()
        result = Scope(
            run=run,
            exposure=made.keep(case.exposure / f"{run}.parquet"),
            views=views.keep(case.exposure / f"{run}.views.parquet"),
            inputs=inputs,
            gathered=gathered,
            counted=counted,
            unmapped=tuple(_unmapped(inputs, gathered, engine=engine)),
            not_final=not_final(inputs, gathered, counted),
            warnings=warnings(inputs, counted),
        )
        with writing(case.exposure):
            write_atomically(case.exposure / f"{run}.json", canonical_json(said) + b"\n")
        if is_new:
            queue_entry(case, type="exposure", role="investigator", body=totals(result), at=now)
    return result


class _Made:
    """A file under a passing name, which is kept under another or removed."""

    def __init__(self, folder: Path, ending: str) -> None:
        self.path = folder / f".partial-{os.getpid()}.{ending}"

    def __enter__(self) -> _Made:
        return self

    def __exit__(self, *_: object) -> None:
        self.path.unlink(missing_ok=True)

    def keep(self, path: Path) -> Path:
        with atomic_file(path) as partial:
            self.path.replace(partial)
        return path


def inputs_json(case: Case, inputs: Inputs, counted: Counted) -> dict[str, Any]:
    """What the run's name is the hash of."""
    window = case.settings.window
    tables = dict(counted.lookups) | {
        str(inputs.map.subjects[kind].population.table): members.sha256  # type: ignore[union-attr]
        for kind, members in counted.members.items()
    }
    tables |= counted.people.tables if counted.people else {}
    return {
        "form": FORM,
        "version": amends.__version__,
        "zone": case.settings.zone.key,
        "window": window.as_json() if window is not None else None,
        "sources": [{"sha256": source.sha256, "config_hash": source.config_hash} for source in inputs.sources],
        "missing": [_missing_json(gap) for gap in counted.missing],
        "tables": tables,
        "datamap": inputs.map.sha256,
        "misuse": inputs.misuse.sha256,
        "ceilings": [
            {
                "endpoint": inputs.map.endpoints[ceiling.endpoint].id,
                "server": ceiling.server,
                "kind": ceiling.kind,
                "period": ceiling.period.as_json(),
                "most": ceiling.most,
                "sha256": ceiling.sha256,
            }
            for ceiling in inputs.ceilings
        ],
    }


def _missing_json(gap: Missing) -> dict[str, Any]:
    """Part of the inputs, because file names and the blocks of amends.toml tell of gaps, too, and neither is hashed."""
    return {
        "server": gap.server,
        "layer": gap.layer,
        "period": gap.period.as_json(),
        "endpoints": sorted(gap.endpoints) if gap.endpoints is not None else None,
        "selectors": sorted(gap.selectors) if gap.selectors is not None else None,
    }


def not_final(inputs: Inputs, gathered: Gathered, counted: Counted) -> tuple[str, ...]:
    """What keeps the run from being final, in words."""
    reasons = []
    if not counted.account.events_balance.closes or not counted.account.disclosures_balance.closes:
        reasons.append("an equation of the room does not close")
    if counted.account.unmapped_successes:
        reasons.append(f"{counted.account.unmapped_successes:,} successful requests of the misuse are not mapped")
    if inputs.map.doubt:
        reasons.append(inputs.map.doubt)
    if not gathered.evidence.has_window:
        reasons.append("amends.toml has no window")
    if not inputs.misuse.selectors:
        reasons.append("misuse.yaml selects nothing")
    reasons.append("the selection is a draft: it has no signatures")
    return tuple(reasons)


def warnings(inputs: Inputs, counted: Counted) -> tuple[str, ...]:
    """What a reader should know before leaning on the result."""
    said = [
        f"the selector {selector.id} selects no event"
        for selector, events in zip(inputs.misuse.selectors, counted.by_selector, strict=True)
        if not events
    ]
    for kind, members in counted.members.items():
        if members.outside:
            said.append(f"{members.outside:,} exposed {unit_of(kind)} do not stand in the population's table")
    if counted.people is not None:
        said += _about_identities(counted.people)
    for join in counted.joins:
        if join.validity == "undated":
            said.append(f"{join.table} has no dates: {join.given:,} disclosures lean on its being true at all times")
        if join.other_day:
            said.append(f"{join.table}: {join.other_day:,} disclosures only by rows of another day (possible)")
        if join.without_row:
            said.append(f"{join.table}: {join.without_row:,} keys without a row (unnamed)")
    return tuple(said)


def _about_identities(people: People) -> list[str]:
    said = [f"{rows:,} exposed {unit_of(kind)} have no row in a table of identities" for kind, rows in people.without_row.items()]
    if people.conflicts:
        said.append(f"{people.conflicts:,} groups share an identifier and differ in what a person has one of")
    if people.too_common:
        said.append(f"{people.too_common:,} identifiers are held by too many to be anybody's own: they tie nobody in upper")
    return said


def totals(result: Scope) -> dict[str, Any]:
    """The entry for the record: totals and hashes, nothing of a person."""
    counted = result.counted
    return {
        "run": result.run,
        "draft": bool(result.not_final),
        "misuse": result.inputs.misuse.sha256,
        "datamap": result.inputs.map.sha256,
        "units": {
            bounds.unit: {"confirmed": bounds.confirmed, "lower": bounds.lower, "upper": bounds.upper, "ceiling": bounds.ceiling}
            for bounds in counted.every_bounds
        },
        "assumes": list(counted.assumes),
        "first": rfc3339(counted.named.first) if counted.named.first else None,
        "last": rfc3339(counted.named.last) if counted.named.last else None,
    }


def _unmapped(inputs: Inputs, gathered: Gathered, *, engine: Engine) -> Sequence[Unmapped]:
    """The unmapped requests within the misuse, by shape."""
    selection = prepare(inputs.misuse, inputs.map, gathered.evidence.events, engine=engine)
    columns: Mapping[str, str] = MAPPED_COLUMNS
    return unmapped(Query(columns=columns, sql=f"select * from mapped_events where {selection.any}"), engine)
