"""Evidence: what keyed hashes, tail columns and the search for repeats cost beside the reader; JSON lines beside DuckDB.

CPU seconds of this process (JSON: of each contestant's own), the reader's blocks made before the clock starts.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from shared.bars import Result, bar, finish, parser

READING = Path(__file__).parent / "reading"
sys.path.insert(0, str(READING))

SEED = 20251118
GOAL_US = 0.8
GOAL_JSON = 2.0  # the aim of a later release; shown, not demanded
GROUP_BLOCKS = 28  # of 2 MiB: some 200,000 lines, as a row group has


def tail_us(log: Path, lines: int) -> tuple[float, float]:
    """Microseconds a line for keyed hashes, masks, `extra` and the constant columns; and for the reader, beside it."""
    from nginx_log import LOG_FORMAT

    from amends.count.evidence.blocks import iter_parsed
    from amends.count.evidence.events import EventColumns
    from amends.count.evidence.formats import nginx
    from amends.count.evidence.plain import open_plain
    from amends.count.evidence.principals import KeyedHashes
    from amends.count.evidence.settings import Reading

    reading = Reading(format="nginx", log_format=LOG_FORMAT)
    reader = nginx.reader(reading)
    columns = EventColumns(reader.columns, reading, source="0" * 64, name="log", hashes=KeyedHashes(bytes(32)))
    tail = whole = 0.0
    drafts = []
    with open_plain(log) as plain:
        started = time.process_time()
        for parsed in iter_parsed(plain, reader):
            before = time.process_time()
            drafts.append(columns.draft(parsed))
            if len(drafts) == GROUP_BLOCKS:
                columns.finish(drafts)
                drafts = []
            tail += time.process_time() - before
        before = time.process_time()
        if drafts:
            columns.finish(drafts)
        tail += time.process_time() - before
        whole = time.process_time() - started
    return tail / lines * 1e6, (whole - tail) / lines * 1e6


def repeats_us(log: Path, folder: Path, lines: int) -> float:
    """Microseconds a line for finding that eight rotations, each touching the next in its last second, share nothing."""
    from nginx_log import LOG_FORMAT

    from amends.case import create_case
    from amends.count.evidence.ingest import ingest
    from amends.count.evidence.repeats import find_repeats
    from amends.count.evidence.sources import read_facts
    from amends.count.evidence.store import statements

    case = create_case(folder / "case", company="benchmark", zone="UTC")
    whole = log.read_bytes()
    cuts = [0, *(whole.index(b"\n", len(whole) * number // 8) + 1 for number in range(1, 8)), len(whole)]
    for number in range(8):
        (folder / f"access.log.{8 - number}").write_bytes(whole[cuts[number] : cuts[number + 1]])
    options = {"format": "nginx", "log_format": LOG_FORMAT}
    ingest(
        case, [str(folder / f"access.log.{number}") for number in range(1, 9)], now=datetime.now(UTC), options=options, workers=1
    )
    read = [(statement, facts) for statement in statements(case) if (facts := read_facts(case, statement.sha256))]
    before = time.process_time()
    find_repeats(case, read)
    return (time.process_time() - before) / lines * 1e6


def json_ratio(folder: Path, lines: int) -> tuple[float, float]:
    """Microseconds a line of our JSON reader and of DuckDB's `read_ndjson`, both to columns in memory."""
    import duckdb

    from amends.count.evidence.blocks import iter_parsed
    from amends.count.evidence.formats import json_lines
    from amends.count.evidence.plain import open_plain
    from amends.count.evidence.settings import Reading

    log = folder / "app.json"
    with log.open("w") as file:
        for number in range(lines):
            file.write(
                f'{{"@timestamp":"2025-11-18T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.000Z",'
                f'"source":{{"ip":"10.{number % 200}.{number % 251}.7"}},"user":{{"id":"{number * 7919 % 10**7}"}},'
                f'"http":{{"request":{{"method":"GET","id":"{number:032x}"}},'
                f'"response":{{"status_code":200,"body":{{"bytes":{number % 5000}}}}}}},'
                f'"url":{{"original":"/api/v1/customers/{number * 7919 % 10**7}"}},'
                f'"user_agent":{{"original":"Mozilla/5.0 (X11)"}},'
                f'"event":{{"id":"{number * 31:032x}"}}}}\n'
            )
    reader = json_lines.reader(Reading(format="json"))
    before = time.process_time()
    with open_plain(log) as plain:
        for _ in iter_parsed(plain, reader):
            pass
    ours = (time.process_time() - before) / lines * 1e6
    before = time.process_time()
    duckdb.connect().read_json(str(log), format="newline_delimited").to_arrow_table()
    return ours, (time.process_time() - before) / lines * 1e6


def measure(lines: int, json_lines: int, runs: int, folder: Path, *, quick: bool) -> Result:
    log = folder / "bench.log"
    make = [sys.executable, str(READING / "nginx_log.py"), str(log), str(lines), str(SEED)]
    subprocess.run(make, check=True)
    tails, readers = zip(*(tail_us(log, lines) for _ in range(runs)), strict=True)
    repeats = repeats_us(log, folder, lines)
    pairs = [json_ratio(folder, json_lines) for _ in range(runs)]
    ratios = [ours / theirs for ours, theirs in pairs]
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    bars = [
        bar(
            "keyed hash, tail columns and repeats, us of CPU a line",
            statistics.median(tails) + repeats,
            GOAL_US,
            beside=f"{repeats:.3f} of it repeats; reader {statistics.median(readers):.2f}; {lines:,} lines, {runs} runs",
            noise=(max(tails) - min(tails)) / 2,
            quick=quick,
        ),
        bar(
            "JSON lines beside DuckDB read_ndjson, CPU (aim of a later release)",
            statistics.median(ratios),
            GOAL_JSON,
            beside=f"{ours:.1f} us against {theirs:.1f} us a line, medians of {runs} pairs",
            noise=(max(ratios) - min(ratios)) / 2,
            quick=quick,
            demanded=False,
        ),
    ]
    return Result(bars)


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--lines", type=int)
    options.add_argument("--runs", type=int)
    given = options.parse_args()
    lines, json_lines, runs = (2_000_000, 100_000, 2) if given.quick else (5_000_000, 400_000, 7)
    with tempfile.TemporaryDirectory(prefix="amends-bench-") as folder:
        result = measure(given.lines or lines, json_lines, given.runs or runs, Path(folder), quick=given.quick)
    return finish("evidence", result, given)


if __name__ == "__main__":
    sys.exit(main())
