"""Formats: a source of each from its stored bytes to events and rejects, as `ingest` reads it, in CPU seconds beside nginx.

JSON lines stand beside DuckDB's read_ndjson to Parquet, gzip beside its plain bytes and their decompression alone. The lines are
the first of each sample under tests/samples that is an event, with another address, id and second in each: the others show what
is rare.
"""

from __future__ import annotations

import gzip
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import cycle, islice
from pathlib import Path
from random import Random
from resource import RUSAGE_SELF, getrusage

from shared.bars import Bar, Result, bar, finish, parser

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "tests" / "samples"
sys.path.insert(0, str(ROOT / "scripts"))
LARGER = 8  # so much the file is larger whose wall time is read
GOAL_FORMAT, GOAL_JSON, GOAL_GZIP, GOAL_WALL = 4.0, 2.0, 1.3, 0.65
LINES, QUICK_LINES = 200_000, 60_000
RUNS, QUICK_RUNS = 3, 3
IDS = re.compile(rb"(?<=customers/)\d+")
ADDRESSES = re.compile(rb"\b203\.0\.113\.\d+\b")
SECONDS = re.compile(rb"(?<=\d\d:\d\d:)\d\d(?=\D)")
NGINX = "nginx.log"
HEAD_LINES = 8  # directives and headers, which are no events


@dataclass(frozen=True, slots=True)
class Run:
    """One process: CPU and wall seconds of its work, without start-up."""

    cpu_s: float
    wall_s: float


def varied(lines: Iterable[bytes], count: int) -> Iterator[bytes]:
    """So many lines, no two the same for long."""
    chance = Random(7)
    for number, line in enumerate(islice(cycle(lines), count)):
        line = IDS.sub(b"%d" % chance.randrange(10**7), line)
        line = ADDRESSES.sub(b"203.0.%d.%d" % (chance.randrange(256), chance.randrange(256)), line)
        yield SECONDS.sub(b"%02d" % (number // 50 % 60), line)


def write(sample: Path, file: Path, count: int) -> bool:
    """A file of the sample's form with about so many lines; False where lines do not make one."""
    if sample.suffix == ".parquet":
        return False
    text, expected = sample.read_bytes(), json.loads(sample.with_suffix(".expected.json").read_text("utf-8"))
    lines = text.splitlines(keepends=True)
    good = {event["line"] for event in expected["events"]}
    if sample.suffix == ".json":  # a document with an array of elements
        from amends.count.evidence.records import iter_texts

        rows = [row for number, row in enumerate(iter_texts(BytesIO(text), sample.name.split(".")[0]), 1) if number == min(good)]
        head = text[: text.index(b"[") + 1]
        file.write_bytes(head + b",\n".join(varied(rows, count)) + b"]}")
        return True
    head = [line for number, line in enumerate(lines, 1) if number < min(good)]  # directives, or a header
    file.write_bytes(b"".join(head) + b"".join(varied([lines[min(good) - 1]], count)))
    return True


def read(name: str, file: Path, settings: str) -> None:
    """Read one file as a source, as `ingest` does."""
    from datetime import UTC, datetime

    from amends.case import create_case
    from amends.count.evidence import store
    from amends.count.evidence.detect import choose
    from amends.count.evidence.parse import read_source
    from amends.count.evidence.settings import parse_reading
    from amends.errors import Place

    with tempfile.TemporaryDirectory(dir=file.parent) as work:
        case = create_case(Path(work) / "case", company="Shop", zone="UTC")
        reading = parse_reading({"format": name} | json.loads(settings), at=Place("settings"))
        taken = store.take_file(case, file, given=file.name, in_place=True, settings={}, now=datetime.now(UTC))
        choice = choose(file, reading, name=file.name)
        with measured():
            facts = read_source(case, taken.statement, reading, choice)
    if facts.rejects > HEAD_LINES:
        raise SystemExit(f"{name}: {facts.rejects:,} of {facts.lines:,} lines were rejected: {dict(facts.reasons)}")


def read_ndjson(_: str, file: Path, __: str) -> None:
    """DuckDB's own reader to Parquet, every column."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("set threads = 2; set preserve_insertion_order = false")
    with measured():
        connection.execute(f"copy (select * from read_ndjson('{file}')) to '{file}.parquet' (format parquet, compression zstd)")


def unpack(_: str, file: Path, __: str) -> None:
    """The decompression alone, by the library that Amends uses."""
    from isal import igzip_threaded

    buffer = memoryview(bytearray(1 << 20))
    with measured(), igzip_threaded.open(file, "rb", threads=1) as plain:
        while plain.readinto(buffer):
            pass


class measured:  # noqa: N801 - reads as a statement
    def __enter__(self) -> None:
        self._before, self._began = getrusage(RUSAGE_SELF), time.monotonic()

    def __exit__(self, *_: object) -> None:
        after, wall = getrusage(RUSAGE_SELF), time.monotonic() - self._began
        cpu = after.ru_utime + after.ru_stime - self._before.ru_utime - self._before.ru_stime
        print(json.dumps({"cpu_s": cpu, "wall_s": wall}))


CONTESTANTS: dict[str, Callable[[str, Path, str], None]] = {"read": read, "ndjson": read_ndjson, "unpack": unpack}


def run(contestant: str, name: str, file: Path, settings: str = "{}") -> Run:
    """One contestant in a process of its own."""
    command = [sys.executable, __file__, "--contestant", contestant, name, str(file), settings]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{contestant} {name}: {done.stderr[-2000:]}")
    return Run(**json.loads(done.stdout))


def measured_formats(lines: int, runs: int, folder: Path, *, quick: bool) -> Result:
    from format_sample import name_of, settings_of

    made = partial(bar, quick=quick)
    files: dict[str, tuple[str, Path, str]] = {}
    for sample in sorted(SAMPLES.iterdir()):
        if not sample.name.endswith(".expected.json") and write(sample, folder / sample.name, lines):
            files[sample.name] = name_of(sample), folder / sample.name, json.dumps(settings_of(sample))
    done: dict[str, list[Run]] = {name: [] for name in files}
    for _ in range(runs):
        for name, file in files.items():
            done[name].append(run("read", *file))
    cpu = {name: statistics.median(one.cpu_s for one in own) for name, own in done.items()}
    noise = {name: (max(own) - min(own)) / 2 for name, own in ((n, [one.cpu_s for one in r]) for n, r in done.items())}
    plain = NGINX
    bars = [
        made(
            f"{name}, CPU against nginx", cpu[name] / cpu[plain], GOAL_FORMAT, noise=noise[name] / cpu[plain],
            beside=f"{cpu[name] / lines * 1e6:.2f} us a line, {files[name][1].stat().st_size / lines:.0f} bytes",
        )
        for name in files
        if name != plain
    ]  # fmt: skip
    bars.append(_wall(files[plain], lines * LARGER, runs, made))
    bars += _beside(files, plain, cpu, runs, made)
    return Result(bars, {"lines of each": lines, "runs of each": runs, "us a line of nginx": round(cpu[plain] / lines * 1e6, 2)})


def _wall(plain: tuple[str, Path, str], lines: int, runs: int, made: Callable[..., Bar]) -> Bar:
    """Wall against CPU of one larger plain file in one process: a group of rows is written while the next is read."""
    form, file, settings = plain
    large = file.with_name("large.log")
    write(SAMPLES / NGINX, large, lines)
    found = [run("read", form, large, settings) for _ in range(runs)]
    large.unlink()
    ratio = statistics.median(one.wall_s / one.cpu_s for one in found)
    beside = f"{lines:,} lines, {statistics.median(one.cpu_s for one in found):.2f} s of CPU"
    return made("nginx, wall against CPU, one plain file", ratio, GOAL_WALL, beside=beside, noise=0.0)


def _beside(
    files: dict[str, tuple[str, Path, str]], plain: str, cpu: dict[str, float], runs: int, made: Callable[..., Bar]
) -> Iterator[Bar]:
    """JSON lines beside DuckDB, gzip beside plain and decompression."""
    name = "json.log"
    pairs = [(run("read", *files[name]).cpu_s, run("ndjson", *files[name]).cpu_s) for _ in range(runs)]
    ours, theirs = (statistics.median(own) for own in zip(*pairs, strict=True))
    yield made("JSON lines, CPU against DuckDB read_ndjson", ours / theirs, GOAL_JSON, beside=f"{theirs:.2f} s", noise=0.0)
    form, file, settings = files[plain]
    packed = file.with_name(file.name + ".gz")
    packed.write_bytes(gzip.compress(file.read_bytes(), 6))
    triples = [
        (run("read", form, packed, settings).cpu_s, run("unpack", form, packed).cpu_s, run("read", form, file, settings).cpu_s)
        for _ in range(runs)
    ]
    ratio = statistics.median(gz / (alone + bare) for gz, alone, bare in triples)
    yield made(
        "gzip, CPU against decompression and plain", ratio, GOAL_GZIP, beside=f"{triples[0][1]:.2f} s to unpack", noise=0.0
    )


def main() -> int:
    made = parser(__doc__ or "")
    made.add_argument("--contestant", nargs=4)
    given = made.parse_args()
    if given.contestant:
        contestant, name, file, settings = given.contestant
        CONTESTANTS[contestant](name, Path(file), settings)
        return 0
    with tempfile.TemporaryDirectory(prefix="amends-bench-") as folder:
        lines, runs = (QUICK_LINES, QUICK_RUNS) if given.quick else (LINES, RUNS)
        return finish("formats", measured_formats(lines, runs, Path(folder), quick=given.quick), given)


if __name__ == "__main__":
    sys.exit(main())
