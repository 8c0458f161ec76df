from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from amends.case import create_case
from amends.record import queue_entry, queued

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
def case(tmp_path):
    return create_case(tmp_path / "case", company="Shop", zone="UTC")


def test_entries_wait_in_the_order_in_which_they_were_made(case):
    for minute in range(3):
        queue_entry(case, type="evidence", role="investigator", body={"sources": minute}, at=AT + timedelta(minutes=minute))

    assert [entry.body["sources"] for entry in queued(case)] == [0, 1, 2]


def test_entries_of_one_instant_keep_their_order(case):
    for number in range(12):
        queue_entry(case, type="exposure", role="investigator", body={"run": number}, at=AT)

    assert [entry.body["run"] for entry in queued(case)] == list(range(12))


def test_facts_are_born_public_and_evidence_sealed(case):
    queue_entry(case, type="fact", role="officer", body={}, at=AT)
    queue_entry(case, type="evidence", role="investigator", body={}, at=AT)

    assert {entry.type: entry.state for entry in queued(case)} == {"fact": "public", "evidence": "sealed"}


def test_an_entry_is_canonical_json(case):
    path = queue_entry(case, type="fact", role="officer", body={"b": 1, "a": "조"}, at=AT)

    assert path.read_bytes().decode().startswith('{"at":"2026-11-20T09:00:00Z","body":{"a":"조","b":1}')
    assert json.loads(path.read_bytes())["role"] == "officer"


def test_a_type_that_the_record_does_not_know_is_refused(case):
    with pytest.raises(ValueError, match="rumour"):
        queue_entry(case, type="rumour", role="officer", body={}, at=AT)
