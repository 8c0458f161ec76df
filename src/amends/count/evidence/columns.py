"""Columns made of logged ones, for the tables of formats: each takes Arrow columns of text and gives one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

import pyarrow as pa
import pyarrow.compute as pc

from amends.count.evidence.arrow import Column, texts


def by_distinct(change: Callable[[str], str | None]) -> Callable[[Column], Column]:
    """A function of one text as one of a column, called once for each distinct text."""

    def changed(values: Column) -> Column:
        encoded = values.dictionary_encode()
        return texts([change(text) for text in encoded.dictionary.to_pylist()]).take(encoded.indices)

    return changed


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
