from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from amends.case import open_case
from amends.count.evidence.coverage import NO_WINDOW, Coverage, coverage, traffic_by_bucket
from amends.count.evidence.ingest import ingest
from amends.count.evidence.view import events_table
from amends.engine import open_engine
from amends.units import Period

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
START = datetime(2025, 11, 18, tzinfo=UTC)
HOUR = 3600


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def covered(case, window: Period | None = None) -> Coverage:
    opened = open_case(case.path)
    opened = replace(opened, settings=replace(opened.settings, window=window))
    with open_engine(spill=case.spill) as engine:
        return coverage(opened, engine)


def lines_of(line, start: int, end: int, every: int = 5) -> bytes:
    return b"".join(line(second) for second in range(start, end, every))


def told(found: Coverage) -> list[tuple[str | None, datetime, datetime, str]]:
    return [(gap.server, gap.period.start, gap.period.end, gap.reason) for gap in found.gaps]


def test_whole_logs_cover_the_whole_window(case, take, line):
    take({"access.log": lines_of(line, 0, 6 * HOUR)})

    found = covered(case, Period(at(0), at(6 * HOUR)))

    assert (told(found), found.share, found.assumes) == ([], 1.0, ())


def test_a_missing_rotation_is_a_gap_between_two_sources(case, take, line):
    take({"b.log": lines_of(line, 0, 3 * HOUR), "a.log": lines_of(line, 5 * HOUR, 8 * HOUR)})

    found = covered(case, Period(at(0), at(8 * HOUR)))

    assert told(found) == [(None, at(3 * HOUR - 5), at(5 * HOUR), "missing rotation")]
    assert found.share == pytest.approx(1 - (2 * HOUR + 5) / (8 * HOUR))


def test_a_hole_in_the_numbers_of_rotation_is_a_gap_even_where_traffic_is_thin(case, take, line):
    take({"access.log": line(9 * HOUR) + line(9 * HOUR + 5), "access.log.2.gz": gzip.compress(line(0) + line(60))})

    assert told(covered(case)) == [(None, at(60), at(9 * HOUR), "missing rotation: access.log.1")]


def test_a_cut_gz_is_a_gap_from_its_last_time_to_the_next_source(case, take, line):
    whole = gzip.compress(lines_of(line, 0, 4 * HOUR, every=1))
    take({"access.log.1.gz": whole[: len(whole) // 2], "access.log": lines_of(line, 4 * HOUR, 6 * HOUR)})

    (gap,) = covered(case).gaps

    assert gap.reason.startswith("fault: gzip")
    assert at(HOUR) < gap.period.start < at(4 * HOUR) == gap.period.end


def test_a_fault_leaves_no_gap_where_a_whole_copy_covers_the_time(case, take, line):
    text = lines_of(line, 0, 2 * HOUR, every=1)
    whole = gzip.compress(text)
    take({"access.log.1.gz": whole[: len(whole) // 2], "copy.log": text})

    assert told(covered(case)) == []


def test_a_torn_end_before_a_silence_is_told_as_such(case, take, line):
    take({"a.log": lines_of(line, 0, 3 * HOUR)[:-20], "b.log": lines_of(line, 5 * HOUR, 8 * HOUR)})

    ((_, start, end, reason),) = told(covered(case))
    assert (start, end, reason) == (at(3 * HOUR - 10), at(5 * HOUR), "torn end: the rest of the source is missing")


def test_a_silence_within_one_source_is_a_gap(case, take, line):
    take({"access.log": lines_of(line, 0, 3 * HOUR) + lines_of(line, 4 * HOUR, 7 * HOUR)})

    ((_, start, end, reason),) = told(covered(case))
    assert (start, end) == (at(3 * HOUR - 5), at(4 * HOUR))
    assert reason == "silence within a source that the traffic does not explain"


def test_time_before_the_first_and_after_the_last_event_is_a_gap_of_the_window(case, take, line):
    take({"access.log": lines_of(line, 10 * HOUR, 14 * HOUR)})

    found = covered(case, Period(at(0), at(24 * HOUR)))

    assert told(found) == [
        (None, at(0), at(10 * HOUR), "before the first event"),
        (None, at(14 * HOUR - 5), at(24 * HOUR), "after the last event"),
    ]


def test_without_a_window_it_is_first_to_last_event_and_said(case, take, line):
    take({"access.log": lines_of(line, 0, HOUR)})

    found = covered(case)

    assert found.assumes == (NO_WINDOW,)
    assert found.window == Period(at(0), at(HOUR - 5) + timedelta(microseconds=1))


def test_a_server_that_a_block_names_and_no_source_belongs_to_is_missing_altogether(case, take, line):
    with case.settings_file.open("a") as file:
        for server in ("web-1", "web-2"):
            file.write(f'\n[[evidence]]\nmatch = "{server}/*"\nserver = "{server}"\n')
    take({"web-1/access.log": lines_of(line, 0, HOUR)})
    ingest(open_case(case.path), [], now=NOW)

    assert told(covered(case, Period(at(0), at(HOUR)))) == [("web-2", at(0), at(HOUR), "no source")]


def test_a_gap_is_time_that_no_layer_covers(case, take, line):
    app = lines_of(line, 0, 2 * HOUR) + lines_of(line, 6 * HOUR, 9 * HOUR)
    edge = lines_of(line, 0, 5 * HOUR) + lines_of(line, 8 * HOUR, 9 * HOUR)
    take({"app.log": app}, options={"server": "web-1", "layer": "app"})
    take({"edge.log": edge}, options={"server": "cdn-1", "layer": "edge"})

    found = covered(case)

    assert [(gap.server, gap.period.start, gap.period.end) for gap in found.gaps] == [
        ("cdn-1", at(5 * HOUR - 5), at(6 * HOUR)),
        ("web-1", at(5 * HOUR - 5), at(6 * HOUR)),
    ]
    assert [(gap.server, gap.period.start, gap.period.end) for gap in found.own_gaps] == [
        ("cdn-1", at(5 * HOUR - 5), at(8 * HOUR)),
        ("web-1", at(2 * HOUR - 5), at(6 * HOUR)),
    ]


def test_a_layer_covers_only_while_each_of_its_servers_does(case, take, line):
    take({"a.log": lines_of(line, 0, 6 * HOUR)}, options={"server": "web-1", "layer": "app"})
    take({"b.log": lines_of(line, 0, 2 * HOUR) + lines_of(line, 4 * HOUR, 6 * HOUR)}, options={"server": "web-2", "layer": "app"})
    take({"edge.log": lines_of(line, 0, HOUR) + lines_of(line, 3 * HOUR, 6 * HOUR)}, options={"server": "cdn-1", "layer": "edge"})

    found = covered(case)

    assert {(gap.server, gap.period.start, gap.period.end) for gap in found.gaps} == {
        ("web-2", at(2 * HOUR - 5), at(3 * HOUR)),
        ("cdn-1", at(2 * HOUR - 5), at(3 * HOUR)),
    }


def test_without_a_window_a_server_that_comes_late_has_a_gap_before_its_first_event(case, take, line):
    take({"a.log": lines_of(line, 0, 9 * HOUR)}, options={"server": "web-1"})
    take({"b.log": lines_of(line, 5 * HOUR, 9 * HOUR)}, options={"server": "web-2"})

    assert told(covered(case)) == [("web-2", at(0), at(5 * HOUR), "before the first event")]


def test_hours_count_the_events_of_each_server(case, take, line):
    take({"access.log": lines_of(line, 0, HOUR + 100)}, options={"server": "web-1"})

    assert covered(case).hours.to_pylist() == [
        {"server": "web-1", "layer": "app", "hour": at(0), "events": 720},
        {"server": "web-1", "layer": "app", "hour": at(HOUR), "events": 20},
    ]


def test_a_case_without_events_covers_nothing_and_says_so(case):
    found = covered(case)

    assert (found.window, found.share, found.gaps) == (None, None, ())


def test_the_statement_gives_the_columns_that_it_declares(case, take, line):
    take({"access.log": line(0)})
    query = traffic_by_bucket(events_table(case))

    with open_engine(spill=case.spill) as engine:
        assert engine.columns(query) == query.columns
