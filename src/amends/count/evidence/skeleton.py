"""A `log_format` that writes JSON (`escape=json '{"time":"$time_iso8601",...}'`): where each variable stands, as columns of
JSON lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import count

from amends.count.evidence.grammar import Literal, Variable, bad_format

# The column of JSON lines that a variable of nginx fills; of two that fill the same, the first counts.
NGINX = {
    "msec": "time",
    "time_iso8601": "time",
    "time_local": "time",
    "remote_addr": "client",
    "request": "request",
    "request_method": "method",
    "request_uri": "target",
    "status": "status",
    "body_bytes_sent": "sent",
    "sent_http_content_length": "length",
    "request_completion": "complete",
    "request_time": "took_s",
    "http_user_agent": "agent",
    "request_id": "request_id",
}
RIVALS = {"request": ("method", "target")}  # columns that the first of these names fills, too


def is_skeleton(parts: list[Literal | Variable]) -> bool:
    """Whether the format begins a JSON object."""
    return bool(parts) and isinstance(parts[0], Literal) and parts[0].text.lstrip().startswith(b"{")


def json_columns(parts: list[Literal | Variable], standard: Mapping[str, str], *, source: str) -> dict[str, str]:
    """Column to dotted path, for every variable that is a whole value; `standard`: the column that a variable fills. A value of
    several parts stays a member under its own name.

    Raises: EVI-002 where the format is not one JSON object.
    """
    marks: dict[str, str] = {}
    numbers = count()
    text = ""
    for part in parts:
        if isinstance(part, Literal):
            text += part.text.decode()
            continue
        mark = f"\ufdd0{next(numbers)}\ufdd1"  # noncharacters, which no format holds
        marks[mark] = part.key
        text += mark if _is_in_string(text) else f'"{mark}"'
    try:
        skeleton = json.loads(text)
    except ValueError as error:
        raise bad_format(source, None, "one JSON object with variables for its values") from error
    if not isinstance(skeleton, dict):
        raise bad_format(source, None, "one JSON object with variables for its values")
    paths = {marks[value]: path for path, value in reversed(list(_members(skeleton, ""))) if value in marks}
    return _columns(paths, standard)


def _columns(paths: dict[str, str], standard: Mapping[str, str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for variable, column in standard.items():
        if variable in paths and column not in columns and not any(column in RIVALS.get(name, ()) for name in columns):
            columns[column] = paths.pop(variable)
    return columns | {variable: path for variable, path in paths.items() if variable not in columns}


def _is_in_string(text: str) -> bool:
    """Whether a JSON text so far ends inside of a string: an odd number of quotes that no backslash escapes."""
    return sum(part.count('"') for part in text.replace("\\\\", "").replace('\\"', "").splitlines()) % 2 == 1


def _members(value: dict[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for name, member in value.items():
        if isinstance(member, dict):
            yield from _members(member, f"{prefix}{name}.")
        elif isinstance(member, str):
            yield f"{prefix}{name}", member
