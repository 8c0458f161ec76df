"""The shop's tables as CSV, as its engineers would export them for the case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from amends.simulate.chance import Integers
from amends.simulate.clock import NEVER
from amends.simulate.persons import Persons, contact_rows, member_rows
from amends.simulate.shop import Shop
from amends.simulate.text import civil_dates, civil_times, concatenated, digits, either, parts_of

ROWS = 1_000_000


def write_lookups(folder: Path, shop: Shop, persons: Persons, *, joins: str, snapshot: int) -> None:
    """members.csv, contacts.csv, who they are, orders.csv and, where it is known, address_book.csv."""
    folder.mkdir(parents=True)
    _write(folder / "members.csv", "customer_id,joined_on,closed_on", len(shop.ids), lambda rows: _members(shop, rows))
    known = np.unique(shop.book_contact)
    _write(folder / "contacts.csv", "contact_id", len(known), lambda rows: concatenated("c", digits(known[rows]), "\n"))
    _write(
        folder / "identities.csv", "customer_id,email,phone,birthday", len(shop.ids),
        lambda rows: member_rows(persons, shop, rows),
    )  # fmt: skip
    _write(folder / "contact_phones.csv", "contact_id,phone", len(known), lambda rows: contact_rows(persons, rows))
    _write(folder / "orders.csv", "order_id,customer_id", len(shop.order_ids), lambda rows: _orders(shop, rows))
    if joins == "dated":
        _write(
            folder / "address_book.csv", "customer_id,contact_id,added_at,removed_at", len(shop.book_contact),
            lambda rows: _entries(shop, rows),
        )  # fmt: skip
    if joins == "snapshot":
        stood = np.flatnonzero((shop.added <= snapshot) & (snapshot < shop.removed)).astype(np.int64)
        _write(folder / "address_book.csv", "customer_id,contact_id", len(stood), lambda rows: _pairs(shop, stood[rows]))


def _members(shop: Shop, rows: slice) -> pa.StringArray:
    closed = shop.closed[rows]
    return concatenated(
        digits(shop.ids[rows]),
        ",",
        civil_dates(shop.joined[rows], shop.epoch_ms),
        ",",
        either(closed == NEVER, "", civil_dates(np.where(closed == NEVER, 0, closed), shop.epoch_ms)),
        "\n",
    )


def _orders(shop: Shop, rows: slice) -> pa.StringArray:
    return concatenated(digits(shop.order_ids[rows]), ",", digits(shop.ids[shop.order_owner[rows]]), "\n")


def _entries(shop: Shop, rows: slice) -> pa.StringArray:
    entries = np.arange(rows.start, rows.stop, dtype=np.int64)
    removed = shop.removed[rows]
    return concatenated(
        digits(_owners(shop, entries)),
        ",c",
        digits(shop.book_contact[rows]),
        ",",
        civil_times(shop.added[rows]),
        ",",
        either(removed == NEVER, "", civil_times(np.where(removed == NEVER, 0, removed))),
        "\n",
    )


def _pairs(shop: Shop, entries: Integers) -> pa.StringArray:
    return concatenated(digits(_owners(shop, entries)), ",c", digits(shop.book_contact[entries]), "\n")


def _owners(shop: Shop, entries: Integers) -> Integers:
    return shop.ids[np.searchsorted(shop.book_start, entries, side="right") - 1]


def _write(path: Path, header: str, count: int, text_of: Callable[[slice], pa.StringArray]) -> None:
    with path.open("wb") as file:
        file.write(header.encode() + b"\n")
        for start in range(0, count, ROWS):
            data, _ = parts_of(text_of(slice(start, min(start + ROWS, count))))
            file.write(data)
