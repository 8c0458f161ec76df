"""The term `unread`: lines that could not be parsed, and may have been answers to the misuse.

A reject counts for a selector that lists principals, accounts or clients where its bytes hold one of the listed values; for any
other selector where its neighbours' times meet the selector's time and its bytes do not rule it out. Bytes rule a line out where
every request that begins in them is whole (method, target and HTTP version, after one time stamp each) and none is for an
endpoint of the selector. A value in the bytes of a line outside the selector's time does not count either. Header, directive,
empty and foreign-format lines never.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from amends.count.datamap.model import DataMap, Endpoint
from amends.count.datamap.target import as_written, fold, template_of
from amends.count.scope.facets import Facet
from amends.count.scope.misuse import Condition, Selector
from amends.count.scope.selection import as_logged, one_address
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, U64, quoted_text
from amends.units import microseconds

NEVER = ("header", "directive", "empty", "foreign", "other format")  # reasons of lines that hold no request of this log
WORD = re.compile(rb"[0-9A-Za-z_-]+")
ADDRESS = re.compile(rb"[0-9A-Fa-f:.]{3,45}")
REQUEST = re.compile(rb"\b([A-Z]{3,10}) (/[^ \"\\]*) HTTP/\d")
OPENING = re.compile(rb"\b[A-Z]{3,10} /")
STAMP = re.compile(rb"\[\d")
VERSION = re.compile(rb"HTTP/\d")


@dataclass(frozen=True, slots=True)
class Unread:
    """One reject that may hold answers to the misuse: at most so many subjects of each kind, with the fields of each."""

    source: str
    line: int
    selectors: tuple[int, ...]
    answers: int
    most: Mapping[str, int]
    fields: Mapping[str, int]  # kind -> mask


@dataclass(frozen=True, slots=True)
class Looked:
    """The rejects that count, in the order of their place; and how many do not for one reason alone: no listed value stands in
    their bytes, which a torn line may have lost.
    """

    lines: tuple[Unread, ...] = ()
    passed_over: int = 0


def rejects_in_question(rejects: Table) -> Query:
    """How many rejects may hold a request at all."""
    listed = ", ".join(quoted_text(reason) for reason in NEVER)
    return Query(columns={"rows": I64}, sql=f"select count(*) as rows from {rejects} where reason not in ({listed})")


def with_neighbours(rejects: Table, events: Table) -> Query:
    """Each reject that may hold a request, with the times of the parsed lines before and after it in its source (null: none)."""
    listed = ", ".join(quoted_text(reason) for reason in NEVER)
    return Query(
        columns={"source": TEXT, "line": U64, "raw": "BLOB", "before": I64, "after": I64},
        sql=f"""
            with asked as (
                select source::VARCHAR as source, line, raw from {rejects} where reason not in ({listed})
            ),
            near as (
                select source::VARCHAR as source, line, epoch_us(time) as us
                from {events}
                where source in (select source from asked)
            ),
            preceded as (
                select a.source, a.line, a.raw, n.us as before
                from asked as a asof left join near as n on a.source = n.source and a.line >= n.line
            )
            select p.source, p.line, p.raw, p.before, n.us as after
            from preceded as p asof left join near as n on p.source = n.source and p.line <= n.line
            order by p.source, p.line
        """,
    )


def unread(
    rejects: Table,
    events: Table,
    *,
    map: DataMap,
    facets: Sequence[Facet],
    selectors: Sequence[Selector],
    widest: Mapping[Facet, int],
    clear: Mapping[str, str],
    decoded: frozenset[str],
    engine: Engine,
) -> Looked:
    """Look at every reject. `clear` holds the principals in clear by the digits of their keyed hash; `decoded` names the columns
    whose values are not to be found in bytes.
    """
    if not engine.row(rejects_in_question(rejects))["rows"]:
        return Looked()
    judges = [_Judge(number, selector, map, facets, clear, decoded) for number, selector in enumerate(selectors)]
    lines: list[Unread] = []
    passed_over = 0
    for batch in engine.batches(with_neighbours(rejects, events)):
        for row in batch.to_pylist():
            verdicts = [(judge, judge.answers(row)) for judge in judges]
            if held := [(judge, answers) for judge, answers in verdicts if answers]:
                lines.append(_counted(row, held, map, facets, widest))
            elif any(answers is None for _, answers in verdicts):
                passed_over += 1
    return Looked(tuple(lines), passed_over)


def _counted(
    row: Mapping[str, Any],
    held: list[tuple[_Judge, list[int]]],
    map: DataMap,
    facets: Sequence[Facet],
    widest: Mapping[Facet, int],
) -> Unread:
    """The most subjects: for each answer the endpoint that can hold most, of those that any selector leaves open."""
    answers = max(len(found) for _, found in held)
    most: dict[str, int] = {}
    fields: dict[str, int] = {}
    for kind in map.subjects:
        by_selector = [sum(judge.most(kind, endpoint, widest) for endpoint in found) for judge, found in held]
        if max(by_selector):
            most[kind] = max(by_selector)
            fields[kind] = _mask(facet.mask for facet in facets if facet.kind == kind)
    return Unread(row["source"], row["line"], tuple(judge.number for judge, _ in held), answers, most, fields)


def _mask(masks: Iterable[int]) -> int:
    result = 0
    for mask in masks:
        result |= mask
    return result


class _Judge:
    """One selector's view of rejected lines."""

    def __init__(
        self,
        number: int,
        selector: Selector,
        map: DataMap,
        facets: Sequence[Facet],
        clear: Mapping[str, str],
        decoded: frozenset[str],
    ) -> None:
        self.number = number
        self.facets = facets
        self.since = microseconds(selector.where.since) if selector.where.since else None
        self.until = microseconds(selector.where.until) if selector.where.until else None
        disclosing = {facet.endpoint for facet in facets}
        named = selector.where.of("endpoint")
        self.endpoints = {
            index: replace(endpoint, when={})
            for index, endpoint in enumerate(map.endpoints)
            if index in disclosing and (named is None or endpoint.id in named.values)
        }
        self.lists = [
            _Values(found, clear) for column in ("principal", "account", "client") if (found := selector.where.of(column))
        ]
        is_told = all(values.is_complete for values in self.lists) and not any(values.column in decoded for values in self.lists)
        self.can_look = bool(self.lists) and is_told

    def answers(self, row: Mapping[str, Any]) -> list[int] | None:
        """One entry for each answer that the line may hold: the endpoint's number, or -1 for any. Empty: it does not count; None:
        it would, if a listed value stood in its bytes.
        """
        raw: bytes = row["raw"]
        if not self.endpoints or not self._time_meets(row["before"], row["after"]):
            return []
        asked, is_whole = _requests(raw)
        matching = [index for method, target in asked if (index := self._endpoint(method, target)) is not None]
        if self.can_look and all(values.stand_in(raw) for values in self.lists):
            return matching or [-1]
        if is_whole and not matching:
            return []
        if self.can_look:
            return None
        return matching if is_whole else [*matching, -1]

    def most(self, kind: str, endpoint: int, widest: Mapping[Facet, int]) -> int:
        """The most subjects of a kind in one answer of this endpoint (-1: of any of the selector's)."""
        candidates = self.endpoints if endpoint < 0 else (endpoint,)
        return max(
            sum(widest[facet] for facet in self.facets if facet.endpoint == index and facet.kind == kind) for index in candidates
        )

    def _time_meets(self, before: int | None, after: int | None) -> bool:
        """Can the line's time lie within the selector's? It lies between its neighbours' (either way round: servers log late)."""
        known = [us for us in (before, after) if us is not None]
        low = min(known) if before is not None else None
        high = max(known) if after is not None else None
        return (self.until is None or low is None or low < self.until) and (
            self.since is None or high is None or high >= self.since
        )

    def _endpoint(self, method: str, target: str) -> int | None:
        return next((index for index, endpoint in self.endpoints.items() if _is_for(endpoint, method, target)), None)


def _is_for(endpoint: Endpoint, method: str, target: str) -> bool:
    path = (as_written(target) if endpoint.strict else fold(target)).path
    return method == endpoint.method and path is not None and template_of(endpoint).match(path) is not None


def _requests(raw: bytes) -> tuple[list[tuple[str, str]], bool]:
    """The whole requests in these bytes, and whether there is nothing but whole ones."""
    found = REQUEST.findall(raw)
    begun = {len(OPENING.findall(raw)), len(STAMP.findall(raw)), len(VERSION.findall(raw))}
    requests = [(method.decode(), target.decode("utf-8", "replace")) for method, target in found]
    return requests, bool(found) and begun == {len(found)}


class _Values:
    """The listed values of one column, to be found in bytes. `is_complete`: all are known in clear."""

    def __init__(self, condition: Condition, clear: Mapping[str, str]) -> None:
        texts: Iterable[str] = condition.values
        self.column = condition.column
        self.is_complete = True
        if condition.column == "principal":
            hashed = [value for value in condition.values if value in clear]
            texts = {*condition.clear, *(clear[value] for value in hashed)}
            self.is_complete = len(texts) >= len(condition.values)
        self.networks = [as_logged(ipaddress.ip_network(text)) for text in condition.networks]
        self.addresses = {network[0] for text in texts if condition.column == "client" and (network := one_address(text))}
        self.words: set[bytes] = set()
        self.by_part: dict[bytes, list[bytes]] = {}
        self.odd: list[bytes] = []
        for value in {text.encode("utf-8", "surrogatepass") for text in texts}:
            self._add(value)

    def _add(self, value: bytes) -> None:
        """A value of several words is looked for by its last and its longest word first, one without any byte by byte."""
        parts = WORD.findall(value)
        if parts == [value]:
            self.words.add(value)
        elif parts:
            for part in {parts[-1], max(parts, key=len)}:
                self.by_part.setdefault(part, []).append(value)
        else:
            self.odd.append(value)

    def stand_in(self, raw: bytes) -> bool:
        words = set(WORD.findall(raw))
        return (
            not self.words.isdisjoint(words)
            or any(value in raw for word in words & self.by_part.keys() for value in self.by_part[word])
            or any(value in raw for value in self.odd)
            or (bool(self.networks or self.addresses) and any(self._is_inside(text) for text in ADDRESS.findall(raw)))
        )

    def _is_inside(self, text: bytes) -> bool:
        found = one_address(text.decode("ascii"))
        return found is not None and (found[0] in self.addresses or any(found[0] in network for network in self.networks))
