"""The text of SQL statements: its literals taken out, so that statements that differ in values alone have one shape, and what is
kept of them holds no person's data.

Lexical rules of PostgreSQL (chapter "Lexical Structure", with `standard_conforming_strings`) and of MySQL and MariaDB (chapter
"Language Structure", in the default `sql_mode`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

type Language = Literal["postgres", "mysql"]

MASK = "?"  # as pg_stat_statements and MySQL's digests write a literal


@dataclass(frozen=True, slots=True)
class SqlText:
    """A statement without its comments. `shape`: each literal is its place among them, of the same kind: `17` as `0`, `'x'` as
    `'1'`. `values`: what stood there; None where it is no plain text, such as bits or text with escapes. `masked`: each literal
    is `?`. `is_whole`: false where a quote or a comment never ends, or a comment is code; the text then ends there.
    """

    shape: str
    values: tuple[str | None, ...]
    masked: str
    is_whole: bool
    has_line_comment: bool


def sql_text(text: str, language: Language) -> SqlText:
    """The statement, cut into literals and what stands between them."""
    pattern = _TOKENS[language]
    shape: list[str] = []
    masked: list[str] = []
    values: list[str | None] = []
    at, is_whole, has_line_comment = 0, True, False
    while is_whole and (found := pattern.match(text, at)):
        kind, token, at = found.lastgroup, found[0], found.end()
        if kind == "dollar" and (end := text.find(token, at)) >= 0:
            kind, token, at = "string", text[at - len(token) : end + len(token)], end + len(token)
        if kind in ("string", "number"):
            shape.append(f"'{len(values)}'" if kind == "string" else str(len(values)))
            masked.append(MASK)
            values.append(_value(token, language))
        elif kind in ("bad", "dollar") or (kind == "block" and _is_no_comment(token, language)):
            masked.append(MASK)
            is_whole = False
        else:
            has_line_comment |= kind == "line"
            shape.append(token if kind is None else _BETWEEN[kind])
            masked.append(shape[-1])
    return SqlText("".join(shape), tuple(values), " ".join("".join(masked).split()), is_whole, has_line_comment)


_NUMBER = r"(?P<number>(?:0[xX][0-9A-Fa-f]+|0[bB][01]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![\w$]))"
_BLOCK = r"(?P<block>/\*(?:[^*]|\*(?!/))*+\*/)"
_REST = r"(?P<space>\s+)|[\w$]+|(?P<bad>['\"`]|/\*)|."  # a quote or a comment that is met here never ends
_BETWEEN = {"space": " ", "line": " ", "block": " ", "minus": "- -"}
_TOKENS: dict[Language, re.Pattern[str]] = {
    "postgres": re.compile(
        r"(?P<string>[eE]'(?:[^'\\]|''|\\.)*+'|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*+')|(?P<dollar>\$(?:[^\W\d]\w*)?\$)"
        rf'|"(?:[^"]|"")*+"|(?P<line>--[^\n]*+)|{_BLOCK}|\$[0-9]+|{_NUMBER}|{_REST}',
        re.DOTALL,
    ),
    "mysql": re.compile(
        r"""(?P<string>[bBxXnN]?'(?:[^'\\]|''|\\.)*+'|"(?:[^"\\]|""|\\.)*+")"""
        rf"|`(?:[^`]|``)*+`|(?P<line>(?:\#|--(?=\s|\Z))[^\n]*+)|(?P<minus>--)|{_BLOCK}|{_NUMBER}|{_REST}",
        re.DOTALL,
    ),
}


def _is_no_comment(token: str, language: Language) -> bool:
    """MySQL runs what stands in `/*! */`, MariaDB in `/*M! */`; PostgreSQL's comments may hold comments, and so end later."""
    return token.startswith(("/*!", "/*M!")) if language == "mysql" else "/*" in token[2:]


def _value(token: str, language: Language) -> str | None:
    """What a literal stands for; None where that is not its plain text."""
    if token[0] == "$":
        mark = token.index("$", 1) + 1
        return token[mark:-mark]
    if token[-1] not in "'\"":
        is_any_text = language == "mysql" and not token.strip("0.")  # `email = 0` holds for each text that begins with no digit
        return None if is_any_text or token[:2].lower() in ("0x", "0b") else token
    prefix, quote = token.partition(token[-1])[:2]
    has_escapes = "\\" in token and (language == "mysql" or prefix in ("e", "E"))
    if has_escapes or prefix not in ("", "e", "E"):
        return None
    return token[len(prefix) + 1 : -1].replace(quote * 2, quote)
