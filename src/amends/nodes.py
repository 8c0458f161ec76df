"""Nodes: YAML as texts, lists and mappings, each with its place; nothing is ever constructed from it.

Only the parser's stream of events is used. A key stands once; anchors, aliases, tags, merge keys and a second document are
faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from amends.errors import BAD_YAML, Code, Finding, InputError, Place

MOST_DEPTH = 32
MOST_FINDINGS = 100  # then the rest is summed up in one
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    text: str
    at: Place


@dataclass(frozen=True, slots=True)
class Listing:
    items: tuple[Node, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Mapped:
    """Keys in the order of the file, each once."""

    entries: tuple[tuple[Scalar, Node], ...]
    at: Place


Node = Scalar | Listing | Mapped


class Findings:
    """The faults of one document, in the order in which they were met."""

    def __init__(self) -> None:
        self.kept: dict[Finding, None] = {}  # as an ordered set
        self.more = 0

    def add(self, code: Code, at: Place, expected: str, next_step: str | None = None) -> None:
        finding = Finding(code, at, expected, next_step or code.next_step)
        if finding in self.kept:
            return
        if len(self.kept) < MOST_FINDINGS:
            self.kept[finding] = None
        else:
            self.more += 1

    def listed(self) -> tuple[Finding, ...]:
        """In the order of the file; what stood over the limit is one finding with its number."""
        found = sorted(self.kept, key=lambda finding: (finding.at.line or 0, finding.at.column or 0) if finding.at else (0, 0))
        if self.more and found:
            last = found[-1]
            found.append(Finding(last.code, last.at, f"none of {self.more} more faults either", last.next_step))
        return tuple(found)


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read."""

    at: Place
    is_mapping: bool
    values: list[Node] = field(default_factory=list)
    entries: dict[str, tuple[Scalar, Node]] = field(default_factory=dict)
    key: Scalar | None = None


def compose(text: str, *, source: str, findings: Findings) -> Node:
    """The top node of a document; what is faulty in it goes to `findings`. Raises: DOC-001 for a text that is not YAML at all."""
    return _Composer(source, findings).compose(text)


class _Composer:
    """Nodes from the event stream, without recursion: depth is a number that is checked."""

    def __init__(self, source: str, findings: Findings) -> None:
        self.source = source
        self.findings = findings
        self.open: list[_Open] = []
        self.top: Node | None = None

    def compose(self, text: str) -> Node:
        try:
            for event in self._events(text):
                self._take(event)
        except yaml.MarkedYAMLError as error:
            at = self._place(error.problem_mark or error.context_mark)
            raise InputError(
                BAD_YAML, at=at, expected=f"YAML ({error.problem or error.context or 'it cannot be read'})"
            ) from error
        except yaml.YAMLError as error:  # a control character, say
            raise InputError(BAD_YAML, at=Place(self.source), expected="YAML of printable characters") from error
        if self.top is None:
            raise InputError(BAD_YAML, at=Place(self.source, 1), expected="a document; the file is empty")
        return self.top

    def _events(self, text: str) -> Iterator[yaml.Event]:
        documents = 0
        for event in yaml.parse(text, Loader=LOADER):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._fault(event, "one document in the file")
                    return
            yield event

    def _take(self, event: yaml.Event) -> None:
        if getattr(event, "tag", None) is not None:
            self._fault(event, "no tag (!...): every value is read as text")
        if isinstance(event, yaml.AliasEvent):
            self._fault(event, "the value itself, not an alias (*...)")
            self._put(Scalar("", self._at(event)))
            return
        if getattr(event, "anchor", None) is not None:
            self._fault(event, "no anchor (&...)")
        if isinstance(event, yaml.ScalarEvent):
            if event.value == "<<" and event.implicit[0] and self._waits_for_key():
                self._fault(event, "no merge key (<<)")
            self._put(Scalar(event.value, self._at(event)))
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if len(self.open) >= MOST_DEPTH:
                raise InputError(BAD_YAML, at=self._at(event), expected=f"at most {MOST_DEPTH} levels")
            self.open.append(_Open(self._at(event), isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._put(_closed(self.open.pop()))

    def _waits_for_key(self) -> bool:
        return bool(self.open) and self.open[-1].is_mapping and self.open[-1].key is None

    def _put(self, node: Node) -> None:
        """A finished node to where it belongs: the top, a list, a key or its value."""
        if not self.open:
            self.top = node
            return
        inside = self.open[-1]
        if not inside.is_mapping:
            inside.values.append(node)
        elif inside.key is None:
            if not isinstance(node, Scalar):
                self.findings.add(BAD_YAML, node.at, "a plain text as key")
            inside.key = node if isinstance(node, Scalar) else Scalar("", node.at)
        else:
            key, inside.key = inside.key, None
            if key.text in inside.entries:
                self.findings.add(
                    BAD_YAML, key.at, f"this key once; it stands in line {inside.entries[key.text][0].at.line} already"
                )
            else:
                inside.entries[key.text] = (key, node)

    def _fault(self, event: yaml.Event, expected: str) -> None:
        self.findings.add(BAD_YAML, self._at(event), expected)

    def _at(self, event: yaml.Event) -> Place:
        return self._place(event.start_mark)

    def _place(self, mark: Any) -> Place:
        """A mark of either parser; columns count characters from 1."""
        return Place(self.source, mark.line + 1, mark.column + 1) if mark else Place(self.source)


def _closed(done: _Open) -> Node:
    return Mapped(tuple(done.entries.values()), done.at) if done.is_mapping else Listing(tuple(done.values), done.at)
