"""Adding a selector to misuse.yaml: appended as text, so that what people wrote there stays as it is, comments included."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from amends.case import Case, write_atomically
from amends.count.datamap.model import DataMap
from amends.count.scope.misuse import Misuse, Selector, parse_misuse
from amends.record import queue_entry
from amends.record.canonical import Value
from amends.units import rfc3339


@dataclass(frozen=True, slots=True)
class Wanted:
    """A selector as it is asked for: columns with their values, list files, and the time."""

    id: str
    author: str
    reason: str
    values: Mapping[str, Sequence[str]]
    files: Mapping[str, str]
    since: str | None
    until: str | None


def add_selector(case: Case, map: DataMap, wanted: Wanted, *, now: datetime) -> tuple[Selector, Misuse]:
    """Append the selector and return it, with the whole selection as it is read then; its hash is queued for the record.

    Nothing is written where the result would not be read without a fault; the faults are raised, with their places.
    """
    with case.lock():
        before = case.misuse_file.read_bytes() if case.misuse_file.is_file() else b""
        if before.strip() in (b"[]", b"---"):
            before = b""
        joint = b"" if not before or before.endswith(b"\n") else b"\n"
        after = before + joint + as_yaml(wanted, now=now).encode("utf-8")
        misuse = parse_misuse(after, map=map, case=case)
        write_atomically(case.misuse_file, after)
        said: dict[str, Value] = {"sha256": misuse.sha256, "selectors": len(misuse.selectors)}
        queue_entry(case, type="misuse", role="investigator", body=said, at=now)
    return misuse.selectors[-1], misuse


def as_yaml(wanted: Wanted, *, now: datetime) -> str:
    """The selector as an item of the list. Texts stand in double quotes, as JSON writes them, which YAML 1.2 reads alike."""
    conditions: list[str] = []
    for column in dict.fromkeys((*wanted.values, *wanted.files)):
        parts = [_quoted(value) for value in wanted.values.get(column, ())]
        if column in wanted.files:
            parts.append(f"{{file: {_quoted(wanted.files[column])}}}")
        conditions.append(f"{_quoted(column)}: [{', '.join(parts)}]")
    limits = [f"{name}: {_quoted(value)}" for name, value in (("from", wanted.since), ("to", wanted.until)) if value is not None]
    if limits:
        conditions.append(f"time: {{{', '.join(limits)}}}")
    lines = [
        f"- id: {_quoted(wanted.id)}",
        f"  author: {_quoted(wanted.author)}",
        f"  at: {_quoted(rfc3339(now.replace(microsecond=0)))}",
        f"  reason: {_quoted(wanted.reason)}",
        f"  where: {{{', '.join(conditions)}}}",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
