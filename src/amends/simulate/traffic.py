"""Ordinary days: people at home, on the road and in an office, robots, monitoring, support staff.

Everything rightful that looks like a leak is here: one address with many accounts, staff who open hundreds of customers,
machines that ask without pause, requests sent twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from amends.simulate.answers import body_bytes, ordinary_outcomes
from amends.simulate.chance import Integers, Words, mixed, pick, stream
from amends.simulate.clock import DAY_MS, HOURS, OFFICE_HOURS, moments
from amends.simulate.endpoints import (
    APP_AGENTS,
    MONITOR_AGENT,
    ROBOT_AGENTS,
    SCRIPT_AGENTS,
    WEB_AGENTS,
    At,
)
from amends.simulate.requests import Outcome, Requests, joined, nothing, requests
from amends.simulate.shop import Shop

GUEST, APP, WEB = 0, 1, 2
KINDS = (8, 55, 37)
LENGTHS = (2, 3, 4, 5, 6, 8, 10, 13, 17, 24, 40)
LENGTH_WEIGHTS = (6, 9, 11, 12, 12, 11, 9, 6, 4, 2, 1)
WEB_PAGES = (
    (At.HOME, 16),
    (At.PRODUCT, 38),
    (At.STATIC, 22),
    (At.CART, 8),
    (At.PROFILE, 5),
    (At.ADDRESSES, 5),
    (At.DOOR_CODES, 2),
    (At.SEARCH, 4),
)
GUEST_PAGES = ((At.HOME, 25), (At.PRODUCT, 50), (At.STATIC, 25))
API_PAGES = ((At.ORDER, 40), (At.CART, 35), (At.ADDRESSES, 25))

OFFICE = 0xC0000232  # 192.0.2.50 (RFC 5737): forty people and more behind it
OFFICE_PEOPLE = 40
MONITOR = 0x0A000505  # 10.0.5.5
MONITOR_MS = 30_000
ROBOTS = (0xC0000242, 0xC0000243)  # 192.0.2.66 and 67
SCANNERS = 0xC0000280  # 192.0.2.128 and on
STAFF = 12
STAFF_NETWORK = 0x0A000600  # 10.0.6.0
CARRIER = 0x64400000  # 100.64.0.0/10 (RFC 6598): gateways of the mobile carriers, each shared by many
HOMES = 0x0A800000  # 10.128.0.0/9 stands for home lines, so that no real person's address is in a world


@dataclass(slots=True)
class Traffic:
    """The ordinary traffic of a world, day after day: it remembers each member's last credential, so days come in order."""

    shop: Shop
    seed: int
    servers: tuple[str, ...]
    monitor_ms: int
    unmapped: At | None = None  # an endpoint that the map lacks, for some requests of the day
    last_token: Words = field(init=False)
    sessions_so_far: int = 0

    def __post_init__(self) -> None:
        self.last_token = np.zeros(len(self.shop.ids), np.uint64)

    def of_day(self, day: int, lines: Integers, known: Requests, *, lost: int | None) -> Requests:
        """As many requests as `lines` says for each server, those that are `known` (attackers') included.

        What attackers ask of the server whose file is `lost` comes on top: it must not show as a hole in the other logs.
        """
        rng = stream(self.seed, "day", day)
        midnight = self.shop.epoch_ms + day * DAY_MS
        asked = np.bincount(known.server, minlength=len(self.servers))
        if lost is not None:
            asked[lost] = 0
        left = lines - asked
        parts = [known, self._monitoring(midnight)]
        staffed = self._places("admin-1")
        if len(staffed):
            parts.append(self._staff(rng, midnight, day, int(left[staffed[0]])))
        left -= np.bincount(parts[1].server, minlength=len(self.servers))
        public = np.setdiff1d(np.arange(len(self.servers)), staffed)
        wanted = int(np.maximum(left[public], 0).sum())
        robots, retries = wanted * 6 // 100, wanted * 3 // 1000
        parts.append(self._robots(rng, midnight, robots))
        parts.append(self._sessions(rng, midnight, day, wanted - robots - retries, lines))
        parts.append(_retries(rng, parts[-1], retries))
        return joined(parts)

    def _places(self, prefix: str) -> npt.NDArray[np.int64]:
        return np.array([place for place, name in enumerate(self.servers) if name.startswith(prefix)], np.int64)

    def _monitoring(self, midnight: int) -> Requests:
        """A heartbeat for every public server, and one in the last minute of the day."""
        beats = np.append(np.arange(self.monitor_ms // 7, DAY_MS - 60_000, self.monitor_ms), DAY_MS - 30_000)
        servers = np.array([place for place, name in enumerate(self.servers) if name != "admin-1"], np.int64)
        server = np.tile(servers, len(beats))
        time = midnight + np.repeat(beats, len(servers)) + server * 150
        return requests(time, server=server, endpoint=int(At.HEALTH), client=MONITOR, sent=2, agent=MONITOR_AGENT)

    def _robots(self, rng: np.random.Generator, midnight: int, wanted: int) -> Requests:
        """Search engines that walk the products all day, and scanners that try doors that are not there."""
        time = midnight + rng.integers(0, DAY_MS, wanted)
        kind = pick(rng, (2, 88, 4, 3, 3), wanted)
        endpoint = np.array([At.ROBOTS, At.PRODUCT, At.HOME, At.SCAN_LOG_IN, At.SCAN_ENV], np.int64)[kind]
        which = rng.integers(0, 2, wanted)
        scans = kind >= 3
        client = np.where(scans, SCANNERS + rng.integers(0, 40, wanted), np.array(ROBOTS)[which])
        agent = np.where(scans, np.array(SCRIPT_AGENTS)[rng.integers(0, 3, wanted)], np.array(ROBOT_AGENTS)[which])
        made = requests(
            time, server=self._web(rng, wanted), endpoint=endpoint, number=_numbers(rng, endpoint), client=client, agent=agent,
            outcome=np.where(scans, int(Outcome.GONE), ordinary_outcomes(rng, endpoint)),
        )  # fmt: skip
        made.sent = body_bytes(rng, endpoint, made.outcome)
        return made

    def _staff(self, rng: np.random.Generator, midnight: int, day: int, wanted: int) -> Requests:
        """Support: a ticket, then its customer, all day long, many customers a person."""
        wanted = max(wanted, 0)
        who = rng.integers(1, STAFF + 1, wanted)
        endpoint = np.where(rng.integers(0, 3, wanted) == 0, int(At.ADMIN_QUEUE), int(At.ADMIN_CUSTOMER))
        places = self.shop.open_places(rng.integers(0, self.shop.members_on(day), wanted), day)
        number = np.where(endpoint == At.ADMIN_CUSTOMER, self.shop.ids[places], rng.integers(1, 30, wanted))
        outcome = np.zeros(wanted, np.int64)
        return requests(
            midnight + moments(rng, wanted, OFFICE_HOURS), server=int(self._places("admin-1")[0]), endpoint=endpoint,
            number=number, account=who, client=STAFF_NETWORK + who, agent=np.array(WEB_AGENTS)[who % 5],
            sent=body_bytes(rng, endpoint, outcome),
        )  # fmt: skip

    def _sessions(self, rng: np.random.Generator, midnight: int, day: int, wanted: int, lines: Integers) -> Requests:
        """Visits: a log-in or a refresh that issues a credential, then pages and calls with it."""
        if wanted < 1:
            return nothing()
        length = np.array(LENGTHS)[pick(rng, LENGTH_WEIGHTS, wanted // 2 + 1)]
        ends = np.cumsum(length)
        visits = int(np.searchsorted(ends, wanted)) + 1
        length, ends = length[:visits], ends[:visits]
        length[-1] -= ends[-1] - wanted
        ends[-1] = wanted
        kind = pick(rng, KINDS, visits)
        member = self._visitors(rng, day, visits)
        of = np.repeat(np.arange(visits, dtype=np.int64), length)
        first = np.zeros(wanted, bool)
        first[ends - length] = True
        begin = moments(rng, visits, HOURS)
        time = _times(rng, begin, length, ends, first)
        token, before = self._credentials(kind, member)
        server, endpoint = self._pages(rng, kind[of], first, before[of], lines)
        number = _numbers(rng, endpoint)
        owner = member[of]
        number = np.where(np.isin(endpoint, (At.PROFILE, At.WISHLIST, At.SHELF)), self.shop.ids[owner], number)
        endpoint, number = self._own_orders(rng, endpoint, number, owner)
        known = kind[of] != GUEST
        outcome = np.where(first & known, int(Outcome.WHOLE), ordinary_outcomes(rng, endpoint))
        many = np.where(endpoint == At.SEARCH, rng.integers(1, 6, wanted), 0)
        made = requests(
            midnight + time, server=server, endpoint=endpoint, number=number, many=many,
            first=np.cumsum(many) - many, account=np.where(known, self.shop.ids[owner], 0),
            client=self._clients(kind, member, day, begin)[of],
            token=np.where(first, np.where(endpoint == At.REFRESH, before[of], np.uint64(0)), token[of]),
            issued=np.where(first & known, token[of], np.uint64(0)), outcome=outcome, sent=body_bytes(rng, endpoint, outcome),
            agent=self._agents(rng, kind)[of], from_site=(kind[of] != APP) & (endpoint != At.HOME),
            lists=self.shop.ids[self.shop.stays[rng.integers(0, len(self.shop.stays), int(many.sum()))]],
        )  # fmt: skip
        return made

    def _visitors(self, rng: np.random.Generator, day: int, visits: int) -> Integers:
        """Places of members who had joined; the smaller of two draws, spread over all, so that some come often."""
        there = self.shop.members_on(day)
        draw = np.minimum(rng.integers(0, there, visits), rng.integers(0, there, visits))
        return self.shop.open_places(draw * 2_654_435_761 % there, day)

    def _credentials(self, kind: Integers, member: Integers) -> tuple[Words, Words]:
        """(the visit's credential, the one that the member's app held before); 0: none."""
        number = self.sessions_so_far + np.arange(len(kind), dtype=np.int64)
        self.sessions_so_far += len(kind)
        token = np.where(kind == GUEST, np.uint64(0), mixed(number, self.seed + 1))
        before = np.where(kind == APP, self.last_token[member], np.uint64(0))
        app = kind == APP
        self.last_token[member[app]] = token[app]
        return token, before

    def _pages(
        self, rng: np.random.Generator, kind: Integers, first: npt.NDArray[np.bool_], before: Words, lines: Integers
    ) -> tuple[Integers, Integers]:
        weights = lines.copy()
        weights[self._places("admin-1")] = 0
        server = pick(rng, weights, len(kind))
        web = self._web(rng, len(kind))
        server = np.where(first | (kind == GUEST), web, server)
        pages = _choose(rng, WEB_PAGES, len(kind))
        if self.unmapped is not None:
            pages = np.where(rng.integers(0, 50, len(kind)) == 0, int(self.unmapped), pages)
        api = self._places("api-1")
        if len(api):
            pages = np.where(server == api[0], _choose(rng, API_PAGES, len(kind)), pages)
        pages = np.where(kind == GUEST, _choose(rng, GUEST_PAGES, len(kind)), pages)
        opening = np.where(before != 0, int(At.REFRESH), int(At.LOG_IN))
        return server, np.where(first & (kind != GUEST), opening, pages)

    def _own_orders(
        self, rng: np.random.Generator, endpoint: Integers, number: Integers, owner: Integers
    ) -> tuple[Integers, Integers]:
        """Each looks at an order of their own; who has none looks into the cart."""
        start, many = self.shop.own_start[owner], self.shop.own_start[owner + 1] - self.shop.own_start[owner]
        which = start + rng.integers(0, 1 << 30, len(owner)) % np.maximum(many, 1)
        own = self.shop.order_ids[self.shop.own_orders[np.minimum(which, len(self.shop.own_orders) - 1)]]
        wants = endpoint == At.ORDER
        return np.where(wants & (many == 0), int(At.CART), endpoint), np.where(wants & (many > 0), own, number)

    def _web(self, rng: np.random.Generator, size: int) -> Integers:
        servers = self._places("web-")
        return servers[rng.integers(0, len(servers), size)]

    def _clients(self, kind: Integers, member: Integers, day: int, begin: Integers) -> Integers:
        """Home lines, carriers' gateways that change by the day, IPv6 for some, and one office in its hours."""
        own = mixed(member, 5).astype(np.int64) & 0x7FFFFFFFFFFFFFFF
        today = mixed(member * 4096 + day, 6).astype(np.int64) & 0x7FFFFFFFFFFFFFFF
        client = np.where((kind == APP) & (today % 3 != 0), CARRIER + today % 4096 * 8, HOMES + own % (1 << 23))
        client = np.where(own % 8 == 0, (1 << 32) + own % (1 << 32), client)
        at_work = (begin >= 9 * 3_600_000) & (begin < 18 * 3_600_000)
        every = max(len(self.shop.ids) // OFFICE_PEOPLE, 2)
        return np.where(at_work & (member % every == 1), OFFICE, client)

    def _agents(self, rng: np.random.Generator, kind: Integers) -> Integers:
        app = np.array(APP_AGENTS)[rng.integers(0, len(APP_AGENTS), len(kind))]
        return np.where(kind == APP, app, np.array(WEB_AGENTS)[rng.integers(0, len(WEB_AGENTS), len(kind))])


def _choose(rng: np.random.Generator, pages: tuple[tuple[At, int], ...], size: int) -> Integers:
    return np.array([int(page) for page, _ in pages], np.int64)[pick(rng, [weight for _, weight in pages], size)]


def _numbers(rng: np.random.Generator, endpoint: Integers) -> Integers:
    """Numbers in paths that name nobody: products, versions."""
    number = np.full(len(endpoint), -1, np.int64)
    number = np.where(endpoint == At.PRODUCT, 10_000 + rng.integers(0, 1 << 30, len(endpoint)) % 48_000, number)
    return np.where(endpoint == At.STATIC, 521, number)


def _times(rng: np.random.Generator, begin: Integers, length: Integers, ends: Integers, first: npt.NDArray[np.bool_]) -> Integers:
    """Milliseconds after midnight for every request of every visit; a visit ends before the day does."""
    steps = np.where(first, 0, rng.integers(300, 30_000, len(first)))
    run = np.cumsum(steps)
    since = run - np.repeat(run[ends - length], length)
    latest = np.minimum(begin, DAY_MS - 40_000 - since[ends - 1])
    moments_of_all: Integers = np.repeat(latest, length) + since
    return moments_of_all


def _retries(rng: np.random.Generator, visits: Requests, wanted: int) -> Requests:
    """The same request again within its second, so that its line is equal, letter by letter: an event like any other."""
    if not len(visits) or not wanted:
        return nothing()
    again = visits.take(rng.integers(0, len(visits), wanted))
    again.is_retry = np.ones(wanted, bool)
    return again
