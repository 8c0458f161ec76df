"""Every verb is described with each of its options, has an example that parses, and is named nowhere else than it exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from amends.case import create_case
from amends.cli import frame
from amends.cli.frame import main

EVERYWHERE = {"--json", "--help", "-h"}  # of each verb; described once


def commands() -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    """Each verb and sub-verb by its words, `("datamap", "check")`."""
    top = typer.main.get_command(frame._app([]))
    assert isinstance(top, TyperGroup)
    yield from leaves((), top)


def leaves(words: tuple[str, ...], group: TyperGroup) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from leaves((*words, name), command)
        else:
            assert isinstance(command, TyperCommand)
            yield (*words, name), command


COMMANDS = dict(commands())
NAMES = ["-".join(words) for words in COMMANDS]


def options(command: TyperCommand) -> list[set[str]]:
    """The spellings of each option; one of them must be described."""
    return [
        {*parameter.opts, *parameter.secondary_opts}
        for parameter in command.params
        if isinstance(parameter, TyperOption) and not EVERYWHERE & {*parameter.opts}
    ]


@pytest.mark.parametrize("words", COMMANDS, ids=NAMES)
def test_a_verb_is_described_with_each_of_its_options(words: tuple[str, ...], code: dict[str, str]) -> None:
    name = re.compile(rf"\bamends {' '.join(words)}\b")
    text = "\n".join(page for page in code.values() if name.search(page))

    assert text, f"no page shows amends {' '.join(words)}"
    described = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))
    assert [sorted(spelt) for spelt in options(COMMANDS[words]) if not spelt & described] == []


@pytest.mark.parametrize("words", COMMANDS, ids=NAMES)
def test_the_example_in_the_help_of_a_verb_parses(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    create_case(tmp_path / "case", company="Shop Ltd.", zone="Asia/Seoul")
    monkeypatch.chdir(tmp_path)
    assert main([*words, "--help"]) == 0
    shown = [line.strip() for line in (COMMANDS[words].help or "").splitlines()]

    told = [line.removeprefix("Example: ") for line in shown if line.startswith("Example: ")]

    assert told
    assert "Example: " in capsys.readouterr().out
    for line in told:
        given = shlex.split(line)
        assert tuple(given[: len(words) + 1]) == ("amends", *words)
        COMMANDS[words].make_context(line, given[len(words) + 1 :])  # raises where a word is wrong


def test_what_every_verb_has_is_described(code: dict[str, str]) -> None:
    text = "\n".join(code.values())

    assert [option for option in ("--json", "--help", "--version") if option not in text] == []


def test_no_page_names_a_verb_that_does_not_exist(code: dict[str, str]) -> None:
    uses = re.compile(r"\bamends ([a-z]+)(?: ([a-z]+))?")
    named = {(name, *words) for name, page in code.items() for words in uses.findall(page)}
    groups = {words[0] for words in COMMANDS if len(words) > 1}

    assert sorted(use for use in named if use[1] not in {words[0] for words in COMMANDS}) == []
    assert sorted(use for use in named if use[1] in groups and use[2] and use[1:] not in COMMANDS) == []


def test_help_that_a_page_quotes_is_current(pages: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    for page in pages.values():
        for command, shown in re.findall(r"^```[a-z]*\n\$ amends ([a-z ]*--help)\n(.+?)^```$", page, re.MULTILINE | re.DOTALL):
            assert main(shlex.split(command)) == 0
            assert OutputChecker().check_output(shown, capsys.readouterr().out, ELLIPSIS), command
