"""A draft from an API's description: OpenAPI 3.0 and 3.1 (spec.openapis.org), in JSON or YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from amends.count.datamap.drafts.draft import Drafted
from amends.count.datamap.drafts.members import Schemas
from amends.count.datamap.drafts.reading import read_json_or_yaml
from amends.count.datamap.errors import BAD_DESCRIPTION
from amends.errors import InputError, Place

OPERATIONS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


def drafted(file: Path) -> list[Drafted]:
    """One endpoint for each operation. Raises: MAP-010 where the file is no such description."""
    document = read_json_or_yaml(file)
    version, paths = (document.get(name) if isinstance(document, dict) else None for name in ("openapi", "paths"))
    if not str(version).startswith("3.") or not isinstance(paths, dict):
        raise InputError(BAD_DESCRIPTION, at=Place(str(file)), expected='an object with "openapi: 3.x" and "paths"')
    base = _base(document)
    schemas = Schemas(document)
    found = []
    for path, item in paths.items():
        item = schemas.resolved(item)
        shared = item.get("parameters")
        for name in OPERATIONS:
            if isinstance(operation := item.get(name), dict):
                found.append(_endpoint(f"{base}{path}", name.upper(), operation, shared, schemas))
    return found


def _endpoint(path: str, method: str, operation: Mapping[str, Any], shared: Any, schemas: Schemas) -> Drafted:
    responses = operation.get("responses")
    good = dict(_successful(responses)) if isinstance(responses, dict) else {}
    contents = [content for response in good.values() for content in _contents(schemas.resolved(response))]
    id = operation.get("operationId")
    return Drafted(
        method,
        path,
        id=id if isinstance(id, str) else "",
        statuses=tuple(sorted(status for status in good if status)),
        members=tuple(dict.fromkeys(member for content in contents for member in schemas.members(content))),
        queries=tuple(_queries(schemas, shared, operation.get("parameters"))),
        is_list=any(schemas.is_list(content) for content in contents),
    )


def _successful(responses: Mapping[Any, Any]) -> Iterator[tuple[int, Any]]:
    """Answers with a body by status; 0 for `2XX` and `default`, which name none."""
    for status, response in responses.items():
        text = str(status)
        if text.isdecimal() and 200 <= int(text) < 300 and int(text) != 204:
            yield int(text), response
        elif text.upper() in ("2XX", "DEFAULT"):
            yield 0, response


def _contents(response: Mapping[str, Any]) -> Iterator[Any]:
    content = response.get("content")
    for kind, media in content.items() if isinstance(content, dict) else ():
        if "json" in str(kind).lower() and isinstance(media, dict):
            yield media.get("schema")


def _queries(schemas: Schemas, *lists: Any) -> Iterator[tuple[str, int | None]]:
    for listed in lists:
        for parameter in map(schemas.resolved, listed if isinstance(listed, list) else ()):
            if parameter.get("in") == "query" and isinstance(name := parameter.get("name"), str):
                most = schemas.resolved(parameter.get("schema")).get("maximum")
                yield name, most if type(most) is int and most > 0 else None


def _base(document: Mapping[str, Any]) -> str:
    """The path before all paths: that of the first server."""
    servers = document.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else None
    url = first.get("url") if isinstance(first, dict) else None
    try:
        return urlsplit(url).path.rstrip("/") if isinstance(url, str) else ""
    except ValueError:
        return ""
