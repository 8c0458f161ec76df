"""JSON lines of one maker: where it keeps each column, and the members that give it away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from amends.count.evidence.formats.json_lines import JsonLines, objects
from amends.count.evidence.schema import LineReader
from amends.count.evidence.settings import Reading


@dataclass(frozen=True, slots=True)
class Members:
    """What a maker calls the columns (dotted; the first that is present wins), and which members all of its lines have.

    Members that fill no column stay in `extra`, under their dotted names.
    """

    title: str
    paths: Mapping[str, tuple[str, ...]]
    marks: tuple[str, ...]

    def recognise(self, sample: bytes) -> str | None:
        """Most lines are objects that have all the marks."""
        lines, found = objects(sample)
        good = sum(1 for members in found if all(mark in members for mark in self.marks))
        return f"{good} of {lines} lines have the members of {self.title}" if 2 * good > lines else None

    def reader(self, reading: Reading) -> LineReader:
        return JsonLines(reading, self.paths)
