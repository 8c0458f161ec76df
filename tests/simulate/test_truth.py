"""The truth agrees with the lines that it names, and says which assumptions a world keeps."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from amends.simulate.variant import BOOKS_UNCHANGED, NOT_FASTER, UNMAPPED_GAVE_NOTHING, WINDOW_COVERS

VARIANTS = (
    {},
    {"seed": 7, "weeks": 2},
    {"seed": 3, "joins": "snapshot"},
    {"seed": 4, "joins": "none", "servers": ("web-1", "web-2")},
    {"seed": 5, "unmapped": "leaking", "gap": "enumerator"},
    {"seed": 6, "unlogged_days": 9, "dirty": 0.05},
)


def table(world, name):
    with (world.lookups / name).open(newline="") as file:
        return list(csv.DictReader(file))


def as_instant(text, otherwise):
    return datetime.fromisoformat(text) if text else otherwise


@pytest.fixture(params=VARIANTS, ids=str)
def varied(request, make_world):
    return make_world(**request.param)


def test_every_disclosure_names_a_line_that_is_about_its_subject(varied, logs_of, truth_of, event_of):
    logs = logs_of(varied)
    owners = {row["order_id"]: row["customer_id"] for row in table(varied, "orders.csv")}
    rows = [row for row in truth_of(varied, "disclosures") if row["expected"] in ("confirmed", "possible", "unmapped", "unnamed")]

    assert rows
    for row in rows:
        event = event_of(row["file"], logs[row["file"]][row["line"] - 1])
        assert event is not None
        path, query = urlsplit(event["target"]).path, parse_qs(urlsplit(event["target"]).query)
        about = {path.split("/")[4] if path.startswith("/api/v1/customers/") else None, *query.get("ids", [""])[0].split(",")}
        about |= {owners.get(path.rpartition("/")[2])} if "/orders/" in path else set()
        about |= {event["account"]} if "/me/" in path else set()
        assert row["kind"] == "contact" or row["subject"] in about
        assert row["kind"] == "account" or path == "/api/v1/me/addresses"


def test_every_disclosure_happened_when_its_line_says(varied, logs_of, truth_of, event_of):
    logs = logs_of(varied)
    for row in truth_of(varied, "disclosures"):
        if row["expected"] == "confirmed":
            event = event_of(row["file"], logs[row["file"]][row["line"] - 1])
            assert int(event["time"].timestamp()) == int(row["time"].timestamp())


def test_only_whole_answers_are_confirmed_and_status_and_size_say_so(varied, logs_of, truth_of, event_of):
    least = {"profile": 300, "my-addresses": 300, "door-codes": 80}
    logs = logs_of(varied)
    for row in truth_of(varied, "disclosures"):
        if row["expected"] in ("confirmed", "possible"):
            event = event_of(row["file"], logs[row["file"]][row["line"] - 1])
            is_whole = event["status"] == 200 and event["sent"] >= least.get(row["endpoint"], 1)
            assert row["whole"] == is_whole
            assert event["method"] == "GET"
            assert row["whole"] or row["expected"] == "possible"


def test_contacts_came_from_the_claimed_accounts_book_at_that_time(world, logs_of, truth_of, event_of):
    logs = logs_of(world)
    far = datetime.max.replace(tzinfo=UTC)
    books = defaultdict(set)
    spans = [
        (row["customer_id"], row["contact_id"], as_instant(row["added_at"], far), as_instant(row["removed_at"], far))
        for row in table(world, "address_book.csv")
    ]
    for owner, contact, added, removed in spans:
        books[owner].add((contact, added, removed))
    came = defaultdict(set)
    for row in truth_of(world, "disclosures"):
        if row["endpoint"] == "my-addresses" and row["expected"] == "confirmed":
            came[row["file"], row["line"], row["time"]].add(row["subject"] if row["kind"] == "contact" else None)

    assert any(len(subjects) > 1 for subjects in came.values())
    for (file, line, time), subjects in came.items():
        owner = event_of(file, logs[file][line - 1])["account"]
        stood = {contact for contact, added, removed in books[owner] if added <= time < removed}
        assert subjects - {None} == stood


def test_the_right_selection_selects_the_attackers_lines_and_no_other(varied, logs_of, truth_of, event_of):
    text = (varied.case / "misuse.yaml").read_text()
    tokens = set((varied.case / "forged-tokens.txt").read_text().split())
    clients = set((varied.case / "slow-addresses.txt").read_text().split())
    clients |= {word.strip("[],") for word in text.split() if word.startswith(("[203.", "203."))}
    repeats = {(row["file"], row["line"]) for row in truth_of(varied, "planted") if row["expected"] == "repeat"}

    selected = set()
    for file, lines in logs_of(varied).items():
        for number, line in enumerate(lines, 1):
            event = event_of(file, line)
            if event and (file, number) not in repeats and (event["client"] in clients or event.get("token") in tokens):
                selected.add((file, number))

    assert selected == {(row["file"], row["line"]) for row in truth_of(varied, "misuse") if row["legible"]}


def test_spoilt_lines_of_attackers_still_hold_what_their_selector_lists(varied, logs_of, truth_of):
    listed = {
        "fast": [b"203.0.113."],
        "slow": [line.encode() for line in (varied.case / "slow-addresses.txt").read_text().split()],
        "forged": [line.encode() for line in (varied.case / "forged-tokens.txt").read_text().split()],
    }
    logs = logs_of(varied)
    spoilt = [row for row in truth_of(varied, "misuse") if not row["legible"]]

    assert Counter(row["attacker"] for row in spoilt) == {"fast": 2, "slow": 2, "forged": 2}
    for row in spoilt:
        assert any(value in logs[row["file"]][row["line"] - 1] for value in listed[row["attacker"]])


def test_no_log_in_ever_issued_a_forged_token_and_one_issued_every_slow_one(make_world, logs_of, event_of):
    world = make_world(dirty=0.0, unread=0, missing=None, torn=False)
    forged = set((world.case / "forged-tokens.txt").read_text().split())
    clients = set((world.case / "slow-addresses.txt").read_text().split())
    events = [event for file, lines in logs_of(world).items() for line in lines if (event := event_of(file, line))]
    issued = {event["issued"] for event in events if event.get("issued")}

    assert forged & issued == set()
    assert {event["token"] for event in events if event["client"] in clients and event.get("token")} <= issued
    assert {event["token"] for event in events if event.get("token")} - issued - forged == set()


def test_forged_tokens_claim_a_few_accounts_each_over_the_whole_time(world, logs_of, event_of):
    forged = set((world.case / "forged-tokens.txt").read_text().split())
    events = [event for file, lines in logs_of(world).items() for line in lines if (event := event_of(file, line))]
    for token in forged:
        own = [event for event in events if event.get("token") == token]
        assert 1 < len({event["account"] for event in own}) <= 3
        assert max(event["time"] for event in own) - min(event["time"] for event in own) > (timedelta(days=21))


def test_the_date_of_birth_came_only_from_its_day_on(world, truth_of):
    text = (world.case / "datamap.yaml").read_text()
    since = datetime.fromisoformat(text.partition("valid: {from: ")[2].partition("}")[0])
    profiles = [row for row in truth_of(world, "disclosures") if row["endpoint"] == "profile" and row["expected"] == "confirmed"]
    times = {key: {row["time"] for row in profiles if row["field"] == key} for key in ("user.name", "user.date_of_birth")}

    assert times["user.date_of_birth"] == {time for time in times["user.name"] if time >= since}
    assert times["user.name"] > times["user.date_of_birth"]


def test_attackers_get_every_kind_of_answer(world, logs_of, truth_of, event_of):
    logs = logs_of(world)
    rows = [row for row in truth_of(world, "misuse") if row["legible"]]
    events = [event_of(row["file"], logs[row["file"]][row["line"] - 1]) for row in rows]

    assert {event["status"] for event in events} >= {200, 206, 304, 403, 404, 500}
    assert "HEAD" in {event["method"] for event in events}
    assert any(event["status"] == 200 and 0 < event["sent"] < 80 for event in events)
    assert any(event["status"] == 200 and event["sent"] == 0 and event["method"] == "GET" for event in events)


def test_an_unchanged_answer_discloses_only_where_the_logs_show_no_whole_one_before(make_world, logs_of, truth_of, event_of):
    whole_before = seen = 0
    for seed in range(1, 7):
        world = make_world(seed=seed, members=120)
        logs = logs_of(world)
        held = {(row["file"], row["line"]) for row in truth_of(world, "disclosures")}
        events = [
            (row, event_of(row["file"], logs[row["file"]][row["line"] - 1]))
            for row in truth_of(world, "misuse")
            if row["legible"]
        ]
        first = {}
        for _, event in events:
            if event["status"] == 200 and event["method"] == "GET" and event["sent"] >= 300:
                key = (event["token"], event["target"])
                first[key] = min(first.get(key, event["time"]), event["time"])
        for row, event in events:
            if event["status"] == 304:
                before = first.get((event["token"], event["target"]), event["time"]) < event["time"]
                assert ((row["file"], row["line"]) in held) != before
                whole_before += before
                seen += 1

    assert 0 < whole_before < seen


def test_lost_lines_are_in_the_truth_without_a_place(world, truth_of):
    truth = json.loads((world.truth / "truth.json").read_text())
    (missing,) = truth["missing"]
    lost = [row for row in truth_of(world, "disclosures") if row["file"] is None]

    assert lost
    for row in lost:
        assert row["line"] is None
        assert row["expected"] == "gap"
        assert missing["from"] <= row["time"].timestamp() * 1000 < missing["to"]


def test_totals_are_those_of_the_disclosures(varied, truth_of):
    totals = json.loads((varied.truth / "truth.json").read_text())["totals"]
    rows = truth_of(varied, "disclosures")
    for kind in ("account", "contact"):
        assert totals[kind]["subjects"] == varied.subjects[kind] == len({row["subject"] for row in rows if row["kind"] == kind})
        confirmed = {row["subject"] for row in rows if row["kind"] == kind and row["expected"] == "confirmed"}
        assert totals[kind]["confirmed"] == len(confirmed)


@pytest.mark.parametrize(
    "variant,broken",
    [
        ({}, set()),
        ({"missing": None}, set()),
        ({"missing": "oldest"}, set()),
        ({"unlogged_days": 9}, set()),
        ({"unmapped": "harmless"}, set()),
        ({"joins": "none"}, set()),
        ({"gap": "hurry"}, {NOT_FASTER}),
        ({"gap": "enumerator"}, {NOT_FASTER}),
        ({"before_window_days": 9}, {WINDOW_COVERS}),
        ({"unmapped": "leaking"}, {UNMAPPED_GAVE_NOTHING}),
        ({"joins": "snapshot", "members": 2_000, "lines": 20_000}, {BOOKS_UNCHANGED}),
    ],
    ids=str,
)
def test_a_world_says_which_assumptions_it_keeps_and_breaks(make_world, variant, broken):
    world = make_world(**variant)
    truth = json.loads((world.truth / "truth.json").read_text())

    assert set(truth["breaks"]) == set(world.breaks) == broken
    assert set(truth["keeps"]) == {NOT_FASTER, WINDOW_COVERS, UNMAPPED_GAVE_NOTHING, BOOKS_UNCHANGED} - broken


def test_a_broken_world_has_what_breaks_it(make_world, truth_of):
    early = truth_of(make_world(before_window_days=9), "disclosures")
    leaking = truth_of(make_world(unmapped="leaking"), "disclosures")
    hidden = [row for row in truth_of(make_world(gap="enumerator"), "disclosures") if row["attacker"] == "hidden"]

    assert min(row["time"] for row in early) < datetime.fromisoformat("2026-03-02T00:00:00+09:00")
    assert any(row["expected"] == "unmapped" for row in leaking)
    assert hidden
    assert all(row["file"] is None for row in hidden)
    assert (max(row["time"] for row in hidden) - min(row["time"] for row in hidden)).total_seconds() <= 3600


def fastest(rows, *, seen):
    """By (attacker, server's endpoint, kind): the most subjects of one clock hour; those in the logs only where they are new."""
    first = {}
    for row in sorted(rows, key=lambda row: row["time"]):
        first.setdefault((row["attacker"], row["kind"], row["subject"]), row["time"])
    hours = defaultdict(set)
    for row in rows:
        if not seen or first[row["attacker"], row["kind"], row["subject"]] == row["time"]:
            hours[row["attacker"], row["endpoint"], row["kind"], int(row["time"].timestamp()) // 3600].add(row["subject"])
    most = Counter()
    for (*series, _), subjects in hours.items():
        most[tuple(series)] = max(most[tuple(series)], len(subjects))
    return most


@pytest.mark.parametrize("seed", range(10, 16))
@pytest.mark.parametrize("variant", [{}, {"weeks": 2, "rotate_days": 2}, {"missing": "oldest"}], ids=str)
def test_nobody_is_faster_in_the_gap_than_the_logs_show(make_world, truth_of, seed, variant):
    rows = truth_of(make_world(seed=seed, **variant), "disclosures")
    lost = fastest([row for row in rows if row["expected"] == "gap"], seen=False)
    logged = fastest(
        [row for row in rows if row["whole"] and row["expected"] in ("confirmed", "unnamed") and "/web-1/" in row["file"]],
        seen=True,
    )

    assert {series: (most, logged[series]) for series, most in lost.items() if most > logged[series]} == {}


def test_in_a_hurried_world_somebody_is(make_world, truth_of):
    rows = truth_of(make_world(gap="hurry"), "disclosures")
    lost = fastest([row for row in rows if row["expected"] == "gap"], seen=False)
    logged = fastest([row for row in rows if row["expected"] == "confirmed"], seen=True)

    assert any(most > 5 * logged[series] for series, most in lost.items())
