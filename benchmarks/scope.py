"""Scope: events to one row per subject with bounds, beside the bare scan and group-by on the same file, in CPU seconds.

usage: scope.py [--quick] [--json] [--events N] [--runs N] [--folder FOLDER]

Each run is a process of its own and reports the CPU seconds (user and system, all threads) and the peak memory of its work,
without start-up. `ours` begins at the mapped form (each event with its endpoint and path), as `bare` does, which aggregates the
same columns by account: no selection, no grades, no equations, no order. `whole` maps the events on the way, as a first run does.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

EVENTS, MEMBERS = 100_000_000, 33_700_000
QUICK_EVENTS = 3_000_000
GOAL_CPU_S, GOAL_GIB = 50.0, 6.0
GOAL_CPU_US = GOAL_CPU_S / EVENTS * 1e6
MEMORY_BYTES = 4_500_000_000  # for the engine; Python, Arrow and what is being written stand beside it
MAP = b"""
version: 1
subjects:
  account: {label: {en: customer account}}
endpoints:
  - id: profile
    request: GET /api/v1/customers/{id}
    disclosed_when: {status: [200], min_sent: 40}
    discloses:
      - {subject: account, key: path.id, fields: [user.name, user.contact.email, user.contact.phone_number]}
  - id: my-addresses
    request: GET /api/v1/me/addresses
    discloses:
      - {subject: account, key: account, fields: [user.contact.address.street]}
  - {id: product, request: 'GET /products/{id}', discloses: []}
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What one process used and found."""

    cpu_s: float
    peak_gib: float
    subjects: int


def ours(folder: Path) -> int:
    """Scope from the mapped form: selection, grades, equations, exposure, views by day, bounds."""
    return _scope(folder, is_mapped=True)


def whole(folder: Path) -> int:
    """The same from the events themselves."""
    return _scope(folder, is_mapped=False)


def _scope(folder: Path, *, is_mapped: bool) -> int:
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from amends.case import create_case
    from amends.count.datamap.load import parse
    from amends.count.scope.measure import Evidence, measure
    from amends.count.scope.misuse import parse_misuse
    from amends.engine import Table, open_engine
    from amends.units import Period

    facts = json.loads((folder / "facts.json").read_text())
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        case = create_case(work / "case", company="Shop", zone="Asia/Seoul")
        map = parse(MAP, folder=case.path)
        listed = "\n".join(f"hmac {principal}" for principal in facts["principals"])
        (case.path / "forged.txt").write_text(listed)
        rule = b"- {id: forged, author: a, at: 2026-01-01T00:00:00Z, reason: r, where: {principal: {file: forged.txt}}}\n"
        window = Period(datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
        kept = Table.parquet(sorted((folder / "mapped").glob("*.parquet")))
        evidence = Evidence(kept, None, (), window, True, {}, mapped=kept if is_mapped else None)
        with open_engine(spill=work / "spill", memory_bytes=MEMORY_BYTES) as engine:
            found = measure(
                evidence, map, parse_misuse(rule, map=map, case=case), (), zone=ZoneInfo("Asia/Seoul"), engine=engine,
                exposure=work / "exposure.parquet", views=work / "views.parquet",
            )  # fmt: skip
        if not (found.account.events_balance.closes and found.account.disclosures_balance.closes):
            raise SystemExit("an equation does not close")
        return found.rows


def bare(folder: Path) -> int:
    """Scan, id from the target, group by it, write the rows: no selection, no grades, no order."""
    import duckdb

    with tempfile.TemporaryDirectory(dir=folder) as work:
        limits = {"memory_limit": f"{MEMORY_BYTES}B", "temp_directory": work}
        connection = duckdb.connect(config={**limits, "preserve_insertion_order": False})
        files = ", ".join(f"'{file}'" for file in sorted((folder / "mapped").glob("*.parquet")))
        written = connection.execute(f"""
            copy (
                select id, bit_or(fields) as fields, count(*) as views, min(place) as first, max(place) as last
                from (
                    select try_cast(substring(path, 19) as BIGINT) as id, (status = 200 and sent >= 40)::UTINYINT as fields,
                        (epoch_us(time) // 1000000)::UBIGINT << 31 | line as place
                    from read_parquet([{files}])
                    where endpoint = 0
                )
                group by id
            ) to '{work}/bare.parquet' (format parquet, compression zstd)
        """).fetchone()
    return int(written[0]) if written else 0


CONTESTANTS: dict[str, Callable[[Path], int]] = {"ours": ours, "whole": whole, "bare": bare}


def contest(name: str, folder: Path) -> None:
    """Run one contestant here and print what it used."""
    import amends.count.scope.measure  # noqa: F401 - loading modules is start-up, not work

    before = resource.getrusage(resource.RUSAGE_SELF)
    subjects = CONTESTANTS[name](folder)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"cpu_s": cpu_s, "peak_gib": after.ru_maxrss / 2**20, "subjects": subjects}))


def run(name: str, folder: Path) -> Run:
    """One contestant in a process of its own."""
    command = [sys.executable, __file__, "--contestant", name, "--folder", str(folder)]
    return Run(**json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def make_events(folder: Path, *, events: int) -> None:
    """In a process of its own, so that its memory is not counted."""
    subprocess.run([sys.executable, __file__, "--make", str(events), "--folder", str(folder)], check=True)


def make(folder: Path, *, events: int) -> None:
    """Events in whole seconds, as nginx logs them, in the mapped form."""
    from amends.count.datamap.load import parse
    from amends.count.datamap.mapping import mapped
    from amends.count.evidence.schema import EVENTS as SCHEMA
    from amends.engine import Query, Table, open_engine
    from amends.simulate import simulate_events

    made = simulate_events(folder / "events", schema=SCHEMA, events=events, members=events * MEMBERS // EVENTS, files=20)
    (folder / "mapped").mkdir()
    map = parse(MAP, folder=folder)
    with open_engine(spill=folder / "spill") as engine:
        for file in made.files:
            query = mapped(Table.parquet([file]), map)
            seconds = f"select * replace (date_trunc('second', time) as time) from ({query.sql})"
            engine.write(Query(query.columns, seconds), folder / "mapped" / file.name)
            file.unlink()
    (folder / "facts.json").write_text(json.dumps({"principals": [principal.hex() for principal in made.principals]}))


def measured(*, events: int, runs: int, folder: Path, quick: bool) -> dict[str, object]:
    """All runs, interleaved, and the bars."""
    if not (folder / "facts.json").exists():
        make_events(folder, events=events)
    found: dict[str, list[Run]] = {name: [] for name in CONTESTANTS}
    for number in range(runs):
        for name in found if number % 2 == 0 else reversed(found):
            found[name].append(run(name, folder))
    cpu = {name: statistics.median(one.cpu_s for one in done) for name, done in found.items()}
    noise = {name: (max(one.cpu_s for one in done) - min(one.cpu_s for one in done)) / cpu[name] for name, done in found.items()}
    peak = max(one.peak_gib for one in found["ours"])
    beside = {
        "bare scan and group-by, CPU s": round(cpu["bare"], 2),
        "ratio to bare": round(cpu["ours"] / cpu["bare"], 2),
        "with mapping on the way, CPU s": round(cpu["whole"], 2),
    }
    bars = [
        _bar("scope, CPU microseconds an event", cpu["ours"] / events * 1e6, GOAL_CPU_US, beside, noise["ours"]),
        _bar("scope, peak memory in GiB", peak, GOAL_GIB, {}, 0.0),
    ]
    if not quick:
        bars.insert(
            0, _bar(f"scope, CPU seconds at {events:,} events", cpu["ours"], GOAL_CPU_S * events / EVENTS, beside, noise["ours"])
        )
    return {"events": events, "subjects": found["ours"][0].subjects, "runs": runs, "bars": bars}


def _bar(name: str, value: float, goal: float, beside: dict[str, float], noise: float) -> dict[str, object]:
    """It fails only where the value lies over the goal by more than its own noise."""
    return {
        "name": name,
        "value": round(value, 3),
        "goal": round(goal, 3),
        "holds": value <= goal * (1 + noise),
        "beside": beside,
        "noise": round(noise, 3),
    }


def as_text(result: dict[str, object]) -> str:
    bars: list[dict[str, object]] = result["bars"]  # type: ignore[assignment]
    lines = [f"{result['events']:,} events, {result['subjects']:,} subjects, medians of {result['runs']} runs", ""]
    lines += ["| bar | value | goal | holds | beside | noise |", "| --- | --- | --- | --- | --- | --- |"]
    lines += [
        "| " + " | ".join(str(bar[key]) for key in ("name", "value", "goal", "holds", "beside", "noise")) + " |" for bar in bars
    ]
    return "\n".join(lines)


def machine() -> str:
    """What it ran on, without names."""
    cores, memory = os.cpu_count(), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    engine = version("duckdb")
    return f"{platform.machine()}, {cores} cores, {memory:.0f} GiB, shared; Python {platform.python_version()}, DuckDB {engine}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--events", type=int)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--folder", type=Path, help="keep the events here, and use those that are there")
    parser.add_argument("--out", type=Path, help="write the results there too, as scope.json and scope.md")
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--contestant", choices=CONTESTANTS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        make(given.folder, events=given.make)
        return 0
    if given.contestant:
        contest(given.contestant, given.folder)
        return 0
    events = given.events or (QUICK_EVENTS if given.quick else EVENTS)
    with tempfile.TemporaryDirectory() as name:
        folder = given.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        result = measured(events=events, runs=given.runs or (3 if given.quick else 1), folder=folder, quick=given.quick)
    print(json.dumps(result) if given.json else as_text(result))
    if given.out:
        (given.out / "scope.json").write_text(json.dumps(result, indent=2) + "\n")
        (given.out / "scope.md").write_text(f"# Scope\n\n{as_text(result)}\n\n{machine()}\n")
    bars: list[dict[str, object]] = result["bars"]  # type: ignore[assignment]
    return 0 if all(bar["holds"] for bar in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
