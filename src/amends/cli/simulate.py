"""amends simulate: write a world with a known leak."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from amends.cli.frame import Answer, verb
from amends.cli.progress import shown

BYTES_A_LINE = 230


@verb
def simulate(
    out: Annotated[Path, Argument(metavar="OUT", help="the folder to make: logs/, lookups/, case/ and, apart, truth/")],
    members: Annotated[int, Option("--members", help="how many members the shop has")] = 200_000,
    lines: Annotated[int, Option("--lines", help="how many lines all logs together have, within 1 %")] = 2_000_000,
    seed: Annotated[int, Option("--seed", help="the same number gives the same world, byte for byte")] = 1,
    attackers: Annotated[str, Option("--attackers", help="some of fast,slow,forged; or none")] = "fast,slow,forged",
    weeks: Annotated[int, Option("--weeks", help="for how long the servers log")] = 8,
    force: Annotated[bool, Option("--force", help="replace the simulated world that stands there")] = False,
) -> Answer:
    """Simulate a shop whose customers' data leak: raw logs, tables, a case, and the truth in a folder of its own.

    Example: amends simulate world --members 5000 --lines 50000
    """
    from amends.simulate import Variant
    from amends.simulate import simulate as make

    named = () if attackers.strip() == "none" else tuple(name.strip() for name in attackers.split(","))
    with shown("logging", total_bytes=lines * BYTES_A_LINE) as advance:
        world = make(
            out,
            members=members,
            lines=lines,
            seed=seed,
            attackers=named,
            variant=Variant(weeks=weeks),
            force=force,
            progress=advance,
        )
    data = {
        "path": str(world.path),
        "logs": str(world.logs),
        "lookups": str(world.lookups),
        "case": str(world.case),
        "truth": str(world.truth),
        "lines": world.lines,
        "files": world.files,
        "bytes": world.bytes,
        "subjects": dict(world.subjects),
        "keeps": list(world.keeps),
        "breaks": list(world.breaks),
    }
    subjects = ", ".join(f"{number:,} {kind}s" for kind, number in world.subjects.items())
    return Answer(
        data,
        text=[
            f"{world.lines:,} lines in {world.files:,} files, {world.bytes / 1e6:,.1f} MB on disk: {world.logs}",
            f"settings, data map and selection: {world.case}",
            f"the truth, for comparison only: {subjects} whose data came back to attackers: {world.truth}",
            "next: amends new CASE --company NAME --tz Asia/Seoul",
            f"      cp -r {world.case}/. CASE && amends ingest CASE {world.logs}",
        ],
    )
