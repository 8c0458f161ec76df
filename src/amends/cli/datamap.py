"""The data map: which endpoint gives out which field of whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from rich.console import RenderableType
from rich.table import Table
from typer import Option

from amends.cli.frame import Answer, CaseFolder, verb

if TYPE_CHECKING:
    from amends.count.datamap.check import MapCheck
    from amends.count.datamap.shapes import Unmapped

ROWS_SHOWN = 20  # of each list; the rest is summed up, and stands in --json
HASH_SHOWN = 12


@verb
def check(
    case: CaseFolder,
    memory: Annotated[str | None, Option("--memory", help="what the engine may take, such as 4GB")] = None,
) -> Answer:
    """Hold datamap.yaml against the logs: unknown fields, overlapping templates, requests that it does not name.

    Exit status 1 where something keeps a scope from being final: successful requests to endpoints that the map does not name,
    or tables and columns that it names and that are missing.

    Example: amends datamap check case
    """
    from amends.count.datamap.check import check as check_map
    from amends.count.datamap.load import load
    from amends.count.evidence.view import events_table
    from amends.count.scope.memory import parse_memory
    from amends.engine import open_engine

    memory_bytes = parse_memory(memory)
    map = load(case)
    with open_engine(spill=case.spill, memory_bytes=memory_bytes) as engine:
        found = check_map(map, events=events_table(case), engine=engine)
    return Answer(found.as_json(), text=list(_text(found)), is_no=bool(found.keeps_from_final))


def _text(found: MapCheck) -> Iterator[RenderableType]:
    yield f"map {found.sha256[:HASH_SHOWN]} with {len(found.endpoints):,} endpoints; events: {found.balance}"
    successful = [shape for shape in found.unmapped if shape.successful]
    other = [shape for shape in found.unmapped if not shape.successful]
    yield from _shapes("successful requests that the map does not name: no scope that meets them is final", successful)
    yield from _shapes("other requests that the map does not name", other)
    if found.never:
        yield "\nendpoints of the map that no log holds: " + ", ".join(found.never)
    if found.overlaps:
        yield "\ntemplates that one request can match"
        yield from _overlaps(found)
    if changed := {step: number for step, number in found.folding.items() if number}:
        yield "\ntargets folded: " + ", ".join(f"{step} {number:,}" for step, number in changed.items())
    for finding in found.findings:
        yield f"\n{finding}"
    yield "\nkeeps a scope from being final: " + ("; ".join(found.keeps_from_final) or "nothing in the map")


def _shapes(title: str, shapes: Sequence[Unmapped]) -> Iterator[RenderableType]:
    if not shapes:
        return
    table = Table("events", "method", "path", "first by source and line", box=None, pad_edge=False)
    table.columns[0].justify = "right"
    for shape in shapes[:ROWS_SHOWN]:
        place = f"{shape.source[:HASH_SHOWN]}, line {shape.line:,}"
        table.add_row(f"{shape.events:,}", shape.method or "(other)", shape.example, place)
    yield f"\n{title}"
    yield table
    if rest := shapes[ROWS_SHOWN:]:
        yield f"and {len(rest):,} more paths with {sum(shape.events for shape in rest):,} events (all of them: --json)"


def _overlaps(found: MapCheck) -> Iterator[RenderableType]:
    table = Table("wins", "over", "because", box=None, pad_edge=False)
    for overlap in found.overlaps[:ROWS_SHOWN]:
        because = "it stands first in the file: say which is meant" if overlap.is_tie else "it is more literal"
        table.add_row(overlap.winner, overlap.other, because)
    yield table
    if rest := found.overlaps[ROWS_SHOWN:]:
        yield f"and {len(rest):,} more pairs (all of them: --json)"
