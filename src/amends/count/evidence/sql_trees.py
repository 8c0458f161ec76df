"""What a SQL statement reads, from the tree that sqlglot makes of its shape: see `statements.py` for what counts.

Apart from it, since the parser takes a tenth of a second to import.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from amends.count.evidence.sql_text import Language
from amends.count.evidence.statements import READS, Bound, Place, Scope, Source, Tree

# The parser is not ours: whatever it raises for a text that it was not made for, the statement is one that cannot be read.
UNREADABLE = (SqlglotError, RecursionError, LookupError, TypeError, ValueError, AttributeError)

logging.getLogger("sqlglot").disabled = True  # its warnings would print the statement


def tree_of(shape: str, language: Language) -> Tree | None:
    """What the statements of a shape read; None where that cannot be told."""
    try:
        parts = [part for part in sqlglot.parse(shape, dialect=language) if part is not None]
        return _read(parts, language) if parts else None
    except UNREADABLE:
        return None


def _read(parts: Sequence[exp.Expr], language: Language) -> Tree:
    """The tree of statements that were sent together."""
    name = _lower_unless_quoted if language == "postgres" else _as_written
    shadows = {cte.alias.casefold() for part in parts for cte in part.find_all(exp.CTE)}
    scopes: list[Scope] = []
    seen: set[int] = set()
    written: list[Source] = []
    for part in parts:
        for node in part.find_all(exp.Select, exp.Update, exp.Delete):
            tables, others = _beside(node)
            seen |= {id(table) for table in tables}
            real = [table for table in tables if not _is_shadow(table, shadows)]
            sources = tuple(_source(table, name) for table in real)
            aliases = frozenset(source.alias for source in sources)
            is_alone = len(sources) == 1 and len(tables) == 1 and not others
            scopes.append(Scope(sources, _bound_in(node, name), _selected_in(node, aliases, name), is_alone))
            seen |= {id(table) for table in node.args.get("tables") or []}  # MySQL's `delete ALIAS from`
        for made in part.find_all(exp.Insert, exp.Create):
            into = made.this.this if isinstance(made.this, exp.Schema) else made.this
            if isinstance(into, exp.Table) and isinstance(into.this, exp.Identifier):
                seen.add(id(into))
                written.append(_source(into, name))
    loose = [
        _source(table, name)
        for part in parts
        for table in part.find_all(exp.Table)
        if id(table) not in seen and isinstance(table.this, exp.Identifier) and not _is_shadow(table, shadows)
    ]
    commands = [_command(part) for part in parts]
    is_read = all(name in READS or _is_copy_out(part) for name, part in zip(commands, parts, strict=True))
    return Tree(commands[0], is_read, tuple(scopes), tuple(loose), tuple(written))


def _command(part: exp.Expr) -> str:
    node = part.unnest()
    if isinstance(node, exp.Command):
        return str(node.this).upper()
    return "SELECT" if isinstance(node, exp.SetOperation) else node.key.upper()


def _is_copy_out(part: exp.Expr) -> bool:
    return isinstance(part, exp.Copy) and not part.args.get("kind")


type Name = Callable[[exp.Expr], str]


def _lower_unless_quoted(identifier: exp.Expr) -> str:
    return identifier.name if identifier.args.get("quoted") else identifier.name.lower()


def _as_written(identifier: exp.Expr) -> str:
    return identifier.name


def _is_shadow(table: exp.Table, shadows: set[str]) -> bool:
    """Is it the name of a `with` query?"""
    return not table.db and table.name.casefold() in shadows


def _source(table: exp.Table, name: Name) -> Source:
    schema = table.args.get("db")
    own = name(table.this)
    return Source((table.alias or own).casefold(), name(schema) if schema else "", own)


def _beside(node: exp.Expr) -> tuple[list[exp.Table], bool]:
    """The tables that a scope reads side by side, and whether something else stands there, such as a subquery or a function."""
    begun = node.args.get("from_")
    first = [node.this] if not isinstance(node, exp.Select) else []
    using = node.args.get("using") or []
    joins = node.args.get("joins") or []
    items = [*first, *([begun.this] if begun else []), *using, *(join.this for join in joins)]
    items += [join.this for item in items for join in item.args.get("joins") or []]
    plain = [item for item in items if isinstance(item, exp.Table) and isinstance(item.this, exp.Identifier)]
    tables = [table for table in plain if not table.alias_column_names]  # `account as a(x, id)`: `id` is another column there
    return tables, len(tables) < len(items) or bool(node.args.get("laterals"))


def _bound_in(node: exp.Expr, name: Name) -> Bound:
    """The conditions that hold for each row of a scope: of `where`, and of joins that leave out what does not fit."""
    where = node.args.get("where")
    inner = [join.args["on"] for join in node.args.get("joins") or [] if join.args.get("on") and not join.args.get("side")]
    return _all_of([_bound(part, name) for part in (*([where.this] if where else []), *inner)])


def _bound(node: exp.Expr, name: Name) -> Bound:
    if isinstance(node, exp.Paren):
        return _bound(node.this, name)
    if isinstance(node, exp.And):
        return _all_of([_bound(part, name) for part in node.flatten()])
    if isinstance(node, exp.Or):
        return _one_of([_bound(part, name) for part in node.flatten()])
    if isinstance(node, exp.In):
        return _is_one(node.this, [_places_of(item) for item in node.expressions], name)
    if isinstance(node, exp.EQ | exp.NullSafeEQ):
        sides = (node.this, node.expression) if isinstance(node.this.unnest(), exp.Column) else (node.expression, node.this)
        return _is_one(sides[0], [_places_of(sides[1])], name)
    return {}


def _all_of(parts: Sequence[Bound]) -> Bound:
    """Conditions that hold together: of two on one column that with fewer values."""
    found: Bound = {}
    for part in parts:
        for column, places in part.items():
            if column not in found or len(places) < len(found[column]):
                found[column] = places
    return found


def _one_of(parts: Sequence[Bound]) -> Bound:
    """What is left of conditions of which one holds: columns that each of them is about."""
    shared = [column for column in parts[0] if all(column in part for part in parts)]
    return {column: tuple(place for part in parts for place in part[column]) for column in shared}


def _is_one(left: exp.Expr, right: Sequence[tuple[Place, ...] | None], name: Name) -> Bound:
    column = left.unnest()
    if not isinstance(column, exp.Column) or not isinstance(column.this, exp.Identifier) or not right or None in right:
        return {}
    places = tuple(place for item in right for place in item or ())
    return {(column.table.casefold(), name(column.this)): places}


def _places_of(node: exp.Expr) -> tuple[Place, ...] | None:
    """Where the values of the right side stand; None for anything else than plain values."""
    node = node.unnest()
    if isinstance(node, exp.Any):
        inner = node.this.unnest()
        if isinstance(inner, exp.Array):
            items = [_place(item) for item in inner.expressions]
            return None if None in items else tuple(item for item in items if item)
        one = _place(inner, is_array=True)
    else:
        one = _place(node)
    return (one,) if one else None


def _place(node: exp.Expr, *, is_array: bool = False) -> Place | None:
    node = node.unnest()
    if isinstance(node, exp.Cast):
        return _place(node.this, is_array=is_array)
    if isinstance(node, exp.Neg):
        inner = _place(node.this)
        return Place(inner.number, sign="-") if inner and not inner.is_parameter and not inner.sign else None
    if not isinstance(node, exp.Parameter | exp.Literal) or not node.name.isdecimal():
        return None
    is_parameter = isinstance(node, exp.Parameter)
    return Place(int(node.name) - is_parameter, is_parameter=is_parameter, is_array=is_array)


def _selected_in(scope: exp.Expr, aliases: frozenset[str], name: Name) -> tuple[tuple[str, str], ...]:
    """(qualifier or '', column) of what a scope gives out; a whole row is `*`."""
    returning = scope.args.get("returning")
    expressions = scope.expressions if isinstance(scope, exp.Select) else returning.expressions if returning else []
    found: list[tuple[str, str]] = []
    for one in expressions:
        if isinstance(one, exp.Star):
            found.append(("", "*"))
        for column in one.find_all(exp.Column):
            qualifier = column.table.casefold()
            is_inner = column.find_ancestor(exp.Select, exp.Update, exp.Delete) is not scope
            if isinstance(column.this, exp.Star):
                found.append((qualifier, "*"))
            elif not qualifier and column.name.casefold() in aliases:
                found.append((column.name.casefold(), "*"))
            elif qualifier or not is_inner:
                found.append((qualifier, name(column.this)))
    return tuple(dict.fromkeys(found))
