"""misuse.yaml: which events are judged unauthorised, by whom, when and why (design, section 4).

Conditions in one `where` are ANDed, values in a list ORed, selectors united; `except` takes away. `{file: LIST}` names a text
file beside misuse.yaml with one value a line, whose SHA-256 is part of the selection. Time is half-open: [from, to).
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from amends.case import Case, keyed_hash
from amends.count.datamap.model import DataMap
from amends.count.scope.errors import BAD_CONDITION, BAD_LIST, NO_CLEAR_PRINCIPALS, NO_MISUSE, SELECTOR_TWICE
from amends.documents import Document, Value, parse_document
from amends.errors import NO_RIGHTS, InputError, OperationError, Place
from amends.record.canonical import canonical_json
from amends.units import rfc3339

TEXT_COLUMNS = frozenset(
    ("source", "server", "layer", "request_id", "client", "principal_kind", "account", "method", "target", "agent")
)
HASH_COLUMNS = frozenset(("principal", "issued"))
NOT_SELECTABLE = frozenset(("line", "sent", "length", "complete", "took_us", "extra"))
HMAC = re.compile(r"hmac[ :]([0-9a-f]{32})")
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
STATUS = re.compile(r"[1-9][0-9]{2}")


@dataclass(frozen=True, slots=True)
class Condition:
    """One column and its allowed values, as text; `networks` are CIDR blocks of `client`, `prefixes` beginnings of `target`.

    For `endpoint` the values are ids of the map; for `principal` and `issued` the hexadecimal digits of keyed hashes, and `clear`
    holds those that were given in clear.
    """

    column: str
    values: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    clear: tuple[str, ...] = field(default=(), repr=False)
    inline: tuple[str, ...] = field(default=(), repr=False)  # the values that stand in misuse.yaml itself, as written
    files: tuple[tuple[str, str], ...] = ()  # name as written, SHA-256


@dataclass(frozen=True, slots=True)
class Conditions:
    """What all must hold: each condition, and the time within [since, until)."""

    all: tuple[Condition, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def of(self, column: str) -> Condition | None:
        return next((condition for condition in self.all if condition.column == column), None)


@dataclass(frozen=True, slots=True)
class Selector:
    """One judgement, with its author, its time and its reason."""

    id: str
    author: str
    at: datetime
    reason: str
    where: Conditions
    but_not: Conditions | None
    written: Mapping[str, object] = field(repr=False, default_factory=dict)  # as the file says it, for the hash


@dataclass(frozen=True, slots=True)
class Misuse:
    """All selectors. `sha256` is over what they say, not over comments or layout: canonical JSON with the hashes of the list
    files.
    """

    selectors: tuple[Selector, ...]
    sha256: str


def read_misuse(case: Case, map: DataMap) -> Misuse:
    """The selection of the case. Raises: SCO-001 where there is none; every fault of the file at once, with its place."""
    try:
        data = case.misuse_file.read_bytes()
    except FileNotFoundError as error:
        raise InputError(NO_MISUSE, at=Place(str(case.misuse_file)), expected="the selection of unauthorised events") from error
    except OSError as error:
        raise InputError(NO_RIGHTS, at=Place(str(case.misuse_file)), expected="a file that can be read") from error
    return parse_misuse(data, map=map, case=case)


def parse_misuse(data: bytes, *, map: DataMap, case: Case) -> Misuse:
    document = parse_document(data, source=case.misuse_file.name)
    reader = _Reader(document, map, case)
    selectors = tuple(reader.selector(value) for value in document.root.as_list("a list of selectors"))
    _check_ids(document)
    document.finish()
    written = [selector.written for selector in selectors]
    return Misuse(selectors, hashlib.sha256(canonical_json(written)).hexdigest())  # type: ignore[arg-type]


def _check_ids(document: Document) -> None:
    seen: set[str] = set()
    for value in document.root.as_list():
        for key, text in value.as_entries() if value.is_mapping else ():
            if key == "id" and text.is_text:
                if text.as_text() in seen:
                    text.fault("an id that no other selector has", code=SELECTOR_TWICE)
                seen.add(text.as_text())


class _Reader:
    """One reading of misuse.yaml; faults gather in the document."""

    def __init__(self, document: Document, map: DataMap, case: Case) -> None:
        self.document = document
        self.map = map
        self.case = case

    def selector(self, value: Value) -> Selector:
        keys = value.as_mapping(required=("id", "author", "at", "reason", "where"), optional=("except",))
        id = keys["id"].as_text()
        if id and not ID.fullmatch(id):
            keys["id"].fault("letters, digits, and . _ - between them, at most 64")
        at = keys["at"].as_instant()
        where = self._conditions(keys["where"])
        but_not = keys.optional("except")
        excepted = self._conditions(but_not) if but_not is not None else None
        author, reason = keys["author"].as_text(), keys["reason"].as_text()
        written: dict[str, object] = {"id": id, "author": author, "at": rfc3339(at), "reason": reason, "where": _written(where)}
        if excepted is not None:
            written["except"] = _written(excepted)
        return Selector(id, author, at, reason, where, excepted, written)

    def _conditions(self, value: Value) -> Conditions:
        found, since, until = [], None, None
        entries = value.as_entries("conditions: a column with its values")
        if value.is_mapping and not entries:
            value.fault("one condition at least")
        for name, given in entries:
            if name == "time":
                since, until = self._time(given)
            else:
                found.append(self._condition(name, given))
        return Conditions(tuple(sorted(found, key=lambda condition: condition.column)), since, until)

    def _time(self, value: Value) -> tuple[datetime | None, datetime | None]:
        keys = value.as_mapping(optional=("from", "to"))
        start, end = keys.optional("from"), keys.optional("to")
        if value.is_mapping and not value.as_entries():
            value.fault("from, to or both")
        since = start.as_instant() if start is not None else None
        until = end.as_instant() if end is not None else None
        if since and until and until <= since and end is not None:
            end.fault("an instant after `from`")
        return since, until

    def _condition(self, name: str, value: Value) -> Condition:
        column = name.removeprefix("column.")
        if not column or column in NOT_SELECTABLE:
            value.fault(
                "a column that selectors may name: time, endpoint, " + ", ".join(sorted(TEXT_COLUMNS)), code=BAD_CONDITION
            )
        texts: list[str] = []
        inline: list[str] = []
        prefixes: list[str] = []
        files: list[tuple[str, str]] = []
        for part in value.as_one_or_list():
            if part.is_mapping:
                keys = part.as_mapping(optional=("file", "prefix"))
                if (file := keys.optional("file")) is not None:
                    listed, sha256 = self._listed(file)
                    files.append((file.as_text(), sha256))
                    texts += [text for text in listed if self._is_value(column, text, file)]
                if (prefix := keys.optional("prefix")) is not None:
                    if column != "target":
                        prefix.fault("a prefix of `target` only", code=BAD_CONDITION)
                    prefixes.append(prefix.as_text())
            else:
                text = part.as_text()
                if text and self._is_value(column, text, part):
                    texts.append(text)
                    inline.append(text)
        if value.is_list and not value.as_list():
            value.fault("one value at least", code=BAD_CONDITION)
        made = self._made(column, texts, value)
        return replace(made, prefixes=_sorted(prefixes), inline=_sorted(inline), files=tuple(sorted(files)))

    def _made(self, column: str, texts: list[str], value: Value) -> Condition:
        networks = [text for text in texts if column == "client" and "/" in text]
        values = [text for text in texts if text not in networks] if networks else texts
        clear: tuple[str, ...] = ()
        if column in HASH_COLUMNS:
            clear = tuple(text for text in values if not HMAC.fullmatch(text))
            values = [text[5:] if HMAC.fullmatch(text) else self._keyed(text, value) for text in values]
        networks = [str(ipaddress.ip_network(text, strict=False)) for text in networks]
        return Condition(column, values=_sorted(values), networks=_sorted(networks), clear=_sorted(clear))

    def _keyed(self, text: str, value: Value) -> str:
        try:
            return keyed_hash(self.case.key(), text).hex()
        except OperationError:
            value.fault("a principal as `hmac HEX`: the case's key is not here", code=NO_CLEAR_PRINCIPALS)
            return ""

    def _is_value(self, column: str, text: str, value: Value) -> bool:
        if column == "endpoint" and text not in {endpoint.id for endpoint in self.map.endpoints}:
            value.fault("the id of an endpoint in datamap.yaml", code=BAD_CONDITION)
        elif column == "status" and not STATUS.fullmatch(text):
            value.fault("a status of three digits", code=BAD_CONDITION)
        elif column == "client" and "/" in text and not _is_network(text):
            value.fault("an address, or a network such as 203.0.113.0/24", code=BAD_CONDITION)
        else:
            return True
        return False

    def _listed(self, value: Value) -> tuple[list[str], str]:
        """The values of a list file: one a line, in UTF-8, empty lines left out."""
        name = PurePosixPath(value.as_text())
        path = self.case.path / name
        if name.is_absolute() or ".." in name.parts:
            value.fault("a path below the case folder", code=BAD_LIST)
            return [], ""
        try:
            data = Path(path).read_bytes()
            lines = [line.strip() for line in data.decode("utf-8-sig").split("\n")]
        except OSError:
            value.fault("a list file that is there and can be read", code=BAD_LIST)
            return [], ""
        except UnicodeDecodeError:
            value.fault("a list file in UTF-8", code=BAD_LIST)
            return [], ""
        values = list(dict.fromkeys(line for line in lines if line))
        if not values:
            value.fault("a list file with one value at least", code=BAD_LIST)
        return values, hashlib.sha256(data).hexdigest()


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts)))


def _written(conditions: Conditions) -> dict[str, object]:
    """What the conditions say, for the hash: values as written, files by their SHA-256. No key is needed to check it."""
    said: dict[str, object] = {}
    if conditions.since is not None or conditions.until is not None:
        said["time"] = {
            "from": rfc3339(conditions.since) if conditions.since else None,
            "to": rfc3339(conditions.until) if conditions.until else None,
        }
    for condition in conditions.all:
        files = sorted(sha256 for _, sha256 in condition.files)
        said[f"column {condition.column}"] = {
            "values": list(condition.inline),
            "prefixes": list(condition.prefixes),
            "files": list(files),
        }
    return said
