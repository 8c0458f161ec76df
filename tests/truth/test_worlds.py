"""Simulated leaks, from raw lines to bounds, against what was planted in them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from amends.case import Case, create_case, open_case
from amends.count.evidence.ingest import ingest
from amends.count.evidence.sources import Source, sources
from amends.count.evidence.view import events_table, rejects_table
from amends.count.scope.answer import as_json
from amends.count.scope.run import Scope, scope
from amends.engine import Query, open_engine
from amends.engine.query import I64, TEXT
from amends.simulate import Variant, simulate

NOW = datetime(2026, 11, 24, tzinfo=UTC)

# Ten seeds; each differs in more than its seed.
WORLDS = {
    1: Variant(),
    2: Variant(weeks=6, joins="snapshot"),
    3: Variant(joins="none", overlap=7),
    4: Variant(missing=None, torn=False),
    5: Variant(missing="oldest", dirty=0.01),
    6: Variant(servers=("web-1", "web-2"), weeks=5),
    7: Variant(servers=("web-1", "admin-1", "api-1"), dirty=0.003),
    8: Variant(unread=5, rotate_days=3),
    9: Variant(unmapped="harmless", overlap=90),
    10: Variant(missing=None, unread=0, dirty=0.0, joins="snapshot"),
}
# Worlds that break what upper leans on, with the assumption that must then stand in the answer.
BROKEN = {
    "hurry": (Variant(gap="hurry"), "no faster in the gap than ever seen"),
    "enumerator": (Variant(gap="enumerator"), "no faster in the gap than ever seen"),
    "unlogged": (Variant(unlogged_days=3), "no faster in the gap than ever seen"),
    "unmapped": (Variant(unmapped="leaking", missing=None), "unmapped endpoints gave nothing"),
}


@dataclass(frozen=True)
class Counted:
    """One world, what was ingested of it, and the run."""

    world: Path
    case: Case
    sources: tuple[Source, ...]
    run: Scope
    data: dict[str, Any]

    @property
    def truth(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(self.world / "truth" / "disclosures.parquet").to_pylist()
        return rows

    def subjects(self, kind: str, *expected: str) -> set[str]:
        return {row["subject"] for row in self.truth if row["kind"] == kind and (not expected or row["expected"] in expected)}


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Counted]:
    """Worlds by seed and variant. Each is made and ingested once, whichever of the parallel workers comes first."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "worlds"
    made: dict[tuple[int, Variant], Counted] = {}

    def count(seed: int, variant: Variant) -> Counted:
        if (seed, variant) not in made:
            made[seed, variant] = _counted(shared / hashlib.sha256(repr((seed, variant)).encode()).hexdigest(), seed, variant)
        return made[seed, variant]

    return count


def _counted(folder: Path, seed: int, variant: Variant) -> Counted:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "case" / "sources.parquet").exists():
            _make(folder, seed, variant)
        case = open_case(folder / "case")
        with open_engine(spill=case.spill, memory_bytes=1 << 29, threads=1) as engine:
            run = scope(case, engine=engine, now=NOW)
        return Counted(folder / "world", case, tuple(sources(case)), run, as_json(run))


def _make(folder: Path, seed: int, variant: Variant) -> None:
    world = simulate(folder / "world", members=3_000, lines=5_000, seed=seed, variant=variant)
    create_case(folder / "case", company="Shop", zone="Asia/Seoul")
    shutil.copytree(world.case, folder / "case", dirs_exist_ok=True)
    ingest(open_case(folder / "case"), [str(world.logs)], now=NOW, workers=1)


@pytest.fixture(params=sorted(WORLDS), ids=lambda seed: f"seed {seed}")
def world(request: pytest.FixtureRequest, counted: Callable[..., Counted]) -> Counted:
    return counted(request.param, WORLDS[request.param])


def test_confirmed_pairs_equal_the_truth(world: Counted):
    exposure = pq.read_table(world.run.exposure).to_pylist()
    fields = world.run.inputs.map.fields

    found = {
        (row["kind"], row["subject"], key) for row in exposure for place, key in enumerate(fields) if row["fields"] >> place & 1
    }

    assert found == {(row["kind"], row["subject"], row["field"]) for row in world.truth if row["expected"] == "confirmed"}


def test_possible_subjects_hold_all_that_the_log_shows_cut(world: Counted):
    exposure = pq.read_table(world.run.exposure).to_pylist()

    named = {(row["kind"], row["subject"]) for row in exposure}

    assert {(row["kind"], row["subject"]) for row in world.truth if row["expected"] in ("confirmed", "possible")} <= named


def test_the_truth_lies_within_the_bounds(world: Counted):
    for kind, unit in (("account", "accounts"), ("contact", "contacts")):
        true = len(world.subjects(kind))
        bounds = world.data["units"][unit]

        assert bounds["confirmed"] <= bounds["lower"] <= true <= bounds["upper"] <= bounds["ceiling"]


def test_the_true_number_of_people_and_of_those_who_are_not_members_lies_within_the_bounds(world: Counted):
    true = json.loads((world.world / "truth" / "truth.json").read_text())["people"]

    for name, bounds in (("people", world.data["units"]["people"]), ("non_members", world.data["non_members"])):
        assert bounds["lower"] <= true["confirmed"][name] <= true["exposed"][name] <= bounds["upper"] <= bounds["ceiling"]
    assert world.data["units"]["people"]["lower"] > 0.9 * true["confirmed"]["people"]


def test_the_true_number_of_each_field_lies_within_its_bounds(world: Counted):
    for kind, unit in (("account", "accounts"), ("contact", "contacts")):
        true = Counter(field for _, field in {(row["subject"], row["field"]) for row in world.truth if row["kind"] == kind})
        for key, field in world.data["fields"].items():
            if unit in field["by_unit"]:
                bounds = field["by_unit"][unit]
                assert bounds["confirmed"] <= bounds["lower"] <= true[key] <= bounds["upper"]


def test_both_equations_close(world: Counted):
    assert world.run.closes


def test_every_line_is_accounted_for(world: Counted):
    assert all(source.balance.closes for source in world.sources)


def test_every_planted_line_is_what_was_expected(world: Counted):
    planted = pq.read_table(world.world / "truth" / "planted.parquet").to_pylist()

    found = Counter(_what_became(world, [(row["file"], row["line"]) for row in planted]))

    assert found == Counter((row["file"], row["line"], row["expected"].split(":")[0]) for row in planted)


def test_each_event_of_an_attacker_is_in_the_misuse(world: Counted):
    logged = [row for row in pq.read_table(world.world / "truth" / "misuse.parquet").to_pylist() if row["legible"]]
    became = _what_became(world, [(row["file"], row["line"]) for row in logged])

    assert world.run.counted.account.events == sum(what == "event" for _, _, what in became)


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_assumption_stays_within_the_ceiling_and_is_printed(name: str, counted: Callable[..., Counted]):
    variant, assumption = BROKEN[name]

    world = counted(31, variant)

    broken = json.loads((world.world / "truth" / "truth.json").read_text())["breaks"]
    assert name == "unlogged" or assumption in broken
    assert assumption in world.data["assumes"]
    for kind, unit in (("account", "accounts"), ("contact", "contacts")):
        bounds = world.data["units"][unit]
        assert bounds["lower"] <= len(world.subjects(kind)) <= bounds["ceiling"]


def _what_became(world: Counted, places: list[tuple[str, int]]) -> list[tuple[str, int, str]]:
    """`event`, `reject` or `repeat` for each (file, line)."""
    hashes = {_relative(source.path): source.sha256 for source in world.sources}
    with open_engine(spill=world.case.spill, memory_bytes=1 << 28, threads=1) as engine:
        columns = {"source": TEXT, "line": I64}
        sql = "select source::varchar as source, line::bigint as line from {}"
        events = {tuple(row.values()) for row in engine.rows(Query(columns, sql.format(events_table(world.case))))}
        rejects = {tuple(row.values()) for row in engine.rows(Query(columns, sql.format(rejects_table(world.case))))}
    repeats = {(row["source"], row["line"]) for row in pq.read_table(world.case.repeats_file).to_pylist()}
    found = []
    for file, line in places:
        place = (hashes[file], line)
        what = [name for name, members in (("event", events), ("reject", rejects), ("repeat", repeats)) if place in members]
        found.append((file, line, "+".join(what)))
    return found


def _relative(path: str) -> str:
    return path[path.index("logs/") :]
