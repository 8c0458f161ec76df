"""Templates and conditions of a map as SQL: the definition of `target.py` on a path that is folded and cut."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from amends.count.datamap.columns import column_sql, listed
from amends.count.datamap.model import DataMap, Endpoint
from amends.count.datamap.target import Template, methods, ranked, template_of
from amends.engine.query import quoted_text

MOST_IN_A_LEAF = 2


@dataclass(frozen=True, slots=True)
class Branch:
    """One `when ... then ...` of a CASE, for texts that start with `head`."""

    head: str
    sql: str


def compared(map: DataMap) -> str:
    """The endpoint by the definition, on the columns `path` (folded) and `raw_path` (as sent)."""
    branches = []
    for index in ranked(map):
        endpoint = map.endpoints[index]
        template = template_of(endpoint)
        column = "raw_path" if endpoint.strict else "path"
        conditions = [f"starts_with({column}, {quoted_text(template.head)})", request_condition(endpoint)]
        if template.names:
            regexp = quoted_text(rf"^{pattern(template, '[^/]+')}\z")
            conditions.append(f"regexp_matches({column}, {regexp})")
        else:
            conditions[0] = f"{column} = {quoted_text(template.head)}"
        branches.append(Branch(template.head, f"when {' and '.join(conditions)} then {index}"))
    if any(endpoint.strict for endpoint in map.endpoints):  # two columns: no one order of theirs tells where to look
        return f"case {' '.join(branch.sql for branch in branches)} end"
    return tree("path", branches)


def tree(column: str, branches: Sequence[Branch]) -> str:
    """The first branch that holds, found by comparing the column with the branches' heads in their order (by bytes, as UTF-8)."""
    heads = sorted({branch.head for branch in branches})
    if not heads:
        return "null"
    middle = heads[len(heads) // 2]
    below = [branch for branch in branches if branch.head < middle]
    above = [branch for branch in branches if branch.head >= middle or middle.startswith(branch.head)]
    if len(heads) <= MOST_IN_A_LEAF or len(above) == len(branches):
        return f"case {' '.join(branch.sql for branch in branches)} end"
    return f"case when {column} < {quoted_text(middle)} then {tree(column, below)} else {tree(column, above)} end"


def request_condition(endpoint: Endpoint) -> str:
    """The method, and the columns of `when`."""
    conditions = [f"method in ({listed(methods(endpoint))})"]
    conditions += [f"{column_sql(name)} in ({listed(values)})" for name, values in endpoint.when.items()]
    return " and ".join(conditions)


def pattern(template: Template, value: str, *, capture: str = "") -> str:
    """The template as a regular expression of RE2; the parameter `capture` is its group."""
    parts = []
    for segment in template.segments:
        part = _escaped(segment.before)
        if segment.name is not None:
            part += (f"({value})" if segment.name == capture else value) + _escaped(segment.after)
        parts.append("/" + part)
    return "".join(parts)


def _escaped(literal: str) -> str:
    return re.sub(r"([^0-9A-Za-z_/\u0080-\U0010ffff])", r"\\\1", literal)
