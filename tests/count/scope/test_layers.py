"""A layer covers a gap of another for those selectors only that see in both."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from amends.count.scope.gaps import Missing
from amends.count.scope.layers import UNSEEN_AT_EDGE, selectors_by_layer
from amends.engine import Engine
from amends.units import Period

from .conftest import MAP

Count = Callable[..., Any]
BY_TOKEN = "- {id: tokens, author: a, at: 2026-03-02T00:00:00Z, reason: r, where: {principal: [token-1]}}"
BY_ADDRESS = "- {id: addresses, author: a, at: 2026-03-02T00:00:00Z, reason: r, where: {client: [203.0.113.7]}}"
# the app server logs tokens and the address of the edge, the edge the address of the client
APP = {"target": "/p/1", "client": "10.0.0.1"}
EDGE = {"target": "/p/1", "layer": "edge", "server": "cdn-1", "principal": None}


def gap(start: datetime, first: int, last: int, *, server: str = "web-1", layer: str = "app") -> Missing:
    return Missing(server, layer, Period(start + timedelta(hours=first), start + timedelta(hours=last)), "gone")


def hours_by_selector(found: Any) -> dict[tuple[int, str], int]:
    return {(term.selector, term.server): term.hours for term in found.counted.uncounted.gap["account"].terms}


def test_a_hole_of_the_app_servers_stays_one_for_tokens_that_the_edge_does_not_log(count: Count, start: datetime):
    found = count(APP, EDGE, misuse=BY_TOKEN + "\n" + BY_ADDRESS, own_gaps=(gap(start, 4, 7),))

    assert hours_by_selector(found) == {(0, "web-1"): 3}
    assert [(missing.server, missing.selectors) for missing in found.counted.missing] == [("web-1", frozenset([0]))]
    assert found.counted.circumstances.has_gap


def test_a_selector_that_sees_in_both_layers_misses_only_what_neither_covers(count: Count, start: datetime):
    events = {**APP, "client": "203.0.113.7"}, EDGE
    holes = gap(start, 4, 7), gap(start, 6, 9, server="cdn-1", layer="edge")
    both = gap(start, 6, 7), gap(start, 6, 7, server="cdn-1", layer="edge")

    found = count(*events, misuse=BY_ADDRESS, own_gaps=holes, missing=both)

    assert hours_by_selector(found) == {(0, "web-1"): 1, (0, "cdn-1"): 1}
    assert found.counted.missing == both


def test_a_gap_that_all_layers_have_is_told_once(count: Count, start: datetime):
    hole = gap(start, 4, 7)

    found = count(APP, EDGE, misuse=BY_TOKEN, own_gaps=(hole,), missing=(hole,))

    assert found.counted.missing == (hole,)


@pytest.mark.parametrize("misuse,is_told", [(BY_TOKEN, True), (BY_ADDRESS, False)])
def test_what_a_cache_answers_is_not_seen_by_a_token_that_the_edge_does_not_log(count: Count, misuse: str, is_told: bool):
    cacheable = MAP.replace("request: GET /p/{id}", "request: GET /p/{id}\n    cacheable: true")

    found = count(APP, EDGE, map=cacheable, misuse=misuse)

    assert [(missing.reason, missing.endpoints) for missing in found.counted.missing] == (
        [(UNSEEN_AT_EDGE, frozenset([0]))] if is_told else []
    )


def test_the_statement_gives_the_columns_that_it_declares(count: Count, engine: Engine, start: datetime):
    count(APP, EDGE, misuse=BY_TOKEN, own_gaps=(gap(start, 4, 7),))
    query = selectors_by_layer(SimpleNamespace(selection=SimpleNamespace(names=("selectors_0",))))

    assert engine.columns(query) == query.columns
