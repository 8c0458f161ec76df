"""Whose data an answer gave out, and which: the shop's own knowledge, from which the truth is written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amends.simulate.chance import Integers
from amends.simulate.endpoints import BORN, DOOR_CODE, EMAIL, FIELDS, NAME, PHONE, STREET, At
from amends.simulate.requests import Outcome, Requests
from amends.simulate.shop import Shop

ACCOUNT, CONTACT = 0, 1
KINDS = ("account", "contact")
GIVES = {
    (At.PROFILE, ACCOUNT): (NAME, EMAIL, PHONE, BORN),
    (At.ADDRESSES, ACCOUNT): (STREET,),
    (At.ADDRESSES, CONTACT): (NAME, PHONE),
    (At.DOOR_CODES, ACCOUNT): (DOOR_CODE,),
    (At.SEARCH, ACCOUNT): (NAME,),
    (At.ORDER, ACCOUNT): (STREET, PHONE),
    (At.WISHLIST, ACCOUNT): (EMAIL,),
}
GAVE_ALL = (Outcome.WHOLE, Outcome.UNCHANGED)
GAVE_PART = (Outcome.CUT, Outcome.PARTIAL)  # what came first in the body


@dataclass(frozen=True, slots=True)
class Subjects:
    """(row of the requests, kind, subject, row of the books or -1): whom the whole answer would be about."""

    row: Integers
    kind: Integers
    subject: Integers
    entry: Integers

    def take(self, rows: npt.NDArray[np.bool_] | Integers) -> Subjects:
        return Subjects(self.row[rows], self.kind[rows], self.subject[rows], self.entry[rows])


@dataclass(frozen=True, slots=True)
class Disclosures:
    """One row per (request, kind, subject, field) that came back; `field` is a place in FIELDS."""

    of: Subjects
    field: Integers
    whole: npt.NDArray[np.bool_]


def subjects(shop: Shop, asked: Requests) -> Subjects:
    """Everybody whom these requests are about, whatever became of them."""
    rows: list[Integers] = []
    kinds: list[Integers] = []
    found: list[Integers] = []
    entries: list[Integers] = []

    def add(row: Integers, kind: int, subject: Integers, entry: Integers | None = None) -> None:
        rows.append(row)
        kinds.append(np.full(len(row), kind, np.int64))
        found.append(subject)
        entries.append(np.full(len(row), -1, np.int64) if entry is None else entry)

    named = np.flatnonzero(np.isin(asked.endpoint, (At.PROFILE, At.WISHLIST)))
    add(named, ACCOUNT, asked.number[named])
    claimed = np.flatnonzero(np.isin(asked.endpoint, (At.ADDRESSES, At.DOOR_CODES)))
    add(claimed, ACCOUNT, asked.account[claimed])
    row, contact, entry = _in_books(shop, asked)
    add(row, CONTACT, contact, entry)
    orders = np.flatnonzero(asked.endpoint == At.ORDER)
    places = shop.order_place(asked.number[orders])
    add(orders[places >= 0], ACCOUNT, shop.ids[shop.order_owner[places[places >= 0]]])
    add(*_with(asked.members_of_lists()))
    everybody = Subjects(*(np.concatenate(parts) for parts in (rows, kinds, found, entries)))
    return everybody.take(np.lexsort((everybody.subject, everybody.kind, everybody.row)))


def disclosures(shop: Shop, asked: Requests, *, born_from: int, held_before: npt.NDArray[np.bool_]) -> Disclosures:
    """What came back. `born_from`: since when a profile holds the date of birth; `held_before`: requests whose 304 repeats an
    answer that the logs hold in full, so that it gives nothing new."""
    everybody = subjects(shop, asked)
    outcome = asked.outcome[everybody.row]
    gave = np.isin(outcome, GAVE_ALL) & ~held_before[everybody.row]
    part = np.isin(outcome, GAVE_PART)
    endpoint = asked.endpoint[everybody.row]
    chosen: list[Integers] = []
    fields: list[Integers] = []
    for (place, kind), keys in GIVES.items():
        here = (endpoint == place) & (everybody.kind == kind)
        for number, key in enumerate(keys):
            comes = gave | part if number == 0 and kind == ACCOUNT else gave
            if key == BORN:
                comes = comes & (asked.time[everybody.row] >= born_from)
            rows = np.flatnonzero(here & comes)
            chosen.append(rows)
            fields.append(np.full(len(rows), FIELDS.index(key), np.int64))
    order, field = np.concatenate(chosen), np.concatenate(fields)
    sorting = np.lexsort((field, order))
    of = everybody.take(order[sorting])
    return Disclosures(of, field[sorting], asked.outcome[of.row] == Outcome.WHOLE)


def _in_books(shop: Shop, asked: Requests) -> tuple[Integers, Integers, Integers]:
    rows = np.flatnonzero(asked.endpoint == At.ADDRESSES)
    row, contact, entry = shop.contacts_at(shop.place(asked.account[rows]), asked.time[rows])
    return rows[row], contact, entry


def _with(listed: tuple[Integers, Integers]) -> tuple[Integers, int, Integers]:
    """The ids of searches, each once an answer."""
    row, subject = listed
    order = np.lexsort((subject, row))
    row, subject = row[order], subject[order]
    new = np.ones(len(row), bool)
    new[1:] = (row[1:] != row[:-1]) | (subject[1:] != subject[:-1])
    return row[new], ACCOUNT, subject[new]
