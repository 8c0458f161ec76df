"""The printed sum: unnamed answers, unreadable lines, gaps, populations, ceilings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from amends.case import Case
from amends.count.datamap.load import parse
from amends.count.scope.bounds import Circumstances, Parts, bounds, unit_of
from amends.count.scope.ceilings import Ceiling, read_ceilings
from amends.count.scope.errors import BAD_CEILING, BAD_TABLE, NO_EVENTS
from amends.count.scope.gaps import Missing, hours_of
from amends.errors import InputError
from amends.settings import parse_settings
from amends.units import Period

from .conftest import MISUSE

Count = Callable[..., Any]
CLOSED = Circumstances(has_gap=False, has_window=True, unmapped_successes=0)

UNNAMED_MAP = """
version: 1
subjects:
  account: {label: {en: account}, population: {table: lookups/members.csv, id: id, from: since, to: until}}
  contact: {label: {en: contact}}
endpoints:
  - id: list
    request: GET /list
    discloses:
      - {subject: contact, key: unknown, rows: [3, 20], fields: [user.name]}
  - id: mine
    request: GET /mine
    discloses:
      - {subject: account, key: account, fields: [user.name]}
  - id: order
    request: GET /orders/{id}
    discloses:
      - subject: account
        key: path.id
        join: {table: lookups/orders.csv, on: order, give: owner, immutable: true}
        fields: [user.contact.email]
"""
BY_TIME = """
- id: window
  author: a
  at: 2026-03-02T00:00:00Z
  reason: r
  where: {endpoint: [profile], time: {from: 2026-03-01T00:00:00Z, to: 2026-03-01T06:00:00Z}}
"""


@pytest.fixture
def tables(case: Case) -> Case:
    (case.path / "lookups" / "members.csv").write_text("id,since,until\n1,,\n2,2026-01-01,\n3,,2026-02-01\n4,2027-01-01,\n")
    (case.path / "lookups" / "orders.csv").write_text("order,owner\n10,1\n11,2\n11,3\n")
    return case


def hours(start: datetime, first: int, last: int, *, server: str = "web-1") -> Missing:
    return Missing(server, "app", Period(start + timedelta(hours=first), start + timedelta(hours=last)), "gone")


def told(found: Any, kind: str, name: str) -> tuple[int, str]:
    """A term of the printed sum."""
    (term,) = [term for term in found.counted.bounds[kind].terms if term.name == name]
    return term.count, term.because


def test_unnamed_answers_raise_lower_by_one_and_upper_by_all(count: Count, tables: Case):
    found = count({"target": "/list"}, {"target": "/list", "status": 206}, map=UNNAMED_MAP)

    contacts = found.counted.bounds["contact"]
    assert (contacts.confirmed, contacts.lower, contacts.upper) == (0, 3, 40)
    assert found.counted.account.disclosures_balance.closes


def test_a_kind_without_a_population_has_no_ceiling_and_says_why(count: Count, tables: Case):
    found = count({"target": "/list"}, map=UNNAMED_MAP)

    assert found.counted.bounds["contact"].ceiling is None
    assert "contact" in found.counted.bounds["contact"].because


def test_an_account_of_a_dash_is_an_unknown_subject(count: Count, tables: Case):
    found = count({"target": "/mine", "account": "-"}, {"target": "/mine"}, {"target": "/mine", "account": "2"}, map=UNNAMED_MAP)

    assert list(found.subjects) == ["2"]
    assert found.counted.uncounted.unnamed == {"account": 2}
    assert found.counted.bounds["account"].lower == 1


def test_a_key_with_many_rows_names_them_all_and_one_without_row_is_unnamed(count: Count, tables: Case):
    found = count({"target": "/orders/11"}, {"target": "/orders/99"}, map=UNNAMED_MAP)

    assert list(found.subjects) == ["2", "3"]
    assert found.counted.joins[0].without_row == 1
    assert found.counted.uncounted.unnamed == {"account": 2}  # as many as the widest key has
    assert found.counted.account.disclosures_balance.closes


def test_without_gap_the_ceiling_is_the_upper_bound_with_one_the_population(count: Count, tables: Case, start: datetime):
    closed = count({"target": "/mine", "account": "1"}, map=UNNAMED_MAP)
    with_gap = count({"target": "/mine", "account": "1"}, map=UNNAMED_MAP, missing=(hours(start, 30, 31),))

    assert closed.counted.bounds["account"].ceiling == 1
    assert with_gap.counted.bounds["account"].ceiling == 4


def test_without_a_window_the_ceiling_is_the_population(count: Count, tables: Case):
    found = count({"target": "/mine", "account": "1"}, map=UNNAMED_MAP, has_window=False)

    assert found.counted.bounds["account"].ceiling == 4


def test_who_was_named_without_standing_in_the_population_widens_it(count: Count, tables: Case, start: datetime):
    found = count({"target": "/mine", "account": "77"}, map=UNNAMED_MAP, missing=(hours(start, 30, 31),))

    assert found.counted.members["account"].outside == 1
    assert found.counted.bounds["account"].ceiling == 5


def test_a_gap_counts_new_subjects_of_the_busiest_hour_for_each_hour_that_it_touches(count: Count, start: datetime):
    events = [{"target": f"/p/{id}", "at": 60 * id} for id in (1, 2, 3)] + [
        {"target": "/p/1", "at": 3700},
        {"target": "/p/9", "at": 3800},
    ]
    missing = Missing("web-1", "app", Period(start + timedelta(minutes=150), start + timedelta(minutes=190)), "gone")

    found = count(*events, missing=(missing,))

    (term,) = found.counted.uncounted.gap["account"].terms
    assert (term.rate, term.hours, term.most) == (3, 2, 6)


def test_a_gap_counts_only_within_the_time_of_the_selector(count: Count, start: datetime):
    found = count({"target": "/p/1", "at": 60}, misuse=BY_TIME, missing=(hours(start, 4, 12), hours(start, 8, 9, server="web-2")))

    (term,) = found.counted.uncounted.gap["account"].terms
    assert (term.server, term.hours) == ("web-1", 2)


def test_a_server_without_own_events_has_the_rate_of_the_busiest_other(count: Count, start: datetime):
    events = [
        {"target": "/p/1", "at": 1},
        {"target": "/p/2", "at": 2, "server": "web-2"},
        {"target": "/p/3", "at": 3, "server": "web-2"},
    ]

    found = count(*events, missing=(hours(start, 4, 5, server="web-3"), hours(start, 4, 5)))

    assert {term.server: term.rate for term in found.counted.uncounted.gap["account"].terms} == {"web-3": 2, "web-1": 1}


def test_a_ceiling_block_lowers_what_it_covers(count: Count, start: datetime):
    events = [{"target": f"/p/{id}", "at": id} for id in range(1, 6)]
    proof = Ceiling(0, "web-1", None, Period(start + timedelta(hours=10), start + timedelta(hours=14)), 7, "x", "y")

    found = count(*events, missing=(hours(start, 9, 14),), ceilings=(proof,))

    (term,) = found.counted.uncounted.gap["account"].terms
    assert (term.rate, term.hours, term.proven, term.most) == (5, 1, 7, 5 * 1 + 7)
    assert told(found, "account", "gap") == (12, "all x profile x web-1: 5 an hour x 1 h + 7 proven")


def test_a_ceiling_block_that_proves_more_than_the_rate_changes_nothing(count: Count, start: datetime):
    proof = Ceiling(0, None, "account", Period(start, start + timedelta(days=1)), 1_000, "x", "y")

    found = count({"target": "/p/1"}, missing=(hours(start, 9, 14),), ceilings=(proof,))

    assert found.counted.uncounted.gap["account"].most == 5


DATES = "nobody was seen outside the time that the population's table gives them, but for those who are named"
MINE = {"target": "/mine", "account": "1"}


def test_a_gap_holds_no_more_than_the_population_of_its_time(count: Count, tables: Case, start: datetime):
    # members 1 and 2 are there all the time, 3 has left, 4 comes later
    found = count(MINE, map=UNNAMED_MAP, misuse=MISUSE, missing=(hours(start, 30, 40),))

    assert told(found, "account", "gap") == (2, "all x mine x web-1: 1 an hour x 10 h, cut to the population of that time, 2")
    assert DATES in found.counted.assumes


def test_two_servers_together_miss_no_more_than_the_population(count: Count, tables: Case, start: datetime):
    missing = hours(start, 30, 32), hours(start, 35, 37, server="web-2")

    found = count(MINE, map=UNNAMED_MAP, misuse=MISUSE, missing=missing)

    count_, words = told(found, "account", "gap")
    assert count_ == 2
    assert words.endswith("; all together cut to the population of that time, 2")


def test_a_day_in_the_population_counts_to_its_end(count: Count, tables: Case, start: datetime):
    (tables.path / "lookups" / "members.csv").write_text("id,since,until\n1,,\n2,,2026-03-02\n3,,2026-03-01T00:00:00Z\n")

    found = count(MINE, map=UNNAMED_MAP, misuse=MISUSE, missing=(hours(start, 27, 39),))  # 12:00 to 24:00 of 2 March in Seoul

    assert told(found, "account", "gap")[0] == 2


def test_upper_is_cut_to_who_was_there_in_the_window_the_ceiling_to_all(count: Count, tables: Case, start: datetime):
    found = count(*[{"target": "/mine"}] * 9, MINE, map=UNNAMED_MAP, misuse=MISUSE, missing=(hours(start, 30, 31),))

    bounds_ = found.counted.bounds["account"]
    assert (bounds_.upper, bounds_.ceiling) == (2, 4)
    assert "cut to the population of that time, 2" in told(found, "account", "upper")[1]
    assert DATES in found.counted.assumes


def test_a_population_without_dates_is_no_assumption(count: Count, tables: Case, start: datetime):
    undated = UNNAMED_MAP.replace(", from: since, to: until", "")

    found = count(*[{"target": "/mine"}] * 9, MINE, map=undated, misuse=MISUSE, missing=(hours(start, 30, 40),))

    assert (found.counted.bounds["account"].upper, found.counted.bounds["account"].ceiling) == (4, 4)
    assert DATES not in found.counted.assumes


def test_gap_hours_are_counted_once_however_many_gaps_touch_them(start: datetime):
    quarter = timedelta(minutes=15)

    assert len(hours_of([Period(start, start + quarter), Period(start + 2 * quarter, start + 5 * quarter)])) == 2


@pytest.mark.parametrize(
    "raw,counts",
    [
        (b'x token-1 "GET /p/12', True),
        (b'x token-12 "GET /p/12', False),
        (b'tok=token-1" 203.0.113.9', True),
        (b"", False),
    ],
)
def test_an_unreadable_line_counts_where_it_holds_a_listed_value(count: Count, rejected: Any, raw: bytes, counts: bool):
    misuse = "- {id: t, author: a, at: 2026-03-02T00:00:00Z, reason: r, where: {principal: [token-1]}}"

    found = count({"target": "/p/1"}, misuse=misuse, rejects=[rejected(2, raw)])

    assert found.counted.uncounted.unread == {"account": int(counts)}


def test_an_unreadable_line_counts_where_the_listed_principal_stands_in_its_bytes_in_another_form(count: Count, rejected: Any):
    misuse = "- {id: t, author: a, at: 2026-03-02T00:00:00Z, reason: r, where: {principal: [token-1]}}"
    lines = [rejected(2, b'eyJhbGciOi "GET /p/7 HTT'), rejected(3, b'eyJhbGciOi [01 "GET /health HTTP/1.1" 200')]

    found = count({"target": "/p/1"}, misuse=misuse, rejects=lines, decoded=frozenset({"principal"}))

    assert found.counted.uncounted.unread == {"account": 1}


@pytest.mark.parametrize("raw", [b"203.0.113.7 [", b"::FFFF:203.0.113.7 [", b"::ffff:cb00:7107 ["])
def test_a_listed_address_is_found_in_bytes_however_it_is_spelt(count: Count, rejected: Any, raw: bytes):
    found = count({"target": "/p/1"}, rejects=[rejected(2, raw)])

    assert found.counted.uncounted.unread == {"account": 1}


@pytest.mark.parametrize(
    "raw,is_assumed",
    [
        (b'203.0.113.9 [01 "GET /p/7 HTT', True),
        (b'203.0.113.9 [01 "GET /p/7 HTTP/1.1" 200', True),
        (b'203.0.113.9 [01 "GET /health HTTP/1.1" 200', False),
        (b'203.0.113.7 [01 "GET /p/7 HTT', False),
    ],
)
def test_a_line_that_may_have_lost_its_listed_value_is_an_assumption(count: Count, rejected: Any, raw: bytes, is_assumed: bool):
    found = count({"target": "/p/1"}, rejects=[rejected(2, raw)])

    assumed = "unreadable lines without any value that the selection lists were none of the misuse (1)"
    assert (assumed in found.counted.assumes) == is_assumed


@pytest.mark.parametrize("reason", ["header", "directive", "empty"])
def test_lines_that_hold_no_request_are_never_unread_evidence(count: Count, rejected: Any, reason: str):
    found = count({"target": "/p/1"}, rejects=[rejected(2, b"203.0.113.7", reason=reason)])

    assert found.counted.uncounted.unread_lines == 0


@pytest.mark.parametrize(
    "raw,counts",
    [
        (b"\x00\x00", True),
        (b'[01/Mar "GET /p/7 HTTP/1.1" 200', True),
        (b'[01/Mar "GET /health HTTP/1.1" 200', False),
        (b'[01/Mar [01/Mar "GET /health HTTP/1.1" 200', True),
        (b'"GET /p/ [01/Mar "GET /health HTTP/1.1" 200', True),
    ],
)
def test_without_a_list_the_neighbours_times_decide_unless_the_bytes_rule_it_out(
    count: Count, rejected: Any, raw: bytes, counts: bool
):
    found = count({"target": "/p/1"}, {"target": "/p/2", "line": 3}, misuse=BY_TIME, rejects=[rejected(2, raw)])

    assert found.counted.uncounted.unread == {"account": int(counts)}


def test_an_unreadable_line_between_lines_of_another_time_does_not_count(count: Count, rejected: Any):
    events = [{"target": "/p/1"}, {"target": "/p/1", "at": 30_000, "line": 5}, {"target": "/p/1", "at": 30_001, "line": 7}]

    found = count(*events, misuse=BY_TIME, rejects=[rejected(6, b"\x00")])

    assert found.counted.uncounted.unread_lines == 0


def test_two_requests_glued_together_are_two_answers(count: Count, rejected: Any):
    raw = b'203.0.113.7 [01 "GET /p/7 HTTP/1.1" 200 203.0.113.7 [01 "GET /p/8 HTTP/1.1" 200'

    found = count({"target": "/p/1"}, rejects=[rejected(2, raw)])

    assert found.counted.uncounted.unread == {"account": 2}


def test_the_sum_is_cut_to_the_population_but_never_below_who_is_certain():
    parts = Parts("account", confirmed=5, possible=2, unnamed=10, members=9, members_then=9)

    found = bounds(parts, CLOSED)

    assert (found.lower, found.upper, found.ceiling) == (5, 9, 9)
    assert bounds(replace(parts, largest=12), CLOSED).lower == 12


def test_an_unmapped_success_makes_the_population_the_ceiling_and_leaves_upper():
    found = bounds(
        Parts("account", confirmed=5, possible=0, members=100, members_then=100), replace(CLOSED, unmapped_successes=3)
    )

    assert (found.upper, found.ceiling) == (5, 100)


@pytest.mark.parametrize(
    "kind,unit", [("account", "accounts"), ("contact", "contacts"), ("family", "families"), ("box", "boxes")]
)
def test_each_kind_has_a_unit_of_its_own(kind: str, unit: str):
    assert unit_of(kind) == unit


@pytest.mark.parametrize(
    "change",
    [
        'endpoint = "nothing"',
        "most = -1",
        'kind = "ghost"',
        'sha256 = "00"',
        'source = "../x"',
        "from = 2026-09-01T00:00:00Z",
        'colour = "red"',
    ],
)
def test_a_ceiling_block_that_cannot_be_used_is_told(case: Case, change: str):
    (case.path / "lookups" / "proof.csv").write_text("n\n7\n")
    sha256 = hashlib.sha256(b"n\n7\n").hexdigest()
    block = {
        "endpoint": '"profile"', "from": "2026-08-01T00:00:00Z", "to": "2026-08-02T00:00:00Z", "most": "7",
        "source": '"lookups/proof.csv"', "sha256": f'"{sha256}"',
    }  # fmt: skip
    map = parse(MAP_OF_PROFILE, folder=case.path)
    assert read_ceilings(_with(case, block), map)[0].most == 7
    name, value = change.split(" = ")

    with pytest.raises(InputError) as error:
        read_ceilings(_with(case, block | {name: value}), map)

    assert error.value.code is BAD_CEILING


MAP_OF_PROFILE = b"""
version: 1
subjects: {account: {label: {en: a}}}
endpoints:
  - {id: profile, request: 'GET /p/{id}', discloses: [{subject: account, key: path.id, fields: [user.name]}]}
"""


def _with(case: Case, block: dict[str, str]) -> Case:
    lines = "\n".join(f"{name} = {value}" for name, value in block.items())
    return replace(case, settings=parse_settings(f'[case]\ncompany = "x"\nzone = "UTC"\n[[ceiling]]\n{lines}\n'))


def test_a_table_that_is_missing_or_lacks_a_column_is_told(count: Count, case: Case):
    with pytest.raises(InputError) as error:
        count({"target": "/orders/1"}, map=UNNAMED_MAP)
    (case.path / "lookups" / "orders.csv").write_text("order,nobody\n")
    with pytest.raises(InputError) as other:
        count({"target": "/orders/1"}, map=UNNAMED_MAP)

    assert error.value.code is other.value.code is BAD_TABLE


def test_no_events_at_all_are_told(count: Count):
    with pytest.raises(InputError) as error:
        count()

    assert error.value.code is NO_EVENTS
