"""Formats: sources of every format from their stored bytes to events and rejects in Parquet, as `ingest` reads them, in CPU
seconds beside nginx.

JSON lines stand beside DuckDB's read_ndjson to Parquet with the same columns, gzip beside its plain bytes and their
decompression alone. A round reads every source once; a ratio is that of two readings of one round, a bar the median of the
rounds. Of several files two processes read one each: their wall time is shown, since other work shares the cores.
"""

from __future__ import annotations

import gzip
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

from shared.bars import Bar, Result, bar, finish, parser
from shared.samples import Sample, samples

READING = Path(__file__).parent / "reading"
sys.path.insert(0, str(READING))
GOAL_FORMAT, GOAL_JSON, GOAL_GZIP, GOAL_WALL = 4.0, 2.0, 1.3, 0.65
LINES, QUICK_LINES = 200_000, 20_000
RUNS, QUICK_RUNS = 5, 3
WALL_LINES, WALL_FILES = 2_000_000, 4
NGINX = "nginx.log"
HEAD_LINES = 8  # directives and headers, which are no events
SEED = 20251118

type Runs = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Used:
    """CPU seconds of this process and of those it started, and wall seconds."""

    cpu_s: float
    wall_s: float


def used(work: Callable[[], None]) -> Used:
    before, began = _cpu_s(), time.monotonic()
    work()
    return Used(_cpu_s() - before, time.monotonic() - began)


def _cpu_s() -> float:
    every = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in every)


def read_s(form: str, file: Path, settings: dict[str, object]) -> float:
    """CPU seconds for one file as one source."""
    from amends.case import create_case
    from amends.count.evidence import store
    from amends.count.evidence.detect import choose
    from amends.count.evidence.parse import read_source
    from amends.count.evidence.settings import parse_reading
    from amends.errors import Place

    with tempfile.TemporaryDirectory(dir=file.parent) as work:
        case = create_case(Path(work) / "case", company="Shop", zone="UTC")
        reading = parse_reading({"format": form} | settings, at=Place("settings"))
        taken = store.take_file(case, file, given=file.name, in_place=True, settings={}, now=datetime.now(UTC))
        choice = choose(file, reading, name=file.name)
        before = _cpu_s()
        facts = read_source(case, taken.statement, reading, choice)
        done = _cpu_s() - before
    if facts.rejects > HEAD_LINES:
        raise SystemExit(f"{file.name}: {facts.rejects:,} of {facts.lines:,} lines were rejected: {dict(facts.reasons)}")
    return done


def every_format(folder: Path, lines: int, runs: int, made: Callable[..., Bar]) -> tuple[list[Bar], float]:
    """The bars of the formats, and the microseconds that nginx takes for a line."""
    files: dict[str, tuple[Sample, Path]] = {}
    for sample in samples():
        files[sample.name] = sample, folder / sample.name
        files[sample.name][1].write_bytes(sample.text(list(sample.rows(lines))))
    taken: Runs = defaultdict(list)
    for _ in range(runs):
        for name, (sample, file) in files.items():
            taken[name].append(read_s(sample.format, file, sample.settings))
    bars = []
    for name, (_, file) in files.items():
        if name != NGINX:
            us, size = statistics.median(taken[name]) / lines * 1e6, file.stat().st_size / lines
            beside = f"{us:.2f} s a million lines of {size:.0f} bytes"
            bars.append(_ratio(f"{name}, CPU against nginx", taken[name], taken[NGINX], GOAL_FORMAT, beside, made))
    return bars, statistics.median(taken[NGINX]) / lines * 1e6


def _ratio(name: str, ours: Sequence[float], theirs: Sequence[float], goal: float, beside: str, made: Callable[..., Bar]) -> Bar:
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return made(name, statistics.median(ratios), goal, beside=beside, noise=(max(ratios) - min(ratios)) / 2)


def json_lines(folder: Path, lines: int, runs: int, made: Callable[..., Bar]) -> Bar:
    from json_log import COLUMNS, write_log

    log = folder / "app.json"
    write_log(log, lines=lines, seed=SEED)
    columns = ", ".join(f"{path} as {name}" for name, path in COLUMNS.items())

    def duckdb_reads() -> None:
        import duckdb

        with duckdb.connect() as connection:
            connection.execute("set threads = 2; set preserve_insertion_order = false")
            connection.execute(
                f"copy (select {columns} from read_ndjson('{log}')) to '{log}.parquet' (format parquet, compression zstd)"
            )

    duckdb_reads()
    pairs = [(read_s("json", log, {}), used(duckdb_reads).cpu_s) for _ in range(runs)]
    ours, theirs = ([one[side] for one in pairs] for side in (0, 1))
    beside = f"{statistics.median(ours):.2f} s against {statistics.median(theirs):.2f} s, {lines:,} lines"
    return _ratio("JSON lines, CPU against DuckDB read_ndjson", ours, theirs, GOAL_JSON, beside, made)


def packed(folder: Path, lines: int, runs: int, made: Callable[..., Bar]) -> Bar:
    from isal import igzip_threaded
    from nginx_log import LOG_FORMAT, write_log

    log, packed_log = folder / "access.log", folder / "access.log.gz"
    write_log(log, lines=lines, seed=SEED)
    packed_log.write_bytes(gzip.compress(log.read_bytes(), 6))

    def unpack() -> None:
        buffer = memoryview(bytearray(1 << 20))
        with igzip_threaded.open(packed_log, "rb", threads=1) as plain:
            while plain.readinto(buffer):
                pass

    settings: dict[str, object] = {"log_format": LOG_FORMAT}
    triples = [(read_s("nginx", packed_log, settings), used(unpack).cpu_s, read_s("nginx", log, settings)) for _ in range(runs)]
    ours, alone, plain = ([one[side] for one in triples] for side in range(3))
    sums = [one + other for one, other in zip(alone, plain, strict=True)]
    beside = (
        f"{statistics.median(ours):.2f} s; {statistics.median(alone):.2f} s to unpack, {statistics.median(plain):.2f} s plain"
    )
    return _ratio("gzip, CPU against plain and decompression alone", ours, sums, GOAL_GZIP, beside, made)


def walls(folder: Path) -> Iterator[Bar]:
    """The wall time of an ingestion of several files by one process and by two, in parts of its CPU time."""
    from nginx_log import LOG_FORMAT, write_log

    from amends.case import create_case
    from amends.count.evidence.ingest import ingest

    files = [folder / f"access.log.{number}" for number in range(WALL_FILES)]
    for number, file in enumerate(files):
        write_log(file, lines=WALL_LINES // WALL_FILES, seed=number)
    for workers in (1, 2):
        case = create_case(folder / f"case-{workers}", company="Shop", zone="UTC")
        options = {"format": "nginx", "log_format": LOG_FORMAT}
        work = partial(
            ingest, case, [str(file) for file in files], now=datetime.now(UTC), options=options, in_place=True, workers=workers
        )
        took = used(lambda work=work: work() and None)  # type: ignore[misc]
        yield bar(
            f"nginx, wall against CPU, {WALL_FILES} files, {workers} process{'es' * (workers > 1)}",
            took.wall_s / took.cpu_s,
            GOAL_WALL,
            beside=f"{took.wall_s:.1f} s of wall, {took.cpu_s:.1f} s of CPU",
            noise=0.0,
            quick=False,
            demanded=False,
        )


def measured(folder: Path, *, quick: bool) -> Result:
    made = partial(bar, quick=quick)
    lines, runs = (QUICK_LINES, QUICK_RUNS) if quick else (LINES, RUNS)
    bars, nginx_us = every_format(folder, lines, runs, made)
    bars += [json_lines(folder, 2 * lines, runs, made), packed(folder, 2 * lines, runs, made)]
    bars += [] if quick else walls(folder)
    return Result(bars, {"lines of each": lines, "rounds": runs, "s of CPU for a million lines of nginx.log": round(nginx_us, 2)})


def main() -> int:
    given = parser(__doc__ or "").parse_args()
    with tempfile.TemporaryDirectory(prefix="amends-bench-") as folder:
        return finish("formats", measured(Path(folder), quick=given.quick), given)


if __name__ == "__main__":
    sys.exit(main())
