"""Count: nginx lines to Parquet with every line accounted for, beside DuckDB and GoAccess, in CPU seconds of whole processes.

With --quick a million lines, five pairs, DuckDB alone.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from shared.bars import KIB, Bar, Result, bar, finish, parser

HERE = Path(__file__).parent / "reading"
SEED = 20251118
GOAL_DUCKDB = 1.15
GOAL_GOACCESS = 1 / 6
GOAL_MIB = 300
GROWTH = 4  # the file of the second reading of memory is so many times larger


@dataclass(frozen=True, slots=True)
class Run:
    """One process: CPU seconds of user and system, wall seconds apart, peak memory in MiB."""

    cpu_s: float
    peak_mib: float


def run(name: str, log: Path, folder: Path) -> Run:
    """Run a contestant and read what it used. Raises: SystemExit with its words where it failed."""
    command = [sys.executable, str(HERE / "contestants.py"), name, str(log), str(folder / f"{name}.parquet")]
    with (folder / "stderr").open("w+") as words:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=words)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        words.seek(0)
        if process.returncode:
            raise SystemExit(f"{name} failed: {words.read()[-2000:]}")
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / KIB)


def write_log(log: Path, *, lines: int, seed: int) -> None:
    """In a process of its own: a child's peak memory is never below that of the process that starts it."""
    subprocess.run([sys.executable, str(HERE / "nginx_log.py"), str(log), str(lines), str(seed)], check=True)


def pairs(first: str, second: str, log: Path, folder: Path, count: int) -> tuple[list[Run], list[Run]]:
    """Both in turn, the order changing, so that what else the machine does falls on both."""
    runs: dict[str, list[Run]] = {first: [], second: []}
    for number in range(count):
        for name in (first, second) if number % 2 == 0 else (second, first):
            runs[name].append(run(name, log, folder))
    return runs[first], runs[second]


def ratio_bar(name: str, goal: float, ours: list[Run], theirs: list[Run], *, quick: bool) -> Bar:
    """Median of the ratios of pairs; the noise is half of the distance between their quartiles."""
    ratios = [mine.cpu_s / other.cpu_s for mine, other in zip(ours, theirs, strict=True)]
    value = statistics.median(ratios)
    quartiles = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [value, value, value]
    beside = f"{_median(ours):.2f} s against {_median(theirs):.2f} s of CPU, medians of {len(ratios)} pairs"
    return bar(name, value, goal, beside=beside, noise=(quartiles[2] - quartiles[0]) / 2, quick=quick)


def memory_bar(log: Path, runs: list[Run]) -> Bar:
    peaks = [one.peak_mib for one in runs]
    name = f"memory at {log.stat().st_size / KIB**2:,.0f} MiB of log, MiB"
    return bar(
        name, max(peaks), GOAL_MIB, beside=f"highest peak of {len(peaks)} run(s)", noise=max(peaks) - min(peaks), quick=False
    )


def _median(runs: list[Run]) -> float:
    return statistics.median(one.cpu_s for one in runs)


def measure(lines: int, count: int, folder: Path, *, quick: bool) -> Result:
    log = folder / "access.log"
    write_log(log, lines=lines, seed=SEED)
    ours, duck = pairs("amends", "duckdb", log, folder, count)
    bars = [
        ratio_bar("nginx to Parquet, CPU against DuckDB read_csv", GOAL_DUCKDB, ours, duck, quick=quick),
        memory_bar(log, ours),
    ]
    parse = [run("amends_parse", log, folder) for _ in range(1 if quick else 3)]
    notes = {
        "lines": lines,
        "bytes": log.stat().st_size,
        "ns_a_line": round(_median(ours) / lines * 1e9),
        "ns_a_line_parsing_alone": round(_median(parse) / lines * 1e9),
        "ns_a_line_duckdb": round(_median(duck) / lines * 1e9),
        "peak_mib_duckdb": round(max(one.peak_mib for one in duck), 1),
    }
    if not quick:
        bars += _slow_bars(lines, count, folder)
    return Result(bars, notes)


def _slow_bars(lines: int, count: int, folder: Path) -> list[Bar]:
    """GoAccess on a fifth of the lines (it is slow), and memory on a file several times larger."""
    large, small = folder / "large.log", folder / "small.log"
    write_log(large, lines=lines * GROWTH, seed=SEED + 1)
    bars = [memory_bar(large, [run("amends", large, folder)])]
    large.unlink()
    if shutil.which("goaccess"):
        write_log(small, lines=lines // 5, seed=SEED)
        ours, other = pairs("amends", "goaccess", small, folder, count)
        bars.append(ratio_bar("nginx to Parquet, CPU against GoAccess", GOAL_GOACCESS, ours, other, quick=False))
    return bars


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--lines", type=int)
    options.add_argument("--pairs", type=int)
    given = options.parse_args()
    lines = given.lines or (1_000_000 if given.quick else 5_000_000)
    with tempfile.TemporaryDirectory(prefix="amends-bench-") as folder:
        result = measure(lines, given.pairs or (5 if given.quick else 7), Path(folder), quick=given.quick)
    return finish("count", result, given)


if __name__ == "__main__":
    sys.exit(main())
