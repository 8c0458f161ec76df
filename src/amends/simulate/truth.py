"""The truth, kept apart: what came back to attackers, what was planted, which assumptions this world keeps or breaks.

No other room reads it; tests compare it with what was counted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amends.simulate.chance import Integers
from amends.simulate.clock import DAY_MS
from amends.simulate.disclosing import CONTACT, KINDS, Disclosures, disclosures
from amends.simulate.endpoints import ENDPOINTS, FIELDS, At
from amends.simulate.persons import Persons
from amends.simulate.requests import Outcome, Requests
from amends.simulate.shop import Shop
from amends.simulate.text import concatenated, digits, either, picked

COLUMNS: list[pa.Field[Any]] = [
    pa.field("kind", pa.string(), nullable=False),
    pa.field("subject", pa.string(), nullable=False),
    pa.field("field", pa.string(), nullable=False),
    pa.field("time", pa.timestamp("ms", "UTC"), nullable=False),
    pa.field("file", pa.string()),
    pa.field("line", pa.uint64()),
    pa.field("whole", pa.bool_(), nullable=False),
    pa.field("attacker", pa.string(), nullable=False),
    pa.field("endpoint", pa.string(), nullable=False),
    pa.field("expected", pa.string(), nullable=False),
]
DISCLOSURES = pa.schema(COLUMNS)
EXPECTED = ("confirmed", "possible", "unnamed", "unmapped", "unread", "gap")  # the later wins


@dataclass(frozen=True, slots=True)
class Logged:
    """Where each request of an attacker came to stand: `file` a place in `files` (-1: no log holds it), `line` 1-based."""

    files: Sequence[str]
    file: Integers
    line: Integers
    is_legible: npt.NDArray[np.bool_]


def held_before(attack: Requests, logged: Logged) -> npt.NDArray[np.bool_]:
    """Requests answered 304 to a credential that had a whole answer for the same target in the logs, a second before or more."""
    unchanged = np.flatnonzero(attack.outcome == Outcome.UNCHANGED)
    whole = np.flatnonzero((attack.outcome == Outcome.WHOLE) & logged.is_legible & (logged.file >= 0))
    earliest: dict[tuple[int, int, int], int] = {}
    wanted = {_target(attack, row) for row in unchanged.tolist()}
    for row in whole[np.isin(attack.number[whole], attack.number[unchanged])].tolist():
        if (target := _target(attack, row)) in wanted:
            earliest[target] = min(earliest.get(target, int(attack.time[row])), int(attack.time[row]))
    held = np.zeros(len(attack), bool)
    for row in unchanged.tolist():
        held[row] = earliest.get(_target(attack, row), int(attack.time[row])) // 1000 < int(attack.time[row]) // 1000
    return held


def write_disclosures(
    path: Path, *, shop: Shop, attack: Requests, logged: Logged, names: Sequence[str], born_from: int, joins: str, snapshot: int
) -> pa.Table:
    """disclosures.parquet, in order of time; the table."""
    came = disclosures(shop, attack, born_from=born_from, held_before=held_before(attack, logged))
    row = came.of.row
    place = logged.file[row]
    expected = _expected(shop, attack, logged, came, joins, snapshot)
    table = pa.table(
        [
            picked(pa.array(KINDS), came.of.kind),
            concatenated(either(came.of.kind == CONTACT, "c", ""), digits(came.of.subject)),
            picked(pa.array(FIELDS), came.field),
            pa.array(attack.time[row]).cast(pa.timestamp("ms")).cast(DISCLOSURES.field("time").type),
            either(place < 0, pa.scalar(None, pa.string()), picked(pa.array([*logged.files, ""]), np.maximum(place, 0))),
            pa.array(logged.line[row].astype(np.uint64), mask=place < 0),
            pa.array(came.whole),
            picked(pa.array(names, pa.string()), attack.attacker[row] - 1),
            picked(pa.array([one.id for one in ENDPOINTS]), attack.endpoint[row]),
            picked(pa.array(EXPECTED), expected),
        ],
        schema=DISCLOSURES,
    )
    table = table.sort_by([("time", "ascending"), ("kind", "ascending"), ("subject", "ascending"), ("field", "ascending")])
    pq.write_table(table, path, compression="zstd")
    return table


def write_misuse(path: Path, *, attack: Requests, logged: Logged, names: Sequence[str]) -> None:
    """misuse.parquet: every line that a request of an attacker came to stand on."""
    rows = np.flatnonzero(logged.file >= 0)
    table = pa.table(
        {
            "file": picked(pa.array(logged.files, pa.string()), logged.file[rows]),
            "line": pa.array(logged.line[rows].astype(np.uint64)),
            "attacker": picked(pa.array(names, pa.string()), attack.attacker[rows] - 1),
            "legible": pa.array(logged.is_legible[rows]),
        }
    )
    pq.write_table(table.sort_by([("file", "ascending"), ("line", "ascending")]), path, compression="zstd")


def write_planted(path: Path, planted: pa.Table) -> None:
    """planted.parquet: file, line, what, expected (`event`, `repeat` or `reject:` with the reason's family)."""
    pq.write_table(
        planted.sort_by([("file", "ascending"), ("line", "ascending"), ("what", "ascending")]), path, compression="zstd"
    )


def totals(table: pa.Table) -> dict[str, dict[str, int]]:
    """Distinct subjects by kind: all, those that the logs can prove, and by what the logs can show of them at best."""
    found: dict[str, dict[str, int]] = {}
    for kind in KINDS:
        rows = table.filter(pc.field("kind") == kind)
        found[kind] = {"subjects": _distinct(rows)}
        for grade in EXPECTED:
            found[kind][grade] = _distinct(rows.filter(pc.field("expected") == grade))
    return found


def people(shop: Shop, persons: Persons, table: pa.Table) -> dict[str, dict[str, int]]:
    """Distinct natural persons whose data came back, and those of them who are not members; and the same as the logs prove."""
    is_contact = np.array([kind == KINDS[CONTACT] for kind in table["kind"].to_pylist()], bool)
    subject = np.array([int(str(id).removeprefix("c")) for id in table["subject"].to_pylist()], np.int64)
    person = persons.of(shop, is_contact, subject)
    is_proven = np.array([expected == EXPECTED[0] for expected in table["expected"].to_pylist()], bool)
    is_member = np.isin(person, persons.of_member)
    found = {}
    for name, rows in (("exposed", np.ones(len(person), bool)), ("confirmed", is_proven)):
        found[name] = {
            "people": len(np.unique(person[rows])),
            "non_members": len(np.unique(person[rows & ~is_member])),
        }
    return found


def write_json(path: Path, truth: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(truth, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def books_changed(shop: Shop, attack: Requests, snapshot: int) -> bool:
    """Whether somebody came back from an address book who does not stand in its snapshot."""
    came = disclosures(shop, attack, born_from=0, held_before=np.zeros(len(attack), bool))
    return bool(np.any((came.of.entry >= 0) & ~_in_snapshot(shop, came.of.entry, snapshot)))


def _expected(
    shop: Shop, attack: Requests, logged: Logged, came: Disclosures, joins: str, snapshot: int
) -> npt.NDArray[np.int64]:
    row = came.of.row
    contact = came.of.kind == CONTACT
    expected = np.where(came.whole, 0, 1)
    if joins == "none":
        expected = np.where(contact, 2, expected)
    if joins == "snapshot":
        other_day = (attack.time[row] - snapshot) // DAY_MS != 0
        expected = np.where(contact & other_day, 1, expected)
        expected = np.where(contact & ~_in_snapshot(shop, came.of.entry, snapshot), 2, expected)
    expected = np.where(attack.endpoint[row] == At.WISHLIST, 3, expected)
    expected = np.where(~logged.is_legible[row], 4, expected)
    return np.where(logged.file[row] < 0, 5, expected)


def _in_snapshot(shop: Shop, entry: Integers, snapshot: int) -> npt.NDArray[np.bool_]:
    return (shop.added[entry] <= snapshot) & (snapshot < shop.removed[entry])


def _target(attack: Requests, row: int) -> tuple[int, int, int]:
    return int(attack.token[row]), int(attack.endpoint[row]), int(attack.number[row])


def _distinct(rows: pa.Table) -> int:
    return int(pc.count_distinct(rows["subject"]).as_py())
