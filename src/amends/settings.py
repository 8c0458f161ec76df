"""amends.toml: what the case is about, and the tables that rooms own.

A key or table without meaning is an error, so that a slip of the pen is told instead of passed over.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from amends.errors import BAD_SETTINGS, InputError, Place
from amends.units import Period

SETTINGS = "amends.toml"
CASE_KEYS = frozenset(("company", "zone", "window", "languages", "jurisdictions", "at_rest", "database"))
NOT_EVERYWHERE = ("localtime", "posixrules", "Factory")  # files beside the zones: this machine's own, or no place at all
ROOMS = ("evidence", "ceiling")  # tables of amends.toml beside [case]; each is read by the room that owns it


@dataclass(frozen=True, slots=True)
class Settings:
    """What amends.toml says: `[case]` as fields, the other tables as they stand for the rooms that own them."""

    company: str
    zone: ZoneInfo
    window: Period | None = None
    languages: tuple[str, ...] = ("en",)
    jurisdictions: tuple[str, ...] = ()
    tables: Mapping[str, Any] = field(default_factory=dict)


def parse_settings(text: str, *, file: str = SETTINGS) -> Settings:
    """amends.toml as Settings. Raises: CAS-003 with the place and what was expected there."""
    try:
        tables = tomllib.loads(text)
    except RecursionError as error:
        raise InputError(BAD_SETTINGS, at=Place(file), expected="TOML of a few levels") from error
    except ValueError as error:  # a number of thousands of digits is none of its parser's own errors
        raise InputError(BAD_SETTINGS, at=Place(file), expected=f"TOML; its parser says: {error}") from error
    case = tables.pop("case", None)
    if not isinstance(case, dict):
        raise InputError(BAD_SETTINGS, at=Place(file), expected="a table [case]")
    where = Place(f"{file}, [case]")
    for key in sorted(case.keys() - CASE_KEYS):
        raise InputError(BAD_SETTINGS, at=where, expected=f"no key {key!r}")
    for name in sorted(tables.keys() - set(ROOMS)):
        raise InputError(BAD_SETTINGS, at=Place(file), expected=f"no table {name!r}, but [case], [[evidence]] or [[ceiling]]")
    return Settings(
        company=_text(case, "company", where),
        zone=_zone(case, where),
        window=_window(case.get("window"), where),
        languages=_texts(case, "languages", where) or ("en",),
        jurisdictions=_texts(case, "jurisdictions", where),
        tables=tables,
    )


def new_settings(company: str, zone: str, at_rest: str, window: Period | None) -> str:
    """A commented amends.toml for a new case."""
    shown = "# window = {from = 2025-04-14T00:00:00+09:00, to = 2025-11-18T23:00:00+09:00}"
    if window is not None:
        shown = f"window = {{from = {window.start.isoformat()}, to = {window.end.isoformat()}}}"
    return f"""\
# This file says what the case is about and how its evidence is read.
# Secrets are named here (env:NAME or file:PATH), never written.

[case]
company = {_quoted(company)}
zone = {_quoted(zone)}            # of the people who read the case; each source has its own
languages = ["ko", "en"]
# jurisdictions = ["KR", "EU"]
at_rest = {_quoted(at_rest)}      # where the encryption of this folder lives
# When misuse was possible. Time inside it that no log covers is a gap. Without it: first to last event, and no scope is final.
{shown}

# How evidence is read; the last block that matches wins; without one each file is recognised by itself or refused.
# [[evidence]]
# match = "web-1/access.log*"     # a glob over the last parts of the path as given
# server = "web-1"
# layer = "app"                   # edge | balancer | app
# format = "nginx"
# log_format = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
# principal = ["tok"]             # columns that hold the credential; the first that is present, else the address
# account = "uid"                 # column that holds whom the principal claims to be
"""


def _text(table: Mapping[str, Any], key: str, where: Place) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise InputError(BAD_SETTINGS, at=where, expected=f'{key} = "TEXT"')
    return value


def _texts(table: Mapping[str, Any], key: str, where: Place) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(BAD_SETTINGS, at=where, expected=f'{key} = ["TEXT", ...]')
    return tuple(value)


def _zone(table: Mapping[str, Any], where: Place) -> ZoneInfo:
    zone = zone_named(_text(table, "zone", where))
    if zone is None:
        raise InputError(BAD_SETTINGS, at=where, expected='zone as an IANA name, such as "Asia/Seoul"')
    return zone


def zone_named(name: str) -> ZoneInfo | None:
    """The time zone of this IANA name; None where it has none, or another meaning on another machine."""
    if name in NOT_EVERYWHERE or name.startswith(("right/", "posix/")):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder, such as Asia, or a very long one
        return None


def _window(value: Any, where: Place) -> Period | None:
    if value is None:
        return None
    shape = "window = {from = 2025-04-14T00:00:00+09:00, to = 2025-11-18T23:00:00+09:00}"
    if not isinstance(value, dict) or value.keys() != {"from", "to"}:
        raise InputError(BAD_SETTINGS, at=where, expected=shape)
    start, end = value["from"], value["to"]
    period = period_of(start, end)
    if period is None:
        raise InputError(BAD_SETTINGS, at=where, expected=f"{shape}, with offsets, the first before the second")
    return period


def period_of(start: object, end: object) -> Period | None:
    """What two values of a TOML table mean; None where they are no instants with offsets, or not the first before the second."""
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return None
    try:
        period = Period(start, end)
    except ValueError:
        return None
    return period if start < end else None


def _quoted(text: str) -> str:
    """A TOML basic string (toml.io v1.0, Strings)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'
