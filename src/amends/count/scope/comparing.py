"""Two runs of one case: whose exposure came, went or changed its grade, and which inputs differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amends.case import Case
from amends.count.scope.errors import NO_SUCH_RUN
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT
from amends.errors import Place, UsageError

CHANGES = ("only_before", "only_now", "became_confirmed", "became_possible", "more_or_fewer_fields", "same")


@dataclass(frozen=True, slots=True)
class Difference:
    """Subjects by kind and change: each subject of either run is in one. `inputs` names what the runs do not share.

    Where the maps differ, so does what a mask of fields means: `more_or_fewer_fields` is then null, and its subjects are `same`.
    """

    before: str
    now: str
    inputs: tuple[str, ...]
    by_kind: Mapping[str, Mapping[str, int | None]]

    def as_json(self) -> dict[str, Any]:
        kinds = {kind: dict(changes) for kind, changes in self.by_kind.items()}
        return {"before": self.before, "now": self.now, "inputs": list(self.inputs), "by_kind": kinds}


def run_of(case: Case, prefix: str) -> str:
    """The one run of the case whose name begins so. Raises: SCO-012."""
    known = sorted(file.stem for file in case.exposure.glob("*.json")) if case.exposure.is_dir() else []
    found = [name for name in known if name.startswith(prefix)] if prefix else []
    if len(found) != 1:
        expected = "the beginning of one run's name; " + ("none begins so" if not found else f"{len(found):,} begin so")
        raise UsageError(NO_SUCH_RUN, at=Place("--diff"), expected=expected)
    return found[0]


def difference(case: Case, before: str, now: str, *, engine: Engine) -> Difference:
    """Compare two runs by name. Cost: one pass over both exposures."""
    inputs = _inputs(case, before), _inputs(case, now)
    is_one_map = inputs[0]["datamap"] == inputs[1]["datamap"]
    tables = [_exposure(case, name) for name in (before, now)]
    by_kind: dict[str, dict[str, int | None]] = {}
    for row in engine.rows(_changes(*tables, has_fields=is_one_map)):
        kind = by_kind.setdefault(row["kind"], dict.fromkeys(CHANGES, 0))
        kind[row["change"]] = row["subjects"]
    for kind in by_kind.values() if not is_one_map else ():
        kind["more_or_fewer_fields"] = None
    changed = [name for name in inputs[1] if inputs[0].get(name) != inputs[1][name]]
    return Difference(before, now, tuple(_told(name, *inputs) for name in changed), by_kind)


def _changes(before: Table, now: Table, *, has_fields: bool) -> Query:
    fields = "b.fields <> n.fields or b.fields_possible <> n.fields_possible" if has_fields else "false"
    return Query(
        columns={"kind": TEXT, "change": TEXT, "subjects": I64},
        sql=f"""
            select coalesce(b.kind, n.kind)::VARCHAR as kind,
                case
                    when n.subject is null then 'only_before'
                    when b.subject is null then 'only_now'
                    when b.fields = 0 and n.fields <> 0 then 'became_confirmed'
                    when b.fields <> 0 and n.fields = 0 then 'became_possible'
                    when {fields} then 'more_or_fewer_fields'
                    else 'same'
                end as change,
                count(*) as subjects
            from {before} as b full outer join {now} as n on b.kind = n.kind and b.subject = n.subject
            group by all
            order by all
        """,
    )


def _exposure(case: Case, run: str) -> Table:
    file = case.exposure / f"{run}.parquet"
    if not file.is_file():
        raise UsageError(NO_SUCH_RUN, at=Place(str(file)), expected="the exposure of this run, which is gone")
    return Table.parquet([file])


def _inputs(case: Case, run: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((case.exposure / f"{run}.json").read_bytes())
    return said


def _told(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """One input that differs, in words."""
    if name == "sources":
        old, new = ({source["sha256"] for source in said["sources"]} for said in (before, now))
        reread = len(old & new) if old == new else 0
        return f"sources: {len(new - old)} more, {len(old - new)} fewer" + (f", {reread} read in another way" if reread else "")
    if isinstance(now[name], list) and isinstance(before.get(name), list):
        return f"{name}: {len(before[name])} before, {len(now[name])} now"
    return name
