"""Figures as SVG text: no script, no font, no network.

Every figure has a title and a description in its markup, and the numbers that it shows stand in a table beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from amends.units import Period

WIDTH = 760
LABEL = 110  # for the names on the left
ROW = 26


@dataclass(frozen=True, slots=True)
class Strip:
    """One server's time: the parts of the window that no log covers."""

    name: str
    gaps: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: what it is called, and its number."""

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is certain, what holds under the assumptions, and what nothing can exceed."""

    lower: int
    upper: int
    ceiling: int | None


def coverage_strip(window: Period, strips: Sequence[Strip], *, title: str, ticks: Sequence[tuple[datetime, str]]) -> str:
    """A row per server; covered time is plain, a gap is hatched."""
    span = window.length.total_seconds()

    def x(instant: datetime) -> float:
        return LABEL + (WIDTH - LABEL) * (instant - window.start).total_seconds() / span

    parts = []
    for row, strip in enumerate(strips):
        top = row * ROW + 4
        parts.append(f'<text x="{LABEL - 8}" y="{top + 13}" text-anchor="end">{escape(strip.name)}</text>')
        parts.append(f'<rect class="covered" x="{LABEL}" y="{top}" width="{WIDTH - LABEL}" height="{ROW - 8}"/>')
        for gap in strip.gaps:
            width = max(x(gap.end) - x(gap.start), 1.5)  # an hour in eight months is still seen
            parts.append(f'<rect class="gap" x="{x(gap.start):.1f}" y="{top}" width="{width:.1f}" height="{ROW - 8}"/>')
    bottom = len(strips) * ROW + 16
    for instant, name in ticks:
        parts.append(f'<text x="{x(instant):.1f}" y="{bottom}" text-anchor="middle" class="small">{escape(name)}</text>')
    return _figure(parts, height=bottom + 6, title=title)


def day_bars(bars: Sequence[Bar], *, title: str) -> str:
    """A bar a day, the highest labelled; at most some thirty day names are written."""
    if not bars:
        return ""
    height, base = 130, 150
    most = max(bar.number for bar in bars) or 1
    step = (WIDTH - 20) / len(bars)
    every = -(-len(bars) // 12)
    highest = max(range(len(bars)), key=lambda index: bars[index].number)
    parts = []
    for index, bar in enumerate(bars):
        tall = height * bar.number / most
        left = 10 + index * step
        parts.append(
            f'<rect class="day" x="{left:.1f}" y="{base - tall:.1f}" width="{max(step - 1, 0.6):.1f}" height="{tall:.1f}">'
            f"<title>{escape(bar.name)}: {bar.number:,}</title></rect>"
        )
        if index % every == 0:
            parts.append(f'<text x="{left:.1f}" y="{base + 15}" class="small">{escape(bar.name)}</text>')
    anchor = "end" if highest > len(bars) / 2 else "start"
    middle = 10 + (highest + 0.5) * step
    parts.append(f'<text x="{middle:.1f}" y="14" text-anchor="{anchor}">{bars[highest].number:,}</text>')
    parts.append(f'<line class="axis" x1="10" y1="{base}" x2="{WIDTH - 10}" y2="{base}"/>')
    return _figure(parts, height=base + 22, title=title)


def bounds_bar(bounds: Bounds, *, title: str) -> str:
    """One line from nothing to the ceiling: solid what is certain, hatched what may be, open what nothing rules out."""
    end = max(bounds.ceiling or 0, bounds.upper, 1)
    scale = (WIDTH - 20) / end
    lower, upper = 10 + bounds.lower * scale, 10 + bounds.upper * scale
    parts = [
        f'<rect class="open" x="10" y="8" width="{WIDTH - 20}" height="26"/>',
        f'<rect class="maybe" x="10" y="8" width="{max(upper - 10, 1.5):.1f}" height="26"/>',
        f'<rect class="certain" x="10" y="8" width="{max(lower - 10, 1.5):.1f}" height="26"/>',
    ]
    return _figure(parts, height=42, title=title)


def _figure(parts: Sequence[str], *, height: float, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )
