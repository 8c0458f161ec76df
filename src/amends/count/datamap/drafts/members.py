"""The members of an answer: of a JSON value, or of the schema that describes one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from amends.count.datamap.drafts.draft import Member

MOST_DEPTH = 12
MOST_NODES = 20_000  # of one answer: descriptions may refer to themselves
OF_ALL = ("allOf", "oneOf", "anyOf")


def of_value(value: Any) -> tuple[Member, ...]:
    """Every name within a JSON value, in order."""
    return tuple(Member(name) for name in dict.fromkeys(_names(value, 0)))


def _names(value: Any, depth: int) -> Iterator[str]:
    if depth > MOST_DEPTH:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from _names(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value[:100]:
            yield from _names(inner, depth + 1)


class Schemas:
    """Schemas of one description, which may refer to one another (`$ref` within the file; others are not followed)."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._left = 0

    def members(self, schema: Any) -> tuple[Member, ...]:
        """Every member that an answer of this schema can have, in order."""
        self._left = MOST_NODES
        return tuple(dict.fromkeys(self._within(schema, frozenset(), 0)))

    def is_list(self, schema: Any) -> bool:
        """Is the answer a list, or an object whose one list of objects it is about?"""
        found = self.resolved(schema)
        if found.get("type") == "array" or "items" in found:
            return True
        properties = found.get("properties")
        inner = [self.resolved(one) for one in properties.values()] if isinstance(properties, dict) else []
        lists = [one for one in inner if "items" in one]
        return len(lists) == 1 and not any("properties" in one or "$ref" in one for one in inner if one is not lists[0])

    def resolved(self, node: Any) -> Mapping[str, Any]:
        """What a node is, or what it refers to."""
        seen: set[str] = set()
        while isinstance(node, dict) and isinstance(reference := node.get("$ref"), str) and reference not in seen:
            seen.add(reference)
            node = self._at(reference)
        return node if isinstance(node, dict) else {}

    def _within(self, schema: Any, path: frozenset[str], depth: int) -> Iterator[Member]:
        self._left -= 1
        if depth > MOST_DEPTH or self._left < 0 or not isinstance(schema, dict):
            return
        if isinstance(reference := schema.get("$ref"), str):
            if reference not in path:
                yield from self._within(self._at(reference), path | {reference}, depth + 1)
            return
        for name, inner in _pairs(schema.get("properties")):
            form = self.resolved(inner).get("format")
            yield Member(name, form if isinstance(form, str) else None)
            yield from self._within(inner, path, depth + 1)
        parts = [part for name in OF_ALL if isinstance(schema.get(name), list) for part in schema[name]]
        for inner in (schema.get("items"), schema.get("additionalProperties"), *parts):
            yield from self._within(inner, path, depth + 1)

    def _at(self, reference: str) -> Any:
        node: Any = self._document
        for part in reference.removeprefix("#/").split("/") if reference.startswith("#/") else ("",):
            node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, dict) else None
        return node


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name), inner
