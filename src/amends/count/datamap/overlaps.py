"""Overlaps: pairs of endpoints that one request can match, which of the two gets it, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from amends.count.datamap.model import DataMap, Endpoint
from amends.count.datamap.target import Segment, Template, can_share, fold, methods, parse_template, rank, ranked, template_of

VALUE = "x"  # stands for what a parameter holds; no hex digit, so that it never ends a percent-encoding


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two endpoints that one request can match, such as `example`: `winner` gets it, because of the words in `because`.

    A tie is decided by nothing but the order of the file.
    """

    winner: str
    other: str
    is_tie: bool
    because: str
    example: str

    def as_json(self) -> dict[str, object]:
        return {
            "winner": self.winner,
            "other": self.other,
            "tie": self.is_tie,
            "because": self.because,
            "example": self.example,
        }


def overlaps(map: DataMap) -> Iterator[Overlap]:
    """Every pair, in the order in which templates are tried. Cost: the square of the number of endpoints, 1 us a pair."""
    order = [map.endpoints[index] for index in ranked(map)]
    for place, winner in enumerate(order):
        for other in order[place + 1 :]:
            if can_meet(winner, other):
                tie = rank(winner) == rank(other)
                yield Overlap(winner.id, other.id, tie, _because(winner, other), _example(winner, other))


def can_meet(a: Endpoint, b: Endpoint) -> bool:
    """Is there a request that both match?"""
    if not set(methods(a)) & set(methods(b)):
        return False
    if any(not set(values) & set(b.when[name]) for name, values in a.when.items() if name in b.when):
        return False
    first, second = _as_seen_beside(a, b), _as_seen_beside(b, a)
    return len(first) == len(second) and all(can_share(x, y) for x, y in zip(first, second, strict=True))


def _as_seen_beside(endpoint: Endpoint, other: Endpoint) -> tuple[Segment, ...]:
    """The template's segments; those of a strict one as an endpoint sees them that is not."""
    template = template_of(endpoint)
    if endpoint.strict and not other.strict:
        template = parse_template(fold(endpoint.template).path or "/", strict=True)
    return template.segments


def _because(winner: Endpoint, other: Endpoint) -> str:
    if template_of(winner).rank != template_of(other).rank:
        return "it is more literal"
    if winner.method != other.method:
        return f"it names the method {winner.method}"
    if len(winner.when) != len(other.when):
        return "it asks for more columns"
    return "it stands first in the file: say which is meant"


def _example(winner: Endpoint, other: Endpoint) -> str:
    """A request that both match, with the columns that both ask for."""
    shown = other if other.strict and not winner.strict else winner  # a strict one sees the target as it is sent
    beside = winner if shown is other else other
    segments = _as_seen_beside(shown, beside)
    texts = [_shared(*pair) for pair in zip(segments, _as_seen_beside(beside, shown), strict=True)]
    method = winner.method if winner.method in methods(other) else other.method
    return f"{method} {_filled(template_of(shown), segments, texts)}{_columns(winner, other)}"


def _shared(a: Segment, b: Segment) -> str:
    """A text that both match."""
    for segment in (a, b):
        if segment.name is None:
            return segment.before
    return max(a.before, b.before, key=len) + VALUE + max(a.after, b.after, key=len)


def _filled(template: Template, segments: Sequence[Segment], texts: Sequence[str]) -> str:
    """The template's path, its parameters as these texts have them in these segments (fewer, where folding took some away)."""
    values = {segment.name: segment.value(text) for segment, text in zip(segments, texts, strict=True)}
    return "".join("/" + s.before + ((values.get(s.name) or VALUE) if s.name else "") + s.after for s in template.segments)


def _columns(winner: Endpoint, other: Endpoint) -> str:
    names = {**winner.when, **other.when}
    shared = {name: [value for value in values if value in winner.when.get(name, values)] for name, values in names.items()}
    said = ", ".join(f"{name} {values[0]}" for name, values in shared.items())
    return f" ({said})" if said else ""
