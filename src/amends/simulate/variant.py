"""What a test may vary in a world. The defaults keep every assumption that scope prints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from amends.errors import InputError
from amends.simulate.endpoints import At
from amends.simulate.errors import BAD_SIZE, BAD_VARIANT, UNKNOWN_ATTACKER

ATTACKERS = ("fast", "slow", "forged")
ALL_SERVERS = ("web-1", "web-2", "admin-1", "api-1")

NOT_FASTER = "no faster in the gap than ever seen"
WINDOW_COVERS = "window covers all misuse"
UNMAPPED_GAVE_NOTHING = "unmapped endpoints gave nothing"
BOOKS_UNCHANGED = "address books stayed as on the day of the snapshot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Everything that a test varies.

    - `servers`: of web-1 to web-9 (one at least), admin-1, api-1.
    - `rotate_days`: days in a file of the web servers; None: one, or up to seven in a small world.
    - `missing`: which log file of the first web server is gone; None: none.
    - `overlap`: lines that a rotation of the last web server wrote twice.
    - `dirty`: share of lines that are planted dirt; each kind stands once at least; 0: none.
    - `torn`: the newest file of the first web server ends inside a line.
    - `unread`: requests of each attacker whose line is spoilt, but still holds the listed token or address.
    - `joins`: how the address books are known: with dates, as a snapshot of one day, or not at all.
    - `unmapped`: an endpoint that the map lacks, and whether it gives out anything about others.
    - `gap`: what attackers do while the missing file was written: as always; hurry; one more, whose whole run lies there.
    - `unlogged_days`: days of misuse inside the window before the first line of any log.
    - `before_window_days`: days of misuse before the window, which no log covers.
    - `overlong_bytes`: one line of this length; None: 16 MiB and a bit where the world has 200,000 lines, else none.
    """

    start: date = date(2026, 3, 2)
    weeks: int = 8
    servers: tuple[str, ...] = ALL_SERVERS
    rotate_days: int | None = None
    missing: Literal["middle", "oldest"] | None = "middle"
    overlap: int = 40
    dirty: float = 0.0005
    torn: bool = True
    unread: int = 2
    joins: Literal["dated", "snapshot", "none"] = "dated"
    unmapped: Literal["none", "harmless", "leaking"] = "none"
    gap: Literal["steady", "hurry", "enumerator"] = "steady"
    unlogged_days: int = 0
    before_window_days: int = 0
    overlong_bytes: int | None = None

    @property
    def unmapped_endpoint(self) -> At | None:
        """What is asked for that the map lacks."""
        return {"none": None, "harmless": At.SHELF, "leaking": At.WISHLIST}[self.unmapped]

    @property
    def days(self) -> int:
        return self.weeks * 7

    @property
    def web(self) -> tuple[str, ...]:
        return tuple(name for name in self.servers if name.startswith("web-"))


def check(variant: Variant, *, members: int, lines: int, seed: int, attackers: tuple[str, ...]) -> None:
    """Raises: SIM-003 for a size, SIM-004 for an attacker, SIM-005 for a variant that cannot be."""
    if not 100 <= members <= 40_000_000:
        raise InputError(BAD_SIZE, expected="between 100 and 40,000,000 members")
    if lines < variant.days * 40:
        raise InputError(BAD_SIZE, expected=f"at least {variant.days * 40:,} lines for {variant.weeks} weeks")
    if seed < 0:
        raise InputError(BAD_SIZE, expected="a seed of 0 or more")
    for name in attackers:
        if name not in ATTACKERS:
            raise InputError(UNKNOWN_ATTACKER, expected=f"names out of {', '.join(ATTACKERS)}; {name!r} is none of them")
    for holds, expected in (
        (variant.weeks >= 1, "weeks of 1 or more"),
        (bool(variant.web), "one web server at least, such as web-1"),
        (len(set(variant.servers)) == len(variant.servers), "each server once"),
        (all(_is_server(name) for name in variant.servers), "servers out of web-1 to web-9, admin-1 and api-1"),
        (
            variant.rotate_days is None or 1 <= variant.rotate_days <= variant.days,
            "rotate_days between 1 and the days of the world",
        ),
        (variant.gap == "steady" or variant.missing is not None, "a missing file where something happens in the gap"),
        (variant.missing is None or _files(variant, lines) >= 4, "four files or more where one of them is missing"),
        (variant.overlap >= 0 and variant.overlap != 1, "an overlap of 0, or of two lines or more"),
        (0 <= variant.dirty <= 0.2, "a share of dirty lines between 0 and 0.2"),
        (variant.unread >= 0, "unread of 0 or more"),
        (min(variant.unlogged_days, variant.before_window_days) >= 0, "days of 0 or more"),
        (variant.unlogged_days + variant.before_window_days <= 100, "at most 100 days before the logs"),
        (variant.overlong_bytes is None or variant.overlong_bytes >= 0, "overlong_bytes of 0 or more"),
    ):
        if not holds:
            raise InputError(BAD_VARIANT, expected=expected)


def rotation_days(variant: Variant, *, lines: int) -> int:
    """Days in a file of a web server: one where a file then holds some 2,000 lines, else so that there are about eight files."""
    return variant.rotate_days or (1 if lines >= variant.days * 6_000 else max(1, min(7, variant.days // 8)))


def _files(variant: Variant, lines: int) -> int:
    return -(-variant.days // rotation_days(variant, lines=lines))


def _is_server(name: str) -> bool:
    return name in ALL_SERVERS or (len(name) == 5 and name.startswith("web-") and name[4] in "123456789")
