"""What became of each event of the misuse: it disclosed, it may have, or it did not, and why (design, section 4).

An answer discloses by the template's method and a status that the map lists (200 or 203 where it lists none). It is possible
where it was cut (fewer bytes than `min_sent`), partial (206 without the map listing it or `min_sent` met), aborted (`complete:
false` without `min_sent` met), logged without a status, or a 304 to a principal that had no whole answer for that target before.
HEAD and all other statuses disclose nothing. A missing `sent` does not lower the grade; it is counted, and printed as an
assumption.
"""

from __future__ import annotations

from enum import IntEnum

from amends.count.datamap.columns import is_success
from amends.count.datamap.model import DataMap, Endpoint
from amends.count.scope.facets import Facet, always_valid
from amends.count.scope.selection import within

DEFAULT_STATUS = (200, 203)
PARTIAL_CONTENT, NOT_MODIFIED_STATUS = 206, 304


class Outcome(IntEnum):
    """One for each event; below POSSIBLE it disclosed, below NOTHING it may have."""

    WHOLE = 0
    WHOLE_UNSIZED = 1  # body bytes not logged
    CUT = 10
    PARTIAL = 11
    ABORTED = 12
    NO_STATUS = 13
    NOT_MODIFIED = 14
    HELD_FROM_OUTSIDE = 15  # a 304 whose earlier whole answer stands outside the misuse
    GIVES_NOTHING = 20
    OTHER_METHOD = 21
    OTHER_STATUS = 22
    NOT_VALID_THEN = 23
    HELD_ALREADY = 24  # a 304 whose earlier whole answer stands within the misuse, and is counted there
    UNMAPPED_SUCCESS = 30
    UNMAPPED_OTHER = 31


POSSIBLE, NOTHING, UNMAPPED = 10, 20, 30

WORDS = {
    Outcome.WHOLE: "whole answer",
    Outcome.WHOLE_UNSIZED: "whole answer, body bytes not logged",
    Outcome.CUT: "fewer body bytes than a whole answer has",
    Outcome.PARTIAL: "partial answer (206)",
    Outcome.ABORTED: "answer aborted",
    Outcome.NO_STATUS: "status not logged",
    Outcome.NOT_MODIFIED: "not modified (304), no whole answer before in the logs",
    Outcome.HELD_FROM_OUTSIDE: "not modified (304), the whole answer before it is outside the misuse",
    Outcome.GIVES_NOTHING: "endpoint gives nothing",
    Outcome.OTHER_METHOD: "method without an answer's body, such as HEAD",
    Outcome.OTHER_STATUS: "status that discloses nothing",
    Outcome.NOT_VALID_THEN: "no rule of the map was valid at that time",
    Outcome.HELD_ALREADY: "not modified (304), held already from a counted answer",
    Outcome.UNMAPPED_SUCCESS: "unmapped, successful",
    Outcome.UNMAPPED_OTHER: "unmapped, not successful",
}


def outcome_sql(map: DataMap, facets: tuple[Facet, ...]) -> str:
    """The outcome of a mapped event; each 304 reads NOT_MODIFIED until `not_modified` has looked at what came before."""
    groups: dict[str, list[int]] = {}
    for index, endpoint in enumerate(map.endpoints):
        own = tuple(facet for facet in facets if facet.endpoint == index)
        groups.setdefault(_endpoint_sql(endpoint, own), []).append(index)
    branches = [f"when endpoint in ({', '.join(str(index) for index in group)}) then {sql}" for sql, group in groups.items()]
    unmapped = f"case when {is_success()} then {Outcome.UNMAPPED_SUCCESS:d} else {Outcome.UNMAPPED_OTHER:d} end"
    return f"(case {' '.join(branches)} else {unmapped} end)::UTINYINT" if branches else f"({unmapped})::UTINYINT"


def _endpoint_sql(endpoint: Endpoint, facets: tuple[Facet, ...]) -> str:
    if not facets:
        return f"{Outcome.GIVES_NOTHING:d}"
    when = endpoint.disclosed_when
    statuses = when.status or DEFAULT_STATUS
    listed = ", ".join(str(status) for status in statuses)
    met = f"coalesce(sent >= {when.min_sent}, false)" if when.min_sent is not None else "false"
    cut = f"when sent < {when.min_sent} then {Outcome.CUT:d}" if when.min_sent is not None else ""
    whole = f"case when sent is null then {Outcome.WHOLE_UNSIZED:d} else {Outcome.WHOLE:d} end"
    parts = tuple(part for facet in facets for part in facet.parts)
    valid = " or ".join(dict.fromkeys(f"({within(part.since, part.until)})" for part in parts))
    not_valid = "" if always_valid(parts) else f"when not ({valid}) then {Outcome.NOT_VALID_THEN:d}"
    partial, not_modified = "", ""
    if PARTIAL_CONTENT not in statuses:
        partial = f"when status = {PARTIAL_CONTENT} then case when {met} then {whole} else {Outcome.PARTIAL:d} end"
    if NOT_MODIFIED_STATUS not in statuses:
        not_modified = f"when status = {NOT_MODIFIED_STATUS} then {Outcome.NOT_MODIFIED:d}"
    method = "'" + endpoint.method.replace("'", "''") + "'"
    return f"""case
        when method is distinct from {method} then {Outcome.OTHER_METHOD:d}
        {not_valid}
        when status in ({listed}) then case
            {cut}
            when complete = false and not {met} then {Outcome.ABORTED:d}
            else {whole} end
        when status is null then {Outcome.NO_STATUS:d}
        {partial}
        {not_modified}
        else {Outcome.OTHER_STATUS:d} end"""
