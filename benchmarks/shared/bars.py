"""What every benchmark prints: its bars, what stands beside them, and the machine; as a table, as JSON, or into a folder.

A bar reads CPU time, a ratio or memory, never wall time. With `--quick` it fails only where it lies over its goal by more than
its own noise.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

KIB = 1024


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure and its goal. `holds` is None for a figure that is shown and not demanded."""

    name: str
    value: float
    goal: float
    holds: bool | None
    beside: str
    noise: float


@dataclass(frozen=True, slots=True)
class Result:
    """The bars of one benchmark; `notes` are figures without a goal, `tables` the rows that bars are sums of, by heading."""

    bars: Sequence[Bar]
    notes: Mapping[str, object] = field(default_factory=dict)
    tables: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=dict)


def bar(name: str, value: float, goal: float, *, beside: str, noise: float, quick: bool, demanded: bool = True) -> Bar:
    """A bar that holds at or under its goal."""
    holds = value - (noise if quick else 0) <= goal
    return Bar(name, round(value, 3), round(goal, 3), holds if demanded else None, beside, round(noise, 3))


def parser(text: str) -> argparse.ArgumentParser:
    """The options that all share."""
    made = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--quick", action="store_true", help="smaller, under 50 s")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    made.add_argument("--out", type=Path, metavar="FOLDER", help="write the results there too, as JSON and Markdown")
    return made


def finish(name: str, result: Result, given: argparse.Namespace) -> int:
    """Print, write, and the exit status: 1 where a bar does not hold."""
    whole = {"bars": [asdict(one) for one in result.bars], "notes": dict(result.notes), "machine": machine()}
    whole |= {"tables": dict(result.tables)} if result.tables else {}
    text = _table(result)
    print(json.dumps(whole, indent=2) if given.json else text)
    if given.out:
        (given.out / f"{name}.json").write_text(json.dumps(whole, indent=2) + "\n")
        (given.out / f"{name}.md").write_text(f"# benchmarks/{name}.py\n\nSeconds are of CPU, not of wall.\n\n{text}\n")
    return 1 if any(one.holds is False for one in result.bars) else 0


def machine() -> dict[str, object]:
    """What it ran on, without names."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / KIB**3),
        "shared": True,
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "pyarrow", "duckdb")},
    }


def _table(result: Result) -> str:
    """The bars, then the notes and the machine, as Markdown."""
    rows = ["| bar | value | goal | holds | noise | beside |", "| --- | --- | --- | --- | --- | --- |"]
    holds = {True: "yes", False: "NO", None: "shown"}
    rows += [
        f"| {one.name} | {one.value} | {one.goal} | {holds[one.holds]} | {one.noise} | {one.beside} |" for one in result.bars
    ]
    for part in (result.notes, machine()):
        rows += ["", *(f"- {name}: {value}" for name, value in part.items())] if part else []
    for heading, table in result.tables.items():
        columns = list(table[0])
        rows += ["", f"## {heading}", "", _row(columns), _row(["---"] * len(columns))]
        rows += [_row(list(one.values())) for one in table]
    return "\n".join(rows)


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"
