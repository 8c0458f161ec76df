"""Some lines of a block as a block of their own, so that several readers can each take those that are theirs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from amends.count.evidence.arrow import column
from amends.count.evidence.lanes import Bytes, Positions
from amends.count.evidence.schema import PAD, Block, Parsed
from amends.count.evidence.subset import with_column

LINE_FEED = 0x0A


def bounds_of(body: Bytes) -> Positions:
    """Where each line begins, and where the last one ends, its line feed among it."""
    ends = np.flatnonzero(body == LINE_FEED) + 1
    is_torn = len(body) > 0 and body[-1] != LINE_FEED
    return np.concatenate(([0], ends, [len(body)] if is_torn else [])).astype(np.int64)


def part_of(block: Block, bounds: Positions, rows: Positions) -> Block:
    """Some lines by themselves. Their numbers go on from that of the part, which is 1 only where the source begins there."""
    if len(rows) == len(bounds) - 1:
        return block
    body = block.buffer[PAD : PAD + block.size]
    spans = zip(bounds[rows].tolist(), bounds[rows + 1].tolist(), strict=True)
    text = b"".join(body[begin:end].tobytes() for begin, end in spans)
    text += b"\n" if text and not text.endswith(b"\n") else b""
    padding = bytes(PAD)
    buffer = np.frombuffer(b"".join((padding, text, padding)), np.uint8)
    is_begin = block.offset == 0 and len(rows) > 0 and int(rows[0]) == 0
    return Block(buffer, len(text), 1 if is_begin else 2, 0 if is_begin else 1)


def renumbered(parsed: Parsed, part: Block, block: Block, bounds: Positions, rows: Positions) -> Parsed:
    """What became of a part, under the numbers and places that its lines have in the source."""
    own = rows[_places(parsed.rejects, part)]
    rejects = with_column(parsed.rejects, "line", column((block.first_line + own).astype(np.uint64)))
    rejects = with_column(rejects, "offset", column(block.offset + bounds[own]))
    return Parsed(parsed.lines, with_numbers(parsed.events, part, block, rows), rejects)


def with_numbers(events: pa.RecordBatch, part: Block, block: Block, rows: Positions) -> pa.RecordBatch:
    """The events of a part under the numbers of its lines."""
    return with_column(events, "line", column((block.first_line + rows[_places(events, part)]).astype(np.uint64)))


def _places(batch: pa.RecordBatch, part: Block) -> Positions:
    places: Positions = batch.column("line").to_numpy().astype(np.int64) - part.first_line
    return places
