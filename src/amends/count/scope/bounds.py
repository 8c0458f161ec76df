"""Bounds: a printed sum, each term with its count and its assumption in words (design, section 4).

upper = confirmed + possible + unnamed + unread + gap, cut to the population of that time. The ceiling is what no assumption can
shrink.
Terms of different kinds of subject are different units: they are never added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

VIEWS = "views"
UNITS = {"account": "accounts", "person": "people", "record": "records"}


@dataclass(frozen=True, slots=True)
class Term:
    """One summand of one unit."""

    name: str
    unit: str
    count: int
    because: str


@dataclass(frozen=True, slots=True)
class Parts:
    """What one kind's bounds are made of; all counts of subjects.

    `largest` is the largest least number of rows of one whole answer whose subjects the log does not name.
    `members` is the most that can be exposed at all (population, and who was named without standing in it), `members_then` the
    same of the window's time; None: no population. `gap_leans_on_dates`: the gap was cut by the dates of the population's table.
    """

    kind: str
    confirmed: int
    possible: int
    unnamed: int = 0
    largest: int = 0
    unread: int = 0
    gap: int = 0
    gap_words: str = ""
    gap_leans_on_dates: bool = False
    members: int | None = None
    members_then: int | None = None
    outside: int = 0

    @property
    def total(self) -> int:
        return self.confirmed + self.possible + self.unnamed + self.unread + self.gap

    @property
    def leans_on_dates(self) -> bool:
        """Would the bounds be wider without the dates of the population's table?"""
        then, always = self.members_then, self.members
        is_cut = then is not None and always is not None and then < min(always, self.total)
        return is_cut or self.gap_leans_on_dates


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the bounds lean on, and what breaks them."""

    has_gap: bool
    has_window: bool
    unmapped_successes: int
    unsized: int = 0
    unread_lines: int = 0
    passed_over: int = 0
    joined_possible: int = 0
    others: tuple[str, ...] = field(default=())  # further assumptions, in words

    @property
    def is_open(self) -> bool:
        """May there be misuse that no line shows?"""
        return self.has_gap or not self.has_window or self.unmapped_successes > 0


@dataclass(frozen=True, slots=True)
class Bounds:
    """One unit's bounds. `ceiling` is None with the reason in `because`."""

    unit: str
    confirmed: int
    lower: int
    upper: int
    ceiling: int | None
    because: str
    terms: tuple[Term, ...] = ()

    def as_json(self) -> dict[str, object]:
        shape: dict[str, object] = {
            "confirmed": self.confirmed,
            "lower": self.lower,
            "upper": self.upper,
            "ceiling": self.ceiling,
        }
        return shape if self.ceiling is not None else shape | {"because": self.because}


def unit_of(kind: str) -> str:
    """The name of the unit that subjects of a kind are counted in."""
    if kind in UNITS:
        return UNITS[kind]
    if kind.endswith("y") and kind[-2:-1] not in ("a", "e", "i", "o", "u"):
        return kind[:-1] + "ies"
    return kind + ("es" if kind.endswith(("s", "x", "ch", "sh")) else "s")


def bounds(parts: Parts, around: Circumstances) -> Bounds:
    """The bounds of one kind of subject, with their terms."""
    unit = unit_of(parts.kind)
    lower = max(parts.confirmed, parts.largest)
    terms = list(_terms(parts, unit, around, lower))
    upper = max(parts.total, lower)
    words = "the sum of confirmed, possible, unnamed, unread and gap"
    if parts.members_then is not None and upper > (most := max(parts.members_then, lower)):
        upper, words = most, f"{words}, {upper:,}, cut to the population of that time, {most:,}"
    ceiling, because = _ceiling(parts, upper, around)
    terms.append(Term("upper", unit, upper, words))
    if ceiling is not None:
        terms.append(Term("ceiling", unit, ceiling, because))
    return Bounds(unit, parts.confirmed, lower, upper, ceiling, because, tuple(terms))


def view_bounds(confirmed: int, possible: int, unread: int, gap: int, gap_words: str, around: Circumstances) -> Bounds:
    """The bounds of answers, of which nothing says how many there can have been at most."""
    upper = confirmed + possible + unread + gap
    terms = (
        Term("confirmed", VIEWS, confirmed, "whole answers, in the outermost layer that logged any"),
        Term("lower", VIEWS, confirmed, "the confirmed ones: no other answer is certain"),
        Term("possible", VIEWS, possible, "cut, partial or not-modified answers, and those that another layer alone logged"),
        Term(
            "unread", VIEWS, unread, f"the most answers of {around.unread_lines:,} unreadable lines that may belong to the misuse"
        ),
        Term("gap", VIEWS, gap, gap_words or _no_gap_words(around)),
        Term("upper", VIEWS, upper, "the sum of confirmed, possible, unread and gap"),
    )
    return Bounds(VIEWS, confirmed, confirmed, upper, None, "nothing bounds how often an account was opened", terms)


def _terms(parts: Parts, unit: str, around: Circumstances, lower: int) -> tuple[Term, ...]:
    found = [
        Term("confirmed", unit, parts.confirmed, "a whole answer, and the log or a table names the subject"),
        Term("lower", unit, lower, _lower_words(parts, lower)),
        Term("possible", unit, parts.possible, "only cut, partial or not-modified answers, or a table of another day"),
        Term("unnamed", unit, parts.unnamed, "the most rows of answers whose subjects the log does not name"),
        Term(
            "unread",
            unit,
            parts.unread,
            f"the most rows of {around.unread_lines:,} unreadable lines that may belong to the misuse",
        ),
        Term("gap", unit, parts.gap, parts.gap_words or _no_gap_words(around)),
    ]
    return tuple(found)


def _no_gap_words(around: Circumstances) -> str:
    if around.has_gap:
        return "the missing logs are of a time or an endpoint at which the selection showed nobody"
    return "no log is missing in the window"


def _lower_words(parts: Parts, lower: int) -> str:
    if lower > parts.confirmed:
        return f"one answer alone held at least {parts.largest:,}, unnamed"
    return "the confirmed ones: nobody else is certain"


def _ceiling(parts: Parts, upper: int, around: Circumstances) -> tuple[int | None, str]:
    if parts.members is None:
        return None, f"the map names no population for {parts.kind}"
    if around.is_open:
        beside = f", and {parts.outside:,} named who do not stand in it" if parts.outside else ""
        return max(parts.members, upper), f"the population{beside}: {_open_words(around)}"
    return upper, "the upper bound: no log is missing and no successful request is unmapped"


def _open_words(around: Circumstances) -> str:
    words = []
    if around.has_gap:
        words.append("the window has a gap")
    if not around.has_window:
        words.append("no window is set")
    if around.unmapped_successes:
        words.append(f"{around.unmapped_successes:,} successful requests of the misuse are unmapped")
    return "; ".join(words)


def assumptions(around: Circumstances, parts: Mapping[str, Parts]) -> list[str]:
    """What `upper` leans on, in words; empty where it leans on nothing."""
    said = []
    if around.unmapped_successes:
        said.append("unmapped endpoints gave nothing")
    if around.has_gap:
        said.append("no faster in the gap than ever seen")
    if not around.has_window:
        said.append("no misuse before the first event or after the last one (amends.toml has no window)")
    if around.unsized:
        said.append(f"answers whose bytes were not logged were whole ({around.unsized:,})")
    if any(part.unread for part in parts.values()):
        said.append("an unreadable line held no more answers than requests")
    if around.passed_over:
        said.append(
            f"unreadable lines without any value that the selection lists were none of the misuse ({around.passed_over:,})"
        )
    if around.joined_possible:
        said.append(f"a table of another day lists the subjects of that time too ({around.joined_possible:,} disclosures)")
    if any(part.leans_on_dates for part in parts.values()):
        said.append("nobody was seen outside the time that the population's table gives them, but for those who are named")
    return [*said, *around.others]
