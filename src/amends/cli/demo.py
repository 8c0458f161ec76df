"""amends demo: the whole house at work on a simulated shop, each step the very command that a user would type."""

from __future__ import annotations

import csv
import json
import shlex
import shutil
import sys
import time
from contextlib import redirect_stdout, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated, Any, cast

import pyarrow.parquet as pq
from typer import Option

from amends.case import open_case
from amends.cli.errors import FILE_EXISTS, STEP_FAILED
from amends.cli.frame import Answer, main, verb
from amends.errors import OperationError, Place, UsageError
from amends.record import queued

MARK = ".amends-demo"  # stands in a folder that the demo made, so that it removes no other


@verb
def demo(
    folder: Annotated[Path, Option("--folder", help="where the demo works; made anew each time")] = Path("amends-demo"),
    members: Annotated[int, Option("--members", min=500, help="members of the simulated shop")] = 200_000,
    lines: Annotated[int, Option("--lines", min=5_000, help="log lines to write, about")] = 1_000_000,
    seed: Annotated[int, Option("--seed", help="another seed, another shop")] = 7,
    port: Annotated[int, Option("--port", min=0, max=65535, help="port on 127.0.0.1; 0: any that is free")] = 0,
    serve: Annotated[bool, Option("--serve/--no-serve", help="show the report in a browser until Ctrl-C")] = True,
) -> Answer:
    """A shop leaks; its logs are read, the exposed accounts counted and held against the truth, one traced, a report written.

    Example: amends demo --no-serve
    """
    started = time.monotonic()
    _fresh(folder)
    world, case = folder / "world", folder / "case"
    _step("A shop with a leak: its raw logs, its tables, and, kept apart, the truth.")
    _amends("simulate", world, "--members", members, "--lines", lines, "--seed", seed)

    _step("A case. The team writes down how the logs are read, what each endpoint gives out, and which events are misuse.")
    _amends("new", case, "--company", "Example Shop", "--tz", "Asia/Seoul", "--at-rest", "nowhere: a demo")
    _take_over(world / "case", case)

    _step("Every line of every log becomes an event, a reject with its reason, or a repeat.")
    _amends("ingest", case, world / "logs")
    _step("Does the map know every endpoint?")
    _amends("datamap", "check", case)

    _step("An authority has ordered the logs of these weeks to be kept. What is missing of them is told by itself.")
    weeks = ("--from", "2026-03-02T00:00+09:00", "--to", "2026-04-27T00:00+09:00")
    _amends("hold", "set", case, "PIPC-17", "--by", "PIPC", *weeks, "--author", "counsel", "--reason", "letter, item 3")

    _step("Who was exposed, with bounds.")
    exported = folder / "exposed.csv"
    _amends("scope", case, "--export", exported, "--claim", "not-exposed:user.financial")
    verdict = _against_truth(exported, world)
    _people_against_truth(case, world)

    _step("One exposed account, traced to file and line.")
    _amends("who", case, _someone(exported))

    _step("The report.")
    report = folder / "report.html"
    _amends("report", case, "--out", report)
    seconds = time.monotonic() - started
    if serve:
        _serve(report, port=port, seconds=seconds)
    data = {"folder": str(folder), "report": str(report), "seconds": round(seconds, 1), **verdict}
    return Answer(data, text=f"done in {seconds:.0f} s; the report: {report.resolve()}", is_no=not verdict["equal"])


def _fresh(folder: Path) -> None:
    if folder.exists():
        if not (folder / MARK).is_file():
            raise UsageError(FILE_EXISTS, at=Place(str(folder)), expected="a folder that the demo made, or --folder NAME")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def _step(text: str) -> None:
    print(f"\n— {text}", file=sys.stderr)


def _amends(*words: object) -> None:
    """Run one command as a user would, after showing it."""
    arguments = [str(word) for word in words]
    print(f"\n$ amends {shlex.join(arguments)}", file=sys.stderr, flush=True)
    with redirect_stdout(sys.stderr):  # the demo's own answer is what goes to stdout
        status = main(arguments)
    if status != 0:
        raise OperationError(STEP_FAILED, at=Place(f"amends {arguments[0]}"), expected=f"exit status 0, not {status}")


def _take_over(written: Path, case: Path) -> None:
    """What a real team writes by hand: settings, map, selection, and the tables that the map joins."""
    print(f"\n$ cp -r {shlex.quote(str(written))}/. {shlex.quote(str(case))}", file=sys.stderr)
    shutil.copytree(written, case, dirs_exist_ok=True)


def _against_truth(exported: Path, world: Path) -> dict[str, Any]:
    """Hold the confirmed pairs of subject and field against what the simulation knows to have been given out."""
    with exported.open(newline="", encoding="utf-8") as file:
        found = {(row["kind"], row["subject"], name) for row in csv.DictReader(file) for name in row["fields"].split(";") if name}
    columns = ["kind", "subject", "field"]
    truth = pq.read_table(world / "truth" / "disclosures.parquet", columns=columns, filters=[("expected", "=", "confirmed")])
    planted = set(zip(*(truth[name].to_pylist() for name in columns), strict=True))
    missed, invented = len(planted - found), len(found - planted)
    print(
        f"\nAgainst the truth: {len(planted):,} pairs of subject and field were given out whole, in lines that are still there;"
        f" {len(found):,} confirmed, {missed:,} missed, {invented:,} invented.",
        file=sys.stderr,
    )
    counts = {"planted": len(planted), "confirmed": len(found), "missed": missed, "invented": invented}
    return {**counts, "equal": missed == invented == 0}


def _people_against_truth(case: Path, world: Path) -> None:
    """Hold the bounds of people against how many there were, whether or not a log shows it."""
    true = json.loads((world / "truth" / "truth.json").read_text("utf-8"))["people"]["exposed"]["people"]
    run = next(entry for entry in reversed(queued(open_case(case))) if entry.type == "exposure")
    units = cast(dict[str, dict[str, int]], run.body["units"])
    print(f"People: {units['people']['lower']:,} to {units['people']['upper']:,}; there were {true:,}.", file=sys.stderr)


def _someone(exported: Path) -> str:
    """An account that was seen more than once, with several fields."""
    with exported.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "account"]
    return max(rows, key=lambda row: (min(int(row["views"]), 3), row["fields"].count(";"), row["subject"]))["subject"]


class _ReportOnly(SimpleHTTPRequestHandler):
    """Serves one file, whatever is asked for."""

    def __init__(self, *arguments: Any, report: Path, **options: Any) -> None:
        self.report = report
        super().__init__(*arguments, directory=str(report.parent), **options)

    def translate_path(self, path: str) -> str:
        return str(self.report)

    def log_message(self, format: str, *arguments: Any) -> None:
        return


def _serve(report: Path, *, port: int, seconds: float) -> None:
    """On loopback only, until Ctrl-C."""
    with ThreadingHTTPServer(("127.0.0.1", port), partial(_ReportOnly, report=report)) as server:
        print(f"\nDone in {seconds:.0f} s. The report: http://127.0.0.1:{server.server_port}/", file=sys.stderr)
        print(f"Also as a file: {report.resolve()}. Ctrl-C ends.", file=sys.stderr, flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()
