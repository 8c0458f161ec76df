"""What scope counts from, gathered from a case: events, rejects, the window and its gaps, principals in clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow.parquet as pq

from amends.case import Case
from amends.count.datamap.model import DataMap
from amends.count.evidence.coverage import Coverage, coverage
from amends.count.evidence.sources import Source, sources
from amends.count.evidence.verify import check_left_in_place
from amends.count.evidence.view import events_table, rejects_table
from amends.count.scope.errors import NO_EVENTS
from amends.count.scope.evidence import Evidence
from amends.count.scope.gaps import Missing
from amends.count.scope.misuse import Misuse
from amends.engine import Engine
from amends.errors import InputError, Place
from amends.units import Period

EDGE = "edge"
CACHED = "cacheable, and no log of the edge"


@dataclass(frozen=True, slots=True)
class Gathered:
    """The evidence, and what is told about it: coverage, and the name of each source by its hash."""

    evidence: Evidence
    coverage: Coverage
    names: Mapping[str, str]


def gather(case: Case, misuse: Misuse, map: DataMap, *, engine: Engine) -> Gathered:
    """Raises: SCO-007 for a case without events, EVI-020 where evidence that was left in place has changed."""
    check_left_in_place(case)
    known = sources(case)
    window = case.settings.window or _observed(case, known)
    found = coverage(case, engine, window)
    missing = [Missing(gap.server or "", gap.period, gap.reason) for gap in found.gaps]
    evidence = Evidence(
        events=events_table(case),
        rejects=rejects_table(case) if any(source.rejects for source in known) else None,
        missing=(*missing, *_uncached(map, known, window)),
        window=window,
        has_window=case.settings.window is not None,
        clear=clear_principals(case, misuse),
    )
    return Gathered(evidence, found, {source.sha256: source.name for source in known})


def _observed(case: Case, known: Sequence[Source]) -> Period:
    """From the first to the last event: what is taken for the window where amends.toml has none."""
    firsts = [source.first for source in known if source.first is not None]
    lasts = [source.last for source in known if source.last is not None]
    if not firsts or not lasts:
        raise InputError(NO_EVENTS, at=Place(str(case.path)), expected="at least one event")
    return Period(min(firsts), max(lasts) + timedelta(microseconds=1))


def _uncached(map: DataMap, known: Sequence[Source], window: Period) -> list[Missing]:
    """An endpoint whose answers a cache may give, without logs of the edge, is a gap for its whole time."""
    cacheable = frozenset(index for index, endpoint in enumerate(map.endpoints) if endpoint.cacheable and endpoint.discloses)
    if not cacheable or any(source.layer == EDGE for source in known):
        return []
    return [Missing(EDGE, window, CACHED, cacheable)]


def clear_principals(case: Case, misuse: Misuse) -> dict[str, str]:
    """The clear form of the principals that selectors list by their keyed hash, as far as secrets/ still holds it."""
    wanted: set[bytes] = set()
    for selector in misuse.selectors:
        condition = selector.where.of("principal")
        if condition is not None and len(condition.clear) < len(condition.values):
            wanted |= {bytes.fromhex(value) for value in condition.values}
    found: dict[str, str] = {}
    folder = case.secrets / "principals"
    for file in sorted(folder.glob("*.parquet")) if wanted and folder.is_dir() else ():
        table = pq.read_table(file, columns=["hash", "clear"])
        rows: list[dict[str, Any]] = table.to_pylist()
        found |= {row["hash"].hex(): row["clear"] for row in rows if row["hash"] in wanted}
    return found
