"""A draft from the logs: the successful requests that the map does not name yet. What their answers held, no log says."""

from __future__ import annotations

from collections.abc import Mapping

from amends.count.datamap.drafts.draft import Drafted
from amends.count.datamap.mapping import mapped
from amends.count.datamap.model import DataMap
from amends.count.datamap.shapes import unmapped
from amends.engine import Engine, Table

NO_MAP = DataMap("", {}, (), ())


def drafted(events: Table, map: DataMap, *, paths: Mapping[str, str], engine: Engine) -> list[Drafted]:
    """One endpoint for each shape of request, the most frequent first. `paths` names the sources."""
    return [
        Drafted(
            shape.method or "",
            shape.shape.replace("{}", "{id}"),
            said=f"{shape.events:,} successful requests, the first in {paths.get(shape.source, shape.source)}, line {shape.line}",
        )
        for shape in unmapped(mapped(events, map), engine)
        if shape.successful
    ]
