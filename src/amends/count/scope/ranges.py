"""Subjects cut into ranges of the order of the file, so that as many as fit into memory are aggregated at once.

Texts are compared by their UTF-8 bytes; a number stands where its digits stand: 1, 10, 100, 11, 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from amends.count.datamap.keys import MOST_DIGITS
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT

ROW_BYTES = 64  # of memory that one disclosure takes while it is merged
MEMORY_PART = 4  # a range takes the fourth part of the engine's memory, beside it
SAMPLE = 20_000  # rows that the ranges are cut by


@dataclass(frozen=True, slots=True)
class Range:
    """Subjects from `low` (included) to `high` (not included) in the order of the file; None: open.

    `largest` is at least the largest number; None: some ids are texts. `rows`: about how many disclosures there are of it.
    """

    low: str | None
    high: str | None
    largest: int | None
    rows: int

    @property
    def numbers_only(self) -> bool:
        return self.largest is not None

    def sql(self) -> str:
        """A condition on `number` and `text`. A limit is of digits: no text of the evidence becomes SQL.

        The longest numbers are asked first: of ids that were given in order most are of the greatest length.
        """
        if self.low is None and self.high is None:
            return "true"
        branches = []
        for digits in range(MOST_DIGITS if self.largest is None else len(str(self.largest)), 0, -1):
            floor = 10 ** (digits - 1) if digits > 1 else 0
            low = floor if self.low is None else max(_least(self.low, digits), floor)
            high = 10**digits if self.high is None else _least(self.high, digits)
            branches.append(f"when number >= {floor} then number >= {low} and number < {high}")
        if not self.numbers_only:
            branches.append(f"else text >= '{self.low or ''}' and {'true' if self.high is None else f"text < '{self.high}'"}")
        return f"case {' '.join(branches)} end"


def ranges(rows: Table, *, engine: Engine) -> list[Range]:
    """Ranges of about equal size, as many as memory asks for. Cut at numbers; where there are none, one range (the engine
    spills).
    """
    counted = Query(
        columns={"rows": I64, "numbers": I64, "largest": I64},
        sql=f"select count(*) as rows, count(number) as numbers, max(number) as largest from {rows}",
    )
    count = engine.row(counted)
    parts = int(count["rows"] * ROW_BYTES * MEMORY_PART // max(engine.memory_bytes, 1)) + 1
    largest = count["largest"] if count["rows"] == count["numbers"] else None
    if parts == 1 or not count["numbers"]:
        return [Range(None, None, largest, count["rows"])]
    every = max(count["numbers"] // SAMPLE, 1)
    sample = Query(
        columns={"subject": TEXT},
        sql=f"""
            select number::VARCHAR as subject from {rows} where number is not null and hash(place) % {every} = 0 order by subject
        """,
    )
    texts = engine.table(sample).column(0).to_pylist()
    cuts = sorted({str(texts[len(texts) * place // parts]) for place in range(1, parts)}) if texts else []
    limits: list[str | None] = [None, *cuts, None]
    return [Range(low, high, largest, count["rows"] // (len(limits) - 1)) for low, high in pairwise(limits)]


def _least(limit: str, digits: int) -> int:
    """The smallest number of so many digits that does not stand before a limit."""
    return int(limit[:digits]) + (len(limit) > digits) if digits <= len(limit) else int(limit.ljust(digits, "0"))
