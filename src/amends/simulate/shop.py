"""The shop's tables: members, who stands in whose address book and when, orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amends.simulate.chance import Integers, pick, ranges, stream
from amends.simulate.clock import DAY_MS, NEVER

FIRST_OLD_ID = 1_003  # the shop's first years: short ids
FIRST_ID = 9_900_017  # then seven digits, soon eight
FIRST_ORDER = 40_000_001
FIRST_CONTACT = 1_000_001
BOOK_SIZES = (18, 30, 22, 12, 7, 5, 3, 2, 1)  # weights of 0, 1, 2, ... contacts in a book
MOST_CONTACTS = len(BOOK_SIZES) - 1
YEARS_BEFORE_DAYS = 2_000
MOST_DAYS_BEFORE = 120  # misuse starts at most so long before the logs


@dataclass(frozen=True, slots=True)
class Shop:
    """Members in order of their ids, which is the order of joining. Days count from `epoch_ms`, the first midnight of the logs.

    `joined` and `closed` are days (closed: NEVER for most); a member exists from 00:00 of the one until 00:00 of the other.
    Books are rows sorted by owner (a place in `ids`); `book_start` has one more place than members. `added` and `removed` are ms.
    """

    epoch_ms: int
    ids: Integers
    joined: Integers
    closed: Integers
    stays: Integers  # places of the members who never close
    book_start: Integers
    book_contact: Integers
    added: Integers
    removed: Integers
    order_ids: Integers
    order_owner: Integers
    own_orders: Integers  # places of orders by owner; `own_start` has one more place than members
    own_start: Integers

    @property
    def elders(self) -> Integers:
        """Places of members who were there long before the logs and stay."""
        return self.stays[self.joined[self.stays] < -MOST_DAYS_BEFORE]

    def place(self, customer_ids: Integers) -> Integers:
        """Places of these ids; -1 for a number that no member has."""
        near = np.minimum(np.searchsorted(self.ids, customer_ids), len(self.ids) - 1)
        return np.where(self.ids[near] == customer_ids, near, -1)

    def exists(self, places: Integers, time: Integers) -> npt.NDArray[np.bool_]:
        day = (time - self.epoch_ms) // DAY_MS
        return (places >= 0) & (self.joined[places] <= day) & (day < self.closed[places])

    def open_places(self, places: Integers, day: int) -> Integers:
        """The same places, those of closed members replaced by members who stay."""
        return np.where(self.closed[places] <= day, self.stays[places % len(self.stays)], places)

    def members_on(self, day: int) -> int:
        """How many had joined; they are the first in `ids`."""
        return int(np.searchsorted(self.joined, day, side="right"))

    def contacts_at(self, places: Integers, time: Integers) -> tuple[Integers, Integers, Integers]:
        """(row, contact, book row) for everybody who stood in the owner's book at that time; `row` counts the given places."""
        many = self.book_start[places + 1] - self.book_start[places]
        rows = np.repeat(np.arange(len(places), dtype=np.int64), many)
        entries = ranges(self.book_start[places], many)
        stood = (self.added[entries] <= time[rows]) & (time[rows] < self.removed[entries])
        return rows[stood], self.book_contact[entries[stood]], entries[stood]

    def order_place(self, order_ids: Integers) -> Integers:
        near = np.minimum(np.searchsorted(self.order_ids, order_ids), len(self.order_ids) - 1)
        return np.where(self.order_ids[near] == order_ids, near, -1)


def make_shop(*, members: int, seed: int, epoch_ms: int, days: int) -> Shop:
    """The tables; cost and memory linear in `members`."""
    rng = stream(seed, "shop")
    ids = _ids(rng, members)
    joined, closed = _membership(rng, members, days)
    stays = np.flatnonzero((closed == NEVER) & (joined < 0)).astype(np.int64)
    book_start, contact, added, removed = _books(rng, members, epoch_ms, days)
    orders = max(members * 6 // 5, 200)
    owner = stays[rng.integers(0, len(stays), orders)]
    by_owner = np.argsort(owner, kind="stable").astype(np.int64)
    own_start = np.searchsorted(owner[by_owner], np.arange(members + 1)).astype(np.int64)
    order_ids = FIRST_ORDER + np.cumsum(rng.integers(1, 4, orders))
    return Shop(
        epoch_ms, ids, joined, closed, stays, book_start, contact, added, removed, order_ids, owner, by_owner, own_start
    )  # fmt: skip


def _ids(rng: np.random.Generator, members: int) -> Integers:
    steps = rng.integers(1, 4, members) // 2 + 1  # 1 or 2: holes where an account was never finished
    old = members // 10
    return np.concatenate([FIRST_OLD_ID + np.cumsum(steps[:old]), FIRST_ID + np.cumsum(steps[old:])])


def _membership(rng: np.random.Generator, members: int, days: int) -> tuple[Integers, Integers]:
    """Joined over the years, the last fiftieth during the logs; a thirtieth closes, half of them during the logs."""
    new = members // 50
    joined = np.sort(np.concatenate([rng.integers(-YEARS_BEFORE_DAYS, 0, members - new), rng.integers(0, days, new)]))
    closes = rng.integers(0, 30, members) == 0
    closed = np.where(rng.integers(0, 2, members) == 0, rng.integers(0, days, members), rng.integers(-700, 0, members))
    return joined, np.where(closes & (closed > joined), closed, NEVER)


def _books(rng: np.random.Generator, members: int, epoch_ms: int, days: int) -> tuple[Integers, Integers, Integers, Integers]:
    sizes = pick(rng, BOOK_SIZES, members)
    contacts = members * 13 // 10
    owner = np.repeat(np.arange(members, dtype=np.int64), sizes)
    rows = np.unique(owner * contacts + rng.integers(0, contacts, len(owner)))  # nobody twice in one book
    owner, contact = rows // contacts, FIRST_CONTACT + rows % contacts
    added = epoch_ms + rng.integers(-900 * DAY_MS, 0, len(rows)) // 1000 * 1000
    late = rng.integers(0, 8, len(rows)) == 0
    added = np.where(late, epoch_ms + rng.integers(0, days * DAY_MS, len(rows)) // 1000 * 1000, added)
    leaves = rng.integers(0, 9, len(rows)) == 0
    removed = np.where(leaves, added + (1 + rng.integers(0, days * DAY_MS, len(rows)) // 1000) * 1000, NEVER)
    start = np.searchsorted(owner, np.arange(members + 1)).astype(np.int64)
    return start, contact, added, removed
