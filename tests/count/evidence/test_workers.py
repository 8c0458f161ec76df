from __future__ import annotations

import pytest

from amends.count.evidence import workers
from amends.count.evidence.detect import Choice
from amends.count.evidence.errors import CHANGED_SOURCE, WORKER_DIED
from amends.count.evidence.settings import Reading
from amends.count.evidence.store import statements
from amends.count.evidence.workers import Task, read_all
from amends.errors import AmendsError


@pytest.fixture
def tasks(case, take, line, monkeypatch):
    take({"a.log": line(0), "b.log": line(1)})
    monkeypatch.setattr(workers, "SMALL_BYTES", 0)
    return [Task(statement, Reading(), Choice("nginx", "named")) for statement in statements(case)]


def read(case, tasks) -> None:
    list(read_all(case, tasks, workers=2, advance=lambda _: None))


def test_progress_adds_up_to_the_stored_bytes(case, tasks):
    advanced: list[int] = []

    facts = list(read_all(case, tasks, workers=2, advance=advanced.append))

    assert sum(advanced) == sum(task.statement.size for task in tasks)
    assert sorted(found.sha256 for found in facts) == sorted(task.statement.sha256 for task in tasks)


def test_a_fault_of_ours_in_a_process_is_told_by_its_place_and_not_by_its_words(case, tasks):
    broken = [Task(task.statement, task.reading, Choice("no such format", "")) for task in tasks]

    with pytest.raises(AmendsError) as caught:
        read(case, broken)

    assert caught.value.code == WORKER_DIED
    assert "KeyError in readers.py" in caught.value.findings[0].expected
    assert "no such format" not in str(caught.value)


def test_a_coded_error_of_a_process_comes_through_as_it_is(case, tasks):
    stored = tasks[0].statement.stored(case)
    stored.chmod(0o600)
    stored.write_bytes(b"other bytes\n")

    with pytest.raises(AmendsError) as caught:
        read(case, tasks)

    assert caught.value.code == CHANGED_SOURCE
    assert caught.value.exit_status == 3
