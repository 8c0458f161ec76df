from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from amends.count.evidence.schema import EVENTS
from amends.count.evidence.sources import events_file, write_sources
from amends.count.evidence.verify import verify
from amends.count.evidence.workers import Task


def faults(case) -> list[str]:
    return [fault.what for fault in verify(case).faults]


@pytest.fixture
def taken(take, line):
    lines = [line(second) for second in range(20)]
    return take({"access.log.1": b"".join(lines[:12]) + b"junk\n", "access.log": b"".join(lines[8:])})


def test_an_untouched_case_holds(case, taken):
    assert verify(case).holds
    assert verify(case).sources == 2


def test_one_changed_bit_of_the_evidence_is_told(case, taken):
    stored = case.evidence / taken.sources[0].sha256
    stored.chmod(0o600)
    stored.write_bytes(stored.read_bytes().replace(b"GET", b"GEX", 1))

    assert [what.split(":")[0] for what in faults(case)] == ["the stored bytes have changed from the case"]


def test_evidence_that_is_gone_is_told(case, taken):
    (case.evidence / taken.sources[0].sha256).unlink()

    assert faults(case) == ["the stored bytes are gone from the case"]


def test_a_file_left_in_place_is_hashed_where_it_is(case, take, tmp_path, line):
    take({"access.log": line(0)}, in_place=True)
    (tmp_path / "logs" / "access.log").write_bytes(line(1))

    assert [what.split(":")[0] for what in faults(case)] == ["the stored bytes have changed where it was left"]


def test_evidence_without_a_statement_is_told(case, taken):
    (case.evidence / f"{taken.sources[0].sha256}.json").unlink()

    assert any(what.startswith("evidence without its statement") for what in faults(case))
    assert any(what.startswith("a row in sources.parquet without") for what in faults(case))


def test_lost_events_are_told(case, taken):
    events_file(case, taken.sources[0].sha256).unlink()

    assert any("missing or of another version" in what for what in faults(case))


def test_an_event_that_was_taken_out_is_told(case, taken):
    file = events_file(case, taken.sources[0].sha256)
    table = pq.read_table(file, schema=EVENTS)
    metadata = pq.read_metadata(file).metadata
    pq.write_table(table.slice(1).replace_schema_metadata({b"amends": metadata[b"amends"]}), file)

    assert any("events and" in what for what in faults(case))
    assert any("a line stands twice, or not at all" in what for what in faults(case))


def test_a_row_that_says_other_repeats_is_told(case, taken):
    from dataclasses import replace

    changed = [replace(source, repeats=source.repeats + 1, events=source.events - 1) for source in taken.sources]
    write_sources(case, changed)

    assert len([what for what in faults(case) if "repeats in its row" in what]) == 2


def test_a_source_that_was_taken_and_not_read_is_told(case, taken):
    write_sources(case, taken.sources[:1])

    assert "taken, but not read: run amends ingest CASE" in faults(case)


def test_tasks_travel_to_other_processes(case, taken):
    import pickle

    from amends.count.evidence.detect import Choice
    from amends.count.evidence.settings import Reading
    from amends.count.evidence.store import statements

    task = Task(statements(case)[0], Reading(principal=("a",), columns={"b": "c"}), Choice("nginx", "named"))

    assert pickle.loads(pickle.dumps(task)) == task
    assert pickle.loads(pickle.dumps(case)).path == case.path
