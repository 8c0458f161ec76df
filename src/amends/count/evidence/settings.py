"""How evidence is read: the `[[evidence]]` blocks of amends.toml, and the same settings from the command line.

Events and rejects depend on a source's bytes and its block alone, so the block's hash (`config_hash`) stands beside them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from ipaddress import ip_network
from pathlib import PurePath
from typing import Any

from amends.case import Case
from amends.count.evidence.derived import Derived
from amends.count.evidence.errors import BAD_BLOCK
from amends.count.evidence.plain import MOST_UNPACKED
from amends.errors import InputError, Place
from amends.settings import zone_named

LAYERS = ("edge", "balancer", "app")  # from the outside to the inside
WRAPPINGS = ("auto", "none", "syslog", "docker", "cri")  # what a collector put around each line
TIMES = ("start", "end")  # what the stamp means: nginx logs the end of an answer, Apache's %t its start


@dataclass(frozen=True, slots=True)
class Reading:
    """How the sources that `match` names are read; every key may be left out.

    `principal`, `account` and `issued` may go on into the column (see `derived.py`); `forwarded` names the column with the list
    of addresses that the proxies in `trusted_proxies` wrote (see `forwarded.py`).
    `server` is a constant or the name of a logged column (`syslog_host` where syslog wraps the lines); `principal` names columns,
    the first that is present wins, else the address; `columns` maps a column to a member, by its dotted path: of JSON, of CSV or
    of Parquet.
    """

    match: str = "*"
    server: str | None = None
    layer: str = "app"
    time_is: str | None = None
    format: str = "auto"
    log_format: str | None = None
    wrapper: str = "auto"
    principal: tuple[str, ...] = ()
    account: str | None = None
    issued: str | None = None
    zone: str | None = None
    forwarded: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    most_unpacked: int = MOST_UNPACKED
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def roles(self) -> tuple[str, ...]:
        """The columns that hold who asked, whom they claim to be, what was handed out, and which proxies stood between."""
        named = (*self.principal, *filter(None, (self.account, self.issued)))
        columns = (*(Derived.parse(name).column for name in named), *filter(None, (self.forwarded,)))
        return tuple(dict.fromkeys(columns))

    @property
    def decoded(self) -> frozenset[str]:
        """The columns of events (`principal`, `account`) whose values stand in the bytes of a line in another form."""
        written = {"principal": self.principal, "account": (self.account,) if self.account else ()}
        return frozenset(name for name, used in written.items() if any(Derived.parse(one).is_decoded for one in used))

    @property
    def config_hash(self) -> str:
        """SHA-256 over all that decides how a line is read; `match` is not part of it."""
        settings = asdict(replace(self, match="*"))
        return hashlib.sha256(json.dumps(settings, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def parse_reading(table: Mapping[str, Any], *, at: Place) -> Reading:
    """One `[[evidence]]` block as a Reading. Raises: EVI-001 for an unknown key or a value that cannot be."""
    names = {
        "match",
        "server",
        "layer",
        "time_is",
        "format",
        "log_format",
        "wrapper",
        "principal",
        "account",
        "issued",
        "zone",
        "forwarded",
        "trusted_proxies",
        "most_unpacked",
        "columns",
    }
    for key in table.keys() - names:
        raise InputError(BAD_BLOCK, at=at, expected=f"one of the keys {', '.join(sorted(names))}; {key!r} is none of them")
    values = dict(table)
    principal = values.pop("principal", ())
    principal = (principal,) if isinstance(principal, str) else principal
    if not isinstance(principal, list | tuple) or not all(isinstance(name, str) for name in principal):
        raise InputError(BAD_BLOCK, at=at, expected='principal = ["COLUMN", ...]')
    trusted = _networks(values.pop("trusted_proxies", []), at=at)
    most = values.pop("most_unpacked", MOST_UNPACKED)
    if type(most) is not int or most <= 0:
        raise InputError(BAD_BLOCK, at=at, expected="most_unpacked as a number of bytes, such as 200_000_000_000")
    columns = values.pop("columns", {})
    if not isinstance(columns, dict) or not all(isinstance(path, str) for path in columns.values()):
        raise InputError(BAD_BLOCK, at=at, expected='columns = {time = "PATH", client = "PATH", ...}')
    for key, value in values.items():
        if not isinstance(value, str):
            raise InputError(BAD_BLOCK, at=at, expected=f"{key} as text in quotes")
    reading = Reading(principal=tuple(principal), trusted_proxies=trusted, most_unpacked=most, columns=columns, **values)
    if (reading.forwarded is None) != (not trusted):
        raise InputError(BAD_BLOCK, at=at, expected="forwarded and trusted_proxies together: anyone can send such a list")
    try:
        _ = reading.roles
    except ValueError as error:
        expected = "a column, or one with steps into it such as http_cookie:cookie:sid or http_authorization:jwt:sub"
        raise InputError(BAD_BLOCK, at=at, expected=expected) from error
    if reading.layer not in LAYERS:
        raise InputError(BAD_BLOCK, at=at, expected=f"layer as one of {', '.join(LAYERS)}")
    if reading.wrapper not in WRAPPINGS:
        raise InputError(BAD_BLOCK, at=at, expected=f"wrapper as one of {', '.join(WRAPPINGS)}")
    if reading.time_is not in (None, *TIMES):
        raise InputError(BAD_BLOCK, at=at, expected='time_is as "start" or "end"')
    if reading.zone is not None and zone_named(reading.zone) is None:
        raise InputError(BAD_BLOCK, at=at, expected="zone as an IANA name, such as Asia/Seoul")
    return reading


def _networks(value: object, *, at: Place) -> tuple[str, ...]:
    """Networks of proxies, as written in full. Raises: EVI-001."""
    try:
        return tuple(str(ip_network(text)) for text in ([value] if isinstance(value, str) else value))  # type: ignore[attr-defined]
    except (ValueError, TypeError) as error:
        expected = 'trusted_proxies = ["10.0.0.0/8", ...]: addresses or networks, no bit set beyond the prefix'
        raise InputError(BAD_BLOCK, at=at, expected=expected) from error


def evidence_blocks(case: Case) -> list[Reading]:
    """The `[[evidence]]` blocks of amends.toml. Raises: EVI-001."""
    tables = case.settings.tables.get("evidence", [])
    tables = tables if isinstance(tables, list) else [tables]
    if not all(isinstance(table, dict) for table in tables):
        raise InputError(BAD_BLOCK, at=Place(str(case.settings_file)), expected="[[evidence]] blocks, in double brackets")
    return [
        parse_reading(table, at=Place(f"{case.settings_file}, [[evidence]] number {number}"))
        for number, table in enumerate(tables, 1)
    ]


def reading_for(path: PurePath, readings: list[Reading]) -> Reading:
    """The last block that matches the path; no block: everything by itself."""
    return next((reading for reading in reversed(readings) if matches(reading, path)), Reading())


def matches(reading: Reading, path: PurePath) -> bool:
    """Does `match` fit the last parts of the path as given (`*` crosses folders), or is it them letter by letter?"""
    parts, wanted = path.as_posix().split("/"), reading.match.lstrip("/")
    ends = ["/".join(parts[start:]) for start in range(len(parts))]
    return wanted in ends or any(fnmatchcase(end, wanted) for end in ends)
