"""Which answers disclose, which may have, which did not, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from amends.count.scope.outcomes import Outcome

Count = Callable[..., Any]


@pytest.mark.parametrize(
    "given,outcome",
    [
        ({}, Outcome.WHOLE),
        ({"sent": None}, Outcome.WHOLE_UNSIZED),
        ({"sent": 39}, Outcome.CUT),
        ({"sent": 40}, Outcome.WHOLE),
        ({"status": 206, "sent": None}, Outcome.PARTIAL),
        ({"status": 206, "sent": 40}, Outcome.WHOLE),
        ({"complete": False, "sent": None}, Outcome.ABORTED),
        ({"complete": False, "sent": 40}, Outcome.WHOLE),
        ({"status": None}, Outcome.NO_STATUS),
        ({"status": 203}, Outcome.OTHER_STATUS),
        ({"status": 404}, Outcome.OTHER_STATUS),
        ({"status": 304}, Outcome.NOT_MODIFIED),
        ({"method": "HEAD"}, Outcome.OTHER_METHOD),
        ({"target": "/health"}, Outcome.GIVES_NOTHING),
        ({"target": "/other"}, Outcome.UNMAPPED_SUCCESS),
        ({"target": "/other", "status": 404}, Outcome.UNMAPPED_OTHER),
    ],
)
def test_an_answer_has_the_outcome_that_its_line_shows(count: Count, given: dict[str, Any], outcome: Outcome):
    found = count({"target": "/p/1"} | given)

    assert found.counted.account.outcomes == {outcome: 1}


def test_a_304_after_a_whole_answer_in_the_misuse_gives_nothing_new(count: Count):
    found = count({"target": "/p/1"}, {"target": "/p/1", "status": 304})

    assert found.counted.account.outcomes == {Outcome.WHOLE: 1, Outcome.HELD_ALREADY: 1}


def test_a_304_after_a_whole_answer_outside_the_misuse_is_possible(count: Count):
    found = count({"target": "/p/1", "client": "198.51.100.1"}, {"target": "/p/1", "status": 304})

    assert found.counted.account.outcomes == {Outcome.HELD_FROM_OUTSIDE: 1}
    assert found.subjects["1"]["fields"] == 0
    assert found.subjects["1"]["fields_possible"] == 3


@pytest.mark.parametrize(
    "before",
    [{"target": "/p/2"}, {"target": "/p/1", "principal": "other"}, {"target": "/p/1", "sent": 3}, {"target": "/p/1", "at": 5}],
)
def test_a_304_without_an_earlier_whole_answer_for_it_is_possible(count: Count, before: dict[str, Any]):
    found = count(before, {"target": "/p/1", "status": 304})

    assert found.counted.account.outcomes[Outcome.NOT_MODIFIED] == 1


def test_confirmed_wins_and_its_first_view_is_the_evidence(count: Count):
    found = count({"target": "/p/1", "sent": 3}, {"target": "/p/1"}, {"target": "/p/1"})

    row = found.subjects["1"]
    assert (row["views"], row["views_possible"]) == (2, 1)
    assert row["evidence"]["line"] == 2


def test_ids_that_look_alike_stay_apart(count: Count):
    ids = ("7", "07", "+7", "7e0", "1e2", "100", "123456789012345678", "0")

    found = count(*({"target": f"/p/{id}"} for id in ids))

    assert [row["subject"] for row in found.rows] == sorted(ids, key=str.encode)


def test_missing_body_bytes_are_an_assumption(count: Count):
    found = count({"target": "/p/1", "sent": None})

    assert any("not logged" in text for text in found.counted.assumes)


def test_a_map_without_endpoints_leaves_every_event_unmapped(count: Count):
    found = count({"target": "/p/1"}, map="version: 1\nsubjects: {account: {label: {en: a}}}\nendpoints: []\n")

    assert found.counted.account.outcomes == {Outcome.UNMAPPED_SUCCESS: 1}
    assert found.rows == []


def test_an_empty_selection_exposes_nobody_and_closes(count: Count):
    found = count({"target": "/p/1"}, misuse="[]")

    assert found.rows == []
    assert found.counted.account.events_balance.closes
    assert found.counted.bounds["account"].upper == 0


def test_a_selector_of_many_kinds_of_conditions_takes_only_what_fulfils_all(count: Count):
    misuse = """
- id: narrow
  author: a
  at: 2026-03-02T00:00:00Z
  reason: r
  where:
    {client: [203.0.113.0/24], target: {prefix: /p/}, status: ['200'], column.host: [a.example], server: web-1, method: [GET]}
"""
    host = {"extra": [("host", "a.example")]}
    others = [{"target": "/p/2"}, {"target": "/p/3", **host, "status": 203}, {"target": "/q/4", **host}]

    found = count({"target": "/p/1", **host}, *others, {"target": "/p/5", **host, "client": "203.0.114.1"}, misuse=misuse)

    assert list(found.subjects) == ["1"]


@pytest.mark.parametrize(
    "asked, found",
    [
        ("2001:DB8:0::1", ["0", "1"]),
        ("203.0.113.7", ["2", "3"]),
        ("::ffff:203.0.113.7", ["2", "3"]),
        ("203.0.113.0/28", ["2", "3"]),
        ("::ffff:203.0.113.0/124", ["2", "3"]),
        ("203.0.113.7/32", ["2", "3"]),
        ("unix:", ["5"]),
        ("203.0.113.007", []),  # decimal to some, octal to others
    ],
)
def test_an_address_is_itself_however_it_is_spelt(count: Count, asked: str, found: list[str]):
    misuse = f"- {{id: one, author: a, at: 2026-03-02T00:00:00Z, reason: r, where: {{client: ['{asked}']}}}}"
    clients = ["2001:db8::1", "2001:0DB8:0:0::1", "203.0.113.7", "::FFFF:203.0.113.7", "203.0.113.77", "unix:", "2001:db8::2"]

    rows = count(*({"target": f"/p/{number}", "client": client} for number, client in enumerate(clients)), misuse=misuse)

    assert list(rows.subjects) == found


def test_an_address_in_an_ipv6_network_is_found_however_it_is_spelt(count: Count):
    misuse = "- {id: six, author: a, at: 2026-03-02T00:00:00Z, reason: r, where: {client: ['2001:db8::/32']}}"
    clients = ["2001:db8::1", "2001:0DB8:0:0::2", "2001:db9::1", "203.0.113.7", "not:an:address"]

    found = count(*({"target": f"/p/{number}", "client": client} for number, client in enumerate(clients)), misuse=misuse)

    assert list(found.subjects) == ["0", "1"]
