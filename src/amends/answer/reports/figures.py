"""Figures as SVG text: no script, no font, no network. The numbers that a figure shows stand beside it as text, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from amends.answer.reports.words import Label
from amends.units import Period

WIDTH = 760
EDGE = 10
NAMES = 130  # for the names on the left of a strip
ROW = 26
BAR = 26
BASE = 150  # of the bars of days


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
class Mark:
    """A place on a line of numbers, and what is said there."""

    number: int
    label: Label


def coverage_strip(window: Period, strips: Sequence[Strip], *, title: str, ticks: Sequence[tuple[datetime, str]]) -> str:
    """A row per server; covered time is filled, a gap is another colour."""
    span = window.length.total_seconds() or 1.0

    def x(instant: datetime) -> float:
        return NAMES + (WIDTH - NAMES - EDGE) * (instant - window.start).total_seconds() / span

    parts = []
    for row, strip in enumerate(strips):
        top = row * ROW + 4
        parts.append(_text(NAMES - 8, top + 13, strip.name, anchor="end"))
        parts.append(_rect("covered", x(window.start), top, x(window.end) - x(window.start), ROW - 8))
        for gap in strip.gaps:  # an hour in eight months is still seen
            parts.append(_rect("gap", x(gap.start), top, max(x(gap.end) - x(gap.start), 1.5), ROW - 8))
    bottom = len(strips) * ROW + 16
    parts += [_text(x(instant), bottom, name, anchor="middle", small=True) for instant, name in ticks]
    return _figure(parts, height=bottom + 6, title=title)


def day_bars(bars: Sequence[Bar], *, title: str) -> str:
    """A bar a day, the highest labelled; at most a dozen day names are written."""
    most = max((bar.number for bar in bars), default=0) or 1
    step = (WIDTH - 2 * EDGE) / max(len(bars), 1)
    every = -(-len(bars) // 12)
    parts = []
    for place, bar in enumerate(bars):
        tall, left = (BASE - 20) * bar.number / most, EDGE + place * step
        parts.append(_rect("day", left, BASE - tall, max(step - 1, 0.6), tall, title=f"{bar.name}: {bar.number:,}"))
        if place % every == 0 and left < WIDTH - 50:
            parts.append(_text(left, BASE + 15, bar.name, small=True))
    highest = max(range(len(bars)), key=lambda place: bars[place].number, default=0)
    anchor = "end" if highest > len(bars) / 2 else "start"
    parts.append(_text(EDGE + (highest + 0.5) * step, 14, f"{most:,}", anchor=anchor))
    parts.append(f'<line class="axis" x1="{EDGE}" y1="{BASE}" x2="{WIDTH - EDGE}" y2="{BASE}"/>')
    return _figure(parts, height=BASE + 22, title=title)


def bounds_bar(lower: Mark, upper: Mark, ceiling: Mark | None = None, *, title: str) -> str:
    """One line from nothing to the ceiling: dark what is certain, lighter what may be, open what nothing rules out.

    Each bound is written under the line at its place, one below the other, so that close ones do not run into each other.
    """
    end = max(ceiling.number if ceiling else 0, upper.number, 1)

    def x(number: int) -> float:
        return EDGE + number * (WIDTH - 2 * EDGE) / end

    parts = [_rect("open", EDGE, 4, WIDTH - 2 * EDGE, BAR)]
    parts.append(_rect("maybe", EDGE, 4, max(x(upper.number) - EDGE, 1.5), BAR))
    parts.append(_rect("certain", EDGE, 4, max(x(lower.number) - EDGE, 1.5), BAR))
    marks = [mark for mark in (lower, upper, ceiling) if mark is not None]
    for row, mark in enumerate(marks):
        at, line = x(mark.number), 4 + BAR + 16 + row * 17
        anchor, beside = ("end", -4) if at > WIDTH / 2 else ("start", 4)
        parts.append(f'<line class="tick" x1="{at:.1f}" y1="4" x2="{at:.1f}" y2="{line}"/>')
        parts += [_text(at + beside, line, text, anchor=anchor, language=language) for language, text in _languages(mark.label)]
    return _figure(parts, height=4 + BAR + 8 + len(marks) * 17 + 6, title=title)


def _languages(label: Label) -> list[tuple[str, str]]:
    return [("en", label.en), ("ko", label.ko)]


def _rect(kind: str, x: float, y: float, width: float, height: float, *, title: str = "") -> str:
    inside = f"<title>{escape(title)}</title>" if title else ""
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}">{inside}</rect>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", small: bool = False, language: str = "") -> str:
    options = (' class="small"' if small else "") + (f' lang="{language}"' if language else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{options}>{escape(text)}</text>'


def _figure(parts: Sequence[str], *, height: float, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">'
        f"{''.join(parts)}</svg>"
    )
