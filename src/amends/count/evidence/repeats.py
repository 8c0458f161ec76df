"""Repeats: lines that stand in the case twice because a file was rotated with an overlap, copied, or cut out of another.

The definition (design, section 2), for two sources A and B of one server and layer, compared byte by byte, rejects among the
lines:

- the longest run of two or more lines that ends A and begins B is the same lines twice;
- where all lines of A, two or more, stand in B in the same order, they are the same lines twice (each matched with the
  earliest that is left);
- sources with equal plain bytes are the same lines twice, whatever their servers.

A last line without a line feed (torn) may stand for any line that begins with it, and does not count among the two. Of the
same line twice, the one in the source with the earlier first time counts, then that with the smaller hash; a torn line never
counts against its whole counterpart. Only events can be repeats, and only of events. Single equal lines are events: an honest
client may ask twice in a second.

Cost: sources whose times do not touch are never compared; of those that touch, only those where the first event of one is
found in the other by time and request are read again. These cost about 0.3 us a line and 8 bytes of memory a line.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from amends.case import Case, atomic_file
from amends.count.evidence.arrow import Column, coded, column, texts
from amends.count.evidence.fingerprints import CHEAP, TEXTS, cheap, fingerprints
from amends.count.evidence.plain import open_plain
from amends.count.evidence.records import iter_texts
from amends.count.evidence.runs import Match, filling, overlapping
from amends.count.evidence.schema import REPEATS
from amends.count.evidence.sources import Facts, events_file
from amends.count.evidence.store import Statement

LEAST = 2  # lines of a run
ENDS = ("first", "last")
LINE_BITS = 40  # of a key (source, line): a source of 10**12 lines has yet to be seen

type Lines = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A source that may hold repeats. The order of candidates is that of preference: the first of two equal lines counts."""

    order: int
    statement: Statement
    facts: Facts


@dataclass(frozen=True, slots=True)
class _Same:
    """Lines that are the same: `lost[i]` of the source `loser` is `kept[i]` of the source `keeper`."""

    loser: int
    keeper: int
    lost: Lines
    kept: Lines


def find_repeats(case: Case, read: Sequence[tuple[Statement, Facts]]) -> Mapping[str, int]:
    """Write `repeats.parquet` for all sources of the case; how many repeats each has. The order of ingestion does not matter."""
    candidates = _candidates(read)
    stored = _Texts(case, candidates)
    same = [*_copies(candidates), *_runs(stored, _without_copies(candidates))]
    loser, line, keeper, of_line = _resolved(_events_only(stored, same))
    _write(case, candidates, loser, line, keeper, of_line)
    number = np.bincount(loser, minlength=len(candidates)).tolist()
    return defaultdict(int, {candidate.facts.sha256: number[candidate.order] for candidate in candidates})


def _candidates(read: Sequence[tuple[Statement, Facts]]) -> list[_Candidate]:
    able = [(statement, facts) for statement, facts in read if facts.rows and facts.lines >= LEAST]
    able.sort(key=lambda one: (one[1].first_us, one[1].sha256))
    return [_Candidate(order, statement, facts) for order, (statement, facts) in enumerate(able)]


def _copies(candidates: list[_Candidate]) -> Iterator[_Same]:
    """Sources with equal plain bytes. Those that are also read alike have the same events, so one of them speaks for all."""
    by_bytes: dict[str, list[_Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_bytes[candidate.facts.plain_sha256].append(candidate)
    for group in by_bytes.values():
        lines = np.arange(1, group[0].facts.numbers + 1, dtype=np.int64)
        speakers: dict[str, _Candidate] = {}
        for candidate in group:
            speaker = speakers.setdefault(candidate.facts.config_hash, candidate)
            keepers = [speaker] if speaker is not candidate else [other for other in speakers.values() if other is not candidate]
            for keeper in keepers:
                yield _Same(candidate.order, keeper.order, lines, lines)


def _without_copies(candidates: list[_Candidate]) -> list[list[_Candidate]]:
    """The sources by server and layer; of equal plain bytes within one of these, the first only."""
    groups: dict[tuple[str | None, str], dict[str, _Candidate]] = defaultdict(dict)
    for candidate in candidates:
        groups[candidate.facts.server, candidate.facts.layer].setdefault(candidate.facts.plain_sha256, candidate)
    return [list(group.values()) for group in groups.values()]


def _runs(stored: _Texts, groups: list[list[_Candidate]]) -> Iterator[_Same]:
    for group in groups:
        pairs = list(_touching(group))
        found = stored.find(pairs)
        for first, second in pairs:
            for one, other in ((first, second), (second, first)):
                yield from stored.compare(one, other, found)


def _touching(group: list[_Candidate]) -> Iterator[tuple[_Candidate, _Candidate]]:
    """Pairs whose times share an instant; a sweep in the order of first times."""
    open_: list[_Candidate] = []
    for candidate in group:
        open_ = [other for other in open_ if _last(other) >= _first(candidate)]
        for other in open_:
            yield other, candidate
        open_.append(candidate)


def _first(candidate: _Candidate) -> int:
    assert candidate.facts.first_us is not None  # candidates have events
    return candidate.facts.first_us


def _last(candidate: _Candidate) -> int:
    assert candidate.facts.last_us is not None
    return candidate.facts.last_us


type Probe = tuple[int, str, str]
"""A fingerprint without its line."""
type Found = Mapping[tuple[int, int, str], list[int]]
"""(order of the holder, order of the guest, which of the guest's events): the lines of the holder that may be that event."""


class _Texts:
    """What has to be read of sources that may share lines, each thing once."""

    def __init__(self, case: Case, candidates: list[_Candidate]) -> None:
        self._case, self._candidates = case, candidates
        self._salt = secrets.token_bytes(16)
        self._hashes: dict[int, Lines] = {}
        self._events: dict[int, Lines] = {}

    def find(self, pairs: Sequence[tuple[_Candidate, _Candidate]]) -> Found:
        """Look up the first and the last event of each source in those whose times it touches; each holder is read once."""
        guests: dict[int, set[int]] = defaultdict(set)
        for one, other in pairs:
            guests[one.order].add(other.order)
            guests[other.order].add(one.order)
        found: dict[tuple[int, int, str], list[int]] = {}
        for holder, orders in guests.items():
            probes: dict[Probe, list[tuple[int, str]]] = defaultdict(list)
            for guest in orders:
                for which, (_, time, numbers, digest) in zip(ENDS, self._candidates[guest].facts.ends, strict=True):
                    probe = (time, numbers, digest)
                    if _first(self._candidates[holder]) <= probe[0] <= _last(self._candidates[holder]):
                        probes[probe].append((guest, which))
            for line, probe in self._lookup(holder, probes.keys()):
                for guest, which in probes[probe]:
                    found.setdefault((holder, guest, which), []).append(line)
        return found

    def compare(self, one: _Candidate, other: _Candidate, found: Found) -> Iterator[_Same]:
        """Whether `one` ends with what begins `other`, and whether `one` stands in `other`."""
        is_torn = one.facts.torn
        begins = found.get((one.order, other.order, "first"), [])
        if begins and (is_torn or (other.order, one.order, "last") in found):
            skipped = other.facts.ends[0][0] - 1  # rejected lines before its first event are part of the run
            starts = [line - skipped for line in begins if line > skipped]
            if match := overlapping(
                self._lines(one), self._lines(other), starts, torn=self._torn(one), text_of=self._reader(other)
            ):
                yield from self._as_same(one, other, match)
        stands = (other.order, one.order, "first") in found and (is_torn or (other.order, one.order, "last") in found)
        if stands and one.facts.numbers <= other.facts.numbers:
            match = filling(self._lines(one), self._lines(other), torn=self._torn(one), text_of=self._reader(other))
            yield from self._as_same(one, other, match) if match else ()

    def are_events(self, order: int, lines: Lines) -> npt.NDArray[np.bool_]:
        """For each line, whether it was parsed to an event."""
        if order not in self._events:
            column = pq.read_table(events_file(self._case, self._candidates[order].facts.sha256), columns=["line"])
            self._events[order] = column.column("line").to_numpy().astype(np.int64)
        events = self._events[order]
        at = np.searchsorted(events, lines)
        found: npt.NDArray[np.bool_] = (at < len(events)) & (events[np.minimum(at, len(events) - 1)] == lines)
        return found

    def _as_same(self, one: _Candidate, other: _Candidate, match: Match) -> Iterator[_Same]:
        """The later source loses; a torn line loses to its whole counterpart, whichever is later."""
        whole = slice(None, -1) if match.is_torn else slice(None)
        later_is_one = one.order > other.order
        loser, keeper = (one, other) if later_is_one else (other, one)
        lost, kept = (match.ones, match.others) if later_is_one else (match.others, match.ones)
        yield _Same(loser.order, keeper.order, lost[whole], kept[whole])
        if match.is_torn:
            yield _Same(one.order, other.order, match.ones[-1:], match.others[-1:])

    def _lookup(self, order: int, wanted: Set[Probe]) -> Iterator[tuple[int, Probe]]:
        """The events that one of `wanted` looks for, with their lines; texts are read only where time and numbers agree."""
        times = np.array(sorted({probe[0] for probe in wanted}), dtype=np.int64)
        numbers = {probe[:2] for probe in wanted}
        file = pq.ParquetFile(events_file(self._case, self._candidates[order].facts.sha256))
        place = file.schema_arrow.get_field_index("time")
        for group in range(file.num_row_groups) if wanted else ():
            spread = file.metadata.row_group(group).column(place).statistics
            if spread is not None and spread.has_min_max and not _any_between(times, spread.min_raw, spread.max_raw):
                continue
            logged = file.read_row_group(group, columns=["time"]).column("time").cast(pa.int64()).to_numpy()
            rows = np.flatnonzero(np.isin(logged, times))
            if len(rows):
                read = cheap(file.read_row_group(group, columns=list(CHEAP)).take(column(rows)))
                rows = rows[[pair in numbers for pair in zip(logged[rows].tolist(), read, strict=True)]]
            if len(rows):
                chosen = file.read_row_group(group, columns=["line", "time", *CHEAP, *TEXTS]).take(column(rows))
                for line, time, read_numbers, digest in fingerprints(chosen):
                    if (time, read_numbers, digest) in wanted:
                        yield line, (time, read_numbers, digest)

    def _lines(self, candidate: _Candidate) -> Lines:
        """A keyed 64-bit hash of each line (SipHash under this process's key and a salt of this run): equal lines, equal hashes.

        Whoever wrote the lines does not know the key; two of 10**8 different lines meet by chance with p < 3e-4 in all.
        """
        if candidate.order not in self._hashes:
            hashes = np.fromiter(
                (hash(self._salt + line) for line in self._iter_lines(candidate)), dtype=np.int64, count=candidate.facts.numbers
            )
            self._hashes = dict(list(self._hashes.items())[-2:]) | {candidate.order: hashes}
        return self._hashes[candidate.order]

    def _torn(self, candidate: _Candidate) -> bytes | None:
        """The bytes of a last line without a line feed."""
        return self._reader(candidate)(candidate.facts.numbers, candidate.facts.numbers)[0] if candidate.facts.torn else None

    def _reader(self, candidate: _Candidate) -> Any:
        def text_of(first: int, last: int) -> list[bytes]:
            """The lines `first` to `last`, 1-based, both included."""
            return [line for number, line in enumerate(self._iter_lines(candidate), 1) if first <= number <= last]

        return text_of

    def _iter_lines(self, candidate: _Candidate) -> Iterator[bytes]:
        with open_plain(candidate.statement.stored(self._case)) as plain:
            yield from iter_texts(plain, candidate.facts.format)


def _any_between(times: Lines, least: Any, most: Any) -> bool:
    return bool(np.searchsorted(times, least) < np.searchsorted(times, most, side="right"))


def _events_only(stored: _Texts, same: Sequence[_Same]) -> list[_Same]:
    """Only events can be repeats, and only of events."""
    kept = []
    for one in same:
        both = stored.are_events(one.loser, one.lost) & stored.are_events(one.keeper, one.kept)
        kept.append(_Same(one.loser, one.keeper, one.lost[both], one.kept[both]))
    return kept


def _resolved(same: Sequence[_Same]) -> tuple[Lines, Lines, Lines, Lines]:
    """Each repeat once, with the line that counts instead of it: the end of its chain. Sorted by source and line."""
    empty: Lines = np.empty(0, np.int64)
    lost = np.concatenate([empty, *((np.int64(one.loser) << LINE_BITS) | one.lost for one in same)])
    kept = np.concatenate([empty, *((np.int64(one.keeper) << LINE_BITS) | one.kept for one in same)])
    order = np.lexsort((kept, lost))
    lost, kept = lost[order], kept[order]
    is_first = np.ones(len(lost), dtype=bool)
    is_first[1:] = lost[1:] != lost[:-1]
    lost, kept = lost[is_first], kept[is_first]
    while len(lost):
        at = np.minimum(np.searchsorted(lost, kept), len(lost) - 1)
        is_repeat = lost[at] == kept
        if not is_repeat.any():
            break
        kept = np.where(is_repeat, kept[at], kept)
    mask = np.int64((1 << LINE_BITS) - 1)
    return lost >> LINE_BITS, lost & mask, kept >> LINE_BITS, kept & mask


def _write(case: Case, candidates: list[_Candidate], loser: Lines, line: Lines, keeper: Lines, of_line: Lines) -> None:
    hashes = texts([candidate.facts.sha256 for candidate in candidates])
    by_hash = np.argsort(np.array([candidate.facts.sha256 for candidate in candidates], dtype="U64"))
    rank = np.empty(len(candidates), dtype=np.int64)
    rank[by_hash] = np.arange(len(candidates))
    order = np.lexsort((line, rank[loser])) if len(loser) else np.empty(0, np.int64)

    def named(orders: Lines) -> Column:
        return coded(orders, hashes)

    def number(lines: Lines) -> Column:
        return column(lines.astype(np.uint64))

    columns = [named(loser[order]), number(line[order]), named(keeper[order]), number(of_line[order])]
    with atomic_file(case.repeats_file) as partial:
        pq.write_table(pa.Table.from_arrays(columns, schema=REPEATS), partial, compression="zstd")
