"""A statement as a value: its text, the columns that come out, the values that are bound."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TEXT = "VARCHAR"
TIME = "TIMESTAMP WITH TIME ZONE"
BOOL = "BOOLEAN"
I64 = "BIGINT"
U64 = "UBIGINT"
U16 = "USMALLINT"
HASH = "BLOB"

# A folder called `time=2020-01-01` is a folder: it gives no column, and replaces none.
FROM_FILES_ALONE = "hive_partitioning = false"


@dataclass(frozen=True, slots=True)
class Table:
    """A table, a view or Parquet files, quoted by itself: the only thing that may stand in a statement's braces."""

    quoted: str

    def __str__(self) -> str:
        return self.quoted

    @classmethod
    def named(cls, name: str) -> Table:
        return cls(quoted_name(name))

    @classmethod
    def parquet(cls, files: Iterable[Path]) -> Table:
        """The rows of these files; there must be one at least."""
        listed = ", ".join(quoted_file(file) for file in files)
        if not listed:
            raise ValueError("a Parquet table needs a file")
        return cls(f"read_parquet([{listed}], {FROM_FILES_ALONE})")

    @classmethod
    def csv(cls, file: Path, *, options: str) -> Table:
        """The rows of this file; `options` are the engine's own words."""
        return cls(f"read_csv({quoted_file(file)}, {FROM_FILES_ALONE}, {options})")

    @classmethod
    def of(cls, query: Query) -> Table:
        """Another statement as a sub-select; its bound values must be bound by the outer statement."""
        return cls(f"({query.sql})")


@dataclass(frozen=True, slots=True)
class Query:
    """One statement: `columns` declares name and DuckDB type of what comes out, `values` are bound to `$name` in `sql`."""

    columns: Mapping[str, str]
    sql: str
    values: Mapping[str, Any] = field(default_factory=dict)


def quoted_name(name: str) -> str:
    """An identifier; names from configuration are identifiers, never SQL."""
    return '"' + name.replace('"', '""') + '"'


def quoted_file(file: Path) -> str:
    """The path of one file: `*`, `?` and `[` in it are these letters, not a pattern that other files match."""
    return quoted_text(re.sub(r"[*?[]", lambda found: f"[{found[0]}]", str(file)))


def quoted_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
