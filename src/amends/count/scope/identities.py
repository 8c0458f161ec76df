"""Identities: which subjects share an identifier, by the tables and tiers that the map names.

Kept in the engine: `identity_nodes` (a subject each, of all tables, exposed or not: one who was not may tie two who were),
`identity_values` (their identifiers), `identity_links` (those that two or more hold) and, for tiers up to N, `identity_groups_N`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from amends.count.datamap.model import Identity
from amends.count.scope.joins import demand_columns, read_table
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT, quoted_name, quoted_text

UNIQUE, PRIMARY, SECONDARY, TERTIARY = 0, 1, 2, 3  # tiers; unique columns tie nobody
MOST_SHARED = 20  # subjects that hold one primary identifier; more: it is nobody's own
NODES, IDENTIFIERS, LINKS = (Table.named(name) for name in ("identity_nodes", "identity_values", "identity_links"))


def link_identities(identities: Mapping[str, Identity], kinds: Sequence[str], *, engine: Engine) -> None:
    """Make all of it. Cost: some passes over the tables. Raises: SCO-002 for a table that cannot be read."""
    _read(identities, kinds, engine=engine)
    _link(engine=engine)
    for tier in (PRIMARY, TERTIARY):
        _group(tier, engine=engine)


def groups(tier: int) -> Table:
    """(node, least): the least node of its group for each that shares an identifier of tiers up to this one."""
    return Table.named(f"identity_groups_{tier}")


def normal_sql(type: str, column: str, country_code: str | None) -> str:
    """A value in the one form in which equal ones are equal: e-mail addresses in lower case, telephone numbers as national digits
    (with the country's code: `+82 10-1234-5678` is `01012345678`), all else without space around it, in Unicode's form NFC.
    """
    text = f"nfc_normalize(trim({quoted_name(column)}::VARCHAR))"
    if type == "email":
        return f"nullif(lower({text}), '')"
    if type == "phone":
        digits = rf"regexp_replace(regexp_replace({text}, '^(\+|00)', '!'), '[^0-9!]', '', 'g')"
        national = rf"regexp_replace({digits}, '^!{country_code}0?', '0')" if country_code else digits
        return f"nullif(replace({national}, '!', '+'), '')"
    return f"nullif({text}, '')"


def _read(identities: Mapping[str, Identity], kinds: Sequence[str], *, engine: Engine) -> None:
    """The nodes (a subject each) and their identifiers, all kinds in one."""
    nodes, values = [], []
    for kind, identity in identities.items():
        table = read_table(identity.path, named=identity.table)
        columns = demand_columns(table, identity.columns, named=identity.table, engine=engine)
        id, number = f"{quoted_name(identity.id or columns[0])}::VARCHAR", kinds.index(kind)
        nodes.append(f"select distinct {number}::UTINYINT as kind, {id} as id from {table} where {id} <> ''")
        for tier, type, sql in _identifiers(identity):
            values.append(
                f"select {number}::UTINYINT as kind, {id} as id, {tier}::UTINYINT as tier, {quoted_text(type)} as type,"
                f" {sql} as value from {table} where {id} <> '' and {sql} is not null"
            )
    engine.keep(
        "identity_nodes",
        Query(
            {"node": I64, "kind": "UTINYINT", "id": TEXT},
            f"select row_number() over () as node, * from ({' union all '.join(nodes)})",
        ),
    )
    engine.keep(
        "identity_values",
        Query(
            columns={"node": I64, "tier": "UTINYINT", "type": TEXT, "value": TEXT},
            sql=f"select distinct node, tier, type, value from ({' union all '.join(values)}) join {NODES} using (kind, id)",
        ),
    )


def _identifiers(identity: Identity) -> list[tuple[int, str, str]]:
    """Tier, type and SQL of each identifier. Columns of a lower tier count together."""
    found = [(UNIQUE, name, normal_sql("", name, None)) for name in identity.unique]
    found += [
        (PRIMARY, type, normal_sql(type, column, identity.country_code))
        for type, columns in identity.primary.items()
        for column in columns
    ]
    for tier, group in ((SECONDARY, identity.secondary), (TERTIARY, identity.tertiary)):
        for type, columns in group.items():
            parts = [normal_sql("", column, None) for column in columns]
            found.append((tier, type, " || chr(31) || ".join(f"lower({part})" for part in parts)))
    return found


def _link(*, engine: Engine) -> None:
    """Identifiers that two subjects or more hold, numbered. Most are one subject's own, so this is small."""
    engine.keep(
        "identity_links",
        Query(
            columns={"identifier": I64, "tier": "UTINYINT", "holders": I64, "node": I64},
            sql=f"""
                with shared as (
                    select row_number() over () as identifier, tier, type, value, count(*) as holders
                    from {IDENTIFIERS}
                    where tier > {UNIQUE}
                    group by tier, type, value
                    having count(*) > 1
                )
                select identifier, tier, holders, node from shared join {IDENTIFIERS} using (tier, type, value)
            """,
        ),
    )


def _group(tier: int, *, engine: Engine) -> None:
    """Each round every node takes the least of those that share an identifier with it, then the least of that one's: groups of
    any shape are whole after some rounds.
    """
    wanted = f"tier <= {tier}" + (f" and holders <= {MOST_SHARED}" if tier == PRIMARY else "")
    name, grouped, links = f"identity_groups_{tier}", groups(tier), f"(select identifier, node from {LINKS} where {wanted})"
    columns = {"node": I64, "least": I64}
    engine.keep(name, Query(columns, f"select distinct node, node as least from {links}"))
    while True:
        engine.keep(
            "identity_next",
            Query(
                columns=columns,
                sql=f"""
                    with seen as (
                        select identifier, min(least) as least from {links} join {grouped} using (node) group by identifier
                    ),
                    near as (select node, min(least) as least from {links} join seen using (identifier) group by node)
                    select near.node, least(near.least, of_that.least) as least
                    from near join {grouped} as of_that on of_that.node = near.least
                """,
            ),
        )
        changed = f"select count(*) as rows from {grouped} as a join identity_next as b using (node) where a.least <> b.least"
        is_done = not engine.row(Query({"rows": I64}, changed))["rows"]
        engine.keep(name, Query(columns, "select node, least from identity_next"))
        if is_done:
            return
