"""A draft from the logs names what the map does not, and says of no endpoint that it gives nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from amends.count.datamap.drafts.draft import as_yaml
from amends.count.datamap.drafts.logs import NO_MAP, drafted
from amends.count.datamap.load import parse
from amends.count.evidence.schema import EVENTS
from amends.engine import Table, open_engine

MAP = b"version: 1\nsubjects: {}\nendpoints: [{id: health, request: GET /health, discloses: []}]\n"
TARGETS = [("/health", 200), ("/p/123?x=1", 200), ("/p/456", 200), ("/wp-login.php", 404), ("/" + "a/" * 14 + "b", 200)]


def test_successful_requests_that_the_map_does_not_name_are_drafted(tmp_path: Path) -> None:
    common: dict[str, Any] = {"source": "s" * 64, "time": datetime(2026, 3, 1, tzinfo=UTC), "method": "GET"}
    rows = [common | {"line": line, "target": target, "status": status} for line, (target, status) in enumerate(TARGETS, 1)]
    with open_engine(spill=tmp_path / "spill", memory_bytes=1 << 29, threads=1) as engine:
        engine.register("events", pa.Table.from_pylist(rows, schema=EVENTS))
        events, map = Table.named("events"), parse(MAP, folder=tmp_path)

        new = as_yaml(drafted(events, map, paths={"s" * 64: "access.log"}, engine=engine), origin="the logs")
        all = as_yaml(drafted(events, NO_MAP, paths={}, engine=engine), origin="the logs")

    assert '  #   request: "GET /p/{id}"' in new
    assert "2 successful requests, the first in access.log, line 2" in new
    assert "health" not in new
    assert "wp-login" not in new
    assert "left out" in new  # deeper than a shape is followed
    assert '  #   request: "GET /health"' in all
    assert parse(new.encode(), folder=tmp_path).endpoints == ()
