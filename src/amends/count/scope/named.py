"""What the exposure says in figures: subjects by kind, grade and field, answers, first and last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from amends.count.datamap.model import DataMap
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, U64
from amends.units import instant_of


@dataclass(frozen=True, slots=True)
class Named:
    """Subjects that are known by their ids. `fields` holds (confirmed, possible) by (kind, field's place in the map)."""

    confirmed: Mapping[str, int]
    possible: Mapping[str, int]
    fields: Mapping[tuple[str, int], tuple[int, int]]
    first: datetime | None
    last: datetime | None


def by_mask(exposure: Path) -> Query:
    """Subjects by kind and by the fields that came back."""
    return Query(
        columns={"kind": TEXT, "fields": U64, "fields_possible": U64, "subjects": I64, "first": I64, "last": I64},
        sql=f"""
            select kind, fields, fields_possible, count(*) as subjects,
                epoch_us(min(first)) as first, epoch_us(max(last)) as last
            from {Table.parquet([exposure])}
            group by kind, fields, fields_possible
            order by kind, fields, fields_possible
        """,
    )


def named(exposure: Path, map: DataMap, *, engine: Engine) -> Named:
    confirmed: dict[str, int] = {}
    possible: dict[str, int] = {}
    fields: dict[tuple[str, int], list[int]] = {}
    rows = engine.rows(by_mask(exposure))
    for row in rows:
        kind, subjects = row["kind"], row["subjects"]
        grade = confirmed if row["fields"] else possible
        grade[kind] = grade.get(kind, 0) + subjects
        for place in range(len(map.fields)):
            for which, mask in enumerate((row["fields"], row["fields_possible"])):
                if mask >> place & 1:
                    fields.setdefault((kind, place), [0, 0])[which] += subjects
    return Named(
        confirmed,
        possible,
        {key: (sure, unsure) for key, (sure, unsure) in fields.items()},
        instant_of(min(row["first"] for row in rows)) if rows else None,
        instant_of(max(row["last"] for row in rows)) if rows else None,
    )
