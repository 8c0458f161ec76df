"""The quick way: most targets need no folding, and a few comparisons tell so.

Two looks, both on the target as it stands, both proofs that no folding changes it:
first  a literal template, alone or before a query; or a head followed by a whole number to the end (`tail`), which the engine's
       own cast finds: what casts to a number holds no `/ ; % # ?` and is no dot segment;
then   a template whose parameters hold unreserved characters without the dot.
Heads are found by a binary tree of comparisons, so that a map of hundreds of endpoints costs little more than one of ten.
A null means "look closer", never "none". What is found here is what the definition says: `tests/count/datamap/test_mapping.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from amends.count.datamap.columns import every_column
from amends.count.datamap.comparing import Branch, pattern, request_condition, tree
from amends.count.datamap.folding import ODD
from amends.count.datamap.keys import as_number
from amends.count.datamap.model import DataMap, Endpoint
from amends.count.datamap.target import Segment, Template, can_share, rank, ranked, template_of
from amends.engine import Table
from amends.engine.query import quoted_text

UNRESERVED = "[0-9A-Za-z_~-]"  # but for the dot, so that no dot segment can hide in a value
SEVERAL = 100_000  # above every place of an endpoint, which has 16 bits
NUMBER = 1_000_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """Templates of one text, which a target can be told to match at first look; `endpoints` in the order in which they win."""

    template: Template
    endpoints: tuple[int, ...]

    @property
    def has_number(self) -> bool:
        return bool(self.template.names)

    @property
    def code(self) -> int:
        """The endpoint's place; SEVERAL and NUMBER are added where there are more endpoints, and where a number must follow."""
        return self.endpoints[0] + (SEVERAL if len(self.endpoints) > 1 else 0) + (NUMBER if self.has_number else 0)


def quick_layer(events: Table, map: DataMap) -> str:
    """The events with `quick` (the endpoint, or null), `tail` (the number that its parameter holds, as text, or null), and
    `tail_number` (the same as a number, where it is spelt as numbers are: see `as_number`).
    """
    candidates = _candidates(map)
    layer = f"select {every_column()}, {tree('target', _first_branches(candidates))} as candidate from {events}"
    layer = f"select *, {_tail(candidates)} as found_tail from ({layer})"
    layer = f"select *, try_cast(found_tail as BIGINT) as found_number from ({layer})"
    found = f"case when found_number is not null then candidate - {NUMBER} when candidate < {NUMBER} then candidate end"
    layer = f"select *, {found} as found from ({layer})"
    layer = f"select *, {_chosen(map, candidates)} as first_look from ({layer})"
    layer = f"select *, coalesce(first_look, {tree('target', _second_branches(map))})::USMALLINT as quick from ({layer})"
    layer = f"select *, case when found_number is not null and first_look is not null then found_tail end as tail from ({layer})"
    return f"select *, {as_number('tail', 'found_number')} as tail_number from ({layer})"


def _candidates(map: DataMap) -> list[Candidate]:
    """Literals first: one of them may stand where a number could."""
    groups: dict[Template, list[int]] = {}
    for index in ranked(map):
        template = template_of(map.endpoints[index])
        if not _is_plain(template):
            continue
        if not template.names or (_ends_in_parameter(template) and not _is_outdone(map, index)):
            groups.setdefault(_nameless(template), []).append(index)
    found = [Candidate(template, tuple(endpoints)) for template, endpoints in groups.items()]
    return sorted(found, key=lambda candidate: candidate.has_number)


def _is_plain(template: Template) -> bool:
    """No folding changes its literals, and it has no trailing slash of its own."""
    ends_in_slash = template.segments[-1] == Segment("") and len(template.segments) > 1
    return not ends_in_slash and not re.search(ODD, template.shape)


def _ends_in_parameter(template: Template) -> bool:
    last = template.segments[-1]
    return len(template.names) == 1 and last.name is not None and not last.before and not last.after


def _is_outdone(map: DataMap, index: int) -> bool:
    """Could a more literal template with a parameter match where this one does? (Pure literals are looked at first anyway.)"""
    endpoint = map.endpoints[index]
    segments = template_of(endpoint).segments
    for other in map.endpoints:
        theirs = template_of(other)
        if theirs.names and rank(other) < rank(endpoint) and _nameless(theirs) != _nameless(template_of(endpoint)):
            pairs = zip(segments, theirs.segments, strict=False)
            if len(segments) == len(theirs.segments) and all(can_share(ours, their) for ours, their in pairs):
                return True
    return False


def _nameless(template: Template) -> Template:
    """The same for templates that differ in the names of their parameters alone."""
    return Template(tuple(Segment(s.before, s.name and "_", s.after) for s in template.segments))


def _first_branches(candidates: Sequence[Candidate]) -> list[Branch]:
    branches = []
    for candidate in candidates:
        head, code = candidate.template.head, candidate.code
        if candidate.has_number:
            branches.append(Branch(head, f"when starts_with(target, {quoted_text(head)}) then {code}"))
        else:
            asked = quoted_text(head + "?")
            branches.append(Branch(head, f"when target = {quoted_text(head)} then {code}"))
            branches.append(Branch(head + "?", f"when starts_with(target, {asked}) and not contains(target, '#') then {code}"))
    # of heads that begin alike the longest tells most
    return sorted(branches, key=lambda branch: (branch.sql.startswith("when starts_with"), -len(branch.head)))


def _tail(candidates: Sequence[Candidate]) -> str:
    """What follows the head of a candidate whose parameter may be a number."""
    lengths: dict[int, list[int]] = {}
    for candidate in candidates:
        if candidate.has_number:
            lengths.setdefault(len(candidate.template.head), []).append(candidate.code)
    branches = [
        f"when candidate in ({_numbers(codes)}) then substring(target, {length + 1})" for length, codes in lengths.items()
    ]
    return f"case {' '.join(branches)} end" if branches else "null::VARCHAR"


def _chosen(map: DataMap, candidates: Sequence[Candidate]) -> str:
    """The found candidate's endpoint, if the request's method and columns fit; endpoints under one condition are one branch."""
    conditions: dict[str, list[int]] = {}
    branches = []
    for candidate in candidates:
        if len(candidate.endpoints) == 1:
            (index,) = candidate.endpoints
            conditions.setdefault(request_condition(map.endpoints[index]), []).append(index)
        else:
            inner = " ".join(f"when {request_condition(map.endpoints[index])} then {index}" for index in candidate.endpoints)
            branches.append(f"when found = {candidate.endpoints[0] + SEVERAL} then case {inner} end")
    rarest_first = sorted(conditions.items(), key=lambda item: len(item[1]))
    for condition, indexes in rarest_first[:-1]:
        branches.append(f"when found in ({_numbers(indexes)}) then case when {condition} then found end")
    rest = f"case when {rarest_first[-1][0]} then found end" if rarest_first else "null"
    return f"case when found is null then null {' '.join(branches)} else {rest} end"


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _second_branches(map: DataMap) -> list[Branch]:
    """Templates with parameters. Those of different length never meet here, so the shorter, cheaper ones come first."""
    order = sorted(ranked(map), key=lambda index: len(template_of(map.endpoints[index]).segments))
    return [branch for index in order if (branch := _by_pattern(index, map.endpoints[index])) is not None]


def _by_pattern(index: int, endpoint: Endpoint) -> Branch | None:
    """None where it would not be exact.

    What stands beside a parameter must be of the same characters as its value, else a more literal template may match where only
    this one's quick form does.
    """
    template = template_of(endpoint)
    beside = "".join(segment.before + segment.after for segment in template.segments if segment.name is not None)
    if not template.names or not _is_plain(template) or not re.fullmatch(f"{UNRESERVED}*", beside):
        return None
    regexp = quoted_text(rf"^{pattern(template, UNRESERVED + '+')}(?:\?[^#]*)?\z")
    begins = f"starts_with(target, {quoted_text(template.head)})"
    condition = f"{begins} and {request_condition(endpoint)} and regexp_matches(target, {regexp})"
    return Branch(template.head, f"when {condition} then {index}")
