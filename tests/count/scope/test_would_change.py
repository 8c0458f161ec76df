"""What would change the number: what is missing, by how far the upper bound falls with it; and losses under an order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from amends.count.evidence.holds import Order
from amends.count.scope.gaps import Missing
from amends.units import Period

from .conftest import START, Result

MEMBERS = """
version: 1
subjects:
  account: {label: {en: account}, population: {table: members.csv, from: since}}
endpoints:
  - id: profile
    request: GET /p/{id}
    disclosed_when: {status: [200], min_sent: 40}
    discloses:
      - {subject: account, key: path.id, fields: [user.name, user.contact.email]}
"""


def gap(first: float, last: float, server: str = "web-1") -> Missing:
    return Missing(server, "app", Period(START + timedelta(hours=first), START + timedelta(hours=last)), "deleted")


def order(first: float, last: float, *servers: str) -> Order:
    period = Period(START + timedelta(hours=first), START + timedelta(hours=last))
    return Order("PIPC-17", "PIPC", START, period, servers, "a", "letter")


def changes(result: Result) -> dict[str, dict[str, int]]:
    return {change.what: dict(change.off) for change in result.counted.would_change}


def test_each_gap_is_ranked_by_what_upper_owes_to_it_and_all_together_stand_among_them(count: Callable[..., Result]) -> None:
    seen = [{"target": f"/p/{number}"} for number in range(3)]

    found = count(*seen, missing=(gap(5, 6), gap(10, 14)))

    assert found.counted.bounds["account"].upper == 3 + 5 * 3
    assert [(change.what.split()[0], dict(change.off)) for change in found.counted.would_change] == [
        ("all", {"accounts": 15, "views": 15}),
        ("the", {"accounts": 12, "views": 12}),
        ("the", {"accounts": 3, "views": 3}),
    ]
    assert "from 2026-03-01T10:00:00Z to 2026-03-01T14:00:00Z" in found.counted.would_change[1].what


def test_two_gaps_within_one_hour_stand_for_it_together_only(count: Callable[..., Result]) -> None:
    found = count({"target": "/p/1"}, missing=(gap(5.1, 5.3), gap(5.5, 5.7)))

    assert changes(found) == {"all 2 missing logs together": {"accounts": 1, "views": 1}}


def test_what_cannot_be_read_decided_or_named_is_told_too(
    count: Callable[..., Result], rejected: Callable[..., dict[str, Any]]
) -> None:
    cut = {"target": "/p/2", "sent": 10}
    unnamed = {"target": "/p/-"}
    torn = rejected(9, b"203.0.113.7 [torn")

    found = count({"target": "/p/1"}, cut, unnamed, rejects=[torn])

    assert changes(found) == {
        "a copy of 1 unreadable lines that can be read": {"accounts": 1, "views": 1},
        "whether cut, partial and not-modified answers came back whole": {"accounts": 1, "views": 1},
        "who was in the answers whose subjects the log does not name": {"accounts": 1},
    }


def test_where_nothing_is_missing_nothing_would_change_the_number(count: Callable[..., Result]) -> None:
    assert count({"target": "/p/1"}).counted.would_change == ()


def test_a_gap_that_the_population_cuts_takes_off_no_more_than_it_stood_for(count: Callable[..., Result], case: Any) -> None:
    rows = "".join(f"{number},2026-01-01T00:00:00Z\n" for number in range(8))
    (case.path / "members.csv").write_text("id,since\n" + rows, "utf-8")
    seen = [{"target": f"/p/{number}"} for number in range(3)]

    found = count(*seen, map=MEMBERS, missing=(gap(5, 7), gap(10, 11)))

    assert found.counted.bounds["account"].upper == 8  # and not 3 + 9
    assert changes(found)["all 2 missing logs together"]["accounts"] == 5
    by_gap = [off.get("accounts", 0) for what, off in changes(found).items() if what.startswith("the logs")]
    assert sorted(by_gap) == [0, 2]  # without the longer one: 3 + 3; without the other: 3 + 6, cut to 8


@pytest.mark.parametrize(
    "held, lost_hours, off",
    [(order(0, 48), 5, 15), (order(11, 12), 1, 3), (order(0, 48, "web-2"), 0, 0), (order(20, 21), 0, 0)],
)
def test_a_loss_under_an_order_is_told_with_its_part_of_the_bounds(
    held: Order, lost_hours: int, off: int, count: Callable[..., Result]
) -> None:
    seen = [{"target": f"/p/{number}"} for number in range(3)]

    found = count(*seen, missing=(gap(5, 6), gap(10, 14)), orders=(held,))

    (loss,) = found.counted.losses
    assert sum((one.period.length for one in loss.lost), timedelta(0)) == timedelta(hours=lost_hours)
    assert loss.off.get("accounts", 0) == off
    assert loss.as_json()["id"] == "PIPC-17"


def test_an_order_holds_the_logs_of_a_server_without_a_name(count: Callable[..., Result]) -> None:
    nameless = replace(gap(5, 6), server="")

    (loss,) = count({"target": "/p/1"}, missing=(nameless,), orders=(order(0, 48, "web-2"),)).counted.losses

    assert loss.lost == (nameless,)
