"""Small cases: events in the schema of the evidence room, a map and a selection in YAML, counted without a case around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amends.case import Case, create_case, keyed_hash
from amends.count.datamap.load import parse
from amends.count.datamap.model import DataMap
from amends.count.evidence.holds import Order
from amends.count.evidence.schema import EVENTS, REJECTS
from amends.count.scope.ceilings import Ceiling
from amends.count.scope.evidence import Evidence
from amends.count.scope.gaps import Missing
from amends.count.scope.measure import Counted, measure
from amends.count.scope.misuse import parse_misuse
from amends.engine import Engine, Table, open_engine
from amends.units import Period

START = datetime(2026, 3, 1, tzinfo=UTC)
SOURCES = ("aa" * 32, "bb" * 32, "cc" * 32)

MAP = """
version: 1
subjects:
  account: {label: {en: account}}
endpoints:
  - id: profile
    request: GET /p/{id}
    disclosed_when: {status: [200], min_sent: 40}
    discloses:
      - {subject: account, key: path.id, fields: [user.name, user.contact.email]}
  - {id: health, request: GET /health, discloses: []}
"""
MISUSE = """
- {id: all, author: a, at: 2026-03-02T00:00:00Z, reason: r, where: {client: [203.0.113.7]}}
"""


@dataclass(frozen=True)
class Result:
    """What was counted, and the rows of the exposure."""

    counted: Counted
    rows: list[dict[str, Any]]
    exposure: Path
    views: Path
    map: DataMap

    @property
    def subjects(self) -> dict[str, dict[str, Any]]:
        return {row["subject"]: row for row in self.rows}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return create_case(tmp_path / "case", company="Shop", zone="Asia/Seoul")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with open_engine(spill=tmp_path / "spill", memory_bytes=1 << 29, threads=1) as opened:
        yield opened


def event(case: Case, number: int, **given: Any) -> dict[str, Any]:
    """One event; `at` is in seconds after START, `principal` in clear."""
    principal = given.pop("principal", "token-1")
    row = {
        "source": SOURCES[0],
        "line": number + 1,
        "time": START + timedelta(seconds=given.pop("at", number)),
        "server": "web-1",
        "layer": "app",
        "client": "203.0.113.7",
        "principal": keyed_hash(case.key(), principal) if principal is not None else None,
        "principal_kind": "tok",
        "method": "GET",
        "status": 200,
        "sent": 500,
    }
    return row | given


@pytest.fixture
def count(case: Case, engine: Engine, tmp_path: Path) -> Callable[..., Result]:
    """Count events that are given by what differs from an ordinary one."""

    def counted(
        *events: dict[str, Any],
        map: str = MAP,
        misuse: str = MISUSE,
        rejects: list[dict[str, Any]] | None = None,
        missing: tuple[Missing, ...] = (),
        own_gaps: tuple[Missing, ...] = (),
        ceilings: tuple[Ceiling, ...] = (),
        has_window: bool = True,
        clear: dict[str, str] | None = None,
        decoded: frozenset[str] = frozenset(),
        orders: tuple[Order, ...] = (),
        name: str = "run",
    ) -> Result:
        full = [event(case, number, **row) for number, row in enumerate(events)]
        engine.register("events", pa.Table.from_pylist(full, schema=EVENTS))
        if rejects is not None:
            engine.register("rejects", pa.Table.from_pylist(rejects, schema=REJECTS))
        read = parse(map.encode(), folder=case.path, zone=case.settings.zone)
        window = Period(START - timedelta(days=1), START + timedelta(days=2))
        evidence = Evidence(
            Table.named("events"),
            Table.named("rejects") if rejects is not None else None,
            missing,
            window,
            has_window,
            clear or {},
            own_gaps,
            decoded,
            orders,
        )
        exposure, views = tmp_path / f"{name}.parquet", tmp_path / f"{name}.views.parquet"
        result = measure(
            evidence, read, parse_misuse(misuse.encode(), map=read, case=case), ceilings,
            zone=case.settings.zone, engine=engine, exposure=exposure, views=views,
        )  # fmt: skip
        return Result(result, pq.read_table(exposure).to_pylist(), exposure, views, read)

    return counted


def reject(line: int, raw: bytes, *, reason: str = "torn", source: str = SOURCES[0]) -> dict[str, Any]:
    return {"source": source, "line": line, "offset": 0, "length": len(raw), "reason": reason, "raw": raw}


@pytest.fixture
def rejected() -> Callable[..., dict[str, Any]]:
    return reject


@pytest.fixture
def start() -> datetime:
    return START
