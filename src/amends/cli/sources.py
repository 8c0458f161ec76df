"""amends sources: the account of lines of every source, and the gaps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated

from rich.console import RenderableType
from rich.table import Table
from typer import Option

from amends.cli.frame import Answer, CaseFolder, verb
from amends.cli.progress import shown
from amends.count.evidence.account import PARTS, LineAccount, account_of_lines
from amends.count.evidence.acquisitions import HASH_ONLY
from amends.count.evidence.calendar import MEANING, Day, calendar
from amends.count.evidence.clocks import Phase
from amends.count.evidence.coverage import Coverage
from amends.count.evidence.holds import Held, held, tell_losses
from amends.count.evidence.sources import Source
from amends.count.evidence.sources import sources as all_sources
from amends.count.evidence.verify import Fault, verify
from amends.engine import open_engine
from amends.units import rfc3339


@verb
def sources(
    case: CaseFolder,
    verify_all: Annotated[bool, Option("--verify", help="hash the evidence again, check every equation and order")] = False,
    by_hour: Annotated[bool, Option("--calendar", help="what the logs cover, hour by hour")] = False,
) -> Answer:
    """What came into the case: lines = events + rejects + repeats for each source, and the time that no log covers.

    Example: amends sources case --verify
    """
    faults: tuple[Fault, ...] = ()
    checked = 0
    if verify_all:
        with shown("verify", total_bytes=sum(source.size for source in all_sources(case))) as advance:
            verification = verify(case, advance=advance)
        faults, checked = verification.faults, verification.sources
    with open_engine(spill=case.spill) as engine:
        account = account_of_lines(case, engine)
    data = account.as_json()
    text = as_text(account)
    holds = held(case, account.coverage)
    data["holds"] = [one.as_json() for one in holds]
    text += [line for one in holds for line in _hold_lines(one)]
    if by_hour:
        days = calendar(account.coverage, zone=case.settings.zone)
        data["calendar"] = [day.as_json() for day in days]
        text += _calendar_lines(days, case.settings.zone.key)
    if verify_all:
        with case.lock():
            tell_losses(case, holds, now=datetime.now(UTC))
        data["verified"] = {"sources": checked, "faults": [fault.as_json() for fault in faults]}
        text += _verdict(checked, faults)
    is_lost = verify_all and any(one.lost for one in holds)
    return Answer(data, text=text, is_no=bool(faults) or is_lost or not account.is_whole)


def as_text(account: LineAccount, *, most_rows: int | None = None) -> list[RenderableType]:
    """The account for people: a table, the equation, rejects by reason, gaps. More sources than `most_rows`: a row a folder."""
    if not account.sources:
        return ["no source yet; next: amends ingest CASE FILE|FOLDER|-"]
    is_long = most_rows is not None and len(account.sources) > most_rows
    text: list[RenderableType] = [_table(_folders(account.sources) if is_long else _files(account.sources))]
    text += ["each file: amends sources CASE"] if is_long else []
    balance = account.balance
    verdict = "closes" if balance.closes else f"DOES NOT CLOSE: {balance.missing:,} lines unaccounted for"
    parts = " + ".join(f"{number:,} {name}" for name, number in (("events", balance.done), *balance.left.items()))
    text.append(f"{balance.given:,} lines = {parts} ({verdict})")
    text += [f"fault    {source.path}: {source.fault}" for source in account.sources if source.fault]
    text += [f"reject   {one.reason}: {one.lines:,}, first at {'; '.join(map(str, one.examples))}" for one in account.rejected]
    text += [f"note     {why}" for why in _notes(account.sources)]
    return [*text, *_custody_lines(account), *_clock_lines(account), *_coverage_lines(account.coverage)]


@dataclass(frozen=True, slots=True)
class _Row:
    """One or several sources under one name."""

    name: str
    sources: tuple[Source, ...]

    def cells(self, folder: str) -> Iterable[str]:
        yield self.name.removeprefix(folder)
        yield ", ".join(sorted({source.format or "-" for source in self.sources}))
        for part in PARTS:
            yield f"{sum(getattr(source, part) for source in self.sources):,}"
        for instant in (_least(source.first for source in self.sources), _greatest(source.last for source in self.sources)):
            yield rfc3339(instant.replace(microsecond=0)) if instant else "-"


def _least(instants: Iterable[datetime | None]) -> datetime | None:
    return min((instant for instant in instants if instant is not None), default=None)


def _greatest(instants: Iterable[datetime | None]) -> datetime | None:
    return max((instant for instant in instants if instant is not None), default=None)


def _files(sources: Sequence[Source]) -> list[_Row]:
    """A row a source, `access.log.2` before `access.log.10`."""
    return [_Row(source.path, (source,)) for source in sorted(sources, key=lambda source: _natural(source.path))]


def _folders(sources: Sequence[Source]) -> list[_Row]:
    by_folder: dict[str, list[Source]] = {}
    for source in sorted(sources, key=lambda source: _natural(source.path)):
        by_folder.setdefault(source.path.rpartition("/")[0], []).append(source)
    return [_Row(f"{name}/ ({len(own):,} files)", tuple(own)) for name, own in by_folder.items()]


def _natural(path: str) -> list[tuple[bool, int, str]]:
    """Numbers in a path by their value."""
    parts = re.split(r"(\d+)", path)
    return [(part.isdecimal(), int(part) if part.isdecimal() and len(part) < 20 else 0, part) for part in parts]


def _table(rows: Sequence[_Row]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    folder = _common_folder([row.name for row in rows])
    for name in ("source", "format", *PARTS, "first", "last"):
        shown_name = f"source in {folder}" if name == "source" and folder else name
        table.add_column(shown_name, justify="right" if name in PARTS else "left", overflow="fold", no_wrap=name != "source")
    for row in rows:
        table.add_row(*row.cells(folder))
    return table


def _common_folder(paths: Sequence[str]) -> str:
    """The folder that all paths begin with, and its slash; empty where there is none, or one path only."""
    folders = [path.rpartition("/")[0].split("/") for path in paths]
    shared = [names[0] for names in zip(*folders, strict=False) if len(set(names)) == 1] if len(paths) > 1 else []
    return "/".join([*shared, ""]) if shared and all(folder[: len(shared)] == shared for folder in folders) else ""


def _notes(rows: Sequence[Source]) -> Iterable[str]:
    """How formats were recognised, each way once."""
    by_why: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda source: source.path):
        if row.why.startswith("taken for"):
            by_why.setdefault(row.why, []).append(row.path)
    for why, paths in by_why.items():
        more = f" and {len(paths) - 1:,} more" if len(paths) > 1 else ""
        yield f"{paths[0]}{more} {why}"


def _custody_lines(account: LineAccount) -> Iterable[str]:
    """How the sources were taken, a line for each statement."""
    by_statement: dict[str, list[str]] = {}
    for source in account.sources:
        if source.sha256 in account.acquired:
            by_statement.setdefault(account.acquired[source.sha256].sha256, []).append(source.sha256)
    for own in by_statement.values():
        more = f" and {len(own) - 1:,} more files" if len(own) > 1 else ""
        yield f"taken    {account.acquired[own[0]].words(own[0])}{more}"
    bare = sum(source.sha256 not in account.acquired for source in account.sources)
    yield from [f"custody  {HASH_ONLY}: {bare:,} of {len(account.sources):,} sources"] if bare else []


def _clock_lines(account: LineAccount) -> Iterable[str]:
    """What the stamps mean, where sources differ, and how clocks stood apart."""
    meant = sorted({(source.time_is, source.format) for source in account.sources if source.time_is and source.format})
    if len({time_is for time_is, _ in meant}) > 1:
        told = "; ".join(
            f"the {time_is} of an answer in {', '.join(str(form) for _, form in own)}"
            for time_is, own in groupby(meant, key=lambda one: one[0])
        )
        yield f"stamps   {told}"
    for pair in account.clocks:
        names = " against ".join(f"{server or 'server not named'} ({layer})" for server, layer in (pair.inner, pair.outer))
        for phase in pair.phases:
            days = phase.first.isoformat() + (f" to {phase.last.isoformat()}" if phase.last > phase.first else "")
            yield f"clock    {names}, {days}: {_ahead(phase)}, by {phase.requests:,} shared requests"


def _ahead(phase: Phase) -> str:
    least = f"{phase.least.total_seconds():+.2f}"
    if phase.most is None:
        return f"{least} s or more"
    most = f"{phase.most.total_seconds():+.2f} s"
    return f"set within the day, {most} to {least} s" if phase.is_torn else f"{least} to {most}"


def _coverage_lines(covered: Coverage) -> Iterable[str]:
    if covered.window is None or covered.share is None:
        return
    yield f"covered  {covered.share:.2%} of {rfc3339(covered.window.start)} to {rfc3339(covered.window.end)}"
    for gap in covered.gaps:
        server = gap.server or "server not named"
        yield f"gap      {server} ({gap.layer}): {rfc3339(gap.period.start)} to {rfc3339(gap.period.end)}, {gap.reason}"
    for assumed in covered.assumes:
        yield f"assumes  {assumed}"


def _hold_lines(one: Held) -> Iterable[str]:
    """What became of the logs that an order holds."""
    order = one.order
    what = "LOST in part; amends scope CASE tells what that does to the bounds" if one.lost else "none is missing"
    yield f"hold     {order.id} of {order.by}, {rfc3339(order.period.start)} to {rfc3339(order.period.end)}: {what}"
    for gap in one.lost:
        server = gap.server or "server not named"
        yield f"  lost   {server} ({gap.layer}): {rfc3339(gap.period.start)} to {rfc3339(gap.period.end)}, {gap.reason}"
    for period in one.outside:
        yield f"  unseen {rfc3339(period.start)} to {rfc3339(period.end)}: outside of the case's window"


def _calendar_lines(days: Sequence[Day], zone: str) -> Iterable[str]:
    yield f"\ncoverage by hour, days of {zone}: {MEANING}"
    for (server, layer), own in groupby(days, key=lambda day: (day.server, day.layer)):
        yield f"{server or 'server not named'} ({layer})"
        yield from (f"  {day.day.isoformat()}  {day.hours}" for day in own)


def _verdict(checked: int, faults: Sequence[Fault]) -> list[str]:
    if not faults:
        return [f"verified {checked:,} sources: every hash, file and equation holds"]
    told = [f"  {fault.name or fault.sha256}: {fault.what}" for fault in faults]
    return [f"NOT VERIFIED: {len(faults):,} faults in {checked:,} sources", *told]
