from __future__ import annotations

import pytest

from amends.count.evidence.errors import NO_EVENTS_FILE
from amends.count.evidence.examples import first_rejects, rejected
from amends.count.evidence.sources import events_file
from amends.count.evidence.view import EVENT_COLUMNS, REJECT_COLUMNS, events_table, rejects_table
from amends.engine import Query, open_engine
from amends.engine.query import I64
from amends.errors import AmendsError, Place


@pytest.fixture
def engine(case):
    with open_engine(spill=case.spill) as opened:
        yield opened


def number(engine, table) -> int:
    return engine.row(Query(columns={"n": I64}, sql=f"select count(*) as n from {table}"))["n"]


def test_repeats_are_left_out_and_nothing_else(case, take, engine, line):
    lines = [line(second) for second in range(20)]
    take({"access.log.1": b"".join(lines[:12]), "access.log": b"".join(lines[8:]), "other.log": line(500) + line(501)})

    assert number(engine, events_table(case)) == 22


def test_columns_are_those_of_the_schema_with_and_without_sources(case, take, engine, line):
    query = Query(columns=EVENT_COLUMNS, sql=f"select * from {events_table(case)}")
    assert engine.columns(query) == EVENT_COLUMNS
    assert number(engine, events_table(case)) == 0

    take({"access.log": line(0) + b"junk\n" + line(1), "copy.log": line(0) + b"junk\n" + line(1) + line(2)})

    assert engine.columns(Query(columns=EVENT_COLUMNS, sql=f"select * from {events_table(case)}")) == EVENT_COLUMNS
    assert engine.columns(Query(columns=REJECT_COLUMNS, sql=f"select * from {rejects_table(case)}")) == REJECT_COLUMNS


def test_a_lost_file_of_events_is_told(case, take, line):
    done = take({"access.log": line(0)})
    events_file(case, done.sources[0].sha256).unlink()

    with pytest.raises(AmendsError) as caught:
        events_table(case)
    assert caught.value.code == NO_EVENTS_FILE


def test_rejects_are_told_by_reason_with_the_places_of_the_first(case, take, engine, line):
    done = take({"access.log": (line(0) + b"\n") * 5 + line(9) + b"junk\n"})
    query = first_rejects(rejects_table(case))

    found = rejected(case, engine, list(done.sources))

    path = done.sources[0].path
    assert (found[0].reason, found[0].lines) == ("empty", 5)
    assert found[0].examples == (Place(path, 2), Place(path, 4), Place(path, 6))
    assert engine.columns(query) == query.columns
