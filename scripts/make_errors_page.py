"""docs/errors.md, made from the codes in `errors.py` and in each room's own `errors.py`.

The codes are read as text (syntax trees), never by importing: the page comes out the same whichever extras are installed.
`--check` writes nothing and ends with 1 where the page that stands there is not the one that would be written.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src" / "amends"
PAGE = ROOT / "docs" / "errors.md"

ID = re.compile(r"[A-Z]{3}-[0-9]{3}")

INTRODUCTION = """\
# Errors

Every error carries a code, the place, what was expected there and what to do next;
the terminal, `--json` and the desk show the same.
Three letters name the room, three digits the error; a code is never given to another error.
The exit status says what kind it is: 2 the command line, 3 a file, map or configuration that was given, 4 anything else.

This page is written by `make docs`.
"""


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """One `NAME = Code(...)` as it stands in a file; `line` is 1-based."""

    id: str
    constant: str
    meaning: str
    next_step: str
    path: Path
    line: int

    @property
    def place(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


class NotReadable(Exception):
    """A code that cannot be read from the text: not a constant of a module, or not written out."""


def codes(sources: Path = SOURCES) -> list[CodeEntry]:
    """Every code under `sources`, sorted by id; duplicates stay, for a test to find."""
    found = (entry for path in sorted(sources.rglob("*.py")) for entry in _codes_of(path))
    return sorted(found, key=lambda entry: (entry.id, entry.place))


def _codes_of(path: Path) -> Iterator[CodeEntry]:
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    named = {
        statement.value: _constant(statement) for statement in tree.body if isinstance(statement, ast.Assign | ast.AnnAssign)
    }
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_code(node)):
        place = f"{path.name}:{call.lineno}"
        if path.name != "errors.py":
            raise NotReadable(f"{place}: a code stands in the room's errors.py, nowhere else")
        constant = named.get(call)
        if constant is None:
            raise NotReadable(f"{place}: a code is a constant of its module: NAME = Code(...)")
        id_, meaning, next_step = _texts(call, place)
        if not ID.fullmatch(id_):
            raise NotReadable(f"{place}: {id_!r} is not three letters, a hyphen and three digits")
        yield CodeEntry(id_, constant, meaning, next_step, path, call.lineno)


def _is_code(call: ast.Call) -> bool:
    return (isinstance(call.func, ast.Name) and call.func.id == "Code") or (
        isinstance(call.func, ast.Attribute) and call.func.attr == "Code"
    )


def _constant(statement: ast.Assign | ast.AnnAssign) -> str | None:
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    return target.id if isinstance(target, ast.Name) else None


def _texts(call: ast.Call, place: str) -> tuple[str, str, str]:
    given = dict(zip(("id", "meaning", "next_step"), call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    texts = [value.value for value in map(given.get, ("id", "meaning", "next_step")) if isinstance(value, ast.Constant)]
    match texts:
        case [str(id_), str(meaning), str(next_step)]:
            return id_, meaning, next_step
    raise NotReadable(f"{place}: id, meaning and next step of a code are written out as plain text")


def page(entries: list[CodeEntry]) -> str:
    """The whole page: one table for each file of codes, one line a code."""
    parts = [INTRODUCTION]
    for prefix, group in groupby(entries, key=lambda entry: entry.id[:3]):
        members = list(group)
        rooms = ", ".join(dict.fromkeys(f"`{entry.path.relative_to(ROOT)}`" for entry in members))
        rows = (f"| {entry.id} | {_cell(entry.meaning)} | {_cell(entry.next_step)} |" for entry in members)
        parts.append(
            "\n".join(
                [
                    f"## {prefix}",
                    "",
                    f"Defined in {rooms}.",
                    "",
                    "| code | what is wrong | next |",
                    "| --- | --- | --- |",
                    *rows,
                    "",
                ]
            )
        )
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main(arguments: list[str]) -> int:
    wanted = page(codes())
    if "--check" in arguments:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == wanted:
            return 0
        print("docs/errors.md is not current: run make docs", file=sys.stderr)
        return 1
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
