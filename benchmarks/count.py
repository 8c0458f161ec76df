"""Count: nginx lines to Parquet with every line accounted for, beside DuckDB and GoAccess, in CPU seconds of whole processes.

usage: count.py [--quick] [--json] [--lines N] [--pairs N]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent / "reading"
SEED = 20251118
GOAL_DUCKDB = 1.15
GOAL_GOACCESS = 1 / 6
GOAL_MIB = 300
GROWTH = 4  # the file of the second reading of memory is so many times larger
KIB = 1024


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


def ratio_bar(name: str, goal: float, ours: list[Run], theirs: list[Run], *, quick: bool) -> dict[str, object]:
    """Median of the ratios of pairs; `noise` is half of the distance between their quartiles."""
    ratios = [mine.cpu_s / other.cpu_s for mine, other in zip(ours, theirs, strict=True)]
    value = statistics.median(ratios)
    quartiles = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [value, value, value]
    noise = (quartiles[2] - quartiles[0]) / 2
    return {
        "name": name,
        "value": round(value, 3),
        "goal": round(goal, 3),
        "holds": value - (noise if quick else 0) <= goal,
        "beside": f"{_median(ours):.2f} s against {_median(theirs):.2f} s of CPU, medians of {len(ratios)} pairs",
        "noise": round(noise, 3),
    }


def memory_bar(name: str, runs: list[Run]) -> dict[str, object]:
    peaks = [one.peak_mib for one in runs]
    return {
        "name": name,
        "value": round(max(peaks), 1),
        "goal": GOAL_MIB,
        "holds": max(peaks) <= GOAL_MIB,
        "beside": f"highest peak of {len(peaks)} run(s)",
        "noise": round(max(peaks) - min(peaks), 1),
    }


def _median(runs: list[Run]) -> float:
    return statistics.median(one.cpu_s for one in runs)


def measure(lines: int, count: int, folder: Path, *, quick: bool) -> dict[str, object]:
    log = folder / "access.log"
    write_log(log, lines=lines, seed=SEED)
    ours, duck = pairs("amends", "duckdb", log, folder, count)
    bars = [
        ratio_bar("nginx to Parquet, CPU against DuckDB read_csv", GOAL_DUCKDB, ours, duck, quick=quick),
        memory_bar(f"memory at {log.stat().st_size / KIB**2:,.0f} MiB of log, MiB", ours),
    ]
    parse = [run("amends_parse", log, folder) for _ in range(1 if quick else 3)]
    notes = {
        "ns_a_line": round(_median(ours) / lines * 1e9),
        "ns_a_line_parsing_alone": round(_median(parse) / lines * 1e9),
        "ns_a_line_duckdb": round(_median(duck) / lines * 1e9),
        "peak_mib_duckdb": round(max(one.peak_mib for one in duck), 1),
    }
    if not quick:
        bars += _slow_bars(lines, count, folder)
    return {"bars": bars, "notes": notes, "machine": _machine(lines, log.stat().st_size)}


def _slow_bars(lines: int, count: int, folder: Path) -> list[dict[str, object]]:
    """GoAccess on a fifth of the lines (it is slow), and memory on a file several times larger."""
    large, small = folder / "large.log", folder / "small.log"
    write_log(large, lines=lines * GROWTH, seed=SEED + 1)
    bars = [memory_bar(f"memory at {large.stat().st_size / KIB**2:,.0f} MiB of log, MiB", [run("amends", large, folder)])]
    large.unlink()
    if shutil.which("goaccess"):
        write_log(small, lines=lines // 5, seed=SEED)
        ours, other = pairs("amends", "goaccess", small, folder, count)
        bars.append(ratio_bar("nginx to Parquet, CPU against GoAccess", GOAL_GOACCESS, ours, other, quick=False))
    return bars


def _machine(lines: int, size: int) -> dict[str, object]:
    cpuinfo = Path("/proc/cpuinfo")
    models = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "pyarrow", "duckdb")},
        "lines": lines,
        "bytes": size,
    }


def table(result: dict[str, object]) -> str:
    """The bars, then the notes and the machine, as Markdown."""
    rows = ["| bar | value | goal | holds | noise | beside |", "| --- | --- | --- | --- | --- | --- |"]
    for bar in result["bars"]:  # type: ignore[attr-defined]
        holds = "yes" if bar["holds"] else "no"
        rows.append(f"| {bar['name']} | {bar['value']} | {bar['goal']} | {holds} | {bar['noise']} | {bar['beside']} |")
    for part in ("notes", "machine"):
        rows += ["", *(f"- {name}: {value}" for name, value in result[part].items())]  # type: ignore[attr-defined]
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--quick", action="store_true", help="1 million lines, 5 pairs, DuckDB alone: under 50 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--lines", type=int)
    parser.add_argument("--pairs", type=int)
    given = parser.parse_args()
    lines = given.lines or (1_000_000 if given.quick else 5_000_000)
    with tempfile.TemporaryDirectory(prefix="amends-bench-") as folder:
        result = measure(lines, given.pairs or (5 if given.quick else 7), Path(folder), quick=given.quick)
    print(json.dumps(result, indent=2) if given.json else table(result))
    return 0 if all(bar["holds"] for bar in result["bars"]) else 1  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
