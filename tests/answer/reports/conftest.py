"""A small shop that leaked, counted and reported once for all tests here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from shutil import copytree
from typing import Any

import pytest

from amends.answer.reports.exposure import exposure_report
from amends.case import Case, create_case, open_case
from amends.count.evidence.account import LineAccount, account_of_lines
from amends.count.evidence.ingest import ingest
from amends.count.scope.answer import as_json
from amends.count.scope.run import Scope, scope
from amends.engine import open_engine
from amends.simulate import simulate

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@dataclass(frozen=True)
class Reported:
    case: Case
    scope: Scope
    lines: LineAccount
    page: str

    @property
    def data(self) -> dict[str, Any]:
        return as_json(self.scope)


def reported(case: Case) -> Reported:
    with open_engine(spill=case.spill) as engine:
        found = scope(case, engine=engine, now=NOW)
        lines = account_of_lines(case, engine)
    return Reported(case, found, lines, exposure_report(found, lines, case.settings))


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    folder = tmp_path_factory.mktemp("shop")
    simulate(folder / "world", members=600, lines=8_000, seed=3)
    create_case(folder / "case", company="Shop", zone="Asia/Seoul")
    copytree(folder / "world" / "case", folder / "case", dirs_exist_ok=True)
    case = open_case(folder / "case")
    ingest(case, [str(folder / "world" / "logs")], now=NOW)
    return reported(case)
