"""datamap.yaml as a DataMap, or every fault in it at once, each with line and column.

Syntax: docs/datamap.md (design, section 4).
"""

from __future__ import annotations

from datetime import UTC, datetime, time, tzinfo
from pathlib import Path, PurePosixPath

from amends.case import Case
from amends.count.datamap.categories import is_category, nearest
from amends.count.datamap.errors import BAD_KEY, BAD_TEMPLATE, ID_TWICE, NO_MAP, TOO_MANY_FIELDS, UNKNOWN_FIELD, UNKNOWN_SUBJECT
from amends.count.datamap.model import (
    MOST_FIELDS,
    DataMap,
    Discloses,
    Endpoint,
    Identity,
    Join,
    Key,
    Population,
    Rows,
    Source,
    Subject,
    Validity,
    When,
)
from amends.count.datamap.target import METHODS, TemplateError, parse_template
from amends.documents import NEVER, Document, Fields, Value, parse_document, read_document
from amends.errors import InputError, Place

VERSION = "1"
MOST_ROWS = 10**12  # of one answer; the whole world is less
MOST_ENDPOINTS = 65_535  # an endpoint's place is a 16-bit number in `mapped`
NO_WHEN = {"time", "principal", "issued", "target", "method", "line", "extra"}  # stored in another form, or named elsewhere
GUESS = "# confirm"  # what a draft writes after each guess
PARTS = {Source.PATH, Source.QUERY, Source.COLUMN}  # of an event that need a name


def load(case: Case) -> DataMap:
    """The case's map. Raises InputError: MAP-009 where there is none, else every fault: DOC-001 to -004, MAP-001 to -006."""
    if not case.datamap_file.exists():
        raise InputError(NO_MAP, at=Place(str(case.datamap_file)), expected="which endpoint gives out which fields of whom")
    return as_map(read_document(case.datamap_file), folder=case.path, zone=case.settings.zone)


def parse(data: bytes, *, folder: Path, zone: tzinfo = UTC, source: str = "datamap.yaml") -> DataMap:
    """The map in these bytes; tables stand below `folder`, days without a zone are days of `zone`."""
    return as_map(parse_document(data, source=source), folder=folder, zone=zone)


def as_map(document: Document, *, folder: Path, zone: tzinfo) -> DataMap:
    top = document.root.as_mapping(required=("version", "subjects", "endpoints"))
    top["version"].as_choice((VERSION,))
    reader = _Reader(folder, zone)
    subjects = {kind: reader.subject(kind, value) for kind, value in top["subjects"].as_entries("kinds of subjects")}
    reader.kinds = tuple(subjects)
    endpoints = tuple(reader.endpoint(value) for value in top["endpoints"].as_list("a list of endpoints"))
    if len(endpoints) > MOST_ENDPOINTS:
        top["endpoints"].fault(f"at most {MOST_ENDPOINTS:,} endpoints")
    document.finish()
    guesses = sum(GUESS in line for line in document.text.splitlines())
    return DataMap(document.sha256, subjects, endpoints, tuple(reader.fields), guesses)


class _Reader:
    """What the parts of one map have in common: where tables stand, the zone of bare days, what was met before."""

    def __init__(self, folder: Path, zone: tzinfo) -> None:
        self.folder = folder
        self.zone = zone
        self.kinds: tuple[str, ...] = ()
        self.ids: set[str] = set()
        self.fields: dict[str, None] = {}  # in order of first mention

    def subject(self, kind: str, value: Value) -> Subject:
        given = value.as_mapping(optional=("label", "population", "identity"))
        label, population, identity = (given.optional(name) for name in ("label", "population", "identity"))
        labels = {language: text.as_text() for language, text in label.as_entries("labels by language")} if label else {}
        return Subject(
            kind,
            labels,
            self.population(population) if population else None,
            self.identity(identity) if identity else None,
        )

    def population(self, value: Value) -> Population:
        given = value.as_mapping(required=("table",), optional=("id", "from", "to"))
        table, path = self.table(given["table"])
        return Population(table, path, _text(given, "id"), _text(given, "from"), _text(given, "to"))

    def identity(self, value: Value) -> Identity:
        given = value.as_mapping(
            required=("table", "primary"), optional=("id", "secondary", "tertiary", "unique", "country_code")
        )
        table, path = self.table(given["table"])
        code = given.optional("country_code")
        unique = given.optional("unique")
        return Identity(
            table=table,
            path=path,
            id=_text(given, "id"),
            primary=_identifiers(given["primary"]),
            secondary=_identifiers(given.optional("secondary")),
            tertiary=_identifiers(given.optional("tertiary")),
            unique=tuple(_printable(item) for item in unique.as_one_or_list()) if unique else (),
            country_code=str(code.as_integer(least=1, most=999)) if code else None,
        )

    def table(self, value: Value) -> tuple[str, Path]:
        """A table's path as written, and where that is; never outside the case folder."""
        expected = "the path of a table inside the case folder, such as lookups/members.csv"
        written = value.as_text(expected)
        path = PurePosixPath(written)
        if path.is_absolute() or ".." in path.parts or not written.isprintable():
            value.fault(expected)
        elif written and path.suffix not in (".csv", ".parquet"):
            value.fault("a table whose name ends in .csv or .parquet")
        return written, self.folder / path

    def endpoint(self, value: Value) -> Endpoint:
        given = value.as_mapping(
            required=("id", "request"), optional=("discloses", "when", "disclosed_when", "strict", "cacheable")
        )
        id = _printable(given["id"])
        if id in self.ids and id:
            given["id"].fault("an id that no other endpoint has", code=ID_TWICE)
        self.ids.add(id)
        strict = _flag(given, "strict")
        method, template, names = _request(given["request"], strict=strict)
        discloses = given.optional("discloses")
        when = given.optional("when")
        return Endpoint(
            id=id,
            method=method,
            template=template,
            discloses=tuple(self.discloses(rule, names) for rule in discloses.as_list()) if discloses else (),
            when=_when(when) if when else {},
            disclosed_when=_disclosed_when(given.optional("disclosed_when")),
            strict=strict,
            cacheable=_flag(given, "cacheable"),
            at=value.at,
        )

    def discloses(self, value: Value, names: tuple[str, ...] | None) -> Discloses:
        given = value.as_mapping(required=("subject", "key", "fields"), optional=("split", "rows", "join", "valid"))
        key = _key(given["key"], names)
        split, rows, join, valid = (given.optional(name) for name in ("split", "rows", "join", "valid"))
        if split and key.source is Source.UNKNOWN:
            split.fault("no split where the key is unknown")
        if join and key.source is Source.UNKNOWN:
            join.fault("no join where the key is unknown: there is nothing to look up")
        since, until = _valid(valid) if valid else (None, None)
        return Discloses(
            subject=self.kind(given["subject"]),
            key=key,
            fields=self.field_keys(given["fields"]),
            split=_printable(split) if split else None,
            rows=_rows(rows, names) if rows else None,
            join=self.join(join) if join else None,
            since=since,
            until=until,
        )

    def kind(self, value: Value) -> str:
        kind = value.as_text()
        if kind and kind not in self.kinds:
            value.fault("one of " + ", ".join(self.kinds), code=UNKNOWN_SUBJECT)
        return kind

    def field_keys(self, value: Value) -> tuple[str, ...]:
        """The rule's fields, each once; told where the case would have more than a mask can hold."""
        read: dict[str, None] = {}
        for item in value.as_list("a list of fields"):
            name = item.as_text()
            if name and not is_category(name):
                near = nearest(name)
                item.fault("a fideslang key, or a child of one" + (f"; near: {near}" if near else ""), code=UNKNOWN_FIELD)
            elif name in read:
                item.fault("each field once")
            elif name and name not in self.fields and len(self.fields) >= MOST_FIELDS:
                item.fault(f"at most {MOST_FIELDS} fields in a case", code=TOO_MANY_FIELDS)
            elif name:
                self.fields[name] = None
            read[name] = None
        if value.is_list and not read:
            value.fault("one field at least; an endpoint that gives out nothing has discloses: []")
        return tuple(read)

    def join(self, value: Value) -> Join:
        given = value.as_mapping(required=("table", "on", "give"), optional=("as_of", "from", "to", "immutable"))
        table, path = self.table(given["table"])
        is_immutable = _flag(given, "immutable")
        has_dates = "from" in given or "to" in given
        if sum((is_immutable, "as_of" in given, has_dates)) > 1:
            value.fault("one of as_of, from and to, immutable")
        as_of = given.optional("as_of")
        validity = Validity.UNDATED
        if is_immutable:
            validity = Validity.IMMUTABLE
        elif as_of:
            validity = Validity.AS_OF
        elif has_dates:
            validity = Validity.FROM_TO
        return Join(
            table=table,
            path=path,
            on=_printable(given["on"]),
            give=_printable(given["give"]),
            validity=validity,
            as_of=datetime.combine(as_of.as_date(), time(), self.zone) if as_of else None,
            from_column=_text(given, "from"),
            to_column=_text(given, "to"),
        )


def _identifiers(value: Value | None) -> dict[str, tuple[str, ...]]:
    """Types of identifiers, each with its columns."""
    entries = value.as_entries("types of identifiers with their columns, such as email: email") if value else ()
    for type, columns in entries:
        if not type or not type.isprintable():
            columns.fault("a type with a name, such as email")
    return {type: tuple(_printable(item) for item in columns.as_one_or_list()) for type, columns in entries}


def _request(value: Value, *, strict: bool) -> tuple[str, str, tuple[str, ...] | None]:
    """`GET /path/{name}`: method, template, and the names of its parameters (None: not known, the template is faulty)."""
    text = value.as_text("METHOD /path/{name}")
    method, _, template = text.partition(" ")
    template = template.strip()
    if not text:
        return "", "/", None
    if method not in METHODS:
        value.fault("one of " + ", ".join(METHODS) + " and a path", code=BAD_TEMPLATE)
    try:
        return method, template, parse_template(template, strict=strict).names
    except TemplateError as error:
        value.fault(str(error), code=BAD_TEMPLATE)
        return method, "/", None


def _key(value: Value, names: tuple[str, ...] | None) -> Key:
    """`path.NAME`, `query.NAME`, `column.NAME`, `account`, `principal` or `unknown`."""
    text = _printable(value)
    word, dot, name = text.partition(".")
    if word not in Source or bool(dot) != (Source(word) in PARTS) or (dot and not name):
        if text:
            value.fault("path.NAME, query.NAME, column.NAME, account, principal or unknown", code=BAD_KEY)
        return Key(Source.UNKNOWN)
    source = Source(word)
    if source is Source.PATH and names is not None and name not in names:
        value.fault("a parameter of the request: " + (", ".join(names) or "it has none"), code=BAD_KEY)
    return Key(source, name)


def _rows(value: Value, names: tuple[str, ...] | None) -> Rows:
    """`[least, most]`, `{from: KEY, default: N, most: N}`, or one number that is both."""
    if value.is_text:
        number = value.as_integer(least=0, most=MOST_ROWS)
        return Rows(number, number)
    if value.is_list:
        bounds = [bound.as_integer(least=0, most=MOST_ROWS) for bound in value.as_list()]
        if len(bounds) != 2 or bounds[0] > bounds[-1]:
            value.fault("[least, most]")
            return Rows(0, 0)
        return Rows(bounds[0], bounds[1])
    given = value.as_mapping(required=("from", "most"), optional=("default",))
    key = _key(given["from"], names)
    if key.source not in PARTS and "from" in given:
        given["from"].fault("path.NAME, query.NAME or column.NAME", code=BAD_KEY)
    most = given["most"].as_integer(least=1, most=MOST_ROWS)
    default = given.optional("default")
    return Rows(0, most, key, default.as_integer(least=0, most=most) if default else None)


def _when(value: Value) -> dict[str, tuple[str, ...]]:
    allowed: dict[str, tuple[str, ...]] = {}
    for name, values in value.as_entries("columns with the values that they may hold"):
        if name in NO_WHEN or not name.isprintable() or not name:
            values.fault("a column that holds plain text: server, client, account, status, or one that the format logs")
        allowed[name] = tuple(_printable(item) for item in values.as_one_or_list())
        if not allowed[name]:
            values.fault("one value at least")
    return allowed


def _disclosed_when(value: Value | None) -> When:
    if value is None:
        return When()
    given = value.as_mapping(optional=("status", "min_sent"))
    status, min_sent = given.optional("status"), given.optional("min_sent")
    return When(
        status=tuple(item.as_integer(least=100, most=599) for item in status.as_one_or_list()) if status else None,
        min_sent=min_sent.as_integer(least=0) if min_sent else None,
    )


def _valid(value: Value) -> tuple[datetime | None, datetime | None]:
    given = value.as_mapping(optional=("from", "to"))
    since, until = given.optional("from"), given.optional("to")
    start = since.as_instant() if since else None
    end = until.as_instant() if until else None
    if start and end and NEVER not in (start, end) and end <= start:
        value.fault("from before to")
    if not since and not until:
        value.fault("from, to, or both")
    return start, end


def _text(given: Fields, name: str) -> str | None:
    value = given.optional(name)
    return _printable(value) if value else None


def _flag(given: Fields, name: str) -> bool:
    value = given.optional(name)
    return value.as_flag() if value else False


def _printable(value: Value) -> str:
    """A text that may stand as a name or a literal in a statement: no control characters."""
    text = value.as_text()
    if not text.isprintable():
        value.fault("a text without control characters")
    return text
