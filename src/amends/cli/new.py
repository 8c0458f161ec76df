"""amends new: make a case folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from amends.case import create_case
from amends.cli.frame import Answer, verb
from amends.cli.instants import period_given
from amends.units import rfc3339


@verb
def new(
    folder: Annotated[Path, Argument(metavar="CASE", help="the folder to make; it must be new or empty")],
    company: Annotated[str, Option("--company", help="whose customers' data leaked")],
    zone: Annotated[str, Option("--tz", help="time zone of the people who read the case, such as Asia/Seoul")],
    at_rest: Annotated[str | None, Option("--at-rest", help="where this folder's encryption at rest lives, in words")] = None,
    start: Annotated[str | None, Option("--from", help="when misuse became possible, RFC 3339 with offset")] = None,
    end: Annotated[str | None, Option("--to", help="when it was no longer possible (not included)")] = None,
) -> Answer:
    """Make a case folder, mode 0700, with a commented amends.toml and a key of its own.

    Example: amends new case --company "Shop Ltd." --tz Asia/Seoul
    """
    if at_rest is None and sys.stdin.isatty() and sys.stdout.isatty():
        at_rest = input("Where does this folder's encryption at rest live? (Enter: not stated) ").strip()
    window = period_given(start, end) if start is not None or end is not None else None
    case = create_case(folder, company=company, zone=zone, at_rest=at_rest or "not stated", window=window)
    data = {
        "case": str(case.path),
        "company": company,
        "zone": zone,
        "window": window.as_json() if window else None,
        "settings": str(case.settings_file),
    }
    next_step = f"next: look at {case.settings_file}, then  amends ingest {case.path} FILE|FOLDER|-"
    when = f"window {rfc3339(window.start)} to {rfc3339(window.end)}" if window else "no window yet: set it in amends.toml"
    return Answer(data, text=[f"case {case.path} for {company}, {zone}; {when}", next_step])
