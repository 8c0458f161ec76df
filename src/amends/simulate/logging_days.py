"""Day after day, the servers log: requests become lines in files, and it is noted which line is whose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from amends.simulate.chance import Integers, stream
from amends.simulate.clock import DAY_MS
from amends.simulate.dirt import APACHE, EVENT, JSON, NGINX, REPEAT, Dirt, keeping, overlong
from amends.simulate.formats import apache, json_lines, nginx
from amends.simulate.layout import SIZE_FILES, Plan, dirt_by_day, form_of
from amends.simulate.logs import ServerLogs
from amends.simulate.printing import Printed, Spoil, laid_out, places_for
from amends.simulate.requests import Requests
from amends.simulate.text import parts_of, picked
from amends.simulate.traffic import Traffic
from amends.simulate.truth import Logged

WRITERS = {NGINX: nginx.lines, APACHE: apache.lines, JSON: json_lines.lines}
BYTES_A_LINE = 330  # of api-1, to guess when its files are full
OVERLONG_FROM_LINES = 200_000
OVERLONG_BYTES = 16 * 1024 * 1024 + 77


@dataclass(slots=True)
class Notes:
    """What was planted on one server: places of files, lines, kinds."""

    file: list[Integers] = field(default_factory=list)
    line: list[Integers] = field(default_factory=list)
    what: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def add(self, file: int, line: Integers | Sequence[int], what: str, expected: str) -> None:
        lines = np.asarray(line, np.int64)
        self.file.append(np.full(len(lines), file, np.int64))
        self.line.append(lines)
        self.what += [what] * len(lines)
        self.expected += [expected] * len(lines)


@dataclass(slots=True)
class Logbook:
    """Where everything came to stand, when all days are logged. `files`: paths in the world; `missing`: what is gone."""

    files: list[str]
    attack: Logged
    lines: int
    bytes: int
    missing: list[dict[str, object]]
    notes: list[tuple[Notes, dict[int, int]]]
    dirt_without_room: int

    def planted(self) -> pa.Table:
        """One row per planted line, by the paths of the files."""
        parts = []
        for notes, places in self.notes:
            file = np.array([places[place] for place in np.concatenate(notes.file or [np.zeros(0, np.int64)]).tolist()], np.int64)
            line = np.concatenate(notes.line or [np.zeros(0, np.int64)])
            columns = [
                picked(pa.array(self.files, pa.string()), file),
                pa.array(line.astype(np.uint64)),
                pa.array(notes.what, pa.string()),
                pa.array(notes.expected, pa.string()),
            ]
            parts.append(pa.table(columns, names=["file", "line", "what", "expected"]))
        return pa.concat_tables(parts)


@dataclass(slots=True)
class _Server:
    """One server's pen."""

    place: int
    name: str
    form: str
    logs: ServerLogs
    dirt: dict[int, list[Dirt]]
    notes: Notes = field(default_factory=Notes)
    left: list[Dirt] = field(default_factory=list)  # dirt for which a day had no room
    last_line: bytes = b""


def log_days(
    folder: Path, given: Plan, traffic: Traffic, attack: Requests, names: Sequence[str], *, seed: int, lines: int,
    pool: ThreadPoolExecutor, progress: Callable[[int], None],
) -> Logbook:  # fmt: skip
    """Write all logs. `attack` is in order of time; what lies before the first day is in no log."""
    place = np.full(len(attack), -1, np.int64)
    line = np.zeros(len(attack), np.int64)
    legible = np.ones(len(attack), bool)
    day_of = (attack.time - given.epoch_ms) // DAY_MS
    with ExitStack() as closing:
        servers = [_open(folder, given, number, seed, pool) for number in range(len(given.servers))]
        for server in servers:
            closing.callback(server.logs.close)
        for day in range(given.variant.days):
            own = np.flatnonzero(day_of == day)
            lost = given.first_web if given.is_lost(given.first_web, day) else None
            requests = traffic.of_day(day, given.lines[day], attack.take(own), lost=lost)
            order = np.lexsort((requests.time, requests.server))
            bounds = np.searchsorted(requests.server[order], np.arange(len(servers) + 1))
            for server in servers:
                rows = order[bounds[server.place] : bounds[server.place + 1]]
                _rotate(server, given, day)
                if server.place == lost:
                    continue
                size, (first, printed) = server.logs.written, _log(server, given, day, requests.take(rows), names, seed, lines)
                known = rows < len(own)
                origin = own[rows[known]]
                place[origin], line[origin] = server.logs.current, first + printed.line[known]
                legible[origin] = printed.is_legible[known]
                progress(server.logs.written - size)
        return _finished(folder.parent, servers, attack, place, line, legible, given)


def _open(folder: Path, given: Plan, number: int, seed: int, pool: ThreadPoolExecutor) -> _Server:
    name = given.servers[number]
    keep = given.variant.overlap if number == given.overlap_server else 0
    logs = ServerLogs(folder / name, "api.json" if name == "api-1" else "access.log", pool, keep)
    return _Server(number, name, form_of(name), logs, dirt_by_day(given, number, stream(seed, "dirt", number)))


def _rotate(server: _Server, given: Plan, day: int) -> None:
    """Begin a new file where the server would: by days, or when the file is full."""
    logs = server.logs
    days = given.days_in_file(server.place)
    if days is None:
        full = int(given.lines[:, server.place].sum()) * BYTES_A_LINE // SIZE_FILES
        if day == 0 or logs.written >= full:
            logs.rotate()
        return
    if day % days:
        return
    ended, is_overlap_server = logs.current, server.place == given.overlap_server
    again = is_overlap_server and ended >= 0 and ended == given.overlap_file
    repeated = logs.rotate(again=again, lost=given.is_lost(server.place, day))
    server.notes.add(logs.current, np.arange(1, repeated + 1), "overlap", REPEAT)
    if is_overlap_server and ended >= 0 and ended == given.seam_file and server.last_line:
        first = logs.write([server.last_line], 1)
        server.notes.add(logs.current, [first], "retry-over-rotation", EVENT)


def _log(
    server: _Server, given: Plan, day: int, requests: Requests, names: Sequence[str], seed: int, lines: int
) -> tuple[int, Printed]:
    """Write one day of one server: its first line, and where each request came to stand."""
    rng = stream(seed, f"print {server.name}", day)
    text = WRITERS[server.form](requests, given.epoch_ms + day * DAY_MS)
    spoils = _spoils(server, day, requests, names, rng)
    is_last = day == given.variant.days - 1
    torn_end = is_last and given.variant.torn and server.place == given.first_web
    printed = laid_out(text, spoils, rng, torn_end=torn_end)
    extra = _overlong(server, given, day, text, lines)
    first = server.logs.write([*extra, *printed.parts], printed.lines + len(extra)) + len(extra)
    file = server.logs.current
    if extra:
        server.notes.add(file, [first - 1], "overlong", "reject:too-long")
    for where, what, expected in printed.planted:
        server.notes.add(file, [first + where], what, expected)
    retries = np.flatnonzero(requests.is_retry & printed.is_legible)
    server.notes.add(file, first + printed.line[retries], "retry", EVENT)
    _remember(server, text, requests, keep=server.logs.keep)
    return first, printed


def _spoils(server: _Server, day: int, requests: Requests, names: Sequence[str], rng: np.random.Generator) -> list[Spoil]:
    """Attackers' lines that are to be spoilt, and the day's dirt on lines of others."""
    chosen = []
    for row in np.flatnonzero(requests.is_spoilt).tolist():
        listed = "token" if names[int(requests.attacker[row]) - 1] == "forged" else "address"
        kinds = keeping(server.form, listed=listed)
        chosen.append(Spoil(row, kinds[int(rng.integers(0, len(kinds)))]))
    free = (requests.attacker == 0) & ~requests.is_retry
    for spoil in chosen:
        free[max(spoil.row - 3, 0) : spoil.row + 4] = False
    wanted = server.left + server.dirt.get(day, [])
    rows = places_for(rng, free, len(wanted))
    server.left = wanted[len(rows) :]
    chosen += [Spoil(row, dirt) for row, dirt in zip(rows, wanted, strict=False)]
    return sorted(chosen, key=lambda spoil: spoil.row)


def _overlong(server: _Server, given: Plan, day: int, text: pa.StringArray, lines: int) -> list[bytes]:
    """One line that is longer than any reader should hold, in the middle of the last web server's time."""
    wanted = given.variant.overlong_bytes
    length = wanted if wanted is not None else OVERLONG_BYTES if lines >= OVERLONG_FROM_LINES else 0
    if (
        not length
        or server.place != given.overlap_server
        or day != given.variant.days - 3
        or day in given.clean_days(server.place)
    ):
        return []
    return [overlong(text[0].as_py().encode(), length) + b"\n"]


def _remember(server: _Server, text: pa.StringArray, requests: Requests, *, keep: int) -> None:
    """The day's last lines, for a rotation that writes them twice, and the last one, for a retry over a rotation."""
    if not keep and server.form != NGINX:
        return
    tail = text.slice(max(len(text) - max(keep, 1), 0))
    data, starts = parts_of(tail)
    lines = [bytes(data[starts[row] : starts[row + 1]]) for row in range(len(tail))]
    server.logs.remember(lines)
    is_others = len(requests) > 0 and requests.attacker[-1] == 0
    server.last_line = lines[-1] if is_others else b""


def _finished(
    out: Path, servers: list[_Server], attack: Requests, place: Integers, line: Integers, legible: np.ndarray, given: Plan
) -> Logbook:
    """Give the files their names; places of files on a server become places in the list of all files."""
    files: list[str] = []
    notes = []
    missing: list[dict[str, object]] = []
    file = np.full(len(attack), -1, np.int64)
    for server in servers:
        numbers = {}
        for number, name in server.logs.finish().items():
            numbers[number] = len(files)
            files.append(f"logs/{server.name}/{name}")
        for number in server.logs.lost:
            start, end = given.missing or (0, 0)
            missing.append({"server": server.name, "number": server.logs.files - 1 - number, "from": start, "to": end})
        here = (attack.server == server.place) & (place >= 0)
        file[here] = np.array([numbers[number] for number in place[here].tolist()], np.int64)
        notes.append((server.notes, numbers))
    total = sum(sum(server.logs.counts) for server in servers)
    size = sum((out / path).stat().st_size for path in files)
    homeless = sum(len(server.left) for server in servers)
    return Logbook(files, Logged(files, file, line, legible), total, size, missing, notes, homeless)
