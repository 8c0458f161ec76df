"""The examples in docs/ run, end with the exit status that they show, and print what they show.

An example is a fenced block whose first line begins with `$ `; its commands run in the order of the page, in one folder. What a
page shows under a command must be what the command prints; `...` stands for any text. `$ echo $?` shows a status other than 0.
`<!-- examples start in: empty | world | case -->` says what the folder holds at the start; else it is a case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from doctest import ELLIPSIS, REPORT_NDIFF, OutputChecker
from doctest import Example as Wanted
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```[a-z]*\n(\$ .*?)^```$", re.MULTILINE | re.DOTALL)
START = re.compile(r"<!-- examples start in: (\w+) -->")
STATUS = "echo $?"


@dataclass(frozen=True, slots=True)
class Example:
    command: str
    shown: str


def examples(text: str) -> list[Example]:
    """The commands of a page with what is shown under each; a line that ends in a backslash goes on in the next."""
    found = []
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block.replace("\\\n", ""), flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            found.append(Example(command, shown))
    return found


PAGES = [page for page in sorted(DOCS.rglob("*.md")) if examples(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_the_examples_of_a_page_run_and_print_what_it_shows(
    page: Path, shell: Callable[[str, Path], tuple[int, str]], start_in: Callable[[str], Path]
) -> None:
    text = page.read_text(encoding="utf-8")
    start = START.search(text)
    folder = start_in(start[1] if start else "case")
    told = examples(text)

    for place, example in enumerate(told):
        if example.command == STATUS:
            continue
        after = told[place + 1] if place + 1 < len(told) else None
        expected = int(after.shown) if after and after.command == STATUS else 0
        status, output = shell(example.command, folder)
        assert status == expected, f"$ {example.command}\n{output}"
        if example.shown:
            wanted, checker = Wanted("", plain(example.shown)), OutputChecker()
            if not checker.check_output(wanted.want, plain(output), ELLIPSIS):
                pytest.fail(f"$ {example.command}\n{checker.output_difference(wanted, plain(output), ELLIPSIS | REPORT_NDIFF)}")


def plain(text: str) -> str:
    """Without the blanks that fill a table's last column."""
    return "".join(f"{line.rstrip()}\n" for line in text.strip("\n").splitlines())


def test_an_example_is_a_command_with_what_it_shows() -> None:
    page = "```console\n$ amends new a \\\n  b\nmade\n$ echo $?\n1\n```\n```\namends no example\n```\n"

    assert examples(page) == [Example("amends new a   b", "made\n"), Example(STATUS, "1\n")]
