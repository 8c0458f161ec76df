"""The data map as values: which endpoint gives out which fields of whom (design, section 4).

Everything here is frozen and holds no file handle; `load.py` makes it from datamap.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from amends.errors import Place

MOST_FIELDS = 64  # a 64-bit mask holds the fields of a case


class Source(StrEnum):
    """Where a key or a number of rows stands in an event."""

    PATH = "path"  # a parameter of the template
    QUERY = "query"
    COLUMN = "column"
    ACCOUNT = "account"
    PRINCIPAL = "principal"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Key:
    """Where the subject's id stands: `path.NAME`, `query.NAME`, `column.NAME`, `account`, `principal` or `unknown`."""

    source: Source
    name: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """How many subjects one answer can hold: from a parameter, else `default`, never more than `most`; at least `least`.

    `rows: [0, 20]` is least 0, most 20. Without `rows` a rule with a key holds one subject a key value.
    """

    least: int
    most: int
    key: Key | None = None
    default: int | None = None


class Validity(StrEnum):
    """When a row of a joined table is true."""

    IMMUTABLE = "immutable"
    AS_OF = "as_of"  # the whole table is a snapshot of one day
    FROM_TO = "from_to"  # each row has its dates
    UNDATED = "undated"  # kept, with a warning


@dataclass(frozen=True, slots=True)
class Join:
    """A table that turns a key into another id (one or many): rows where `on` = key give the ids in `give`."""

    table: str  # as written in the map, relative to the case folder
    path: Path
    on: str
    give: str
    validity: Validity
    as_of: datetime | None = None  # start of the day, in the case's zone
    from_column: str | None = None
    to_column: str | None = None


@dataclass(frozen=True, slots=True)
class Discloses:
    """One entry under `discloses`: an answer gives these fields of the subjects that the key names, from `since` to `until`."""

    subject: str
    key: Key
    fields: tuple[str, ...]
    split: str | None = None
    rows: Rows | None = None
    join: Join | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class When:
    """Which answers disclose: `disclosed_when`. None: the default (the template's method and status 200 or 203)."""

    status: tuple[int, ...] | None = None
    min_sent: int | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One request template, `METHOD /path/{name}`; a template without `discloses` is known to give out nothing."""

    id: str
    method: str
    template: str
    discloses: tuple[Discloses, ...]
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # column -> allowed values
    disclosed_when: When = When()
    strict: bool = False
    cacheable: bool = False
    at: Place | None = None


@dataclass(frozen=True, slots=True)
class Population:
    """The table of all subjects of a kind; `id` names its column (the first one where the map does not say).

    `from_column` and `to_column` (may be None) say since when and until when a row's subject existed.
    """

    table: str
    path: Path
    id: str | None = None
    from_column: str | None = None
    to_column: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """The table that says who the subjects of a kind are; `id` names its column (the first one where the map does not say).

    Each tier maps a type of identifier, which means the same in every table, to columns. Of a primary type each column is one by
    itself; those of a secondary or tertiary one count together. `unique`: columns of which a person has one value.
    """

    table: str
    path: Path
    id: str | None
    primary: Mapping[str, tuple[str, ...]]
    secondary: Mapping[str, tuple[str, ...]]
    tertiary: Mapping[str, tuple[str, ...]]
    unique: tuple[str, ...]
    country_code: str | None

    @property
    def columns(self) -> tuple[str, ...]:
        tiers = (self.primary, self.secondary, self.tertiary)
        named = [column for tier in tiers for columns in tier.values() for column in columns]
        return tuple(dict.fromkeys((*filter(None, (self.id,)), *named, *self.unique)))


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of data subject, with its labels by language."""

    kind: str
    label: Mapping[str, str] = field(default_factory=dict)
    population: Population | None = None
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class DataMap:
    """The whole map. `fields` lists every field key in order of first mention: bit i of a mask is `fields[i]`.

    `sha256` is the hash of the file's bytes; endpoints stand in the order of the file. `guesses`: lines that a draft marked, and
    that nobody has settled.
    """

    sha256: str
    subjects: Mapping[str, Subject]
    endpoints: tuple[Endpoint, ...]
    fields: tuple[str, ...]
    guesses: int = 0

    @property
    def doubt(self) -> str | None:
        """Why no scope by this map could be final, in words; None: nothing in the map itself."""
        return f"{self.guesses:,} guesses of a draft in the map are not settled" if self.guesses else None

    def mask(self, fields: tuple[str, ...]) -> int:
        return sum(1 << self.fields.index(name) for name in fields)

    def endpoint(self, id: str) -> Endpoint:
        return next(endpoint for endpoint in self.endpoints if endpoint.id == id)
