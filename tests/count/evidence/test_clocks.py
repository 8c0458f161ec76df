"""Clocks: what shared requests prove about two servers' clocks, whatever their stamps mean and however coarse they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.case import create_case
from amends.cli.frame import main
from amends.count.evidence.clocks import Clocks, clocks
from amends.count.evidence.schema import EVENTS
from amends.engine import Engine, Table, open_engine

START = datetime(2026, 3, 1, tzinfo=UTC)
EDGE, APP = "aa" * 32, "bb" * 32


@dataclass(frozen=True)
class FakeSource:
    sha256: str
    layer: str
    time_is: str = "end"
    events: int = 100


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with open_engine(spill=tmp_path_factory.mktemp("spill"), memory_bytes=1 << 29, threads=1) as opened:
        yield opened


def both(
    ahead: float, *, day: int = 0, count: int = 50, grain: float = 0.001, time_is: tuple[str, str] = ("end", "end"), seed: int = 1
) -> list[dict[str, Any]]:
    """Requests that the edge and the app logged; the app's clock is so many seconds ahead."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        start = START + timedelta(days=day, hours=10, seconds=float(rng.uniform(0, 3600)))
        before, took, after = (float(part) for part in rng.uniform(0.0005, 0.2, 3))
        spans = {EDGE: (start, before + took + after), APP: (start + timedelta(seconds=before + ahead), took)}
        for place, (source, (began, length)) in enumerate(spans.items()):
            stamp = began if time_is[place] == "start" else began + timedelta(seconds=length)
            since = (stamp - START) // timedelta(seconds=grain) * timedelta(seconds=grain)
            server, layer = ("cdn", "edge") if source == EDGE else ("web-1", "app")
            row = {"source": source, "line": number + 1, "time": START + since, "server": server, "layer": layer}
            rows.append(row | {"request_id": f"r{day}-{number}", "took_us": int(length * 1000) * 1000})
    return rows


def found(engine: Engine, rows: list[dict[str, Any]], time_is: tuple[str, str] = ("end", "end")) -> list[Clocks]:
    engine.register("events", pa.Table.from_pylist(rows, schema=EVENTS))
    known: Any = [FakeSource(EDGE, "edge", time_is[0]), FakeSource(APP, "app", time_is[1])]
    return clocks(known, Table.named("events"), engine)


@given(
    ahead=st.floats(-5000, 5000),
    grain=st.sampled_from([0.001, 1.0]),
    time_is=st.tuples(*[st.sampled_from(["start", "end"])] * 2),
    seed=st.integers(0, 1000),
)
def test_the_true_offset_lies_within_the_interval(engine: Engine, ahead: float, grain: float, time_is: Any, seed: int) -> None:
    (pair,) = found(engine, both(ahead, grain=grain, time_is=time_is, seed=seed), time_is)

    assert (pair.outer, pair.inner) == (("cdn", "edge"), ("web-1", "app"))
    for phase in pair.phases:
        assert phase.most is not None
        assert phase.least <= timedelta(seconds=ahead) + timedelta(microseconds=1)
        assert phase.most >= timedelta(seconds=ahead) - timedelta(microseconds=1)


def test_many_requests_in_fine_stamps_leave_little_room(engine: Engine) -> None:
    (pair,) = found(engine, both(2.5, count=500))

    (phase,) = pair.phases
    assert phase.most is not None
    assert phase.most - phase.least < timedelta(milliseconds=30)
    assert phase.requests == 500


def test_a_clock_that_was_set_begins_another_phase(engine: Engine) -> None:
    (pair,) = found(engine, [*both(0, day=0), *both(0, day=1), *both(-3600, day=2), *both(-3600, day=3)])

    assert [(phase.first, phase.last) for phase in pair.phases] == [
        (date(2026, 3, 1), date(2026, 3, 2)),
        (date(2026, 3, 3), date(2026, 3, 4)),
    ]


def test_a_clock_that_was_set_within_a_day_is_told(engine: Engine) -> None:
    rows = [row | {"request_id": f"{row['request_id']}x", "line": row["line"] + 100} for row in both(60)]

    (pair,) = found(engine, [*both(0), *rows])

    assert [phase.is_torn for phase in pair.phases] == [True]


def test_without_the_time_taken_an_end_says_at_least_how_much(engine: Engine) -> None:
    (pair,) = found(engine, [row | {"took_us": None} for row in both(5)])

    (phase,) = pair.phases
    assert phase.most is None
    assert timedelta(seconds=4.5) < phase.least <= timedelta(seconds=5)


def test_an_id_that_a_server_logged_twice_joins_nothing_and_one_layer_has_no_pairs(engine: Engine) -> None:
    assert found(engine, [row | {"request_id": "same"} for row in both(5)]) == []
    one: Any = [FakeSource(APP, "app")]
    assert clocks(one, Table.named("events"), engine) == []


def test_requests_without_an_id_are_never_matched(engine: Engine, tmp_path: Path) -> None:
    assert found(engine, [row | {"request_id": None} for row in both(5)]) == []


def test_the_command_tells_how_clocks_stood_and_what_stamps_mean(tmp_path: Path, capsys: Any) -> None:
    case = create_case(tmp_path / "case", company="Shop", zone="Asia/Seoul")
    rows = both(2.5, count=40, time_is=("end", "end"))
    for server, name in (("cdn", "edge"), ("web-1", "app")):
        lines = [
            {"@timestamp": row["time"].isoformat(timespec="milliseconds"), "http.request.id": row["request_id"]}
            | {"duration": row["took_us"] // 1000, "http.request.method": "GET", "url.original": "/", "source.ip": "203.0.113.7"}
            for row in sorted(rows, key=lambda row: row["time"])
            if row["server"] == server
        ]
        (tmp_path / f"{name}.log").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        words = ["ingest", str(case.path), str(tmp_path / f"{name}.log"), "--server", server, "--layer", name]
        assert main(words) == 0
    combined = '203.0.113.7 - - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n'
    (tmp_path / "common.log").write_text(combined * 3, "utf-8")
    assert main(["ingest", str(case.path), str(tmp_path / "common.log"), "--server", "web-2", "--format", "apache"]) == 0
    capsys.readouterr()

    assert main(["sources", str(case.path)]) == 0

    text = capsys.readouterr().out
    found = re.search(r"clock    web-1 \(app\) against cdn \(edge\), 2026-03-01: (\S+) to (\S+) s, by 40 shared requests", text)
    assert found
    assert 2.4 < float(found[1]) <= 2.5 <= float(found[2]) < 2.6
    assert "stamps   the end of an answer in json; the start of an answer in apache" in text
