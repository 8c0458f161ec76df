"""Some lines of a source given to a LineReader by themselves, and what becomes of them under their own numbers and places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.count.evidence.arrow import Column, column
from amends.count.evidence.schema import PAD, Block, LineReader, Parsed


def read_texts(reader: LineReader, texts: Sequence[bytes], numbers: npt.NDArray[np.int64], places: pa.RecordBatch) -> Parsed:
    """Read these texts as the lines `numbers`; `places` has for each the row that it is where it is rejected (its reason is that
    of the reader).
    """
    body = b"\n".join([*texts, b""])
    padding = bytes(PAD)
    is_begin = len(numbers) > 0 and int(numbers[0]) == 1  # of the source: a byte order mark may stand there
    buffer = np.frombuffer(b"".join((padding, body, padding)), np.uint8)
    parsed = reader.read(Block(buffer, len(body), first_line=1, offset=0 if is_begin else 1))
    own = column((numbers[parsed.events.column("line").to_numpy().astype(np.int64) - 1]).astype(np.uint64))
    events = with_column(parsed.events, "line", own)
    rows = column(parsed.rejects.column("line").to_numpy().astype(np.int64) - 1)
    rejects = with_column(places.take(rows), "reason", parsed.rejects.column("reason"))
    return Parsed(len(texts), events, rejects)


def read_again(reader: LineReader, block: Block, rejects: pa.RecordBatch) -> Parsed:
    """Read the rejected lines of a block with another reader."""
    begins = rejects.column("offset").to_numpy() - block.offset + PAD
    ends = begins + rejects.column("length").to_numpy()
    texts = [block.buffer[begin:end].tobytes() for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]
    return read_texts(reader, texts, rejects.column("line").to_numpy().astype(np.int64), rejects)


def with_column(batch: pa.RecordBatch, name: str, values: Column) -> pa.RecordBatch:
    columns = [values if field.name == name else batch.column(field.name) for field in batch.schema]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def in_order(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """One batch of all rows, by line."""
    if len(batches) == 1:
        return batches[0]
    table = pa.Table.from_batches(list(batches)).sort_by("line").combine_chunks()
    return table.to_batches()[0] if table.num_rows else batches[0]
