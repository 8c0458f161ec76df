"""Small worlds, made once a run, and a plain reading of their logs that shares no code with what wrote them."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from amends.simulate import Variant, World, simulate

# Strict on purpose: what these do not match, no reader may take for an event.
QUOTED = rb'"(?:[^"\\\x00]|\\.)*"'
STAMP = rb"\[(?P<stamp>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0900)\]"
HEAD = (
    rb"(?P<client>[0-9a-f.:]+) - (?P<user>[^\[]+) "
    + STAMP
    + rb" (?P<request>"
    + QUOTED
    + rb") (?P<status>\d{3}) (?P<sent>\d+|-) "
)
APACHE = re.compile(HEAD + QUOTED + rb" " + QUOTED + rb"\r?")
NGINX = re.compile(HEAD + QUOTED + rb" " + QUOTED + rb" uid=(?P<account>\S+) tok=(?P<token>\S+) iss=(?P<issued>\S+)\r?")
LONGEST = 16 * 1024 * 1024


@pytest.fixture(scope="session")
def make_world(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., World]:
    """A world of 500 members and 5,000 lines; each set of arguments is made once."""
    made: dict[str, World] = {}

    def make(*, seed: int = 1, members: int = 500, lines: int = 5_000, attackers: Any = None, **variant: Any) -> World:
        key = repr((seed, members, lines, attackers, sorted(variant.items())))
        if key not in made:
            more = {} if attackers is None else {"attackers": attackers}
            out = tmp_path_factory.mktemp("world") / "out"
            made[key] = simulate(out, members=members, lines=lines, seed=seed, variant=Variant(**variant), **more)
        return made[key]

    return make


@pytest.fixture(scope="session")
def world(make_world: Callable[..., World]) -> World:
    return make_world()


@pytest.fixture(scope="session")
def lines_of() -> Callable[[Path], list[bytes]]:
    """Every line of a log, the torn one too."""

    def lines(path: Path) -> list[bytes]:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        found = data.split(b"\n")
        return found if found[-1] else found[:-1]

    return lines


@pytest.fixture(scope="session")
def logs_of(lines_of: Callable[[Path], list[bytes]]) -> Callable[[World], dict[str, list[bytes]]]:
    """All lines by path in the world."""

    def logs(world: World) -> dict[str, list[bytes]]:
        paths = sorted(path for path in world.logs.rglob("*") if path.is_file())
        return {str(path.relative_to(world.path)): lines_of(path) for path in paths}

    return logs


@pytest.fixture(scope="session")
def truth_of() -> Callable[[World, str], list[dict[str, Any]]]:
    def truth(world: World, name: str) -> list[dict[str, Any]]:
        return pq.read_table(world.truth / f"{name}.parquet").to_pylist()

    return truth


@pytest.fixture(scope="session")
def event_of() -> Callable[[str, bytes], dict[str, Any] | None]:
    """A line of a file as an event, None where it is none."""
    return _event


def _event(file: str, line: bytes) -> dict[str, Any] | None:
    if len(line) > LONGEST or b"\0" in line or not _is_utf8(line):
        return None
    if "/api-1/" in file:
        return _json_event(line)
    found = (APACHE if "/admin-1/" in file else NGINX).fullmatch(line)
    if found is None:
        return None
    try:
        time = datetime.strptime(found["stamp"].decode(), "%d/%b/%Y:%H:%M:%S %z")
    except ValueError:
        return None
    named = {name: None if value == b"-" else value.decode() for name, value in found.groupdict().items()}
    method, _, rest = (named["request"] or "").strip('"').partition(" ")
    target = rest.removesuffix(" HTTP/1.1")
    return named | {
        "time": time,
        "method": method,
        "target": target,
        "status": int(found["status"]),
        "sent": int(named["sent"] or 0),
    }


def _json_event(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
        time = datetime.fromisoformat(found["@timestamp"])
    except ValueError:
        return None
    return {
        "time": time,
        "client": found["source"]["ip"],
        "account": found.get("user", {}).get("id"),
        "token": found.get("labels", {}).get("token"),
        "issued": None,
        "method": found["http"]["request"]["method"],
        "target": found["url"]["original"],
        "status": found["http"]["response"]["status_code"],
        "sent": found["http"]["response"]["body"]["bytes"],
    }


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
