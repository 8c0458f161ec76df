"""Arrow arrays as this room makes them: in one place, because the type stubs of pyarrow know less of them than pyarrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

type Column = Any
"""An Arrow array."""


def column(values: Any, kind: pa.DataType | None = None, *, null: npt.NDArray[np.bool_] | None = None) -> Column:
    """An array of `values`; null where `null` is true."""
    return pa.array(values, kind, mask=null)


def texts(values: Sequence[str | None]) -> Column:
    return pa.array(values, pa.string())


def nulls(rows: int, kind: pa.DataType) -> Column:
    made: Any = pa.nulls
    return made(rows, kind)


def coded(indices: npt.NDArray[np.integer[Any]], labels: Column, *, null: npt.NDArray[np.bool_] | None = None) -> Column:
    """Text from few labels: an index into `labels` for each row."""
    made: Any = pa.DictionaryArray.from_arrays
    return made(pa.array(indices.astype(np.int32, copy=False), mask=null), labels)


def constant(text: str, rows: int) -> Column:
    return coded(np.zeros(rows, dtype=np.int32), texts([text]))


def maps(offsets: npt.NDArray[np.int32] | Column, keys: Column, items: Column) -> Column:
    """One map a row: its entries are those from its offset to the next."""
    made: Any = pa.MapArray.from_arrays
    return made(pa.array(offsets) if isinstance(offsets, np.ndarray) else offsets, keys, items)


def map_of_columns(columns: Mapping[str, Column], rows: int) -> Column:
    """One map a row, of those columns that are not null there, in the order of the columns. Vectorised: two takes."""
    if not columns:
        return maps(np.zeros(rows + 1, dtype=np.int32), texts([]), texts([]))
    present = np.empty((rows, len(columns)), dtype=bool)
    for number, values in enumerate(columns.values()):
        present[:, number] = values.is_valid().to_numpy(zero_copy_only=False)
    offsets = np.zeros(rows + 1, dtype=np.int32)
    flat = np.flatnonzero(present.ravel())
    counts = np.zeros(rows, dtype=np.int32)
    for number in range(len(columns)):
        counts += present[:, number]
    np.cumsum(counts, out=offsets[1:])
    row, entry = np.divmod(flat, len(columns))
    keys = texts(list(columns)).take(column(entry))
    items = pa.concat_arrays(list(columns.values())).take(column(entry * rows + row))
    return maps(offsets, keys, items)


def schema(*fields: pa.Field[Any] | tuple[str, pa.DataType]) -> pa.Schema:
    made: Any = pa.schema
    answer: pa.Schema = made(list(fields))
    return answer


def no_events(columns: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=columns)


def one_batch(batches: Sequence[pa.RecordBatch], columns: pa.Schema) -> pa.RecordBatch:
    """The rows of all, one after the other; none: no rows."""
    if len(batches) == 1:
        return batches[0]
    joined = pa.Table.from_batches(list(batches), columns).combine_chunks().to_batches()
    return joined[0] if joined else no_events(columns)
