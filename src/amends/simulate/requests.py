"""Requests as columns: one array a column, one row a request, whatever server will log it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from amends.simulate.chance import Integers, Words, ranges


class Outcome(IntEnum):
    """What became of a request, as the shop knows it and the log may not say."""

    WHOLE = 0
    CUT = 1  # 200, and the connection broke below the full size
    EMPTY = 2  # 200, and it broke before the first byte
    PARTIAL = 3  # 206
    UNCHANGED = 4  # 304: the client holds the body
    HEAD = 5
    REFUSED = 6  # 403
    GONE = 7  # 404
    FAILED = 8  # 500


STATUS = np.array([200, 200, 200, 206, 304, 200, 403, 404, 500], np.int64)


@dataclass(slots=True)
class Requests:
    """Columns of equal length; `lists` is the pool into which `first` and `many` point (ids of a search; many = 0: none).

    `time` ms since the epoch; `server` and `endpoint` places in their lists; `number` the id in the path (-1: none); `account`
    the claimed customer id, or the number of a member of staff (0: none); `client` IPv4 as a number, or 2**32 and more for IPv6;
    `token` and `issued` credentials (0: none); `attacker` 0 for everybody else, 1 + place in the world's list.
    """

    time: Integers
    server: Integers
    endpoint: Integers
    number: Integers
    first: Integers
    many: Integers
    account: Integers
    client: Integers
    token: Words
    issued: Words
    outcome: Integers
    sent: Integers
    agent: Integers
    from_site: npt.NDArray[np.bool_]
    attacker: Integers
    is_retry: npt.NDArray[np.bool_]
    is_spoilt: npt.NDArray[np.bool_]
    lists: Integers

    def __len__(self) -> int:
        return len(self.time)

    def take(self, rows: npt.NDArray[Any]) -> Requests:
        """These rows (places, or one truth a row); the pool of lists stays as it is."""
        return Requests(**{name: getattr(self, name)[rows] for name in COLUMNS}, lists=self.lists)

    def members_of_lists(self) -> tuple[Integers, Integers]:
        """(row, id) for every id in a list."""
        rows = np.repeat(np.arange(len(self), dtype=np.int64), self.many)
        return rows, self.lists[ranges(self.first, self.many)]


COLUMNS = tuple(field.name for field in fields(Requests) if field.name != "lists")
_DEFAULTS: dict[str, Any] = {
    "number": -1, "first": 0, "many": 0, "account": 0, "client": 0, "token": np.uint64(0), "issued": np.uint64(0), "outcome": 0,
    "sent": 0, "agent": 0, "from_site": False, "attacker": 0, "is_retry": False, "is_spoilt": False,
}  # fmt: skip


def requests(time: Integers, **columns: Any) -> Requests:
    """Requests with defaults for what is not given; single values stand for every row."""
    lists = columns.pop("lists", np.zeros(0, np.int64))
    rows = {name: _column(columns.get(name, _DEFAULTS.get(name)), len(time)) for name in COLUMNS if name != "time"}
    return Requests(time=time, **rows, lists=lists)


def joined(parts: Sequence[Requests]) -> Requests:
    """The rows of all parts, one after the other."""
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}
    shift = np.cumsum([0, *(len(part.lists) for part in parts[:-1])])
    columns["first"] = np.concatenate([part.first + offset for part, offset in zip(parts, shift, strict=True)])
    return Requests(**columns, lists=np.concatenate([part.lists for part in parts]))


def nothing() -> Requests:
    return requests(np.zeros(0, np.int64), server=0, endpoint=0)


def _column(value: Any, length: int) -> npt.NDArray[Any]:
    if isinstance(value, np.ndarray):
        return value
    kind = np.bool_ if isinstance(value, bool) else np.uint64 if isinstance(value, np.uint64) else np.int64
    return np.full(length, value, kind)
