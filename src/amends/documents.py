"""Documents: YAML read as text, each value with its place, and every fault of a file told at once.

A scalar is a string until the schema says otherwise (`00123` is an id, `NO` is Norway); what else of YAML is a fault stands in
`nodes.py`. Files are hostile: size, depth and number of faults are bounded.
How to read: `read_document(...)`, then `document.root.as_mapping(...)`, `.as_text()` ... down the tree, then `document.finish()`.
A faulty value reads as an empty one, so that reading goes on to the next fault; `finish` raises before anybody uses the result.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from amends.errors import BAD_VALUE, BAD_YAML, MISSING_KEY, NO_RIGHTS, UNKNOWN_KEY, Code, InputError, Place
from amends.nodes import Findings, Listing, Mapped, Node, Scalar, compose

MOST_BYTES = 4 * 1024 * 1024  # long lists belong in files beside the document
NEVER = datetime.min.replace(tzinfo=UTC)  # what a faulty instant reads as

# RFC 3339, section 5.6, with the offset demanded; no leap second, at most microseconds.
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Document:
    """One file: its name in findings, the hash of its bytes, its top value, the faults found so far, and all of its text."""

    source: str
    sha256: str
    root: Value
    findings: Findings
    text: str

    def finish(self) -> None:
        """Raise every fault found so far as one InputError; nothing read from the document may be used before."""
        if found := self.findings.listed():
            raise InputError.of(found)


@dataclass(frozen=True, slots=True)
class Value:
    """A value at its place. `node` is None where a required key is missing: told already, it reads as empty in silence."""

    node: Node | None
    at: Place
    findings: Findings

    @property
    def is_text(self) -> bool:
        return isinstance(self.node, Scalar)

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, Listing)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, Mapped)

    def fault(self, expected: str, *, code: Code = BAD_VALUE, next_step: str | None = None) -> None:
        """Tell that this value is wrong. `expected` never repeats a person's data or a credential."""
        if self.node is not None:
            self.findings.add(code, self.at, expected, next_step)

    def as_text(self, expected: str = "a text that is not empty") -> str:
        if isinstance(self.node, Scalar) and self.node.text:
            return self.node.text
        self.fault(expected)
        return ""

    def as_choice(self, choices: Sequence[str]) -> str:
        """One of these words; the first where it is faulty."""
        text = self.as_text(expected := "one of " + ", ".join(choices))
        if text and text not in choices:
            self.fault(expected)
        return text if text in choices else choices[0]

    def as_flag(self) -> bool:
        return self.as_choice(("false", "true")) == "true"

    def as_integer(self, *, least: int | None = None, most: int | None = None) -> int:
        """A whole number in decimal digits, without leading zeros, within the bounds."""
        expected = _integer_expected(least, most)
        text = self.as_text(expected)
        if not text:
            return least or 0
        number = int(text) if INTEGER.fullmatch(text) else None
        if number is None or (least is not None and number < least) or (most is not None and number > most):
            self.fault(expected)
            return least or 0
        return number

    def as_instant(self) -> datetime:
        """An instant in UTC from RFC 3339 with its offset."""
        expected = "an instant with its offset, such as 2026-11-20T09:00:00+09:00"
        text = self.as_text(expected)
        try:
            if INSTANT.fullmatch(text):
                return datetime.fromisoformat(text.upper()).astimezone(UTC)
        except (ValueError, OverflowError):  # 30 February, hour 25, or before the year 1 in UTC
            pass
        if text:
            self.fault(expected)
        return NEVER

    def as_date(self) -> date:
        """A civil date, `2026-11-20`."""
        expected = "a date such as 2026-11-20"
        text = self.as_text(expected)
        try:
            if DATE.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        if text:
            self.fault(expected)
        return NEVER.date()

    def as_list(self, expected: str = "a list") -> tuple[Value, ...]:
        if isinstance(self.node, Listing):
            return tuple(Value(item, item.at, self.findings) for item in self.node.items)
        self.fault(expected)
        return ()

    def as_one_or_list(self) -> tuple[Value, ...]:
        """A list, or one value that stands for a list of one."""
        return self.as_list() if self.is_list else (self,)

    def as_entries(self, expected: str = "keys with values") -> tuple[tuple[str, Value], ...]:
        """A mapping whose keys are free: names with their values."""
        if isinstance(self.node, Mapped):
            return tuple((key.text, Value(value, key.at, self.findings)) for key, value in self.node.entries)
        self.fault(expected)
        return ()

    def as_mapping(self, *, required: Sequence[str] = (), optional: Sequence[str] = ()) -> Fields:
        """A mapping of known keys; an unknown one and a missing one are faults."""
        known = (*required, *optional)
        if not isinstance(self.node, Mapped):
            self.fault("keys: " + ", ".join(known))
            return Fields({}, Value(None, self.at, self.findings))
        present: dict[str, Value] = {}
        for key, value in self.node.entries:
            if key.text in known:
                present[key.text] = Value(value, value.at, self.findings)
            else:
                self.findings.add(UNKNOWN_KEY, key.at, "one of " + ", ".join(known))
        for name in required:
            if name not in present:
                self.findings.add(MISSING_KEY, self.at, f"the key {name}")
        return Fields(present, Value(None, self.at, self.findings))


@dataclass(frozen=True, slots=True)
class Fields:
    """The known keys of a mapping."""

    present: dict[str, Value]
    absent: Value

    def __getitem__(self, name: str) -> Value:
        """The value of a required key; a silent empty one where it is missing (that was told already)."""
        return self.present.get(name, self.absent)

    def optional(self, name: str) -> Value | None:
        return self.present.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self.present


def read_document(path: Path, *, source: str | None = None) -> Document:
    """The file's document; `source` is its name in findings, else its own."""
    name = source or path.name
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(NO_RIGHTS, at=Place(name), expected="a file that can be read") from error
    return parse_document(data, source=name)


def parse_document(data: bytes, *, source: str) -> Document:
    """The document in these bytes. A file that is not YAML at all raises at once; other faults wait for `finish`."""
    if len(data) > MOST_BYTES:
        raise InputError(BAD_YAML, at=Place(source), expected=f"at most {MOST_BYTES:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(BAD_YAML, at=Place(source, line), expected="text in UTF-8") from error
    findings = Findings()
    node = compose(text, source=source, findings=findings)
    return Document(source, hashlib.sha256(data).hexdigest(), Value(node, node.at, findings), findings, text)


def _integer_expected(least: int | None, most: int | None) -> str:
    bounds = [f"{word} {number:,}" for word, number in (("at least", least), ("at most", most)) if number is not None]
    return " ".join(["a whole number", *bounds])
