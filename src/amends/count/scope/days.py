"""Views by day and field: each view in the layer that the exposure counts, so that their sums agree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from amends.count.datamap.model import DataMap
from amends.count.scope.patterns import Patterns
from amends.count.scope.subjects import Block
from amends.count.scope.tally import BUCKET_US, Tally
from amends.units import instant_of

VIEWS_COLUMNS: list[pa.Field[Any]] = [
    pa.field("day", pa.date32(), nullable=False),  # in the case's time zone
    pa.field("kind", pa.string(), nullable=False),
    pa.field("field", pa.string(), nullable=False),
    pa.field("views", pa.int64(), nullable=False),
    pa.field("views_possible", pa.int64(), nullable=False),
]
VIEWS = pa.schema(VIEWS_COLUMNS)


class Days:
    """The views of one kind by quarter of an hour and by the fields that they gave."""

    def __init__(self, patterns: Patterns) -> None:
        self._patterns = patterns
        self._tally = Tally()

    def add(self, block: Block) -> None:
        """Count the views of a block."""
        us, pattern, counts = block.places.times(block.standing), block.pattern, block.counts
        if counts.all():
            self._tally.add(us, pattern)
        else:
            self._tally.add(us[counts], pattern[counts])

    def by_field(self, zone: ZoneInfo) -> dict[tuple[date, int], list[int]]:
        """By day and place of the field in the map: the views that confirmed it, and those that may have given it."""
        counted = self._tally.counts()
        confirmed, possible = (self._patterns.column(name).view("uint64").tolist() for name in ("confirmed", "possible"))
        found: dict[tuple[date, int], list[int]] = {}
        for bucket, pattern, rows in zip(*(one.tolist() for one in (counted.bucket, counted.pattern, counted.rows)), strict=True):
            day = instant_of(bucket * BUCKET_US).astimezone(zone).date()
            given = confirmed[pattern] | possible[pattern]
            for field in range(given.bit_length()):
                if given >> field & 1:
                    is_possible = not confirmed[pattern] >> field & 1
                    found.setdefault((day, field), [0, 0])[is_possible] += rows
        return found


def write_views(path: Path, days: Mapping[str, Days], map: DataMap, *, zone: ZoneInfo) -> None:
    """Views by day, kind and field, sorted. The caller makes the file atomic."""
    counts = {(day, kind, field): views for kind, own in days.items() for (day, field), views in own.by_field(zone).items()}
    rows = [
        {"day": day, "kind": kind, "field": map.fields[field], "views": sure, "views_possible": unsure}
        for (day, kind, field), (sure, unsure) in sorted(counts.items())
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=VIEWS), path, compression="zstd")
