"""Which files a world's servers have, which of them is lost, which rotation overlaps, and where dirt may stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amends.simulate.chance import Integers, shares
from amends.simulate.clock import DAY_MS, day_weights, midnight_ms
from amends.simulate.dirt import APACHE, JSON, NGINX, Dirt, kinds_for
from amends.simulate.restraint import Gap
from amends.simulate.variant import Variant, rotation_days

SHARES = {"admin-1": 4, "api-1": 20}  # web servers share the rest
WEB_SHARE = 76
GUARD_DAYS = 3  # before an overlap, so that the lines that are written twice are clean
SIZE_FILES = 10  # api-1 rotates by size: some ten files a world


@dataclass(frozen=True, slots=True)
class Plan:
    """What is where; None: there is none.

    `lines`: requests of each day (rows) on each server (columns). `missing_file`: its place on the first web server.
    `overlap_file`: after which file the last web server writes its last lines twice. `seam_file`: after which one a client's
    retry falls on the other side of the rotation.
    """

    variant: Variant
    epoch_ms: int
    servers: tuple[str, ...]
    lines: Integers
    web_days: int
    missing_file: int | None
    overlap_server: int
    overlap_file: int | None
    seam_file: int | None

    @property
    def end_ms(self) -> int:
        return self.epoch_ms + self.variant.days * DAY_MS

    @property
    def misuse_start(self) -> int:
        return self.epoch_ms - (self.variant.unlogged_days + self.variant.before_window_days) * DAY_MS

    @property
    def window_start(self) -> int:
        return self.epoch_ms - self.variant.unlogged_days * DAY_MS

    def days_in_file(self, server: int) -> int | None:
        """None: this server rotates by size."""
        return {"admin-1": 7, "api-1": None}.get(self.servers[server], self.web_days)

    def lost_days(self) -> range:
        """Days whose lines on the first web server are lost."""
        if self.missing_file is None:
            return range(0)
        start = self.missing_file * self.web_days
        return range(start, min(start + self.web_days, self.variant.days))

    def is_lost(self, server: int, day: int) -> bool:
        return server == self.first_web and day in self.lost_days()

    @property
    def first_web(self) -> int:
        return self.servers.index(self.variant.web[0])

    @property
    def missing(self) -> tuple[int, int] | None:
        """The time of the missing file, in ms."""
        days = self.lost_days()
        return (self.epoch_ms + days.start * DAY_MS, self.epoch_ms + days.stop * DAY_MS) if days else None

    def gaps(self) -> tuple[Gap, ...]:
        found = [Gap(place, self.misuse_start, self.epoch_ms, None) for place in range(len(self.servers))]
        if self.missing is not None:
            other = self.servers.index(self.variant.web[-1]) if len(self.variant.web) > 1 else None
            found.append(Gap(self.first_web, *self.missing, other))
        return tuple(gap for gap in found if gap.end > gap.start)

    def clean_days(self, server: int) -> set[int]:
        """Days on which nothing is planted: they are lost, or their lines will be written twice."""
        clean = set(self.lost_days()) if server == self.first_web else set()
        if server == self.overlap_server and self.overlap_file is not None:
            last = (self.overlap_file + 1) * self.web_days - 1
            clean |= set(range(max(last - GUARD_DAYS + 1, self.overlap_file * self.web_days), last + 1))
        return clean


def plan(variant: Variant, *, lines: int) -> Plan:
    """Split the lines over servers and days, so that what is on disk comes to `lines`."""
    servers = variant.servers
    web_days = rotation_days(variant, lines=lines)
    files = -(-variant.days // web_days)
    missing = {"middle": files // 2, "oldest": 0, None: None}[variant.missing]
    overlap_server = servers.index(variant.web[-1])
    lost = {missing} if overlap_server == servers.index(variant.web[0]) else set()
    whole = [place for place in range(files - 1) if not {place, place + 1} & lost]
    overlap_file = whole[len(whole) // 3] if whole and variant.overlap else None
    seams = [place for place in whole if place != overlap_file]
    sketch = Plan(
        variant,
        midnight_ms(variant.start),
        servers,
        np.zeros((0, 0), np.int64),
        web_days,
        missing,
        overlap_server,
        overlap_file,
        None,
    )
    weights = day_weights(variant.start, variant.days)[:, None] * _server_weights(servers)[None, :]
    present = np.array([[not sketch.is_lost(server, day) for server in range(len(servers))] for day in range(variant.days)])
    target = lines - (variant.overlap if overlap_file is not None else 0) - _lines_of_dirt(variant, lines)
    wanted = target * int(weights.sum()) // int(weights[present].sum())
    cells = shares(wanted, weights.ravel()).reshape(weights.shape)
    return Plan(
        variant, sketch.epoch_ms, servers, cells, web_days, missing, overlap_server, overlap_file, seams[-1] if seams else None
    )


def form_of(server: str) -> str:
    return {"admin-1": APACHE, "api-1": JSON}.get(server, NGINX)


def dirt_by_day(given: Plan, server: int, rng: np.random.Generator) -> dict[int, list[Dirt]]:
    """What is planted on each day of a server: its share of the lines, each kind once at least."""
    if not given.variant.dirty:
        return {}
    kinds = kinds_for(form_of(given.servers[server]))
    days = np.array(sorted(set(range(given.variant.days)) - given.clean_days(server)), np.int64)
    many = max(len(kinds), int(given.lines[days, server].sum() * given.variant.dirty))
    chosen = days[rng.integers(0, len(days), many)]
    planted: dict[int, list[Dirt]] = {}
    for number, day in enumerate(chosen.tolist()):
        planted.setdefault(day, []).append(kinds[number % len(kinds)])
    return planted


def _lines_of_dirt(variant: Variant, lines: int) -> int:
    """How many more lines there are for the dirt: some stands between the lines of requests, some makes one line of two."""
    kinds = [kind for name in variant.servers for kind in kinds_for(form_of(name))]
    many = max(len(kinds), int(lines * variant.dirty)) if variant.dirty else 0
    return many * sum(1 - kind.takes for kind in kinds) // len(kinds)


def _server_weights(servers: tuple[str, ...]) -> Integers:
    web = sum(name.startswith("web-") for name in servers)
    return np.array([SHARES[name] * web if name in SHARES else WEB_SHARE for name in servers], np.int64)
