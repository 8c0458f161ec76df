"""Folding: the different spellings of one request target become one, step by step; each step in Python and in SQL.

The Python function of a step IS its definition; the SQL beside it gives the same text for any text (tested on hostile ones).
Order: absolute form, fragment; then on the path (what stands before the first `?`): percent-encoding, path parameters, slashes,
dot segments, one trailing slash. Path parameters go before dot segments: servers that know them read `/a/..;x/b` as `/b`.
Sources: RFC 9112 section 3.2.2 (absolute form); RFC 3986 sections 2.3 and 6.2.2 (unreserved, case of hex digits), 3.3 (path
parameters), 5.2.4 (dot segments).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

UNRESERVED_HEX = "2[DdEe]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee]"  # - . 0-9 A-Z _ a-z ~
ABSOLUTE = "^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*/?"

# Everything that a step but `trailing` could change matches here (so may a little more): other targets are folded as they stand.
ODD = rf"^[^/]|#|^[^?]*(//|;|/\.|%({UNRESERVED_HEX}|[0-9A-F]?[a-f]))"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `text` is the definition, `sql` the same on a column (a name, because it may stand there more than once)."""

    name: str
    text: Callable[[str], str]
    sql: Callable[[str], str]


def _absolute(target: str) -> str:
    return re.sub(ABSOLUTE, "/", target, count=1)


def _absolute_sql(column: str) -> str:
    return f"regexp_replace({column}, '{ABSOLUTE}', '/')"


def _fragment(target: str) -> str:
    """No client sends a fragment and no server maps one: what follows `#` is not part of the resource."""
    return target.partition("#")[0]


def _fragment_sql(column: str) -> str:
    return f"split_part({column}, '#', 1)"


def _percent(path: str) -> str:
    """Unreserved characters decoded, once; hex digits of the others in upper case."""
    return re.sub("%([0-9A-Fa-f]{2})", _decoded_octet, path)


def _decoded_octet(match: re.Match[str]) -> str:
    digits = match[1]
    return chr(int(digits, 16)) if re.fullmatch(UNRESERVED_HEX, digits) else "%" + digits.upper()


def _percent_sql(column: str) -> str:
    # every `%` begins a piece; what precedes the first one is piece 1
    digits, rest = "substring(piece, 1, 2)", "substring(piece, 3)"
    piece = f"""
        case
            when place = 1 then piece
            when regexp_matches(piece, '^({UNRESERVED_HEX})') then url_decode('%' || {digits}) || {rest}
            when regexp_matches(piece, '^[0-9A-Fa-f][0-9A-Fa-f]') then '%' || upper({digits}) || {rest}
            else '%' || piece
        end"""
    pieces = f"list_transform(string_split({column}, '%'), lambda piece, place: {piece})"
    return f"case when contains({column}, '%') then array_to_string({pieces}, '') else {column} end"


def _parameters(path: str) -> str:
    return re.sub(";[^/]*", "", path)


def _parameters_sql(column: str) -> str:
    return f"regexp_replace({column}, ';[^/]*', '', 'g')"


def _slashes(path: str) -> str:
    return re.sub("//+", "/", path)


def _slashes_sql(column: str) -> str:
    return f"regexp_replace({column}, '//+', '/', 'g')"


def _dots(path: str) -> str:
    """`.` goes, `..` goes with the segment before it; a path that ends so ends in a slash. Other texts than paths stay."""
    if "/." not in path or not path.startswith("/"):
        return path
    segments = path.split("/")[1:]
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    closing = "/" if segments[-1] in (".", "..") else ""
    return "".join("/" + segment for segment in kept) + closing


def _dots_sql(column: str) -> str:
    step = r"""
        case
            when segment = '..' then regexp_replace(kept, '/[^/]*\z', '')
            when segment = '.' then kept
            else kept || '/' || segment
        end"""
    kept = f"list_reduce(string_split({column}, '/')[2:], lambda kept, segment: {step}, '')"
    closing = rf"case when regexp_matches({column}, '/\.\.?\z') then '/' else '' end"
    return f"case when contains({column}, '/.') and starts_with({column}, '/') then {kept} || {closing} else {column} end"


def _trailing(path: str) -> str:
    return path[:-1] if len(path) > 1 and path.endswith("/") else path


def _trailing_sql(column: str) -> str:
    shorter = f"substring({column}, 1, length({column}) - 1)"
    return f"case when ends_with({column}, '/') and {column} <> '/' then {shorter} else {column} end"


ABSOLUTE_FORM = Step("absolute", _absolute, _absolute_sql)
FRAGMENT = Step("fragment", _fragment, _fragment_sql)
PERCENT = Step("percent", _percent, _percent_sql)
PARAMETERS = Step("parameters", _parameters, _parameters_sql)
SLASHES = Step("slashes", _slashes, _slashes_sql)
DOTS = Step("dots", _dots, _dots_sql)
TRAILING = Step("trailing", _trailing, _trailing_sql)
ON_TARGET = (ABSOLUTE_FORM, FRAGMENT)
ON_PATH = (PERCENT, PARAMETERS, SLASHES, DOTS, TRAILING)
STEPS = (*ON_TARGET, *ON_PATH)


def path_of(column: str) -> str:
    """What stands before the first `?`; null where that is no path."""
    cut = f"case when contains({column}, '?') then split_part({column}, '?', 1) else {column} end"
    return f"case when starts_with({column}, '/') then {cut} end"


def query_of(column: str) -> str:
    """What stands after the first `?`; null where there is none."""
    return f"case when contains({column}, '?') then substring({column}, strpos({column}, '?') + 1) end"
