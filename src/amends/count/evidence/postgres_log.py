"""What PostgreSQL's csvlog and jsonlog share: lines of pgaudit and of `log_statement` as requests, all others as messages.

- A line of pgaudit is `/DATABASE/CLASS/COMMAND/OBJECT?...` (`statements.py`), GET in the class READ, else POST. pgaudit logs a
  statement when it begins, so its outcome is not known, and `status` null; with `pgaudit.log_rows` it logs it at the end, and one
  that gave rows is 200. No rows say nothing: `COPY` is logged with none. With `pgaudit.log_statement_once` the further relations
  of a statement have no parameters: their lines do not hold it.
- A line of `log_statement` or `log_min_duration_statement` is the same in the class LOG, with the tables as the statement names
  them; 200 where its duration says that it is done.
- Every other line is `POST /DATABASE/SEVERITY/SQLSTATE/-`, with 403 where rights were missing, 400 for another error. It is no
  request: one endpoint `POST /{database}/{class}/{command}/{object}` with `discloses: []` takes them, and what only writes.

Statements are kept with `?` for each literal; mail addresses in messages are masked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from amends.count.evidence.csv_reader import COMMAS
from amends.count.evidence.json_reader import Derived, JsonTable
from amends.count.evidence.json_times import zone_of
from amends.count.evidence.json_values import Flat
from amends.count.evidence.masking import mask_mail
from amends.count.evidence.settings import Reading
from amends.count.evidence.sql_text import sql_text
from amends.count.evidence.statements import Statement, known, statement_of, target

AUDIT = "AUDIT: "
AUDITED = ("audit_type", "statement_id", "substatement_id", "class", "command", "object_type", "object_name")
UNKNOWN = ("", "<none>", "<not logged>", "<previously logged>")
SUPPRESSED = "<long field suppressed>"  # pgaudit.log_parameter_max_size
DENIALS = ("42501", "28")  # insufficient privilege; class 28, invalid authorization
NO_ERRORS = ("00", "01", "02")  # SQLSTATE's classes of success, warning and no data

_STAMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?) (?:(UTC|GMT)|([+-]\d\d(?::?\d\d)?)|([A-Za-z]+))", re.ASCII)
_LOGGED = re.compile(  # `exec_simple_query` and `exec_execute_message` of tcop/postgres.c
    r"(?:duration: (?P<took>\d+\.\d+) ms  )?(?:statement|execute(?: fetch from)? [^:]*): (?P<text>.*)", re.DOTALL | re.ASCII
)
_PARAMETER = re.compile(r"\$(\d{1,5}) = '((?:[^']|'')*)'", re.ASCII)


@dataclass(frozen=True, slots=True)
class Names:
    """How one of the two logs names what the other names otherwise."""

    time: str
    database: str
    state: str
    query: str
    account: str
    client: str | Derived


def table(names: Names, reading: Reading) -> JsonTable:
    """Which member holds what, for a block."""
    made = {name: (name,) for name in ("method", "target", "status", "took_ms")}
    client = names.client
    paths = {"time": (names.time,), "account": (names.account,), "agent": ("application_name",)}
    return JsonTable(
        paths=made | paths | ({"client": (client,)} if isinstance(client, str) else {}),
        derived={"client": (client,)} if isinstance(client, Derived) else {},
        unfold=partial(_unfold, names=names, zone=zone_of(reading.zone)),
    )


def _unfold(members: Flat, *, names: Names, zone: ZoneInfo | None) -> None:
    """Puts in what the message says; takes out what stands in literals."""
    _change(members, (names.time,), lambda stamp: moment(stamp, zone))
    _change(members, (names.query, "internal_query"), lambda text: sql_text(text, "postgres").masked)
    message, database = _text(members, "message"), members.get(names.database)
    if not (_audit(members, message, database) or _logged(members, message, database)):
        severity, state = members.get("error_severity"), _text(members, names.state) or "00000"
        members |= {"method": "POST", "target": target(database, severity, state, None, None)}
        if not state.startswith(NO_ERRORS):
            members["status"] = 403 if state.startswith(DENIALS) else 400
        _change(members, ("message", "detail", "hint", "context"), mask_mail)


def _audit(members: Flat, message: str, database: object) -> bool:
    """Reads a line of pgaudit: is it one?"""
    fields = COMMAS.split(message.removeprefix(AUDIT)) if message.startswith(AUDIT) else None
    if fields is None or not 9 <= len(fields) <= 10:
        return False
    *head, text, parameters = fields[:9]
    said = dict(zip(AUDITED, head, strict=True))
    given = COMMAS.split(parameters) if parameters not in UNKNOWN else None
    statement = None
    if text not in UNKNOWN:
        statement = statement_of(text, "postgres", [None if one == SUPPRESSED else one for one in given or ()])
    _put(members, statement, target(database, said["class"], said["command"], said["object_name"], statement))
    members |= {name: value for name, value in said.items() if value}
    members["method"] = "GET" if said["class"] == "READ" else "POST"
    if len(fields) == 10:
        members["rows"] = fields[9]
        if fields[9].isdecimal() and int(fields[9]):
            members["status"] = 200
    return True


def _logged(members: Flat, message: str, database: object) -> bool:
    """Reads a line of log_statement or log_min_duration_statement: is it one?"""
    found = _LOGGED.fullmatch(message)
    if found is None:
        return False
    detail = _text(members, "detail")
    cut = {int(number): value.replace("''", "'") for number, value in _PARAMETER.findall(detail) if not value.endswith("...")}
    statement = statement_of(found["text"], "postgres", known(cut))
    _put(members, statement, target(database, "LOG", statement.command, None, statement))
    members["method"] = "GET" if statement.is_read else "POST"
    _change(members, ("detail",), lambda text: sql_text(text, "postgres").masked)
    if found["took"]:
        members |= {"took_ms": found["took"], "status": 200}
    return True


def _put(members: Flat, statement: Statement | None, target: str) -> None:
    del members["message"]
    members["target"] = target
    if statement is not None:
        members["statement"] = statement.text.masked


def _change(members: Flat, names: Sequence[str], make: Callable[[str], str]) -> None:
    for name in names:
        if isinstance(value := members.get(name), str):
            members[name] = make(value)


def moment(stamp: str, zone: ZoneInfo | None) -> str:
    """A stamp whose zone has a name (`2026-11-02 10:00:00.123 KST`) with its offset instead: UTC's, or that of the block's zone,
    where that zone had this name then, which also tells the two hours apart that it has twice. Without a block's zone the stamp
    stays without an offset.
    """
    found = _STAMP.fullmatch(stamp)
    if found is None:
        return stamp
    civil, utc, offset, name = found.groups()
    if name is None or zone is None:
        return civil + ("Z" if utc else offset or "")
    try:
        local = datetime.fromisoformat(civil).replace(tzinfo=zone)
    except ValueError:
        return stamp
    for either in (local, local.replace(fold=1)):
        ahead = either.utcoffset()
        if either.tzname() == name and ahead is not None and not ahead % timedelta(minutes=1):
            return f"{civil}{either:%z}"
    return stamp


def _text(members: Flat, name: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) else ""
