"""Columns made of logged ones, for the tables of formats; and the columns of a source that names its own as it goes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import pyarrow as pa
import pyarrow.compute as pc

from amends.count.evidence.arrow import Column, column, map_of_columns, nulls, schema, texts
from amends.count.evidence.schema import EVENTS, LOGGED
from amends.count.evidence.settings import Reading


@dataclass(frozen=True, slots=True)
class Made:
    """A column made of others, or of itself: `make` gets these columns in order, nulls for one that is not logged, and is not
    asked where none is. What it was made of is dropped, but for itself and where `keeps`.
    """

    columns: tuple[str, ...]
    make: Callable[..., Column]
    keeps: bool = False


def with_made(events: pa.RecordBatch, made: Mapping[str, Made]) -> pa.RecordBatch:
    """The events with what can be made of their columns."""
    logged: dict[str, Column] = {name: events.column(name) for name in events.schema.names}
    able = {name: one for name, one in made.items() if any(part in logged for part in one.columns)}
    if not able:
        return events
    empty = nulls(events.num_rows, pa.string())
    found = {name: one.make(*(logged.get(part, empty) for part in one.columns)) for name, one in able.items()}
    columns = columns_with_made(events.schema, able)
    return pa.RecordBatch.from_arrays([found[name] if name in found else logged[name] for name in columns.names], schema=columns)


def columns_with_made(columns: pa.Schema, made: Mapping[str, Made]) -> pa.Schema:
    """The columns after `with_made`: what is made of events' columns first, in their order, then the rest."""
    spent = {part for name, one in made.items() if not one.keeps for part in one.columns} - made.keys()
    kept = [*(name for name in columns.names if name not in spent), *(name for name in made if name not in columns.names)]
    logged = [pa.field(name, LOGGED[name]) for name in LOGGED if name in kept]
    own: list[pa.Field[Any]] = [pa.field(name, pa.string()) for name in kept if name not in LOGGED and name != "line"]
    return schema(columns.field("line"), *logged, *own)


def columns_with_extra(reading: Reading, *, servers: Collection[str] = (), has_account: bool = False) -> pa.Schema:
    """The columns of a reader whose source names its own: those of events, those that the settings ask for, and the map of the
    rest. `servers`: columns that may name the server; `has_account`: the maker's table names the account.
    """
    asked = [*reading.roles, *(name for name in servers if name == reading.server)]
    asked += ["account"] if has_account else []
    own = [(name, pa.string()) for name in dict.fromkeys(asked) if name not in LOGGED]
    return schema(("line", pa.uint64()), *LOGGED.items(), *own, ("extra", EVENTS.field("extra").type))


def with_extra(events: pa.RecordBatch, columns: pa.Schema) -> pa.RecordBatch:
    """The events in these columns; what has no column of its own goes to `extra`."""
    logged: dict[str, Column] = {name: events.column(name) for name in events.schema.names}
    rest = {name: values for name, values in logged.items() if name not in columns.names}
    found = logged | {"extra": map_of_columns(rest, events.num_rows)}
    values = [found[field.name] if field.name in found else nulls(events.num_rows, field.type) for field in columns]
    return pa.RecordBatch.from_arrays(values, schema=columns)


def by_distinct(change: Callable[[str], str | None]) -> Callable[[Column], Column]:
    """A function of one text as one of a column, called once for each distinct text."""

    def changed(values: Column) -> Column:
        encoded = values.dictionary_encode()
        return texts([change(text) for text in encoded.dictionary.to_pylist()]).take(encoded.indices)

    return changed


def completion(*, whole: Collection[str] = (), cut: Collection[str] = ()) -> Callable[[Column], Column]:
    """Whether an answer went out whole, from a column of codes; null for every other code."""
    known = {**dict.fromkeys(whole, True), **dict.fromkeys(cut, False)}

    def truths(codes: Column) -> Column:
        encoded = codes.dictionary_encode()
        return column([known.get(code) for code in encoded.dictionary.to_pylist()], pa.bool_()).take(encoded.indices)

    return truths


def percent_decoded(text: str) -> str:
    """Percent-decoded once, where that gives UTF-8 without control characters; else as it is."""
    if "%" not in text:
        return text
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return text
    return decoded if decoded.isprintable() else text


def plus_decoded(text: str) -> str:
    """With the spaces back that were written as `+`."""
    return text.replace("+", " ")


def target_of(path: Column, query: Column) -> Column:
    """Path and query as one target; no `?` where the query is empty."""
    joined: Column = pc.binary_join_element_wise(path, query, "?")
    whole: Column = pc.coalesce(joined, path)
    return whole


def sum_of_seconds(*parts: Column) -> Column:
    """Microseconds; null where any part is null or negative (-1: not known)."""
    total: Any = None
    for part in parts:
        seconds = pc.cast(part, pa.float64())
        seconds = pc.if_else(pc.less(seconds, pa.scalar(0.0)), pa.scalar(None, pa.float64()), seconds)
        total = seconds if total is None else pc.add(total, seconds)
    micros: Column = pc.cast(pc.round(pc.multiply(total, pa.scalar(1_000_000.0))), pa.int64())
    return micros
