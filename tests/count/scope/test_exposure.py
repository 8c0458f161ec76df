"""The file of the exposure: its order, its columns, the same bytes however it was made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import pytest

from amends.count.scope import exposure, numbers, sift
from amends.count.scope.exposure import EXPOSURE

Count = Callable[..., Any]
IDS = ("1", "10", "100", "101", "11", "2", "20", "9", "99", "999", "12345678901234567")
TEXTS = ("", "x", "1a", "10-b", "~", "é", "123456789012345678")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory for a few rows only, and the engine's answers in small batches."""
    monkeypatch.setattr(numbers, "CHUNK_ROWS", 3)
    monkeypatch.setattr(sift, "SORTED_PART", 1 << 60)
    monkeypatch.setattr(sift, "BATCH_ROWS", 2)
    monkeypatch.setattr(exposure, "BATCH_ROWS", 2)


@pytest.mark.parametrize("ids", [IDS, TEXTS[1:], (*IDS, *TEXTS[1:])], ids=["numbers", "texts", "numbers and texts"])
def test_how_rows_were_sorted_does_not_show_in_the_file(count: Count, request: pytest.FixtureRequest, ids: tuple[str, ...]):
    events = [{"target": f"/p/{id}"} for id in (*ids, *reversed(ids))]
    whole = count(*events, name="whole")
    request.getfixturevalue("small")

    cut = count(*events, name="cut")

    assert [row["subject"] for row in whole.rows] == sorted(ids, key=str.encode)
    assert cut.exposure.read_bytes() == whole.exposure.read_bytes()


@pytest.mark.usefixtures("small")
def test_row_groups_are_full_however_rows_were_sorted(count: Count, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exposure, "ROW_GROUP_ROWS", 4)

    found = count(*({"target": f"/p/{id}"} for id in (*IDS, *TEXTS[1:4])))

    metadata = pq.read_metadata(found.exposure)
    sizes = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    assert sizes == [4, 4, 4, 2]


def test_the_file_has_the_columns_that_are_declared(count: Count):
    found = count({"target": "/p/1"})

    assert pq.read_schema(found.exposure).names == EXPOSURE.names


@pytest.mark.parametrize("lines", [1, 1 << 30, 1 << 40], ids=["microseconds", "seconds", "128 bits"])
def test_places_hold_time_and_line_at_every_width(count: Count, lines: int):
    shift = 0.000001 if lines == 1 << 40 else 0
    events = [{"target": "/p/7", "at": 5 + shift, "line": lines + 1}, {"target": "/p/7", "at": 2, "line": lines + 2}]
    late = {"target": "/p/8", "at": 40_000_000, "line": lines, "source": "bb" * 32}

    found = count(*events, late, {"target": "/p/7", "at": 2, "line": lines, "source": "cc" * 32})

    row = found.subjects["7"]
    assert row["evidence"] == {"source": "aa" * 32, "line": lines + 2}
    assert (row["first"].second, row["last"].second, row["last"].microsecond) == (2, 5, round(shift * 1e6))


def test_of_two_views_at_one_time_the_smaller_hash_is_the_evidence(count: Count):
    events = [{"target": "/p/7", "at": 0, "line": 1, "source": "bb" * 32}, {"target": "/p/7", "at": 0, "line": 9}]

    assert count(*events).subjects["7"]["evidence"] == {"source": "aa" * 32, "line": 9}


def test_a_request_in_two_layers_is_one_view(count: Count):
    outer = {"target": "/p/7", "layer": "edge", "request_id": "r1"}
    inner = {"target": "/p/7", "layer": "app", "request_id": "r1"}
    only_inner = {"target": "/p/8", "layer": "app", "request_id": "r2"}

    found = count(outer, inner, only_inner)

    assert {subject: row["views"] for subject, row in found.subjects.items()} == {"7": 1, "8": 1}
    assert (found.counted.uncounted.views.confirmed, found.counted.uncounted.views.possible) == (1, 1)


def test_views_by_day_are_days_of_the_case(count: Count):
    found = count(
        {"target": "/p/7", "at": 14 * 3600}, {"target": "/p/7", "at": 16 * 3600}, {"target": "/p/7", "at": 17 * 3600, "sent": 1}
    )

    rows = pq.read_table(found.views).to_pylist()
    assert [(str(row["day"]), row["field"], row["views"], row["views_possible"]) for row in rows] == [
        ("2026-03-01", "user.name", 1, 0),
        ("2026-03-01", "user.contact.email", 1, 0),
        ("2026-03-02", "user.name", 1, 1),
        ("2026-03-02", "user.contact.email", 1, 1),
    ]
