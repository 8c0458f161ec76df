"""People: bounds of natural persons behind exposed subjects, equal to a plain union of groups, whatever shape these have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.count.datamap.load import parse
from amends.count.datamap.model import DataMap
from amends.count.scope.bounds import Bounds
from amends.count.scope.identities import MOST_SHARED, normal_sql
from amends.count.scope.people import People, people
from amends.engine import Engine, Query, open_engine
from amends.engine.query import TEXT
from amends.errors import InputError

MAP = """
version: 1
subjects:
  account:
    label: {en: account}
    identity:
      table: members.csv
      id: id
      country_code: 82
      primary: {email: email, phone: [mobile, home]}
      secondary: {birth: [name, birthday]}
      tertiary: {home: [name, postcode]}
      unique: birthday
  contact:
    label: {en: contact}
    identity: {table: contacts.csv, primary: {phone: phone}, tertiary: {home: [name, postcode]}}
endpoints: []
"""
MEMBERS = ("id", "email", "mobile", "home", "name", "birthday", "postcode")
CONTACTS = ("id", "phone", "name", "postcode")


def read(folder: Path, text: str = MAP) -> DataMap:
    return parse(text.encode(), folder=folder)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with open_engine(spill=tmp_path_factory.mktemp("spill"), memory_bytes=1 << 29, threads=1) as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("people")


def written(folder: Path, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [",".join(columns), *(",".join(row) for row in rows)]
    (folder / name).write_text("\n".join(lines) + "\n", "utf-8")


def counted(
    engine: Engine,
    folder: Path,
    members: Sequence[Sequence[str]],
    contacts: Sequence[Sequence[str]],
    exposed: Sequence[tuple[str, str, bool]],
    *,
    more: int = 0,
    ceiling: int | None = None,
    text: str = MAP,
) -> People:
    """`exposed`: kind, id, whether confirmed; `more`: whom upper holds of each kind beyond these."""
    written(folder, "members.csv", MEMBERS, members)
    written(folder, "contacts.csv", CONTACTS, contacts)
    rows = [{"kind": kind, "subject": id, "fields": int(sure), "fields_possible": int(not sure)} for kind, id, sure in exposed]
    types = pa.schema(
        [("kind", pa.string()), ("subject", pa.string()), ("fields", pa.uint64()), ("fields_possible", pa.uint64())]
    )
    pq.write_table(pa.Table.from_pylist(rows, types), folder / "exposure.parquet")
    named = Counter(kind for kind, _, _ in exposed)
    bounds = {
        kind: Bounds(f"{kind}s", 0, 0, named[kind] + more, ceiling, "no population" if ceiling is None else "x")
        for kind in ("account", "contact")
    }
    found = people(read(folder, text), folder / "exposure.parquet", bounds, named, engine=engine)
    assert found is not None
    return found


def member(
    id: str, *, email: str = "", mobile: str = "", home: str = "", name: str = "", birthday: str = "", postcode: str = ""
) -> Any:
    return (id, email, mobile, home, name, birthday, postcode)


def contact(id: str, *, phone: str = "", name: str = "", postcode: str = "") -> Any:
    return (id, phone, name, postcode)


def both(found: People) -> tuple[int, int]:
    assert found.people.upper is not None
    return found.people.lower, found.people.upper


def test_two_accounts_of_one_person_and_an_entry_about_a_member_are_one_each(engine: Engine, folder: Path) -> None:
    members = [
        member("1", mobile="010-1234-5678"),
        member("2", mobile="+82 10 1234 5678", email="a@x.test"),
        member("3", email="b@x.test"),
    ]
    contacts = [contact("c1", phone="01012345678"), contact("c2", phone="01099990000")]

    found = counted(
        engine,
        folder,
        members,
        contacts,
        [("account", id, True) for id in "123"] + [("contact", "c1", True), ("contact", "c2", True)],
    )

    assert both(found) == (3, 3)
    assert (found.non_members.lower, found.non_members.upper) == (1, 1)


def test_a_third_who_was_not_exposed_can_tie_two_who_were(engine: Engine, folder: Path) -> None:
    members = [member("1", mobile="1"), member("2", mobile="1", email="a@x.test"), member("3", email="A@X.TEST ")]

    assert both(counted(engine, folder, members, [], [("account", "1", True), ("account", "3", True)])) == (1, 1)


def test_a_weaker_tie_widens_the_bounds_and_a_conflict_does_too(engine: Engine, folder: Path) -> None:
    members = [
        member("1", email="a@x.test", name="Kim", birthday="1990-01-01"),
        member("2", email="b@x.test", name="kim", birthday="1990-01-01"),  # the same by name and birthday, perhaps
        member("3", email="c@x.test", mobile="5", birthday="1980-01-01"),
        member("4", email="d@x.test", mobile="5", birthday="2010-01-01"),  # a child with the parent's telephone
    ]

    found = counted(engine, folder, members, [], [("account", id, True) for id in "1234"])

    assert both(found) == (2, 4)
    assert found.conflicts == 1


def test_what_too_many_hold_makes_nobody_one_in_the_upper_bound(engine: Engine, folder: Path) -> None:
    ids = [str(number) for number in range(MOST_SHARED + 1)]
    members = [member(id, mobile="02-1588-0000", email=f"{id}@x.test") for id in ids]

    found = counted(engine, folder, members, [], [("account", id, True) for id in ids])

    assert both(found) == (1, MOST_SHARED + 1)
    assert found.too_common == 1


def test_who_has_no_row_or_no_identifier_is_one_more_in_upper_and_none_in_lower(engine: Engine, folder: Path) -> None:
    found = counted(
        engine, folder, [member("1")], [], [("account", "1", True), ("account", "2", True), ("contact", "c", False)], more=5
    )

    assert both(found) == (0, 1 + 2 + 10)
    assert found.without_row == {"account": 1, "contact": 1}
    assert (found.non_members.lower, found.non_members.upper) == (0, 1 + 5)


def test_the_ceiling_is_that_of_all_kinds_or_none_with_the_reason(engine: Engine, folder: Path) -> None:
    exposed = [("account", "1", True)]

    assert counted(engine, folder, [member("1")], [], exposed, ceiling=9).people.ceiling == 18
    without = counted(engine, folder, [member("1")], [], exposed).people
    assert (without.ceiling, without.because) == (None, "no population")


def test_a_chain_of_any_length_is_one_group(engine: Engine, folder: Path) -> None:
    length = 60
    members = [member(str(number), mobile=str(number), home=str(number + 1)) for number in range(length)]

    assert both(counted(engine, folder, members, [], [("account", "0", True), ("account", str(length - 1), True)])) == (1, 1)


few = st.sampled_from(["", "", "1", "2", "3", "4"])
ids = st.integers(0, 7).map(str)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Any], list[Any], list[tuple[str, str, bool]]]:
    columns = ("email", "mobile", "home", "name", "birthday", "postcode")
    members = [member(draw(ids), **{name: draw(few) for name in columns}) for _ in range(draw(st.integers(0, 8)))]
    contacts = [contact(draw(ids), phone=draw(few), name=draw(few), postcode=draw(few)) for _ in range(draw(st.integers(0, 8)))]
    exposed = draw(st.dictionaries(st.tuples(st.sampled_from(["account", "contact"]), ids), st.booleans(), max_size=12))
    return members, contacts, [(kind, id, sure) for (kind, id), sure in exposed.items()]


def groups_of(nodes: set[Any], ties: list[set[Any]]) -> dict[Any, Any]:
    """The least member of each node's group, by joining until nothing changes."""
    own = {node: node for node in nodes}
    for _ in nodes:
        for tie in ties:
            least = min(own[node] for node in tie)
            for node in tie:
                own[node] = least
    return own


@settings(max_examples=150)
@given(worlds())
def test_the_bounds_equal_a_plain_union_of_groups(engine: Engine, folder: Path, world: Any) -> None:
    members, contacts, exposed = world
    identifiers: dict[Any, set[Any]] = {}
    unique: dict[Any, set[str]] = {}
    nodes = {("account", row[0]) for row in members} | {("contact", row[0]) for row in contacts}
    for id, email, mobile, home, name, birthday, postcode in members:
        node = ("account", id)
        held = [(1, "email", email), (1, "phone", mobile), (1, "phone", home)]
        held += [(2, "birth", (name, birthday))] * bool(name and birthday) + [(3, "home", (name, postcode))] * bool(
            name and postcode
        )
        for key in held:
            if key[2]:
                identifiers.setdefault(key, set()).add(node)
        if birthday:
            unique.setdefault(node, set()).add(birthday)
    for id, phone, name, postcode in contacts:
        for key in [(1, "phone", phone)] + [(3, "home", (name, postcode))] * bool(name and postcode):
            if key[2]:
                identifiers.setdefault(key, set()).add(("contact", id))
    primary = groups_of(nodes, [own for key, own in identifiers.items() if key[0] == 1])
    every = groups_of(nodes, list(identifiers.values()))
    holders = set().union(*identifiers.values()) if identifiers else set()
    known = [((kind, id), sure) for kind, id, sure in exposed if (kind, id) in nodes]
    values: dict[Any, set[str]] = {}
    for node, _ in known:
        values.setdefault(primary[node], set()).update(unique.get(node, set()))
    upper = sum(max(len(own), 1) for own in values.values()) + len(exposed) - len(known)
    lower = len({every[node] for node, sure in known if sure and node in holders})
    members_any = {every[node] for node in nodes if node[0] == "account"}
    others = {every[node] for node, sure in known if sure and node in holders and node[0] == "contact"} - members_any

    found = counted(engine, folder, members, contacts, exposed)

    assert both(found) == (lower, upper)
    assert found.non_members.lower == len(others)
    assert found.non_members.upper >= found.non_members.lower


@pytest.mark.parametrize(
    "type, written_as, same",
    [
        ("email", " A.B@Example.TEST", "a.b@example.test"),
        ("phone", "+82 (0)10-1234-5678", "01012345678"),
        ("phone", "0082-10-1234-5678", "01012345678"),
        ("phone", "010.1234.5678", "01012345678"),
        ("phone", "+1 202 555 0100", "+12025550100"),
        ("phone", "---", None),
        ("ci", " x ", "x"),
        ("ci", "\u1100\u1161", "\uac00"),
    ],
)
def test_equal_identifiers_are_equal_however_they_are_written(
    engine: Engine, type: str, written_as: str, same: str | None
) -> None:
    engine.register("given", pa.table({"it": pa.array([written_as])}))

    found = engine.row(Query({"it": TEXT}, f"select {normal_sql(type, 'it', '82')} as it from given"))

    assert found == {"it": same}


@pytest.mark.parametrize(
    "change",
    [
        ("primary: {phone: phone}", "primary: phone"),
        ("table: contacts.csv, primary: {phone: phone}", "table: contacts.csv"),
        ("country_code: 82", "country_code: korea"),
        ("unique: birthday", "unique: {birthday: 1}"),
        ("table: members.csv", "table: ../members.csv"),
        ("id: id", "ids: id"),
    ],
)
def test_an_identity_that_cannot_be_is_told_with_its_place(folder: Path, change: tuple[str, str]) -> None:
    with pytest.raises(InputError) as error:
        read(folder, MAP.replace(*change))
    assert error.value.findings[0].at is not None


def test_a_map_without_identities_knows_nothing_of_people(engine: Engine, folder: Path) -> None:
    text = "version: 1\nsubjects:\n  account: {label: {en: account}}\nendpoints: []\n"

    assert people(read(folder, text), folder / "none.parquet", {}, {}, engine=engine) is None
