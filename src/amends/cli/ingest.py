"""amends ingest: bring logs into the case and read them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from amends.cli.errors import INTERRUPTED
from amends.cli.frame import Answer, CaseFolder, verb
from amends.cli.progress import shown
from amends.cli.sources import as_text
from amends.count.evidence.ingest import Ingestion, bytes_to_read
from amends.count.evidence.ingest import ingest as ingest_paths
from amends.errors import OperationError

MOST_ROWS = 24  # of sources that fit a screen; more are shown a row a folder


@verb
def ingest(
    case: CaseFolder,
    paths: Annotated[
        list[str] | None,
        Argument(metavar="[FILE|FOLDER|-]...", help="logs to take in; none: finish a cut-off ingestion"),
    ] = None,
    form: Annotated[str | None, Option("--format", help="auto, or a format by its name")] = None,
    log_format: Annotated[str | None, Option("--log-format", help="nginx's log_format or Apache's LogFormat string")] = None,
    wrapper: Annotated[str | None, Option("--wrapper", help="around each line: auto, none, syslog, docker or cri")] = None,
    principal: Annotated[list[str] | None, Option("--principal", help="a column that holds the credential; repeatable")] = None,
    account: Annotated[str | None, Option("--account", help="the column that holds whom the principal claims to be")] = None,
    issued: Annotated[str | None, Option("--issued", help="the column of a credential that the answer handed out")] = None,
    zone: Annotated[str | None, Option("--zone", help="time zone of stamps without an offset, such as Asia/Seoul")] = None,
    server: Annotated[str | None, Option("--server", help="the server that wrote these logs, or a logged column")] = None,
    layer: Annotated[str | None, Option("--layer", help="edge, balancer or app")] = None,
    acquired: Annotated[
        list[Path] | None, Option("--acquired", metavar="FILE", help="an acquisition statement; FILE.sig beside it; repeatable")
    ] = None,
    in_place: Annotated[bool, Option("--in-place", help="leave the files where they are and remember their hashes")] = False,
    leave_unknown: Annotated[bool, Option("--leave-unknown", help="leave and name files of an unknown format")] = False,
    workers: Annotated[int | None, Option("--workers", min=1, help="reading processes; one a core unless given")] = None,
) -> Answer:
    """Take logs into the case, hash them, and account for every line: lines = events + rejects + repeats.

    The same file again changes nothing. Options win over the [[evidence]] blocks of amends.toml and stay with the source.

    Example: amends ingest case /var/log/nginx --server web-1
    """
    given = list(paths or [])
    options = {
        "format": form,
        "log_format": log_format,
        "wrapper": wrapper,
        "principal": principal,
        "account": account,
        "issued": issued,
        "zone": zone,
        "server": server,
        "layer": layer,
    }
    try:
        with shown("ingest", total_bytes=bytes_to_read(case, given)) as advance:
            done = ingest_paths(
                case,
                given,
                now=datetime.now(UTC),
                options=options,
                acquired=list(acquired or []),
                in_place=in_place,
                leave_unknown=leave_unknown,
                workers=workers,
                advance=advance,
            )
    except KeyboardInterrupt as error:
        raise OperationError(
            INTERRUPTED,
            expected="to run to its end; every file that was taken and every source that was read stays",
            next_step=f"amends ingest {case.path} reads what was taken; give the other files again",
        ) from error
    account_now = done.account
    data = account_now.as_json() | {
        "new": list(done.new),
        "read": list(done.read),
        "known": list(done.known),
        "left": [{"path": one.path, "reason": one.reason} for one in done.left],
        "idle": list(done.idle),
    }
    return Answer(data, text=[*as_text(account_now, most_rows=MOST_ROWS), *_what_was_done(done)], is_no=not account_now.is_whole)


def _what_was_done(done: Ingestion) -> list[str]:
    lines = [f"left     {one.path}: {one.reason}" for one in done.left]
    lines += [f"note     the block with match = {match!r} in amends.toml is of no source" for match in done.idle]
    lines += [f"known    {path}: in the case already, not counted again" for path in done.known]
    return [*lines, f"files    {done.files}; {len(done.read):,} sources read now"]
