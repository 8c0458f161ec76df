"""Preservation orders: whose logs of which time must be kept, from when on, and until the order is released.

What is missing of such logs is no gap like any other: it is told by itself, and each new loss becomes an entry of the record.
One file for each order, `holds/ID.json`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from amends.case import Case, write_atomically, writing
from amends.count.evidence.coverage import Coverage, Gap
from amends.count.evidence.errors import BAD_ORDER, NO_SUCH_ORDER, ORDER_EXISTS
from amends.errors import InputError, Place, UsageError
from amends.record import queue_entry
from amends.record.canonical import Value, canonical_json
from amends.units import Period, rfc3339, without

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Release:
    """Who said that the order no longer binds, when and why."""

    at: datetime
    author: str
    reason: str


@dataclass(frozen=True, slots=True)
class Order:
    """Given by an authority, a court or counsel (`by`) at `at`: the logs of `period`, of these `servers` (none: of all).

    `told`: the SHA-256 of the losses that the record has been told of.
    """

    id: str
    by: str
    at: datetime
    period: Period
    servers: tuple[str, ...]
    author: str
    reason: str
    released: Release | None = None
    told: str | None = None

    @property
    def is_in_force(self) -> bool:
        return self.released is None

    def holds(self, server: str | None, layer: str) -> bool:
        """Does it hold the logs of this server? One without a name may be any."""
        return not self.servers or not server or server in self.servers

    def as_json(self) -> dict[str, Any]:
        values: dict[str, Any] = {
            "id": self.id,
            "by": self.by,
            "at": rfc3339(self.at),
            **self.period.as_json(),
            "servers": list(self.servers),
            "author": self.author,
            "reason": self.reason,
        }
        released = self.released
        told = asdict(released) | {"at": rfc3339(released.at)} if released else None
        return values | {"released": told}


@dataclass(frozen=True, slots=True)
class Held:
    """What became of the logs that an order holds: time without them, and time that lies outside of the case's window."""

    order: Order
    lost: tuple[Gap, ...]
    outside: tuple[Period, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.order.id,
            "by": self.order.by,
            "lost": [gap.as_json() for gap in self.lost],
            "outside_window": [period.as_json() for period in self.outside],
        }


def orders(case: Case) -> list[Order]:
    """All orders, by their ids. Raises: EVI-030."""
    files = sorted(case.holds.glob("*.json")) if case.holds.is_dir() else []
    return [_read(file) for file in files]


def set_order(case: Case, order: Order, *, now: datetime) -> None:
    """Raises: EVI-030 for an id that cannot name a file, EVI-031 where it is taken. Call it under the case's lock."""
    if not ID.fullmatch(order.id):
        raise UsageError(BAD_ORDER, at=Place("ID"), expected="letters, digits, dot, dash and underscore, 64 at most")
    if _file(case, order.id).exists():
        raise UsageError(ORDER_EXISTS, at=Place(order.id), expected="an id that no order has")
    _write(case, order)
    _queue(case, "set", order, now)


def release_order(case: Case, id: str, release: Release) -> Order:
    """Raises: EVI-032 where no order in force has the id. Call it under the case's lock."""
    known = {order.id: order for order in orders(case) if order.is_in_force}
    if id not in known:
        in_force = f"one of {', '.join(known)}" if known else "the id of an order in force; there is none"
        raise UsageError(NO_SUCH_ORDER, at=Place(id), expected=in_force)
    order = replace(known[id], released=release)
    _write(case, order)
    _queue(case, "released", order, release.at)
    return order


def held(case: Case, covered: Coverage) -> list[Held]:
    """For each order in force, what is missing of its logs."""
    return [_held(order, covered) for order in orders(case) if order.is_in_force]


def tell_losses(case: Case, found: Iterable[Held], *, now: datetime) -> list[Held]:
    """Queue an entry for each order of which other losses are seen than the record was told of; these orders. Call it under the
    case's lock.
    """
    news = []
    for one in found:
        lost = [gap.as_json() for gap in one.lost]
        digest = hashlib.sha256(canonical_json(lost)).hexdigest() if lost else None
        if digest != one.order.told:
            body: dict[str, Value] = {"hold": one.order.id, "what": "lost", "lost": lost}
            queue_entry(case, type="evidence", role="investigator", body=body, at=now)
            _write(case, replace(one.order, told=digest))
            news.append(one)
    return news


def _held(order: Order, covered: Coverage) -> Held:
    lost = []
    for gap in covered.gaps:
        period = gap.period.overlap(order.period) if order.holds(gap.server, gap.layer) else None
        lost += [replace(gap, period=period)] if period else []
    outside = without(order.period, [covered.window]) if covered.window else [order.period]
    return Held(order, tuple(lost), tuple(outside))


def _file(case: Case, id: str) -> Path:
    return case.holds / f"{id}.json"


def _write(case: Case, order: Order) -> None:
    file = _file(case, order.id)
    with writing(file):
        case.holds.mkdir(mode=0o700, exist_ok=True)
        write_atomically(file, json.dumps(order.as_json() | {"told": order.told}, ensure_ascii=False, indent=1).encode())


def _read(file: Path) -> Order:
    try:
        values = json.loads(file.read_text("utf-8"))
        released = values.pop("released")
        period = Period(datetime.fromisoformat(values.pop("start")), datetime.fromisoformat(values.pop("end")))
        return Order(
            **values
            | {"period": period, "servers": tuple(values["servers"]), "at": datetime.fromisoformat(values["at"])}
            | {"released": Release(**released | {"at": datetime.fromisoformat(released["at"])}) if released else None}
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(BAD_ORDER, at=Place(str(file)), expected="the JSON that hold set wrote") from error


def _queue(case: Case, what: str, order: Order, now: datetime) -> None:
    """The record is told that there is an order, not who wrote it down."""
    body = {"hold": order.id, "what": what, "by": order.by, "at": rfc3339(order.at), **order.period.as_json()}
    queue_entry(case, type="commitment", role="counsel", body=body | {"servers": list(order.servers)}, at=now)
