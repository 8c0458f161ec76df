"""A world with a known leak: raw logs, tables and a case as a team would have them, and the truth in a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from amends.case import writing
from amends.simulate.attacks import FAST_NETWORK, HIDDEN, Field, fast, forged, hidden, hurried, listed_tokens, slow
from amends.simulate.casefiles import Chosen, write_case
from amends.simulate.chance import stream
from amends.simulate.clock import DAY_MS, HOUR_MS
from amends.simulate.layout import Plan, plan
from amends.simulate.logging_days import Logbook, log_days
from amends.simulate.lookups import write_lookups
from amends.simulate.persons import Persons, make_persons
from amends.simulate.place import growing, refuse_foreign
from amends.simulate.requests import Outcome, Requests, joined, nothing
from amends.simulate.restraint import restrained, unlogged
from amends.simulate.shop import Shop, make_shop
from amends.simulate.text import address, hex16
from amends.simulate.traffic import MONITOR_MS, Traffic
from amends.simulate.truth import books_changed, people, totals, write_disclosures, write_json, write_misuse, write_planted
from amends.simulate.variant import (
    ATTACKERS,
    BOOKS_UNCHANGED,
    NOT_FASTER,
    UNMAPPED_GAVE_NOTHING,
    WINDOW_COVERS,
    Variant,
    check,
)

Progress = Callable[[int], None]  # bytes of logs that were written since the last call
MONITOR_SHARE = 0.03  # of a small world's lines, at most
REASONS = {
    "fast": "thousands of profiles in order of their ids within minutes",
    "slow": "hundreds of addresses that ask for strangers' profiles and for nothing else",
    "forged": "signed with the key of a leaver, never issued by a log-in",
    "hidden": "an address that the network's provider reported",
}


@dataclass(frozen=True, slots=True)
class World:
    """Where a world stands, and its totals: `lines` on disk, distinct `subjects` by kind whose data came back to attackers."""

    path: Path
    logs: Path
    lookups: Path
    case: Path
    truth: Path
    lines: int
    files: int
    bytes: int
    subjects: Mapping[str, int]
    keeps: tuple[str, ...]
    breaks: tuple[str, ...]


def simulate(
    out: Path,
    *,
    members: int = 200_000,
    lines: int = 2_000_000,
    seed: int = 1,
    attackers: Sequence[str] = ATTACKERS,
    variant: Variant | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> World:
    """Write a world into `out`: the same arguments give the same bytes.

    It grows in a folder beside `out` and takes its name when it is whole. `force` replaces a world that stands there, no other.
    Cost: about 4 us a line, memory for one day of lines and the tables of the members.
    Raises: SIM-001, SIM-002 for the folder, SIM-003, SIM-004, SIM-005 for the arguments, CAS-005 and CAS-006.
    """
    variant = variant or Variant()
    names = tuple(name for name in ATTACKERS if name in attackers) if set(attackers) <= set(ATTACKERS) else tuple(attackers)
    check(variant, members=members, lines=lines, seed=seed, attackers=names)
    refuse_foreign(out, force=force)
    with writing(out), growing(out) as partial:
        made = _Making(partial, variant, members, lines, seed, names, progress or (lambda done: None)).run()
    return World(
        out, out / "logs", out / "lookups", out / "case", out / "truth", made["lines"], made["files"], made["bytes"],
        MappingProxyType({kind: counts["subjects"] for kind, counts in made["totals"].items()}),
        tuple(made["keeps"]), tuple(made["breaks"]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Making:
    """One world on its way."""

    out: Path
    variant: Variant
    members: int
    lines: int
    seed: int
    attackers: tuple[str, ...]
    progress: Progress

    def run(self) -> dict[str, Any]:
        given = plan(self.variant, lines=self.lines)
        shop = make_shop(members=self.members, seed=self.seed, epoch_ms=given.epoch_ms, days=self.variant.days)
        names, attack = self._attacks(given, shop)
        beats = int(self.lines * MONITOR_SHARE) // (self.variant.days * len(given.servers)) + 1
        traffic = Traffic(shop, self.seed, given.servers, max(MONITOR_MS, DAY_MS // beats), self.variant.unmapped_endpoint)
        with ThreadPoolExecutor(max_workers=2) as pool:
            book = log_days(
                self.out / "logs", given, traffic, attack, names, seed=self.seed, lines=self.lines, pool=pool,
                progress=self.progress,
            )  # fmt: skip
        snapshot = given.epoch_ms + self.variant.days // 2 * DAY_MS
        born_from = given.epoch_ms + self.variant.days * 2 // 5 * DAY_MS
        persons = make_persons(shop, seed=self.seed)
        write_lookups(self.out / "lookups", shop, persons, joins=self.variant.joins, snapshot=snapshot)
        write_case(self.out / "case", given, born_from=born_from, snapshot=snapshot, chosen=_chosen(names, attack))
        shutil.copytree(self.out / "lookups", self.out / "case" / "lookups")
        return self._truth(given, shop, persons, attack, names, book, born_from, snapshot)

    def _attacks(self, given: Plan, shop: Shop) -> tuple[tuple[str, ...], Requests]:
        """All requests of all attackers in order of time; the names stand in the order of their numbers."""
        field = Field(
            shop, given.servers, self.seed, self.lines, given.misuse_start, given.epoch_ms, given.end_ms - 2 * 3_600_000,
            self.variant.unmapped_endpoint,
        )  # fmt: skip
        names = self.attackers + (("hidden",) if self.variant.gap == "enumerator" else ())
        parts = [self._attack(given, field, name, number) for number, name in enumerate(names, start=1)]
        attack = joined(parts) if parts else nothing()
        return names, attack.take(np.argsort(attack.time, kind="stable"))

    def _attack(self, given: Plan, field: Field, name: str, number: int) -> Requests:
        """One attacker's requests, some marked to be spoilt; no faster in the gap than elsewhere, unless the variant says so."""
        gap = given.missing
        if name == "hidden" and gap is not None:
            return hidden(field, gap=gap, server=given.first_web, attacker=number)
        if name == "fast":
            made = fast(field, avoid=gap, attacker=number)
        else:
            made = (slow if name == "slow" else forged)(field, attacker=number)
        self._spoil(given, made)
        made = restrained(field.shop, made, given.gaps())
        if self.variant.gap == "hurry" and gap is not None:
            made = hurried(field, made, gap=gap, server=given.first_web)
        return made

    def _spoil(self, given: Plan, made: Requests) -> None:
        """Choose the requests whose line will be spoilt: whole answers whose line would be in a log."""
        logged = ~unlogged(made, given.gaps()) & (made.outcome == Outcome.WHOLE) & (made.token != 0)
        day = (made.time - given.epoch_ms) // DAY_MS
        for server in range(len(given.servers)):
            logged &= ~((made.server == server) & np.isin(day, sorted(given.clean_days(server))))
        rows = stream(self.seed, "spoil", int(made.attacker[0])).permutation(np.flatnonzero(logged))[: self.variant.unread]
        made.is_spoilt[rows] = True

    def _truth(
        self, given: Plan, shop: Shop, persons: Persons, attack: Requests, names: tuple[str, ...], book: Logbook, born_from: int,
        snapshot: int,
    ) -> dict[str, Any]:  # fmt: skip
        folder = self.out / "truth"
        folder.mkdir(mode=0o700)
        table = write_disclosures(
            folder / "disclosures.parquet", shop=shop, attack=attack, logged=book.attack, names=names, born_from=born_from,
            joins=self.variant.joins, snapshot=snapshot,
        )  # fmt: skip
        write_misuse(folder / "misuse.parquet", attack=attack, logged=book.attack, names=names)
        write_planted(folder / "planted.parquet", book.planted())
        broken = self._broken(given, shop, attack, snapshot)
        truth = {
            "seed": self.seed,
            "arguments": {
                "members": self.members,
                "lines": self.lines,
                "attackers": list(self.attackers),
                "variant": {key: value.isoformat() if key == "start" else value for key, value in asdict(self.variant).items()},
            },
            "lines": book.lines,
            "files": len(book.files),
            "bytes": book.bytes,
            "missing": book.missing,
            "dirt_without_room": book.dirt_without_room,
            "window": {"from": given.window_start, "to": given.end_ms},
            "totals": totals(table),
            "people": people(shop, persons, table),
            "keeps": [words for words, breaks in broken.items() if not breaks],
            "breaks": [words for words, breaks in broken.items() if breaks],
        }
        write_json(folder / "truth.json", truth)
        return truth

    def _broken(self, given: Plan, shop: Shop, attack: Requests, snapshot: int) -> dict[str, bool]:
        changed = self.variant.joins == "snapshot" and books_changed(shop, attack, snapshot)
        return {
            NOT_FASTER: self.variant.gap != "steady",
            WINDOW_COVERS: bool(np.any(attack.time < given.window_start)),
            UNMAPPED_GAVE_NOTHING: self.variant.unmapped == "leaking",
            BOOKS_UNCHANGED: changed,
        }


def _chosen(names: Sequence[str], attack: Requests) -> list[Chosen]:
    """The right selection: each attacker by what tells it from everybody else."""
    chosen = []
    for number, name in enumerate(names, start=1):
        own = attack.take(attack.attacker == number)
        if name == "forged":
            tokens = tuple(str(token) for token in hex16(listed_tokens(own)).to_pylist())
            chosen.append(Chosen("forged-tokens", REASONS[name], column="principal", listed=tokens))
        elif name == "slow":
            clients = tuple(address(client) for client in np.unique(own.client).tolist())
            chosen.append(Chosen("slow-addresses", REASONS[name], listed=clients))
        else:
            first = FAST_NETWORK if name == "fast" else HIDDEN
            clients = tuple(address(first + step) for step in range(2 if name == "fast" else 1))
            night = (int(own.time[0]) - 3 * HOUR_MS) // DAY_MS * DAY_MS + 3 * HOUR_MS  # 12:00 in Seoul, the day before
            time = (night, night + DAY_MS) if name == "fast" else None
            chosen.append(Chosen(f"{name}-addresses", REASONS[name], clients=clients, time=time))
    return chosen
