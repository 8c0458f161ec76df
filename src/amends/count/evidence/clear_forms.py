"""The distinct credentials of one source in clear, `secrets/principals/<sha256>.parquet`, within a bounded memory.

A source may have millions of them: what does not fit is set aside in unsorted rows and put in order by the engine at the end.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amends.case import PARTIAL, PRINCIPAL_BYTES, atomic_file
from amends.count.evidence.arrow import Column, column, schema
from amends.engine import Query, Table, open_engine
from amends.engine.query import HASH, TEXT

MOST_WAITING = 200_000  # rows in memory
ENGINE_BYTES = 128 << 20
DIGEST = pa.binary(PRINCIPAL_BYTES)
CLEAR = schema(
    pa.field("hash", DIGEST, nullable=False),
    pa.field("kind", pa.string(), nullable=False),
    pa.field("clear", pa.string(), nullable=False),
)


class ClearForms:
    """Takes hashes with their texts in any order, some of them again and again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._aside = path.with_name(f"{PARTIAL}{os.getpid()}-{path.name}")
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0
        self._writer: pq.ParquetWriter | None = None

    def add(self, hashes: npt.NDArray[np.void], kind: str, texts: Column) -> None:
        digests = pa.Array.from_buffers(DIGEST, len(hashes), [None, pa.py_buffer(hashes)])
        kinds = column([kind] * len(hashes), pa.string())
        self._waiting.append(pa.RecordBatch.from_arrays([digests, kinds, texts], schema=CLEAR))
        self._rows += len(hashes)
        if self._rows > MOST_WAITING:
            self._set_aside()

    def write(self) -> None:
        """The distinct (hash, kind, clear), sorted; mode 0600."""
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        with atomic_file(self._path) as partial:
            if self._writer is None:
                pq.write_table(self._in_order(), partial, compression="zstd")
            else:
                self._set_aside()
                self._writer.close()
                self._order_all(partial)
        self.discard()

    def discard(self) -> None:
        """Nothing that was set aside stays."""
        if self._writer is not None:
            self._writer.close()
        self._aside.unlink(missing_ok=True)

    def _in_order(self) -> pa.Table:
        table = pa.Table.from_batches(self._waiting, schema=CLEAR).group_by(CLEAR.names).aggregate([]).select(CLEAR.names)
        return table.take(pc.sort_indices(table, [(name, "ascending") for name in CLEAR.names]))

    def _set_aside(self) -> None:
        if self._writer is None:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            self._aside.touch(mode=0o600)
            self._writer = pq.ParquetWriter(self._aside, CLEAR, compression="lz4")
        if self._rows:
            self._writer.write_table(self._in_order())
        self._waiting, self._rows = [], 0

    def _order_all(self, partial: Path) -> None:
        names = ", ".join(CLEAR.names)
        ordered = Query(
            columns={"hash": HASH, "kind": TEXT, "clear": TEXT},
            sql=f"select distinct {names} from {Table.parquet([self._aside])} order by {names}",
        )
        # one thread: the same rows give the same bytes
        with open_engine(spill=self._aside.with_suffix(".spill"), memory_bytes=ENGINE_BYTES, threads=1) as engine:
            engine.write(ordered, partial)
