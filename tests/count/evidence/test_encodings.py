from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from amends.count.evidence.encodings import encodings

ROWS = 400
SAMPLE = pa.table(
    {
        "line": pa.array(range(ROWS), pa.uint64()),
        "time": pa.array([1] * ROWS, pa.timestamp("us", "UTC")),
        "request_id": [f"{row:032x}" for row in range(ROWS)],
        "agent": [f"agent {row % 7}" for row in range(ROWS)],
        "account": [None if row % 10 else str(row) for row in range(ROWS)],
        "status": pa.array([200] * ROWS, pa.uint16()),
        "sent": pa.array(range(ROWS), pa.int64()),
        "complete": [True] * ROWS,
    }
)


def test_a_dictionary_is_for_values_that_come_again() -> None:
    chosen = encodings(SAMPLE)

    assert chosen.use_dictionary == ["agent", "status"]
    assert chosen.column_encoding == {
        "line": "DELTA_BINARY_PACKED",
        "time": "DELTA_BINARY_PACKED",
        "request_id": "DELTA_LENGTH_BYTE_ARRAY",
        "account": "DELTA_LENGTH_BYTE_ARRAY",
        "sent": "DELTA_BINARY_PACKED",
    }


def test_what_is_written_so_is_read_back() -> None:
    chosen = encodings(SAMPLE)
    file = io.BytesIO()

    with pq.ParquetWriter(
        file, SAMPLE.schema, use_dictionary=chosen.use_dictionary, column_encoding=chosen.column_encoding
    ) as writer:
        writer.write_table(SAMPLE)

    assert pq.read_table(file).equals(SAMPLE)


def test_an_empty_sample_has_encodings_too() -> None:
    chosen = encodings(SAMPLE.slice(0, 0))

    assert {*chosen.use_dictionary, *chosen.column_encoding, "complete"} == set(SAMPLE.schema.names)
