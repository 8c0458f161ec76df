"""The frame around every verb: finds it, parses, prints its Answer (text, or one JSON object), tells faults.

stdout is the answer, stderr the rest. Exit status (design, section 5): 0 done; 1 done, and the answer is "no";
2 the command line is wrong; 3 the input is bad; 4 something else failed.
"""

from __future__ import annotations

import errno
import functools
import importlib
import inspect
import io
import json
import os
import pkgutil
import re
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.text import Text
from typer.exceptions import TyperException

import amends
from amends.case import Case, open_case
from amends.cli.errors import DISK_FAULT, FILE_EXISTS, INTERRUPTED, NO_SUCH_FILE, NOT_A_FILE, OUR_FAULT, WRONG_COMMAND
from amends.errors import DISK_FULL, NO_RIGHTS, AmendsError, InputError, OperationError, Place, UsageError, is_text, visible
from amends.record.acts import log_access

NOT_VERBS = {"__main__", "frame", "errors", "instants", "progress"}
_HALVES = re.compile("[\ud800-\udfff]")  # what a byte of a file name becomes that is no UTF-8 (PEP 383)
HELP = """Count every account, tell every person, mend what can be mended, weigh what it does, answer for it.

A first case:

    amends new case --company "Shop Ltd." --tz Asia/Seoul

    amends ingest case /var/log/nginx

    amends scope case

The whole house at work on a simulated shop: amends demo
"""

CaseFolder = Annotated[
    Case, typer.Argument(parser=lambda text: open_case(Path(text)), metavar="CASE", help="the case folder, made by amends new")
]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a verb found: `data` is the JSON object, `text` the same for people; `is_no`: exit status 1.

    A string of `text` is one line; line feeds before it are empty lines. So no name from outside can begin a line of its own.
    """

    data: Mapping[str, Any]
    text: RenderableType | Sequence[RenderableType]
    is_no: bool = False


type Verb = Callable[..., Answer]


def verb(function: Verb) -> Verb:
    """Mark the verb of its file. The file's name is the verb's name."""
    function.__dict__["verb"] = True
    return function


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _print_anything()
    as_json = "--json" in arguments
    try:
        return _run(arguments)
    except AmendsError as error:
        return _tell(error, as_json=as_json)
    except BrokenPipeError:  # the reader of our output went away, as `head` does: no fault
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _tell(_of_system(error), as_json=as_json)
    except Exception as error:  # noqa: BLE001 - the one frame that catches everything (house style, section 5)
        if os.environ.get("AMENDS_DEBUG"):
            traceback.print_exc()
        return _tell(OperationError(OUR_FAULT, expected=_where(error)), as_json=as_json)


def _print_anything() -> None:
    """Letters that the terminal's encoding lacks are printed as escapes, instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _run(arguments: list[str]) -> int:
    command = typer.main.get_command(_app(arguments))
    try:
        status = command.main(args=arguments or ["--help"], prog_name="amends", standalone_mode=False)
    except TyperException as error:
        raise UsageError(WRONG_COMMAND, at=_place(error), expected=error.format_message().rstrip(".")) from error
    return int(status or 0)


def _place(error: TyperException) -> Place | None:
    """The verb whose words are wrong, where the parser got that far."""
    context = getattr(error, "ctx", None)
    return Place(context.command_path) if context is not None else None


def verb_names() -> list[str]:
    """Every file of this folder that holds a verb."""
    folder = Path(__file__).parent
    return sorted(module.name for module in pkgutil.iter_modules([str(folder)]) if module.name not in NOT_VERBS)


def _app(arguments: Sequence[str]) -> typer.Typer:
    """The command tree; only the named verb is loaded where one is named, so that a small verb starts fast."""
    app = typer.Typer(
        help=HELP, invoke_without_command=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
    )
    app.callback()(_options)
    named = next((word for word in arguments if not word.startswith("-")), None)
    names = verb_names()
    for name in [named] if named in names else names:
        _add(app, importlib.import_module(f"amends.cli.{name}"), name)
    return app


def _add(app: typer.Typer, module: Any, name: str) -> None:
    """One function of the module's name is a verb; several functions make a verb with sub-verbs, `amends misuse list`."""
    functions = [item for item in vars(module).values() if inspect.isfunction(item) and item.__dict__.get("verb")]
    context = {"help_option_names": ["-h", "--help"]}
    if len(functions) == 1 and functions[0].__name__.rstrip("_") == name:
        app.command(name, context_settings=context)(_framed(functions[0]))
        return
    group = typer.Typer(help=inspect.getdoc(module), rich_markup_mode=None)
    group.callback()(lambda: None)
    for function in functions:
        group.command(function.__name__.rstrip("_"), context_settings=context)(_framed(function))
    app.add_typer(group, name=name)


def _framed(function: Verb) -> Callable[..., int]:
    """The verb with `--json`, printing its Answer."""

    @functools.wraps(function)
    def framed(*args: Any, json: bool, **options: Any) -> int:
        _check_words(options)
        _log_access(function, options)
        try:
            answer = function(*args, **options)
            _print(answer, as_json=json)
        except KeyboardInterrupt as error:  # here, because the parser's own frame would turn it into a silent exit
            raise OperationError(INTERRUPTED, expected="to run to its end") from error
        return 1 if answer.is_no else 0

    signature = inspect.signature(function, eval_str=True)
    flag = inspect.Parameter(
        "json",
        inspect.Parameter.KEYWORD_ONLY,
        default=False,
        annotation=Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")],
    )
    parameters = [*signature.parameters.values(), flag]
    framed.__dict__["__signature__"] = signature.replace(parameters=parameters, return_annotation=int)
    framed.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return framed


def _check_words(options: Mapping[str, Any]) -> None:
    """A word that is not UTF-8 may name a file (`paths`), and nothing else: no file of the case could hold it."""
    for name, value in options.items():
        words = value if isinstance(value, list) and name != "paths" else [value]
        if any(isinstance(word, str) and not is_text(word) for word in words):
            raise UsageError(WRONG_COMMAND, at=Place(f"--{name}"), expected="text in UTF-8")


def _log_access(function: Verb, options: Mapping[str, Any]) -> None:
    """Every look into a case is an entry of its private log; where that cannot be written, as in a copy to read, this is said."""
    case = next((value for value in options.values() if isinstance(value, Case)), None)
    if case is None:
        return
    verb = function.__module__.rpartition(".")[2]
    words = verb if function.__name__.rstrip("_") == verb else f"{verb} {function.__name__.rstrip('_')}"
    given = [name for name, value in options.items() if value and value is not case]
    try:
        log_access(case, verb=words, options=given, reason=options.get("reason") or None, at=datetime.now(UTC))
    except InputError as error:
        if error.code != NO_RIGHTS:
            raise
        print(f"note: this access is not logged: no right to write to {case.acts}", file=sys.stderr)


def check_new(file: Path, *, force: bool) -> None:
    """Raises: CLI-005 where the file is there and is not to be replaced, CLI-008 where it is no file that could be."""
    if file.exists() and not file.is_file():
        raise UsageError(NOT_A_FILE, at=Place(str(file)), expected="a new file")
    if file.exists() and not force:
        raise UsageError(FILE_EXISTS, at=Place(str(file)), expected="a new file, or --force")


def _options(
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="print the version and leave")] = False,
) -> None:
    if version:
        print(f"amends {amends.__version__}")
        raise typer.Exit


def _print(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        print(_json(answer.data))
        return
    console = _Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 160)
    parts = [answer.text] if isinstance(answer.text, str) or not isinstance(answer.text, Sequence) else answer.text
    for part in parts:
        if isinstance(part, str):
            line = part.lstrip("\n")
            console.line(len(part) - len(line))
            console.print(line, soft_wrap=True)
        else:
            console.print(part)


class _Console(Console):
    """Prints text with its control characters as escapes: what a log, a name or a map holds never steers a terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(visible(text), **options)


def _json(value: object) -> str:
    """One line of JSON, in which every control character is an escape of JSON's own, a half of a surrogate pair too."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return visible(_HALVES.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def _tell(error: AmendsError, *, as_json: bool) -> int:
    if as_json:
        print(_json({"errors": [finding.as_json() for finding in error.findings]}))
    else:
        print(error, file=sys.stderr)
    return error.exit_status


def _of_system(error: OSError) -> AmendsError:
    at = Place(str(error.filename)) if error.filename else None
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OperationError(DISK_FULL, at=at, expected="room for what is written")
    if isinstance(error, FileNotFoundError | NotADirectoryError) or error.errno in (errno.ELOOP, errno.ENAMETOOLONG):
        return InputError(NO_SUCH_FILE, at=at, expected="a path that exists")
    if error.errno in (errno.EIO, errno.EREMOTEIO, errno.ESTALE):
        return OperationError(DISK_FAULT, at=at, expected="a file that can be read and written to its end")
    if isinstance(error, PermissionError):
        return InputError(NO_RIGHTS, at=at, expected="the right to do this")
    return OperationError(OUR_FAULT, at=at, expected=f"no error of the system ({os.strerror(error.errno or 0)})")


def _where(error: Exception) -> str:
    """Kind and place of the fault: never its message, which may quote evidence."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"no {type(error).__name__} in {Path(last.filename).name}, line {last.lineno}"
