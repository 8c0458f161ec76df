"""Layers and selectors: a layer stands in for another only for those selectors that select answers in both.

A token that only app servers log is not seen at the edge: for a selector that lists tokens the hole of an app server stays one
while the edge is whole, and what a cache answers is never seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from amends.count.datamap.model import DataMap
from amends.count.evidence.settings import LAYERS
from amends.count.scope.chosen import Ground, disclosed
from amends.count.scope.evidence import Evidence
from amends.count.scope.gaps import Missing
from amends.count.scope.selection import BITS
from amends.count.scope.sift import ANSWERS
from amends.engine import Engine, Query
from amends.engine.query import I64, U64
from amends.units import Period, without

EDGE = LAYERS[0]
NO_EDGE = "cacheable, and no log of the edge"
UNSEEN_AT_EDGE = "cacheable, and the edge logs nothing that the selection goes by"

type Layers = frozenset[str]


def cacheable(map: DataMap) -> frozenset[int]:
    """The endpoints whose answers a cache may give."""
    return frozenset(index for index, endpoint in enumerate(map.endpoints) if endpoint.cacheable and endpoint.discloses)


def layers_by_selector(ground: Ground, *, engine: Engine) -> list[Layers]:
    """The layers in which each selector selects answers that disclosed or may have."""
    seen: list[set[str]] = [set() for _ in ground.selection.selectors]
    for row in engine.rows(selectors_by_layer(ground)):
        for number, layers in enumerate(seen):
            if row["layer"] < len(LAYERS) and row[ground.selection.names[number // BITS]] >> number % BITS & 1:
                layers.add(LAYERS[row["layer"]])
    return [frozenset(layers) for layers in seen]


def selectors_by_layer(ground: Ground) -> Query:
    """For each layer the selectors that select such answers in it, as bits."""
    names = ground.selection.names
    return Query(
        columns={"layer": I64, **dict.fromkeys(names, U64)},
        sql=f"""
            select layer::BIGINT as layer, {", ".join(f"bit_or({name}) as {name}" for name in names)}
            from {ANSWERS}
            where {disclosed()}
            group by layer
            order by layer
        """,
    )


def hidden(seen: Sequence[Layers], evidence: Evidence, map: DataMap) -> tuple[Missing, ...]:
    """What is missing for some selectors alone, beside what is missing for all (`evidence.missing`)."""
    groups: dict[Layers, list[int]] = defaultdict(list)
    for number, layers in enumerate(seen):
        if layers:
            groups[layers].append(number)
    return tuple(gap for layers, numbers in groups.items() for gap in _hidden_from(layers, numbers, evidence, map))


def _hidden_from(layers: Layers, numbers: Iterable[int], evidence: Evidence, map: DataMap) -> Iterable[Missing]:
    selectors = frozenset(numbers)
    for gap in evidence.own_gaps:
        if gap.layer in layers:
            told = [other.period for other in evidence.missing if _is_same(gap, other)]
            for part in without(gap.period, [*told, *_covered(layers - {gap.layer}, evidence)]):
                yield Missing(gap.server, gap.layer, part, gap.reason, selectors=selectors)
    if EDGE not in layers and (endpoints := cacheable(map)) and not any(gap.reason == NO_EDGE for gap in evidence.missing):
        yield Missing(EDGE, EDGE, evidence.window, UNSEEN_AT_EDGE, endpoints, selectors)


def _is_same(gap: Missing, other: Missing) -> bool:
    return other.endpoints is None and (gap.server, gap.layer) == (other.server, other.layer)


def _covered(layers: Layers, evidence: Evidence) -> Iterable[Period]:
    """The time in which every server of one of these layers is covered."""
    for layer in layers:
        yield from without(evidence.window, [gap.period for gap in evidence.own_gaps if gap.layer == layer])
