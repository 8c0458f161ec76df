"""Whose rows the statements of a database's audit log gave out, counted from the raw log of the format's sample."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from amends.case import create_case, open_case
from amends.count.evidence.ingest import ingest
from amends.count.scope.run import Scope, scope
from amends.engine import open_engine

NOW = datetime(2026, 11, 24, tzinfo=UTC)
MAP = """
version: 1
subjects:
  account: {label: {en: account}}
endpoints:
  - id: account
    request: GET /shop/{class}/SELECT/public.account  # as pgaudit.log_relation names it
    discloses:
      - {subject: account, key: query.id, fields: [user.name, user.contact.email]}
  - id: account-as-written
    request: GET /shop/{class}/SELECT/account  # as the statement names it
    discloses:
      - {subject: account, key: query.id, fields: [user.name, user.contact.email]}
  - id: dump
    request: GET /shop/LOG/COPY/account
    discloses:
      - {subject: account, key: unknown, rows: [0, 1000], fields: [user.name, user.contact.email]}
  - {id: roles, request: GET /shop/READ/SELECT/public.account_role_map, discloses: []}
  - {id: no-read, request: 'POST /{database}/{class}/{command}/{object}', discloses: []}
"""
MISUSE = """
- {id: all, author: a, at: 2026-11-03T00:00:00Z, reason: r, where: {account: [support, api, report]}}
"""


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Scope:
    case = create_case(tmp_path_factory.mktemp("statements") / "case", company="Shop", zone="Asia/Seoul")
    (case.path / "datamap.yaml").write_text(MAP)
    (case.path / "misuse.yaml").write_text(MISUSE)
    case = open_case(case.path)
    ingest(case, [str(root / "tests" / "samples" / "pgaudit.csv")], now=NOW, workers=1)
    with open_engine(spill=case.spill, memory_bytes=1 << 28, threads=1) as engine:
        return scope(case, engine=engine, now=NOW)


def test_each_account_that_a_statement_asks_for_is_counted(counted: Scope):
    rows = pq.read_table(counted.exposure).to_pylist()

    confirmed = {row["subject"] for row in rows if row["views"]}
    assert confirmed == {"17", "20", "21"}, "statements that are known to have ended well"
    assert {row["subject"] for row in rows} - confirmed == {"18", "19"}, "begun, and how they ended is not logged"


def test_what_a_statement_without_conditions_gave_out_stands_in_the_upper_bound(counted: Scope):
    bounds = counted.counted.bounds["account"]

    assert (bounds.lower, bounds.upper) == (3, 5 + 1000 + 1000), "the copy, and the torn line that may have been another"


def test_every_line_of_the_log_is_mapped(counted: Scope):
    assert counted.unmapped == ()
