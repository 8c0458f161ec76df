"""A draft from a browser's recording (HTTP Archive 1.2): the requests that a page made, and the names within the JSON of the
answers. Values of answers stay in the recording.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from amends.count.datamap.drafts.draft import Drafted, Member
from amends.count.datamap.drafts.members import of_value
from amends.count.datamap.drafts.reading import read_json_or_yaml
from amends.count.datamap.errors import BAD_DESCRIPTION
from amends.count.datamap.shapes import VARIES
from amends.errors import InputError, Place

VARIED = re.compile(VARIES)


def drafted(file: Path) -> list[Drafted]:
    """One endpoint for each method and shape of path that gave JSON. Raises: MAP-010 where the file is no recording."""
    document = read_json_or_yaml(file)
    log = document.get("log") if isinstance(document, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise InputError(BAD_DESCRIPTION, at=Place(str(file)), expected='an object with "log" and its "entries"')
    found: dict[tuple[str, str], Drafted] = {}
    for method, path, names, status, body in _answers(entries):
        known = found.get((method, path))
        members: tuple[Member, ...] = (*(known.members if known else ()), *of_value(body))
        queries = (*(known.queries if known else ()), *((name, None) for name in names))
        found[method, path] = Drafted(
            method,
            path,
            statuses=tuple(sorted({status, *(known.statuses if known else ())})),
            members=tuple(dict.fromkeys(members)),
            queries=tuple(dict.fromkeys(queries)),
            is_list=isinstance(body, list) or bool(known and known.is_list),
        )
    return list(found.values())


def _answers(entries: list[Any]) -> Iterator[tuple[str, str, list[str], int, Any]]:
    """Method, path, names of the query, status and body of every successful answer in JSON."""
    for entry in entries:
        try:
            request, response = entry["request"], entry["response"]
            method, url, status, content = request["method"], urlsplit(request["url"]), response["status"], response["content"]
            text = content["text"]
            if content.get("encoding") == "base64":
                text = base64.b64decode(text, validate=True)
            body = json.loads(text)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError, binascii.Error):
            continue  # no answer, or none in JSON
        if isinstance(method, str) and type(status) is int and 200 <= status < 300:
            yield method, _shape(url.path), [name for name, _ in parse_qsl(url.query)], status, body


def _shape(path: str) -> str:
    """The path with a parameter for each segment that varies."""
    doubled = path.replace("/", "//") + "/"
    return (VARIED.sub("/{id}/", doubled)[1:-1].replace("//", "/")) or "/"
