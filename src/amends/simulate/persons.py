"""Who the shop's subjects are: members with two accounts, people in address books who are members too, families of one telephone.

A person is a number. Every address and telephone number is made up of it: mail of example.com (RFC 2606), numbers from 010-0 on,
which nobody has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.simulate.chance import Integers, stream
from amends.simulate.shop import FIRST_CONTACT, Shop
from amends.simulate.text import civil_dates, concatenated, digits, either, picked, zero_filled

SECOND_ACCOUNTS, FAMILIES, MEMBERS_IN_BOOKS, SAME_IN_BOOKS, WITHOUT_MAIL = 33, 90, 5, 20, 50  # one in so many
FIRST_BIRTHDAY, LAST_BIRTHDAY = -25_000, -7_000  # days before the logs
SPELLINGS = ("010-", "010", "+82 10-", "+8210")


@dataclass(frozen=True, slots=True)
class Persons:
    """`of_member`: the person behind each place in the shop's ids; `contacts`: the contacts that stand in books, and who each is.

    `phone`: by person, whose telephone number they have: their own, or that of their family.
    """

    of_member: Integers
    contacts: Integers
    of_contact: Integers
    phone: Integers
    birthday: Integers  # by person, in days after the first midnight of the logs

    def of(self, shop: Shop, is_contact: npt.NDArray[np.bool_], subject: Integers) -> Integers:
        """The persons behind subjects of disclosures."""
        members = self.of_member[np.maximum(shop.place(subject), 0)]
        contacts = self.of_contact[np.minimum(np.searchsorted(self.contacts, subject), len(self.contacts) - 1)]
        return np.where(is_contact, contacts, members)


def make_persons(shop: Shop, *, seed: int) -> Persons:
    """Cost and memory linear in members and contacts."""
    rng = stream(seed, "persons")
    members = len(shop.ids)
    of_member = np.arange(members, dtype=np.int64)
    second = _some(rng, members, SECOND_ACCOUNTS)
    of_member[second] = rng.integers(0, members, len(second))
    contacts = np.unique(shop.book_contact)
    of_contact = members + np.arange(len(contacts), dtype=np.int64)
    same = _some(rng, len(contacts), SAME_IN_BOOKS)
    of_contact[same] = of_contact[rng.integers(0, max(len(contacts), 1), len(same))]
    known = _some(rng, len(contacts), MEMBERS_IN_BOOKS)
    of_contact[known] = of_member[rng.integers(0, members, len(known))]
    phone = np.arange(members + len(contacts), dtype=np.int64)
    family = _some(rng, members, FAMILIES)
    phone[family] = rng.integers(0, members, len(family))
    return Persons(of_member, contacts, of_contact, phone, rng.integers(FIRST_BIRTHDAY, LAST_BIRTHDAY, len(phone)))


def member_rows(persons: Persons, shop: Shop, rows: slice) -> pa.StringArray:
    """customer_id,email,phone,birthday: an address of its own for most accounts, the person's telephone number and birthday."""
    ids, person = shop.ids[rows], persons.of_member[rows]
    name = either(ids % 2 == 0, "m", "M")
    mail = either(ids % WITHOUT_MAIL == 0, "", concatenated(name, digits(ids), "@example.com"))
    born = civil_dates(persons.birthday[person], shop.epoch_ms)
    return concatenated(digits(ids), ",", mail, ",", _phones(persons.phone[person], ids), ",", born, "\n")


def contact_rows(persons: Persons, rows: slice) -> pa.StringArray:
    """contact_id,phone: as the owner of the book wrote it."""
    contacts = persons.contacts[rows]
    phones = _phones(persons.phone[persons.of_contact[rows]], contacts - FIRST_CONTACT)
    return concatenated("c", digits(contacts), ",", phones, "\n")


def _some(rng: np.random.Generator, size: int, one_in: int) -> Integers:
    return np.flatnonzero(rng.integers(0, one_in, size) == 0).astype(np.int64)


def _phones(number: Integers, spelling: Integers) -> pa.StringArray:
    begins = picked(pa.array(SPELLINGS), spelling % len(SPELLINGS))
    between = either(spelling % 2 == 0, "-", "")
    return concatenated(begins, zero_filled(number // 10_000, 4), between, zero_filled(number % 10_000, 4))
