"""Disclosures whose subjects are texts: the engine sorts them by their UTF-8 bytes, here they are cut into blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.count.scope.patterns import Patterns
from amends.count.scope.places import Places
from amends.count.scope.subjects import Block


def text_blocks(batches: Iterable[pa.RecordBatch], places: Places, patterns: Patterns) -> Iterator[Block]:
    """Rows in the order of their `subject`, cut where a subject ends; every subject stands whole in one block."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        subjects = batch.column("subject")
        if waiting and subjects[0] != waiting[-1].column("subject")[0]:
            yield _block(waiting, places, patterns)
            waiting = []
        last = int(pc.index(subjects, subjects[len(subjects) - 1]).as_py())  # where the last subject begins, which may go on
        if last:
            yield _block([*waiting, batch.slice(0, last)], places, patterns)
            waiting = []
        waiting.append(batch.slice(last))
    if waiting:
        yield _block(waiting, places, patterns)


def _block(batches: list[pa.RecordBatch], places: Places, patterns: Patterns) -> Block:
    rows: Any = pa.Table.from_batches(batches)
    columns = {name: rows.column(name).combine_chunks() for name in rows.column_names}
    subjects = columns["subject"]
    is_new = pc.not_equal(subjects.slice(1), subjects.slice(0, len(subjects) - 1)).to_numpy(zero_copy_only=False)
    starts = np.flatnonzero(np.append(True, is_new))
    standing = {name: columns[name].to_numpy().view(np.int64) for name in places.carried}
    bounds = np.append(starts, rows.num_rows)
    return Block(subjects.take(pa.array(starts)), standing, patterns.numbered(columns), bounds, places, patterns)
