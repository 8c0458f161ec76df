"""Keys as SQL: the ids that a mapped event names, and how many rows its answer can hold."""

from __future__ import annotations

from amends.count.datamap.columns import column_sql
from amends.count.datamap.comparing import pattern
from amends.count.datamap.model import Endpoint, Key, Rows, Source
from amends.count.datamap.target import Segment, Template, template_of
from amends.engine.query import quoted_text

MOST_DIGITS = 17  # of an id that travels as a number


def key_sql(endpoint: Endpoint, key: Key, split: str | None = None) -> str:
    """The ids that a key names, as text or as a list of texts (see `gives_list`)."""
    if key.source is Source.QUERY:
        return _not_empty(_split(_query_values(key.name), split))
    single = _single(endpoint, key)
    if split is None:
        return f"nullif({single}, '')"
    return _not_empty(_split(f"case when {single} is null then []::VARCHAR[] else [{single}] end", split))


def number_key_sql(endpoint: Endpoint, key: Key, split: str | None = None) -> str | None:
    """The column in which mapping leaves the id as a number, or null where `key_sql` must say it; None: there is none."""
    is_tail = split is None and key.source is Source.PATH and _is_tail(template_of(endpoint), key.name)
    return "tail_number" if is_tail else None


def as_number(text: str, number: str | None = None) -> str:
    """A text as a number, null where its spelling is another one: `007`, `+7` and `7e0` are other ids than `7`.

    `number`: what the text casts to, where that is known.
    """
    number = number or f"try_cast({text} as BIGINT)"
    return f"case when {number} between 0 and {10**MOST_DIGITS - 1} and {number}::VARCHAR = {text} then {number} end"


def gives_list(key: Key, split: str | None) -> bool:
    """Can one request name several ids by this key?"""
    return key.source is Source.QUERY or split is not None


def rows_sql(endpoint: Endpoint, rows: Rows) -> str:
    """The most rows that one answer can hold: what the request asked for, or the default.

    What is no number from 1 to `most` is read as `most`: nobody knows what the server made of it. Of several the largest counts.
    """
    if rows.key is None:
        return f"{rows.most}::BIGINT"
    asked = key_sql(endpoint, rows.key)
    values = asked if gives_list(rows.key, None) else f"case when {asked} is null then []::VARCHAR[] else [{asked}] end"
    most, default = rows.most, rows.most if rows.default is None else rows.default
    number = "try_cast(case when regexp_full_match(asked, '[0-9]{1,18}') then asked end as BIGINT)"
    read = f"list_transform({values}, lambda asked: case when {number} between 1 and {most} then {number} else {most} end)"
    return f"coalesce(list_max({read}), {default})::BIGINT"


def _single(endpoint: Endpoint, key: Key) -> str:
    """One text, null where the log does not say."""
    if key.source is Source.UNKNOWN:
        return "null::VARCHAR"
    if key.source is Source.PATH:
        return _parameter(template_of(endpoint), key.name)
    return column_sql(key.name if key.source is Source.COLUMN else key.source.value)


def _parameter(template: Template, name: str) -> str:
    """A path parameter, decoded: `tail` where mapping found it already, else what follows the head or what a pattern finds."""
    if _is_tail(template, name):
        raw = f"substring(path, {len(template.head) + 1})"
        return f"case when tail is not null then tail when contains(path, '%') then {_decoded(raw)} else {raw} end"
    regexp = quoted_text(rf"^{pattern(template, '[^/]+', capture=name)}\z")
    raw = f"regexp_extract(path, {regexp}, 1)"
    return f"case when contains(path, '%') then {_decoded(raw)} else {raw} end"


def _is_tail(template: Template, name: str) -> bool:
    return template.segments[-1] == Segment("", name) and template.names == (name,)


def _decoded(text: str) -> str:
    return f"coalesce(try(url_decode({text})), {text})"


def _query_values(name: str) -> str:
    """All values of a name in the query, decoded; never null."""
    written = "split_part(pair, '=', 1)"
    is_named = f"{_decoded_form(written)} = {quoted_text(name)}"
    value = _decoded_form("substring(pair, strpos(pair, '=') + 1)")
    pairs = f"list_filter(string_split(query, '&'), lambda pair: contains(pair, '=') and {is_named})"
    return f"coalesce(list_transform({pairs}, lambda pair: {value}), []::VARCHAR[])"


def _decoded_form(text: str) -> str:
    return f"coalesce(try(url_decode(replace({text}, '+', ' '))), {text})"


def _split(values: str, separator: str | None) -> str:
    if separator is None:
        return values
    parts = f"list_transform(string_split(value, {quoted_text(separator)}), lambda part: trim(part, ' '))"
    return f"flatten(list_transform({values}, lambda value: {parts}))"


def _not_empty(values: str) -> str:
    return f"list_filter({values}, lambda value: value <> '')"
