"""People: how many natural persons stand behind the exposed subjects, by the map's written rule of identity.

Subjects are one person where they share a *primary* identifier (an e-mail address, a telephone number). They may be one where
they share a *secondary* or *tertiary* one (name and birthday, name and postal code). A person has one value only of a column that
is *unique* (a birthday): subjects that share a primary identifier and differ there are a conflict. So

- upper: groups by primary identifiers; a group in conflict is as many as it has values; an identifier that more than MOST_SHARED
  subjects hold (a switchboard, a placeholder) makes nobody one; whoever has no row in a table of identities is a person alone,
  and so is everybody whom the bounds of each kind hold beyond those who are named;
- lower: groups by all identifiers of all tiers, of confirmed subjects that have one at all: the largest set in which no two share
  anything. Who shares nothing is taken for two people, which is printed.

*Non-members* are people in whose group no customer account stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from amends.case import sha256_of
from amends.count.datamap.model import DataMap
from amends.count.scope.bounds import Bounds, Term
from amends.count.scope.identities import (
    IDENTIFIERS,
    LINKS,
    MOST_SHARED,
    NODES,
    PRIMARY,
    TERTIARY,
    UNIQUE,
    groups,
    link_identities,
)
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, quoted_text

PEOPLE, NON_MEMBERS = "people", "non_members"
NONE_SHARED = "confirmed subjects of whom no two share an identifier of any tier; who shares none is taken for two"
MEMBER = "account"  # the kind whose subjects are members


@dataclass(frozen=True, slots=True)
class People:
    """Bounds of natural persons and of those among them who are not members; what the tables of identities say beside it."""

    people: Bounds
    non_members: Bounds
    conflicts: int  # groups by primary identifiers with more than one value of a unique column
    too_common: int  # primary identifiers that more than MOST_SHARED subjects hold
    without_row: Mapping[str, int]  # exposed subjects that stand in no table of identities, by kind
    tables: Mapping[str, str]  # as written -> SHA-256


def people(
    map: DataMap, exposure: Path, bounds: Mapping[str, Bounds], named: Mapping[str, int], *, engine: Engine
) -> People | None:
    """None where the map has no identities. `named`: subjects in the exposure, by kind.

    Cost: some passes over the tables of identities. Raises: SCO-002 for a table that cannot be read.
    """
    identities = {kind: subject.identity for kind, subject in map.subjects.items() if subject.identity is not None}
    if not identities:
        return None
    kinds = list(map.subjects)
    link_identities(identities, kinds, engine=engine)
    engine.keep("identity_exposed", _exposed(kinds, exposure))
    row = engine.row(_figures(kinds.index(MEMBER) if MEMBER in kinds else -1))
    without = {one["kind"]: one["rows"] for one in engine.rows(_without_row(kinds))}
    beyond = {kind: max(own.upper - named.get(kind, 0), 0) for kind, own in bounds.items()}
    others = [kind for kind in kinds if kind != MEMBER]
    return People(
        people=_bounds(PEOPLE, row["lower"], row["upper"], kinds, without, beyond, bounds),
        non_members=_bounds(NON_MEMBERS, row["others_lower"], row["others_upper"], others, without, beyond, bounds),
        conflicts=row["conflicts"],
        too_common=row["too_common"],
        without_row=without,
        tables={identity.table: sha256_of(identity.path) for identity in identities.values()},
    )


def _exposed(kinds: Sequence[str], exposure: Path) -> Query:
    """The exposed subjects with their groups; `node` is null for one that stands in no table of identities."""
    numbers = " ".join(f"when {quoted_text(kind)} then {place}" for place, kind in enumerate(kinds))
    return Query(
        columns={"kind": "UTINYINT", "is_confirmed": "BOOLEAN", "node": I64, "primary_group": I64, "any_group": I64},
        sql=f"""
            select kind, is_confirmed, node, coalesce(by_primary.least, node) as primary_group,
                coalesce(by_any.least, node) as any_group
            from (
                select (case kind {numbers} end)::UTINYINT as kind, subject as id, fields <> 0 as is_confirmed
                from {Table.parquet([exposure])}
            )
            left join {NODES} using (kind, id)
            left join {groups(PRIMARY)} as by_primary using (node)
            left join {groups(TERTIARY)} as by_any using (node)
        """,
    )


def _figures(member: int) -> Query:
    """All counts at once. `member`: the number of the kind whose subjects are members."""
    names = ("lower", "upper", "others_lower", "others_upper", "conflicts", "too_common")
    return Query(
        columns=dict.fromkeys(names, I64),
        sql=f"""
            with exposed as (select * from identity_exposed where node is not null),
            known as (select distinct node from {IDENTIFIERS} where tier > {UNIQUE}),
            of_unique as (
                select primary_group, type, count(distinct value) as number
                from exposed join {IDENTIFIERS} using (node)
                where tier = {UNIQUE}
                group by primary_group, type
            ),
            split as (select primary_group, max(number) as number from of_unique group by primary_group having max(number) > 1),
            members_primary as (
                select distinct coalesce(least, node) as primary_group
                from {NODES} left join {groups(PRIMARY)} using (node) where kind = {member}
            ),
            members_any as (
                select distinct coalesce(least, node) as any_group
                from {NODES} left join {groups(TERTIARY)} using (node) where kind = {member}
            ),
            more as (select coalesce(sum(number - 1), 0)::BIGINT as number, count(*) as groups from split),
            more_others as (
                select coalesce(sum(number - 1), 0)::BIGINT as number
                from split semi join (select * from exposed where kind <> {member}) using (primary_group)
            ),
            confirmed as (select * from exposed semi join known using (node) where is_confirmed)
            select
                (select count(distinct any_group) from confirmed) as lower,
                (select count(distinct primary_group) from exposed) + (select number from more) as upper,
                (select count(distinct any_group) from confirmed anti join members_any using (any_group)
                    where kind <> {member}) as others_lower,
                (select count(distinct primary_group) from exposed anti join members_primary using (primary_group)
                    where kind <> {member}) + (select number from more_others) as others_upper,
                (select groups from more) as conflicts,
                (select count(distinct identifier) from {LINKS} where tier = {PRIMARY} and holders > {MOST_SHARED}) as too_common
        """,
    )


def _without_row(kinds: Sequence[str]) -> Query:
    names = " ".join(f"when {place} then {quoted_text(kind)}" for place, kind in enumerate(kinds))
    return Query(
        columns={"kind": TEXT, "rows": I64},
        sql=f"select case kind {names} end as kind, count(*) as rows from identity_exposed where node is null group by all",
    )


def _bounds(
    unit: str,
    lower: int,
    groups: int,
    kinds: Sequence[str],
    without: Mapping[str, int],
    beyond: Mapping[str, int],
    bounds: Mapping[str, Bounds],
) -> Bounds:
    alone, more = (sum(numbers.get(kind, 0) for kind in kinds) for numbers in (without, beyond))
    ceilings = [bounds[kind].ceiling for kind in kinds]
    upper = max(groups + alone + more, lower)
    known = [ceiling for ceiling in ceilings if ceiling is not None]
    ceiling = sum(known) if len(known) == len(ceilings) else None
    because = "the ceilings of all kinds: each may be another person"
    if ceiling is None:
        because = "; ".join(dict.fromkeys(bounds[kind].because for kind in kinds if bounds[kind].ceiling is None))
    terms: tuple[Term, ...] = (
        Term(
            "confirmed",
            unit,
            lower,
            "confirmed subjects of whom no two share an identifier of any tier; who shares none is taken for two",
        ),
        Term("lower", unit, lower, "the confirmed ones: nobody else is certain"),
        Term("named", unit, groups, "groups of named subjects by primary identifiers"),
        Term("unidentified", unit, alone, "named subjects without a row in a table of identities, each a person alone"),
        Term("beyond", unit, more, "whom the upper bounds of the kinds hold beyond those who are named, each a person alone"),
        Term("upper", unit, upper, "the sum of named, unidentified and beyond"),
    )
    if ceiling is not None:
        ceiling = max(ceiling, upper)
        terms = (*terms, Term("ceiling", unit, ceiling, because))
    return Bounds(unit, lower, lower, upper, ceiling, because, terms)
