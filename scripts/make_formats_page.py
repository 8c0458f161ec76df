"""docs/formats.md, made from the files of `count/evidence/formats/`: what each reads, and where its maker describes it.

The files are read as text (syntax trees), never by importing. `--check` writes nothing and ends with 1 where the page that stands
there is not the one that would be written.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "src" / "amends" / "count" / "evidence" / "formats"
PAGE = ROOT / "docs" / "formats.md"
NAMES = ("NAME", "TITLE", "SOURCE", "TIME_IS")

INTRODUCTION = """\
# Log formats

What `format` may be in an `[[evidence]]` block, beside `auto` ([evidence.md](evidence.md)). A stamp means the `start` or the
`end` of an answer unless the block says otherwise. Another package adds formats by the entry point `amends.formats`; how to
write one: [adding-a-format.md](adding-a-format.md).

This page is written by `make docs`.

| format | what it reads | a stamp is the | described by its maker |
| --- | --- | --- | --- |
"""


def constants(file: Path) -> dict[str, str]:
    """The constants of NAMES, which stand in the file as plain text."""
    found: dict[str, str] = {}
    for statement in ast.parse(file.read_text(encoding="utf-8"), filename=str(file)).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, value = statement.targets[0].id, statement.value
            if name in NAMES and isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[name] = value.value
    missing = [name for name in NAMES if name not in found]
    if missing:
        raise SystemExit(f"{file.name}: {', '.join(missing)} must stand there as plain text")
    return found


def page() -> str:
    rows = [constants(file) for file in FOLDER.glob("*.py") if file.name != "__init__.py"]
    lines = [
        f"| `{row['NAME']}` | {row['TITLE']} | {row['TIME_IS']} | <{row['SOURCE']}> |\n"
        for row in sorted(rows, key=lambda row: row["NAME"])
    ]
    return INTRODUCTION + "".join(lines)


def main(arguments: list[str]) -> int:
    wanted = page()
    if "--check" in arguments:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == wanted:
            return 0
        print("docs/formats.md is not current: run make docs", file=sys.stderr)
        return 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
