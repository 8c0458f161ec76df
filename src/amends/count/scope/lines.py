"""Lines as they were logged, read back from the stored bytes of a source, plain or compressed, by their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

import numpy as np

from amends.case import Case
from amends.count.evidence.blocks import LongLine, iter_blocks
from amends.count.evidence.plain import open_plain
from amends.count.evidence.schema import PAD, Block
from amends.count.evidence.store import statements

LINE_FEED = 0x0A


def read_lines(case: Case, wanted: Mapping[str, Set[int]]) -> dict[tuple[str, int], bytes]:
    """The bytes of these lines by (source, line), without line feed; one whose bytes are no longer there is left out.

    Cost: each source is decoded up to the last line that is wanted of it.
    """
    stored = {statement.sha256: statement.stored(case) for statement in statements(case)}
    found: dict[tuple[str, int], bytes] = {}
    for source, numbers in sorted(wanted.items()):
        path = stored.get(source)
        if path is None or not path.is_file():
            continue
        with open_plain(path) as plain:
            for block in iter_blocks(plain):
                found |= {(source, number): line for number, line in _of_block(block, numbers)}
                if _first(block) > max(numbers):
                    break
    return found


def _of_block(block: Block | LongLine, numbers: Set[int]) -> Iterator[tuple[int, bytes]]:
    if isinstance(block, LongLine):
        if block.line in numbers:
            yield block.line, block.raw
        return
    body = block.buffer[PAD : PAD + block.size]
    ends = np.flatnonzero(body == LINE_FEED)
    for number in sorted(numbers):
        index = number - block.first_line
        if 0 <= index <= len(ends):
            start = int(ends[index - 1]) + 1 if index else 0
            end = int(ends[index]) if index < len(ends) else block.size
            if start < block.size:
                yield number, body[start:end].tobytes()


def _first(block: Block | LongLine) -> int:
    return block.line if isinstance(block, LongLine) else block.first_line
