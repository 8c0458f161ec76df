"""amends scope: count who was exposed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from rich.console import RenderableType
from rich.table import Table
from typer import Option

from amends.cli.frame import Answer, CaseFolder, check_new, verb
from amends.errors import visible

MOST_CHANGES = 8  # that a screen holds; all stand in the JSON


@verb
def scope(
    case: CaseFolder,
    export: Annotated[Path | None, Option("--export", metavar="FILE", help="write one row per subject, .csv or .parquet")] = None,
    memory: Annotated[
        str | None, Option("--memory", help="what the engine may take, such as 4GB; default 60 % of the machine")
    ] = None,
    force: Annotated[bool, Option("--force", help="replace the export if it is there")] = False,
    claim: Annotated[list[str] | None, Option("--claim", help="judge not-exposed:KEY (user.financial); repeatable")] = None,
    diff: Annotated[str | None, Option("--diff", metavar="RUN", help="compare with an earlier run")] = None,
) -> Answer:
    """Count who was exposed: one row per subject whose data came back within the misuse, with bounds as a printed sum.

    Exit status 1 where an equation does not close, or a claim is not shown.

    Example: amends scope case --export exposed.csv
    """
    from amends.count.scope import answer, run
    from amends.count.scope.claims import Verdict, claimed_key, judge
    from amends.count.scope.comparing import difference, run_of
    from amends.count.scope.export import check_name
    from amends.count.scope.export import export as write_export
    from amends.count.scope.memory import parse_memory
    from amends.engine import open_engine

    memory_bytes = parse_memory(memory)
    if export is not None:
        check_name(export)
        check_new(export, force=force)
    for text in claim or ():
        claimed_key(text)
    before = run_of(case, diff) if diff is not None else None
    with open_engine(spill=case.spill, memory_bytes=memory_bytes) as engine:
        found = run.scope(case, engine=engine, now=datetime.now(UTC))
        changes = difference(case, before, found.run, engine=engine) if before is not None else None
    claims = [judge(found, text) for text in claim or ()]
    data = answer.as_json(found) | {"claims": [one.as_json() for one in claims]}
    if changes is not None:
        data["diff"] = changes.as_json()
    if export is not None:
        data["export"] = {"file": str(export), "rows": write_export(found.exposure, found.inputs.map, export)}
    return Answer(data, text=list(_text(data)), is_no=not found.closes or any(one.verdict is not Verdict.SHOWN for one in claims))


def _text(data: dict[str, Any]) -> list[RenderableType]:
    parts: list[RenderableType] = [*_head(data), _units(data)]
    for unit in dict.fromkeys(term["unit"] for term in data["terms"]):
        parts += [f"\n{unit}: the sum", _terms(data, unit)]
    parts += ["\nfields", _fields(data), *_balances(data), *_lists(data)]
    return parts


def _head(data: dict[str, Any]) -> list[str]:
    window = data["window"]
    coverage = f"{data['coverage']:.2%}" if data["coverage"] is not None else "unknown"
    state = "final" if data["final"] else "draft"
    return [
        f"run {data['run'][:16]}  {state}",
        f"window    {window['start']} to {window['end']}, covered by logs: {coverage}",
        f"seen      {data['first'] or 'never'} to {data['last'] or 'never'}",
    ]


def _units(data: dict[str, Any]) -> Table:
    table = _table("", "confirmed", "lower", "upper", "ceiling", "")
    for unit, bounds in (data["units"] | {"non_members": data["non_members"]}).items():
        numbers = [_number(bounds[name]) for name in ("confirmed", "lower", "upper", "ceiling")]
        table.add_row(unit, *numbers, bounds.get("because", ""))
    return table


def _terms(data: dict[str, Any], unit: str) -> Table:
    table = _table("", "count", "because")
    table.columns[2].justify = "left"
    for term in data["terms"]:
        if term["unit"] == unit:
            table.add_row(term["name"], _number(term["count"]), term["because"])
    return table


def _fields(data: dict[str, Any]) -> Table:
    table = _table("", "", "confirmed", "lower", "upper")
    table.columns[1].justify = "left"
    for key, field in data["fields"].items():
        for unit, bounds in field["by_unit"].items():
            table.add_row(key, unit, *(_number(bounds[name]) for name in ("confirmed", "lower", "upper")))
    return table


def _balances(data: dict[str, Any]) -> list[str]:
    named = {"events": ("events in misuse", "disclosing"), "disclosures": ("disclosures", "naming their subjects")}
    lines = [""]
    for key, (given, done) in named.items():
        balance = data["account"][key]
        left = "".join(f" + {number:,} {reason}" for reason, number in balance["left"].items())
        verdict = "closes" if balance["closes"] else "DOES NOT CLOSE"
        lines.append(f"{given} {balance['given']:,} = {balance['done']:,} {done}{left}  ({verdict})")
    return lines


def _lists(data: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    if data["unmapped"]:
        lines.append("\nunmapped within the misuse")
        lines += [
            f"  {shape['events']:>10,}  {visible(shape['method'] or '-')} {visible(shape['shape'])}"
            + ("" if shape["successful"] else "  (not successful)")
            for shape in data["unmapped"][:10]
        ]
    if data["gaps"]:
        lines.append(f"\ngaps ({len(data['gaps'])})")
        lines += [
            f"  {gap['server'] or '-'}  {gap['start']} to {gap['end']}  {gap['reason']}{_alone(gap)}" for gap in data["gaps"][:10]
        ]
    lines += [line for loss in data["holds"] for line in _loss(loss)]
    if data["would_change"]:
        lines.append("\nwhat would change this number, and how far it would take the upper bound down if it showed nobody new")
        lines += [f"  {change['what']}: {_off(change)}" for change in data["would_change"][:MOST_CHANGES]]
    places = data["remainder"]["unread_places"]
    if places:
        lines.append(f"\nunreadable lines that may belong to the misuse ({data['remainder']['unread_lines']:,})")
        lines += [f"  {place['name'] or place['source'][:16]}, line {place['line']}" for place in places[:5]]
    for title, key in (("assumes", "assumes"), ("warnings", "warnings"), ("not final", "not_final_because")):
        if data[key]:
            lines.append(f"\n{title}")
            lines += [f"  {text}" for text in data[key]]
    for claim in data["claims"]:
        lines += ["", *_claim(claim)]
    if "diff" in data:
        lines += ["", *_diff(data["diff"])]
    if "export" in data:
        lines.append(f"\n{data['export']['rows']:,} rows in {data['export']['file']}")
    return lines


def _loss(loss: dict[str, Any]) -> list[str]:
    """What is missing of the logs that an order holds, with its effect."""
    held = f"\nhold {loss['id']} of {loss['by']}"
    if not loss["lost"]:
        return [f"{held}: none of its logs is missing"]
    effect = f"with them upper may be lower by {_off(loss)}" if loss["off"] else "the bounds do not lean on them"
    lines = [f"{held}: logs that it holds are missing; {effect}"]
    return lines + [f"  {one['server'] or '-'}  {one['start']} to {one['end']}  {one['reason']}" for one in loss["lost"]]


def _off(change: dict[str, Any]) -> str:
    return ", ".join(f"{number:,} {unit}" for unit, number in change["off"].items())


def _claim(claim: dict[str, Any]) -> list[str]:
    lines = [f"{claim['claim']}: {claim['verdict']}", *(f"  {reason}" for reason in claim["because"])]
    return [*lines, *(f"  leans on {word}" for word in claim["leans_on"] if claim["verdict"] == "shown")]


def _diff(diff: dict[str, Any]) -> list[str]:
    lines = [f"since run {diff['before'][:16]}: {'; '.join(diff['inputs']) or 'the same inputs'}"]
    for kind, changes in diff["by_kind"].items():
        told = [f"{number:,} {change.replace('_', ' ')}" for change, number in changes.items() if number is not None]
        lines.append(f"  {kind}: {', '.join(told)}")
    return lines


def _alone(gap: dict[str, Any]) -> str:
    """The endpoints and selectors of which alone it is a gap."""
    ids = [*gap.get("endpoints", ()), *gap.get("selectors", ())]
    return f", of {', '.join(ids)} alone" if ids else ""


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="")
    for place, name in enumerate(names):
        table.add_column(name, justify="left" if place == 0 or place == 5 else "right")
    return table


def _number(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"
