"""Preservation orders: which logs must be kept; what of them is lost is told by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from rich.table import Table
from typer import Argument, Option

from amends.cli.frame import Answer, CaseFolder, verb
from amends.cli.instants import instant_given, period_given


@verb
def set_(
    case: CaseFolder,
    id: Annotated[str, Argument(metavar="ID", help="a short name, such as the order's file number")],
    by: Annotated[str, Option("--by", help="the authority or court that gave it, or counsel")],
    since: Annotated[str, Option("--from", help="first instant of the logs that it holds, RFC 3339 with offset")],
    until: Annotated[str, Option("--to", help="first instant after, RFC 3339 with offset")],
    author: Annotated[str, Option("--author", help="who writes it down; by role or initials")],
    reason: Annotated[str, Option("--reason", help="what it says, or where it lies")],
    at: Annotated[str | None, Option("--at", help="when it was given, RFC 3339 with offset; default: now")] = None,
    server: Annotated[list[str] | None, Option("--server", help="of this server alone; may be repeated")] = None,
) -> Answer:
    """Write down an order to preserve logs.

    Example: amends hold set case PIPC-17 --by PIPC --from 2025-06-01T00Z --to 2025-11-01T00Z --author j.kim --reason letter
    """
    from amends.count.evidence.holds import Order, set_order

    now = datetime.now(UTC)
    given = instant_given(at, "--at") if at is not None else now
    order = Order(id, by, given, period_given(since, until), tuple(server or ()), author, reason)
    with case.lock():
        set_order(case, order, now=now)
    said = f"set {order.id}: the logs {_of(order.as_json())}"
    return Answer(order.as_json(), text=[said, f"next: amends sources {case.path} --verify tells what of them is lost"])


@verb
def list_(case: CaseFolder) -> Answer:
    """Every preservation order, in force or released.

    Example: amends hold list case
    """
    from amends.count.evidence.holds import orders

    found = [order.as_json() for order in orders(case)]
    if not found:
        return Answer({"holds": []}, text="no preservation order; one is written down by amends hold set CASE ID")
    table = Table(box=None, pad_edge=False, header_style="")
    for name in ("id", "by", "given", "logs", "state", "reason"):
        table.add_column(name)
    for one in found:
        state = f"released {one['released']['at']}: {one['released']['reason']}" if one["released"] else "in force"
        table.add_row(one["id"], one["by"], one["at"], _of(one), state, one["reason"])
    return Answer({"holds": found}, text=table)


@verb
def release(
    case: CaseFolder,
    id: Annotated[str, Argument(metavar="ID", help="of an order in force")],
    author: Annotated[str, Option("--author", help="who writes it down; by role or initials")],
    reason: Annotated[str, Option("--reason", help="why it no longer binds")],
) -> Answer:
    """Say that an order no longer binds. It stays in the list, with author and reason.

    Example: amends hold release case PIPC-2025-17 --author counsel --reason "closed by the letter of 2 May"
    """
    from amends.count.evidence.holds import Release, release_order

    with case.lock():
        order = release_order(case, id, Release(datetime.now(UTC), author, reason))
    return Answer(order.as_json(), text=f"released {order.id}")


def _of(order: dict[str, object]) -> str:
    servers = order["servers"]
    of = f"of {', '.join(servers)} " if isinstance(servers, list) and servers else ""
    return f"{of}from {order['start']} to {order['end']}"
