"""What scope counts from, gathered from a case: events, rejects, the window and its gaps, principals in clear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq

from amends.case import Case
from amends.count.datamap.model import DataMap
from amends.count.evidence.coverage import Coverage, Gap, coverage
from amends.count.evidence.events import ADDRESS
from amends.count.evidence.holds import orders
from amends.count.evidence.ingest import reading_of
from amends.count.evidence.settings import evidence_blocks
from amends.count.evidence.sources import sources
from amends.count.evidence.store import statements
from amends.count.evidence.verify import check_left_in_place
from amends.count.evidence.view import events_table, rejects_table
from amends.count.scope.errors import NO_EVENTS
from amends.count.scope.evidence import Evidence
from amends.count.scope.gaps import Missing
from amends.count.scope.layers import EDGE, NO_EDGE, cacheable
from amends.count.scope.misuse import Misuse
from amends.engine import Engine, Query, Table
from amends.engine.query import TEXT, quoted_text
from amends.errors import InputError, Place
from amends.units import Period, without


@dataclass(frozen=True, slots=True)
class Gathered:
    """The evidence, and what is told about it: coverage, and the name of each source by its hash."""

    evidence: Evidence
    coverage: Coverage
    names: Mapping[str, str]


def gather(case: Case, misuse: Misuse, map: DataMap, *, engine: Engine) -> Gathered:
    """Raises: SCO-007 for a case without events, EVI-020 where evidence that was left in place has changed."""
    check_left_in_place(case)
    found = coverage(case, engine)
    if found.window is None:
        raise InputError(NO_EVENTS, at=Place(str(case.path)), expected="at least one event")
    known = sources(case)
    evidence = Evidence(
        events=events_table(case),
        rejects=rejects_table(case) if any(source.rejects for source in known) else None,
        missing=(*(_missing(gap) for gap in found.gaps), *_uncached(map, found, found.window)),
        window=found.window,
        has_window=case.settings.window is not None,
        clear=clear_principals(case, misuse, engine=engine),
        own_gaps=tuple(_missing(gap) for gap in found.own_gaps),
        decoded=_decoded(case),
        orders=tuple(order for order in orders(case) if order.is_in_force),
    )
    return Gathered(evidence, found, {source.sha256: source.name for source in known})


def _decoded(case: Case) -> frozenset[str]:
    """The columns whose values stand in the bytes of some source's lines in another form."""
    blocks = evidence_blocks(case)
    return frozenset().union(*(reading_of(statement, blocks).decoded for statement in statements(case)))


def _missing(gap: Gap) -> Missing:
    return Missing(gap.server or "", gap.layer, gap.period, gap.reason)


def _uncached(map: DataMap, found: Coverage, window: Period) -> Iterator[Missing]:
    """A cache answers at the edge, and no layer behind it sees that: for cacheable endpoints each gap of the edge is one, and
    the whole window where there is no log of the edge at all.
    """
    endpoints = cacheable(map)
    if not endpoints:
        return
    if not any(layer == EDGE for _, layer in found.shares):
        yield Missing(EDGE, EDGE, window, NO_EDGE, endpoints)
    for gap in found.own_gaps:
        if gap.layer == EDGE:
            told = [other.period for other in found.gaps if (other.server, other.layer) == (gap.server, gap.layer)]
            for part in without(gap.period, told):
                yield Missing(gap.server or "", EDGE, part, gap.reason, endpoints)


def clear_principals(case: Case, misuse: Misuse, *, engine: Engine) -> dict[str, str]:
    """The clear form of the principals that selectors list by their keyed hash: addresses from the events, all others as far as
    secrets/ still holds them.
    """
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
    if missing := wanted - {bytes.fromhex(value) for value in found}:
        found |= {row["principal"]: row["client"] for row in engine.rows(_addresses(events_table(case), missing))}
    return found


def _addresses(events: Table, principals: Set[bytes]) -> Query:
    """The addresses that stand as principals under these hashes."""
    listed = ", ".join(f"from_hex({quoted_text(principal.hex())})" for principal in sorted(principals))
    return Query(
        columns={"principal": TEXT, "client": TEXT},
        sql=f"""
            select distinct lower(hex(principal)) as principal, client
            from {events}
            where principal_kind = {quoted_text(ADDRESS)} and principal in ({listed})
        """,
    )
