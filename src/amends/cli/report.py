"""amends report: the exposure as one page for people."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from typer import Option

from amends.cli.frame import Answer, CaseFolder, check_new, verb


@verb
def report(
    case: CaseFolder,
    out: Annotated[
        Path | None, Option("--out", metavar="FILE", help="where to write it; default: a name of its own under CASE/reports")
    ] = None,
    memory: Annotated[
        str | None, Option("--memory", help="what the engine may take, such as 4GB; default 60 % of the machine")
    ] = None,
    force: Annotated[bool, Option("--force", help="replace the file if another stands there")] = False,
) -> Answer:
    """Count again and write the exposure report: one HTML page, Korean and English, that needs no network and prints well.

    Exit status 1 where an equation does not close.

    Example: amends report case --out exposure.html
    """
    from amends.answer.reports.exposure import exposure_report, report_file
    from amends.case import write_atomically, writing
    from amends.count.evidence.account import account_of_lines
    from amends.count.scope.memory import parse_memory
    from amends.count.scope.run import scope
    from amends.engine import open_engine

    with open_engine(spill=case.spill, memory_bytes=parse_memory(memory)) as engine:
        found = scope(case, engine=engine, now=datetime.now(UTC))
        lines = account_of_lines(case, engine, covered=found.gathered.coverage)
    page = exposure_report(found, lines, case.settings).encode()
    file = out or report_file(case.reports, found)
    check_new(file, force=force or (file.is_file() and file.read_bytes() == page))
    with writing(file):
        case.reports.mkdir(mode=0o700, exist_ok=True)
        write_atomically(file, page)
    data = {"file": str(file), "address": file.resolve().as_uri(), "run": found.run, "final": not found.not_final}
    return Answer(data, text=[f"report {file}", f"open   {data['address']}"], is_no=not (found.closes and lines.balance.closes))
