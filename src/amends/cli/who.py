"""amends who: what is known about one person."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from amends.cli.frame import Answer, CaseFolder, verb
from amends.errors import visible

if TYPE_CHECKING:
    from amends.count.scope.who import Answered, Known, View


@verb
def who(
    case: CaseFolder,
    subject: Annotated[str, Argument(metavar="ID", help="the subject's id, or - to read ids from stdin, one a line")],
    kind: Annotated[str | None, Option("--kind", help="look among this kind of subject only, such as account")] = None,
    raw: Annotated[bool, Option("--raw", help="show the logged line too, as it is; it may hold secrets")] = False,
    reason: Annotated[str, Option("--reason", help="why you look; it stays in the answer")] = "",
    memory: Annotated[str | None, Option("--memory", help="what the engine may take, such as 4GB")] = None,
) -> Answer:
    """What is known about one person: each view within the misuse, with its source and its line.

    "Not affected" comes with the share of the window that the logs cover.

    Example: amends who case 1000042 --reason "asked by the customer"
    """
    from amends.count.scope import who as room
    from amends.count.scope.memory import parse_memory
    from amends.engine import open_engine

    ids = _listed(sys.stdin.buffer.read()) if subject == "-" else [subject]
    memory_bytes = parse_memory(memory)
    with open_engine(spill=case.spill, memory_bytes=memory_bytes) as engine:
        found = room.who(case, [id for id in ids if id], engine=engine, raw=raw, kind=kind)
    data = {
        "subjects": [_known_json(known, raw=raw) for known in found.known],
        "window": found.gathered.evidence.window.as_json(),
        "coverage": found.share,
        "reason": reason or None,
    }
    return Answer(data, text=_text(found, raw=raw))


def _listed(given: bytes) -> list[str]:
    """The ids of standard input, one a line. Raises: CLI-007 for a line that is not UTF-8."""
    from amends.cli.errors import NOT_TEXT
    from amends.errors import InputError, Place

    try:
        return [line.rstrip("\r") for line in given.decode("utf-8-sig").split("\n")]
    except UnicodeDecodeError as error:
        line = given.count(b"\n", 0, error.start) + 1
        raise InputError(NOT_TEXT, at=Place("standard input", line), expected="ids in UTF-8, one a line") from error


def _known_json(known: Known, *, raw: bool) -> dict[str, Any]:
    return {
        "kind": known.kind,
        "subject": known.subject,
        "grade": known.grade,
        "views": [_view_json(view, raw=raw) for view in known.views],
    }


def _view_json(view: View, *, raw: bool) -> dict[str, Any]:
    from amends.units import rfc3339

    shown: dict[str, Any] = {
        "time": rfc3339(view.time),
        "endpoint": view.endpoint,
        "grade": view.grade,
        "fields": list(view.fields),
        "fields_possible": list(view.fields_possible),
        "source": view.source,
        "name": view.name,
        "line": view.line,
    }
    if raw:
        shown["raw"] = view.raw.decode("utf-8", "backslashreplace") if view.raw is not None else None
    return shown


def _text(found: Answered, *, raw: bool) -> list[str]:
    from amends.units import rfc3339

    share = f"{found.share:.2%}" if found.share is not None else "an unknown share"
    lines = []
    for known in found.known:
        if not known.views:
            lines.append(
                f"{known.kind} {visible(known.subject)}: not seen within the misuse; the logs cover {share} of the window"
            )
            continue
        views = f"{len(known.views):,} view{'s' * (len(known.views) != 1)}"
        lines.append(f"{known.kind} {visible(known.subject)}: {known.grade}, {views}; the logs cover {share} of the window")
        for view in known.views:
            fields = ", ".join((*view.fields, *(f"{key} (possible)" for key in view.fields_possible)))
            lines.append(f"  {rfc3339(view.time)}  {view.endpoint}  {fields}")
            lines.append(f"    {view.name or '-'} ({view.source[:16]}), line {view.line}")
            if raw:
                lines.append(f"    {_printable(view.raw)}")
    return lines


def _printable(raw: bytes | None) -> str:
    """The line with its control characters escaped, so that evidence cannot write to the terminal."""
    if raw is None:
        return "(its bytes are no longer there)"
    return visible(raw.decode("utf-8", "backslashreplace"))
