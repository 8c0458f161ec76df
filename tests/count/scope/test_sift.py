"""What leaves the engine as numbers and what stays in it as rows count the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest

from amends.count.scope import sift
from amends.count.scope.gaps import Missing
from amends.units import Period

Count = Callable[..., Any]
MAP = """
version: 1
subjects:
  account: {label: {en: account}}
  contact: {label: {en: contact}}
endpoints:
  - id: profile
    request: GET /p/{id}
    disclosed_when: {status: [200], min_sent: 40}
    discloses:
      - {subject: account, key: path.id, fields: [user.name]}
      - {subject: account, key: path.id, fields: [user.date_of_birth], valid: {from: 2026-03-01T00:00:05Z}}
      - {subject: contact, key: account, fields: [user.contact.email]}
  - {id: me, request: GET /me, discloses: [{subject: contact, key: account, fields: [user.name]}]}
  - {id: search, request: GET /s, discloses: [{subject: account, key: query.ids, split: ",", fields: [user.name]}]}
  - {id: health, request: GET /health, discloses: []}
"""
EVENTS = [
    {"target": "/p/1", "account": "9"},
    {"target": "/p/2", "account": "9", "layer": "edge", "request_id": "r"},
    {"target": "/p/2", "account": "9", "layer": "app", "request_id": "r"},
    {"target": "/p/x", "account": "9"},
    {"target": "/p/3", "account": "ten", "server": "web-2"},
    {"target": "/p/3", "at": 7},
    {"target": "/p/3", "sent": 3, "at": 8000},
    {"target": "/p/1", "account": "9", "status": 304, "at": 9},
    {"target": "/p/4", "account": "8", "status": 304},
    {"target": "/me", "account": "8", "sent": None},
    {"target": "/s?ids=1,2,zz"},
    {"target": "/health"},
    {"target": "/else"},
    {"target": "/else", "status": 404},
    {"target": "/p/1", "method": "HEAD"},
]


def test_what_leaves_the_engine_counts_as_what_stays(count: Count, monkeypatch: pytest.MonkeyPatch, start: datetime):
    missing = (Missing("web-1", "app", Period(start, start + timedelta(hours=2)), "deleted"),)
    sifted = count(*EVENTS, map=MAP, missing=missing, name="sifted")
    monkeypatch.setattr(sift, "_plain_facets", lambda kind, ground: [])

    kept = count(*EVENTS, map=MAP, missing=missing, name="kept")

    assert sifted.exposure.read_bytes() == kept.exposure.read_bytes()
    assert sifted.views.read_bytes() == kept.views.read_bytes()
    assert sifted.counted == kept.counted
    assert sifted.counted.account.disclosures_balance.closes
    assert sifted.counted.account.events_balance.closes


def test_views_by_day_are_those_of_the_exposure_in_every_layer(count: Count):
    outer = {"target": "/p/7", "layer": "edge", "account": "1"}
    inner = {"target": "/p/7", "layer": "app", "account": "1"}
    found = count(outer, inner, inner, {**inner, "target": "/p/8"}, map=MAP)

    by_day = [row["views"] for row in pq.read_table(found.views).to_pylist() if row["field"] == "user.name"]
    exposed = [row["views"] for row in found.rows if row["kind"] == "account"]
    assert sum(by_day) == sum(exposed) == 2
