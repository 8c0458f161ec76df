"""Scope: events to one row per subject with bounds, beside the bare scan and group-by on the same files, in CPU seconds.

Each run is a process of its own and reports the CPU seconds (user and system, all threads) and the peak memory of its work,
without start-up. `ours` starts at the files of events in the form in which `ingest` writes them: it maps the targets, selects,
grades, judges 304s, checks the equations, writes the exposure in order and the views by day, and sums the bounds. `bare` groups
the same files by the id in the target: no map, no selection, no grades, no equations, no order.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from shared.bars import Result, bar, finish, parser

EVENTS, MEMBERS = 100_000_000, 33_700_000
QUICK_EVENTS = 3_000_000
RUNS, QUICK_RUNS = 1, 3  # a full run of all contestants takes some five minutes
FILES = 20
GROUP_ROWS, SAMPLE_ROWS = 250_000, 20_000  # of a file of events, as `ingest` writes it
GOAL_CPU_S, GOAL_GIB = 50.0, 6.0
GOAL_RATIO, GOAL_SMALL_GIB = 1.25, 1.2e9 / 2**30
GOAL_CPU_US = GOAL_CPU_S / EVENTS * 1e6
SMALL_BYTES = 1_000_000_000
MEMORY_BYTES = 6_000_000_000  # for the engine; Python, Arrow and what is being written stand beside it
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


def ours(folder: Path, *, has_gap: bool = False, memory_bytes: int = MEMORY_BYTES) -> int:
    """Scope from the events to the bounds."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from amends.case import create_case
    from amends.count.datamap.load import parse
    from amends.count.scope.evidence import Evidence
    from amends.count.scope.gaps import Missing
    from amends.count.scope.measure import measure
    from amends.count.scope.misuse import parse_misuse
    from amends.engine import Table, open_engine
    from amends.units import Period

    principals = json.loads((folder / "principals.json").read_text())
    window = Period(datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    lost = Period(datetime(2025, 5, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC))
    missing = (Missing("web-1", "app", lost, "deleted"),) if has_gap else ()
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        case = create_case(work / "case", company="Shop", zone="Asia/Seoul")
        map = parse(MAP, folder=case.path)
        (case.path / "forged.txt").write_text("\n".join(f"hmac {principal}" for principal in principals))
        rule = b"- {id: forged, author: a, at: 2026-01-01T00:00:00Z, reason: r, where: {principal: {file: forged.txt}}}\n"
        events = Table.parquet(sorted((folder / "events").glob("*.parquet")))
        evidence = Evidence(events, None, missing, window, True, {})
        with open_engine(spill=work / "spill", memory_bytes=memory_bytes) as engine:
            found = measure(
                evidence, map, parse_misuse(rule, map=map, case=case), (), zone=ZoneInfo("Asia/Seoul"), engine=engine,
                exposure=work / "exposure.parquet", views=work / "views.parquet",
            )  # fmt: skip
        if not (found.account.events_balance.closes and found.account.disclosures_balance.closes):
            raise SystemExit("an equation does not close")
        return found.rows


def bare(folder: Path) -> int:
    """Scan, id from the target, group by it, write the rows."""
    import duckdb

    with tempfile.TemporaryDirectory(dir=folder) as work:
        limits = {"memory_limit": f"{MEMORY_BYTES}B", "temp_directory": work}
        connection = duckdb.connect(config={**limits, "preserve_insertion_order": False})
        files = ", ".join(f"'{file}'" for file in sorted((folder / "events").glob("*.parquet")))
        written = connection.execute(f"""
            copy (
                select id, bit_or(fields) as fields, count(*) as views, min(place) as first, max(place) as last
                from (
                    select try_cast(substring(target, 19) as BIGINT) as id, (status = 200 and sent >= 40)::UTINYINT as fields,
                        (epoch_us(time) // 1000000)::UBIGINT << 31 | line as place
                    from read_parquet([{files}])
                    where starts_with(target, '/api/v1/customers/')
                )
                group by id
            ) to '{work}/bare.parquet' (format parquet, compression zstd)
        """).fetchone()
    return int(written[0]) if written else 0


CONTESTANTS: dict[str, Callable[[Path], int]] = {
    "ours": ours,
    "with a gap": partial(ours, has_gap=True),
    "--memory 1GB": partial(ours, memory_bytes=SMALL_BYTES),
    "bare": bare,
}


def contest(name: str, folder: Path) -> None:
    """Run one contestant here and print what it used."""
    import amends.count.scope.measure  # noqa: F401 - loading modules is start-up, not work

    before = resource.getrusage(resource.RUSAGE_SELF)
    subjects = CONTESTANTS[name](folder)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps(asdict(Run(cpu_s, after.ru_maxrss / 2**20, subjects))))


def run(name: str, folder: Path) -> Run:
    """One contestant in a process of its own."""
    command = [sys.executable, __file__, "--contestant", name, "--folder", str(folder)]
    return Run(**json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def make(folder: Path, *, events: int) -> None:
    """Events in whole seconds, as nginx logs them, in the files that `ingest` would write."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from amends.count.evidence.encodings import encodings
    from amends.count.evidence.schema import EVENTS as SCHEMA
    from amends.simulate import simulate_events

    made = simulate_events(folder / "simulated", schema=SCHEMA, events=events, members=events * MEMBERS // EVENTS, files=FILES)
    (folder / "events").mkdir()
    time = SCHEMA.get_field_index("time")
    for file in made.files:
        writer = None
        for batch in pq.ParquetFile(file).iter_batches(GROUP_ROWS):
            group = pa.Table.from_batches([batch]).cast(SCHEMA)
            group = group.set_column(time, SCHEMA.field(time), pc.floor_temporal(group.column(time), unit="second"))
            if writer is None:
                chosen = asdict(encodings(group.slice(0, SAMPLE_ROWS)))
                writer = pq.ParquetWriter(folder / "events" / file.name, SCHEMA, compression="zstd", **chosen)
            writer.write_table(group)
        assert writer is not None
        writer.close()
        file.unlink()
    (folder / "principals.json").write_text(json.dumps([principal.hex() for principal in made.principals]))


def measured(*, events: int, runs: int, folder: Path, quick: bool) -> Result:
    """All runs, interleaved, and the bars."""
    if not (folder / "principals.json").exists():  # in a process of its own, so that its memory is not counted
        subprocess.run([sys.executable, __file__, "--make", str(events), "--folder", str(folder)], check=True)
    found: dict[str, list[Run]] = {name: [] for name in CONTESTANTS}
    for number in range(runs):
        for name in found if number % 2 == 0 else reversed(found):
            found[name].append(run(name, folder))
    cpu = {name: statistics.median(one.cpu_s for one in done) for name, done in found.items()}
    noise = max(one.cpu_s for one in found["ours"]) - min(one.cpu_s for one in found["ours"])
    beside = f"bare scan and group-by {cpu['bare']:.2f} s, ratio {cpu['ours'] / cpu['bare']:.2f}"
    goal_s = GOAL_CPU_S * events / EVENTS
    made = partial(bar, quick=quick)
    bars = [
        made(f"scope of {events:,} events, CPU s", cpu["ours"], goal_s, beside=beside, noise=noise),
        made("ratio to the bare scan and group-by", cpu["ours"] / cpu["bare"], GOAL_RATIO, beside="", noise=noise / cpu["bare"]),
        made("the same with a month's logs missing, CPU s", cpu["with a gap"], goal_s, beside="", noise=noise, demanded=False),
        made("the same with --memory 1GB, CPU s", cpu["--memory 1GB"], goal_s, beside="", noise=noise, demanded=False),
    ]
    for name, goal_gib in (("ours", GOAL_GIB), ("with a gap", GOAL_GIB), ("--memory 1GB", GOAL_SMALL_GIB)):
        peak = max(one.peak_gib for one in found[name])
        bars.append(made(f"peak memory, {name}, GiB", peak, goal_gib, beside=f"bare {found['bare'][0].peak_gib:.2f}", noise=0.0))
    return Result(bars, {"events": events, "subjects": found["ours"][0].subjects, "runs of each": runs})


def main() -> int:
    made = parser(__doc__ or "")
    made.add_argument("--events", type=int)
    made.add_argument("--runs", type=int)
    made.add_argument("--folder", type=Path, help="keep the events here, and use those that are there")
    made.add_argument("--make", type=int, help=argparse.SUPPRESS)
    made.add_argument("--contestant", choices=CONTESTANTS, help=argparse.SUPPRESS)
    given = made.parse_args()
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
        runs = given.runs or (QUICK_RUNS if given.quick else RUNS)
        return finish("scope", measured(events=events, runs=runs, folder=folder, quick=given.quick), given)


if __name__ == "__main__":
    sys.exit(main())
