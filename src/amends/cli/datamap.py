"""The data map: which endpoint gives out which field of whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rich.console import RenderableType
from rich.table import Table
from typer import Option

from amends.cli.frame import Answer, CaseFolder, check_new, verb
from amends.errors import Place, UsageError, visible

if TYPE_CHECKING:
    from amends.case import Case
    from amends.count.datamap.categories import OwnField
    from amends.count.datamap.check import MapCheck
    from amends.count.datamap.drafts.draft import Drafted
    from amends.count.datamap.shapes import Unmapped

ROWS_SHOWN = 20  # of each list; the rest is summed up, and stands in --json
HASH_SHOWN = 12


@verb
def check(
    case: CaseFolder,
    memory: Annotated[str | None, Option("--memory", help="what the engine may take, such as 4GB")] = None,
) -> Answer:
    """Hold datamap.yaml against the logs: requests that it does not name, templates that overlap, fields, tables.

    Exit status 1 where something keeps a scope from being final: successful requests to endpoints that the map does not name,
    or tables and columns that it names and that are missing.

    Example: amends datamap check case
    """
    from amends.count.datamap.check import check as check_map
    from amends.count.datamap.load import load
    from amends.count.evidence.sources import sources
    from amends.count.evidence.view import events_table
    from amends.count.scope.memory import parse_memory
    from amends.engine import open_engine

    memory_bytes = parse_memory(memory)
    map = load(case)
    with open_engine(spill=case.spill, memory_bytes=memory_bytes) as engine:
        found = check_map(map, events=events_table(case), engine=engine)
    paths = {source.sha256: source.path for source in sources(case)}
    return Answer(found.as_json(), text=list(_text(found, paths)), is_no=bool(found.keeps_from_final))


@verb
def draft(
    case: CaseFolder,
    openapi: Annotated[Path | None, Option("--openapi", help="a description of the API: OpenAPI 3, JSON or YAML")] = None,
    har: Annotated[Path | None, Option("--har", help="what a browser recorded: an HTTP Archive")] = None,
    from_logs: Annotated[bool, Option("--from-logs", help="the successful requests that the map does not name yet")] = False,
    out: Annotated[Path | None, Option("--out", help="where to; left out: datamap.draft.yaml in the case")] = None,
    force: Annotated[bool, Option("--force", help="write over a file that is there")] = False,
) -> Answer:
    """Draft a data map to be gone through by hand: endpoints, and fields guessed from the names within their answers.

    Nothing counts by a draft: somebody settles each line that says `confirm`, and lets it be datamap.yaml.

    Example: amends datamap draft case --openapi shop.openapi.yaml
    """
    from amends.case import write_atomically
    from amends.cli.errors import WRONG_COMMAND
    from amends.count.datamap.drafts import har as recordings
    from amends.count.datamap.drafts import openapi as descriptions
    from amends.count.datamap.drafts.draft import as_yaml

    if [openapi is not None, har is not None, from_logs].count(True) != 1:
        raise UsageError(WRONG_COMMAND, at=Place("amends datamap draft"), expected="one of --openapi, --har and --from-logs")
    file = out or case.path / "datamap.draft.yaml"
    check_new(file, force=force)
    if openapi is not None:
        endpoints, origin = descriptions.drafted(openapi), openapi.name
    elif har is not None:
        endpoints, origin = recordings.drafted(har), har.name
    else:
        endpoints, origin = _from_logs(case), "the logs of this case"
    write_atomically(file, as_yaml(endpoints, origin=origin).encode())
    with_fields = [endpoint for endpoint in endpoints if endpoint.fields]
    data = {"draft": str(file), "endpoints": len(endpoints), "with_fields": len(with_fields)}
    said = f"{len(endpoints):,} endpoints, {len(with_fields):,} of them with fields that look like people's data"
    return Answer(data, text=[f"draft {file}: {said}", "next: settle each line that says confirm; then let it be datamap.yaml"])


def _from_logs(case: Case) -> list[Drafted]:
    from amends.count.datamap.drafts.logs import NO_MAP, drafted
    from amends.count.datamap.load import load
    from amends.count.evidence.sources import sources
    from amends.count.evidence.view import events_table
    from amends.engine import open_engine

    map = load(case) if case.datamap_file.exists() else NO_MAP
    paths = {source.sha256: source.path for source in sources(case)}
    with open_engine(spill=case.spill) as engine:
        return drafted(events_table(case), map, paths=paths, engine=engine)


def _text(found: MapCheck, paths: Mapping[str, str]) -> Iterator[RenderableType]:
    """For people: `paths` names each source by the path under which it came in."""
    yield f"map {found.sha256[:HASH_SHOWN]} with {len(found.endpoints):,} endpoints; events: {found.balance}"
    if not found.balance.given:
        yield "no log was read yet; next: amends ingest CASE FILE|FOLDER|-, then this again"
    successful = [shape for shape in found.unmapped if shape.successful]
    other = [shape for shape in found.unmapped if not shape.successful]
    yield from _shapes("successful requests that the map does not name: no scope that meets them is final", successful, paths)
    yield from _shapes("other requests that the map does not name", other, paths)
    if found.never and found.balance.given:
        yield "\nendpoints of the map that no log holds: " + ", ".join(found.never)
    if found.overlaps:
        yield "\ntemplates that one request can match"
        yield from _overlaps(found)
    if found.own_fields:
        yield "\nfields of the case's own: " + ", ".join(_own(field) for field in found.own_fields)
    if changed := {step: number for step, number in found.folding.items() if number}:
        yield "\ntargets folded: " + ", ".join(f"{step} {number:,}" for step, number in changed.items())
    for finding in found.findings:
        first, *more = str(finding).split("\n")
        yield from (f"\n{first}", *more)
    yield "\nkeeps a scope from being final: " + ("; ".join(found.keeps_from_final) or "nothing in the map")


def _shapes(title: str, shapes: Sequence[Unmapped], paths: Mapping[str, str]) -> Iterator[RenderableType]:
    if not shapes:
        return
    table = _table("events", "method", "path", "first")
    table.columns[0].justify = "right"
    for shape in shapes[:ROWS_SHOWN]:
        place = f"{paths.get(shape.source, shape.source[:HASH_SHOWN])}, line {shape.line}"
        table.add_row(f"{shape.events:,}", visible(shape.method or "(other)"), visible(shape.example), place)
    yield f"\n{title}"
    yield table
    if rest := shapes[ROWS_SHOWN:]:
        yield f"and {len(rest):,} more paths with {sum(shape.events for shape in rest):,} events (all of them: --json)"


def _overlaps(found: MapCheck) -> Iterator[RenderableType]:
    table = _table("wins", "over", "because", "such as")
    for overlap in found.overlaps[:ROWS_SHOWN]:
        table.add_row(overlap.winner, overlap.other, overlap.because, overlap.example)
    yield table
    if rest := found.overlaps[ROWS_SHOWN:]:
        yield f"and {len(rest):,} more pairs (all of them: --json)"


def _own(field: OwnField) -> str:
    return f"{field.key} (or is {field.near} meant?)" if field.near else field.key


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="")
    for name in names:
        table.add_column(name, overflow="fold")
    return table
