"""SQL statements of databases' audit logs as targets of requests, so that a data map can name them and the rows they ask for.

A target is `/DATABASE/CLASS/COMMAND/OBJECT?COLUMN=VALUE...&columns=NAME,...`, with `-` for what is not logged. The parameters are
conditions that every row that the statement reads of the object meets: `where id = 17`, `id in (1, 2)`, `id = any('{1,2}')`, also
joined by `and`, and alternatives for one column joined by `or`. Where the object is read in several places of the statement
(unions, subqueries), a column counts only if each of them holds a condition on it. Whatever else a statement says may narrow the
rows further and is left out; conditions that name no plain value are left out, too. So the parameters never name fewer rows than
were asked for; that a row was there they do not say.

A column of another table in the same `from` is `TABLE.COLUMN`. `columns` are those that the statement selects of the object.
A statement that cannot be read keeps its target without parameters: it stays counted, and names nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from urllib.parse import quote, urlencode

from amends.count.evidence.sql_text import Language, SqlText, sql_text

COLUMNS = "columns"
NONE = "-"
MOST_TEXT = 256 * 1024  # characters of a statement that is read: some 0.4 s
MOST_CACHED = 8 * 1024
READS = ("SELECT", "VALUES", "SHOW", "DESCRIBE")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: a literal's number, or a parameter's. `is_array`: it holds several, as PostgreSQL writes arrays."""

    number: int
    is_parameter: bool = False
    sign: str = ""
    is_array: bool = False


type Bound = dict[tuple[str, str], tuple[Place, ...]]
"""(qualifier or '', column) to the places of the values of which it is one."""


@dataclass(frozen=True, slots=True)
class Source:
    """A table, as a statement names it."""

    alias: str
    schema: str
    name: str

    @property
    def title(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def is_named(self, table: str) -> bool:
        """Is it the table with this name, with or without its schema?"""
        schema, _, name = table.replace('"', "").rpartition(".")
        is_same = self.name.casefold() == name.casefold()
        return is_same and (not schema or not self.schema or self.schema.casefold() == schema.casefold())


@dataclass(frozen=True, slots=True)
class Scope:
    """One `select`, `update` or `delete`: the tables that it reads side by side, the conditions that hold for each row, and what
    it selects. `is_alone`: nothing stands beside its one table, so that each column without a qualifier is that table's.
    """

    sources: tuple[Source, ...]
    bound: Bound
    selected: tuple[tuple[str, str], ...]
    is_alone: bool


@dataclass(frozen=True, slots=True)
class Tree:
    """What a shape says. `loose`: tables that stand elsewhere than in a scope, read without conditions; `written`: into which the
    statement inserts.
    """

    command: str
    is_read: bool
    scopes: tuple[Scope, ...] = ()
    loose: tuple[Source, ...] = ()
    written: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Statement:
    """A statement and the values of its parameters `$1`, `$2`, ..., as far as they are known."""

    text: SqlText
    tree: Tree
    parameters: Sequence[str | None] = ()

    @property
    def command(self) -> str:
        return self.tree.command

    @property
    def is_read(self) -> bool:
        return self.tree.is_read

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The tables that it names, in order."""
        tree = self.tree
        named = (*(source for scope in tree.scopes for source in scope.sources), *tree.loose, *tree.written)
        return tuple(sorted({source.title for source in named}))

    def asked_of(self, table: str | None) -> list[tuple[str, str]]:
        """The parameters of a target for this table; for all of its tables, each column under its table's name, where None."""
        tables = self.tables if table is None else (table,)
        if len(tables) == 1:
            conditions, columns = self._conditions(tables[0], prefix=""), self._selected(tables[0], prefix="")
        else:
            each = [self._conditions(one, prefix=f"{one}.") for one in tables]
            conditions = {
                name: values
                for one, found in zip(tables, each, strict=True)
                for name, values in found.items()
                if name.startswith(f"{one}.") or all(other.get(name) == values for other in each)
            }
            columns = [name for one in tables for name in self._selected(one, prefix=f"{one}.")]
        pairs = [(name, value) for name, values in conditions.items() for value in values]
        return [*pairs, (COLUMNS, ",".join(dict.fromkeys(columns)))] if columns else pairs

    def _places(self, table: str) -> Iterator[tuple[Scope, Source]]:
        return ((scope, source) for scope in self.tree.scopes for source in scope.sources if source.is_named(table))

    def _conditions(self, table: str, *, prefix: str) -> dict[str, list[str]]:
        """Name to values of each condition that holds wherever the table is read."""
        if any(source.is_named(table) for source in self.tree.loose):
            return {}
        each = [self._conditions_at(scope, source, table, prefix) for scope, source in self._places(table)]
        shared = [name for name in each[0] if all(name in other for other in each)] if each else []
        return {name: list(dict.fromkeys(value for found in each for value in found[name])) for name in shared}

    def _conditions_at(self, scope: Scope, source: Source, table: str, prefix: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for (qualifier, column), places in scope.bound.items():
            if qualifier == source.alias or (not qualifier and scope.is_alone):
                name = f"{prefix or (source.name + '.' if column == COLUMNS else '')}{column}"
            elif not qualifier:
                name = column
            else:
                other = next((one for one in scope.sources if one.alias == qualifier), None)
                if other is None or prefix or other.is_named(table):
                    continue
                name = f"{other.title}.{column}"
            values = self._values(places)
            if values is not None and name != COLUMNS:
                found.setdefault(name, values)
        return found

    def _values(self, places: Sequence[Place]) -> list[str] | None:
        """The values that stand there; None where one is not known."""
        found: list[str] = []
        for place in places:
            given = self.parameters if place.is_parameter else self.text.values
            value = given[place.number] if 0 <= place.number < len(given) else None
            items = None if value is None else _items(value) if place.is_array else [place.sign + value]
            if items is None:
                return None
            found += items
        return found

    def _selected(self, table: str, *, prefix: str) -> list[str]:
        return [
            f"{prefix}{column}" if qualifier or scope.is_alone else column
            for scope, source in self._places(table)
            for qualifier, column in scope.selected
            if qualifier in ("", source.alias)
        ]


def target(database: object, kind: object, command: object, table: object, statement: Statement | None, schema: str = "") -> str:
    """The target of a statement; `schema`: in which the logged table is, where its name does not say so."""
    logged = table if isinstance(table, str) and table else None
    named = logged or (",".join(statement.tables) if statement else None)
    path = "/".join(
        quote(one, safe=",", errors="replace") if isinstance(one, str) and one else NONE
        for one in (database, kind, command, named)
    )
    wanted = f"{schema}.{logged}" if schema and logged else logged
    query = urlencode(statement.asked_of(wanted), safe=",*", errors="replace") if statement else ""
    return f"/{path}?{query}" if query else f"/{path}"


def statement_of(text: str, language: Language, parameters: Sequence[str | None] = ()) -> Statement:
    """The statement as far as it can be read: any text is one. Raises nothing."""
    cut = sql_text(text, language)
    is_short = cut.is_whole and len(cut.shape) <= MOST_TEXT
    tree = (_cached if len(cut.shape) <= MOST_CACHED else _tree)(cut.shape, language) if is_short else None
    word = _first_word(cut.masked)
    return Statement(cut, tree or Tree(word, is_read=word in READS), parameters)


def _tree(shape: str, language: Language) -> Tree | None:
    from amends.count.evidence.sql_trees import tree_of

    return tree_of(shape, language)


_cached = lru_cache(maxsize=1024)(_tree)


def _first_word(text: str) -> str:
    found = re.match(r"\W*(\w{1,40})", text)
    return found[1].upper() if found else NONE


_ITEM = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|([^",{}\\]+))(?:,|\Z)', re.DOTALL)


def _items(text: str) -> list[str] | None:
    """The items of an array as PostgreSQL writes it (`{1,2}`), nulls left out; None where it is of another form."""
    if not (text.startswith("{") and text.endswith("}")):
        return None
    found: list[str] = []
    at, text = 0, text[1:-1]
    while at < len(text):
        item = _ITEM.match(text, at)
        if item is None:
            return None
        if item[1] is not None or item[2].upper() != "NULL":
            found.append(re.sub(r"\\(.)", r"\1", item[1]) if item[1] is not None else item[2])
        at = item.end()
    return found


def known(parameters: Mapping[int, str]) -> list[str | None]:
    """Parameters by their number, from 1 on, as a list."""
    return [parameters.get(number) for number in range(1, max(parameters, default=0) + 1)]
