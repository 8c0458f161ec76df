"""`[[ceiling]]` blocks of amends.toml: what another record proves about a gap, such as a balancer's count of requests.

[[ceiling]]
endpoint = "profile"
server = "web-2"                         # left out: each server by itself
kind = "account"                         # left out: each kind by itself
from = 2026-08-01T00:00:00+09:00
to = 2026-08-02T00:00:00+09:00
most = 1200                              # subjects, within [from, to)
source = "lookups/balancer-2026-08-01.csv"
sha256 = "..."                           # of that file
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from amends.case import Case, sha256_of
from amends.count.datamap.model import DataMap
from amends.count.scope.errors import BAD_CEILING
from amends.errors import InputError, Place
from amends.settings import period_of
from amends.units import Period

KEYS = frozenset(("endpoint", "server", "kind", "from", "to", "most", "source", "sha256"))


@dataclass(frozen=True, slots=True)
class Ceiling:
    """At most `most` subjects by this endpoint within the period, as the file shows; of any server and kind, if none is named."""

    endpoint: int
    server: str | None
    kind: str | None
    period: Period
    most: int
    source: str
    sha256: str


def read_ceilings(case: Case, map: DataMap) -> tuple[Ceiling, ...]:
    """All blocks, in the order of the file. Raises: SCO-006 with the block's number and what was expected."""
    blocks = case.settings.tables.get("ceiling", [])
    if not isinstance(blocks, list):
        raise InputError(BAD_CEILING, at=Place("amends.toml"), expected="[[ceiling]] blocks, in double brackets")
    return tuple(
        _ceiling(block, case, map, Place(f"amends.toml, [[ceiling]] {number}")) for number, block in enumerate(blocks, start=1)
    )


def _ceiling(block: Any, case: Case, map: DataMap, at: Place) -> Ceiling:
    if not isinstance(block, Mapping) or (unknown := sorted(block.keys() - KEYS)):
        wrong = f"; {unknown[0]!r} is none of them" if isinstance(block, Mapping) else ""
        raise InputError(BAD_CEILING, at=at, expected=f"the keys {', '.join(sorted(KEYS))}{wrong}")
    endpoints = [endpoint.id for endpoint in map.endpoints]
    if block.get("endpoint") not in endpoints:
        raise InputError(BAD_CEILING, at=at, expected="endpoint: the id of an endpoint in datamap.yaml")
    if block.get("kind") not in (None, *map.subjects):
        raise InputError(BAD_CEILING, at=at, expected="kind: a kind of subject in datamap.yaml")
    most = block.get("most")
    if not isinstance(most, int) or isinstance(most, bool) or most < 0:
        raise InputError(BAD_CEILING, at=at, expected="most: a number of subjects")
    source, sha256 = _proof(block, case, at)
    server = block.get("server")
    if server is not None and not isinstance(server, str):
        raise InputError(BAD_CEILING, at=at, expected="server: the name of a server")
    return Ceiling(endpoints.index(block["endpoint"]), server, block.get("kind"), _period(block, at), most, source, sha256)


def _period(block: Mapping[str, Any], at: Place) -> Period:
    period = period_of(block.get("from"), block.get("to"))
    if period is None:
        raise InputError(BAD_CEILING, at=at, expected="from and to: instants with their offsets, the first before the second")
    return period


def _proof(block: Mapping[str, Any], case: Case, at: Place) -> tuple[str, str]:
    """The file that proves the ceiling, and its hash, compared."""
    source, sha256 = block.get("source"), block.get("sha256")
    if not isinstance(source, str) or not isinstance(sha256, str):
        raise InputError(BAD_CEILING, at=at, expected="source and sha256: the file that proves it, and the hash of its bytes")
    name = PurePosixPath(source)
    path = case.path / name
    if name.is_absolute() or ".." in name.parts or not path.is_file():
        raise InputError(BAD_CEILING, at=at, expected="source: a file below the case folder")
    if sha256_of(path) != sha256.lower():
        raise InputError(BAD_CEILING, at=at, expected="sha256: the hash of the source's bytes as they are now")
    return source, sha256.lower()
