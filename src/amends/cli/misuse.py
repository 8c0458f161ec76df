"""The selection of events judged unauthorised: list it, add to it."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Annotated, Any

from rich.table import Table
from typer import Option

from amends.cli.frame import Answer, CaseFolder, verb


@verb
def list_(case: CaseFolder) -> Answer:
    """Each selector with the number of events that it selects.

    Example: amends misuse list case
    """
    from amends.count.datamap.load import load as load_map
    from amends.count.datamap.mapping import mapped
    from amends.count.evidence.view import events_table
    from amends.count.scope.misuse import read_misuse
    from amends.count.scope.selection import events_by_selector, prepare
    from amends.engine import Table as Rows
    from amends.engine import open_engine
    from amends.units import rfc3339

    map = load_map(case)
    found = read_misuse(case, map)
    with open_engine(spill=case.spill) as engine:
        events = events_table(case)
        engine.view("mapped_events", mapped(events, map))
        counts = engine.row(events_by_selector(Rows.named("mapped_events"), prepare(found, map, events, engine=engine)))
    selectors = [
        {
            "id": selector.id,
            "author": selector.author,
            "at": rfc3339(selector.at),
            "reason": selector.reason,
            "events": counts[f"s{place}"],
        }
        for place, selector in enumerate(found.selectors)
    ]
    warnings = [f"the selector {one['id']} selects no event" for one in selectors if not one["events"]]
    data = {"selectors": selectors, "events": counts["any"], "sha256": found.sha256, "signatures": 0, "warnings": warnings}
    table = Table(box=None, pad_edge=False, header_style="")
    for name in ("id", "events", "author", "at", "reason"):
        table.add_column(name, justify="right" if name == "events" else "left")
    for one in selectors:
        table.add_row(str(one["id"]), f"{one['events']:,}", str(one["author"]), str(one["at"]), str(one["reason"]))
    total = f"{counts['any']:,} events in the misuse; selection {found.sha256[:16]}, a draft: it has no signatures"
    return Answer(data, text=[table, total, *warnings])


@verb
def add(
    case: CaseFolder,
    author: Annotated[str, Option("--author", help="who judges; by role or initials, as the team writes it")],
    reason: Annotated[str, Option("--reason", help="why these events were not authorised")],
    id: Annotated[str | None, Option("--id", help="a short name; default: a new one")] = None,
    principal: Annotated[
        list[str] | None, Option("--principal", help="credential in clear, or `hmac HEX`; may be repeated")
    ] = None,
    principal_file: Annotated[str | None, Option("--principal-file", help="list below the case folder, one a line")] = None,
    client: Annotated[list[str] | None, Option("--client", help="address or network; may be repeated")] = None,
    client_file: Annotated[str | None, Option("--client-file", help="list below the case folder, one a line")] = None,
    account: Annotated[list[str] | None, Option("--account", help="account that was claimed; may be repeated")] = None,
    account_file: Annotated[str | None, Option("--account-file", help="list below the case folder, one a line")] = None,
    endpoint: Annotated[list[str] | None, Option("--endpoint", help="id of an endpoint in the map; may be repeated")] = None,
    server: Annotated[list[str] | None, Option("--server", help="server; may be repeated")] = None,
    since: Annotated[str | None, Option("--from", help="first instant, RFC 3339 with offset")] = None,
    until: Annotated[str | None, Option("--to", help="first instant after, RFC 3339 with offset")] = None,
) -> Answer:
    """Append a selector to misuse.yaml; what stands there stays as it is.

    Example: amends misuse add case --author j.kim --reason "6,500 profiles in order" --client 203.0.113.7 --endpoint profile
    """
    from amends.cli.errors import WRONG_COMMAND
    from amends.count.datamap.load import load as load_map
    from amends.count.scope.writing import Wanted, add_selector
    from amends.errors import Place, UsageError

    lists = {"principal": principal, "client": client, "account": account, "endpoint": endpoint, "server": server}
    values = {column: given for column, given in lists.items() if given}
    named = {"principal": principal_file, "client": client_file, "account": account_file}
    files = {column: file for column, file in named.items() if file}
    if not values and not files and since is None and until is None:
        raise UsageError(
            WRONG_COMMAND, at=Place("amends misuse add"), expected="one condition at least, such as --client ADDRESS"
        )
    wanted = Wanted(id or f"selector-{secrets.token_hex(4)}", author, reason, values, files, since, until)
    selector, found = add_selector(case, load_map(case), wanted, now=datetime.now(UTC))
    data: dict[str, Any] = {"id": selector.id, "sha256": found.sha256, "selectors": len(found.selectors), "signatures": 0}
    added = f"added {selector.id} to {case.misuse_file}; selection {found.sha256[:16]}, {len(found.selectors):,} selectors"
    return Answer(data, text=[added, f"next: amends misuse list {case.path}, then amends scope {case.path}"])
