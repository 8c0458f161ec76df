"""What a statement reads of whom: never fewer rows than the server would give."""

from __future__ import annotations

import sqlite3
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.count.evidence.statements import known, statement_of, target


def asked(text: str, table: str | None = None, *, language="postgres", parameters: tuple[str | None, ...] = ()) -> str:
    """What stands behind the class in the target."""
    statement = statement_of(text, language, parameters)
    return target("shop", "READ", statement.command, table, statement).removeprefix("/shop/READ/")


@pytest.mark.parametrize(
    "text,wanted",
    [
        ("select name, email from account where id = 17", "SELECT/account?id=17&columns=name,email"),
        ("SELECT Name FROM Account WHERE 17 = ID;", "SELECT/account?id=17&columns=name"),
        ('select "Name" from "Account" where "Id" = \'a b\'', "SELECT/Account?Id=a+b&columns=Name"),
        ("select * from account where id in (1, 2) and state = 'open'", "SELECT/account?id=1&id=2&state=open&columns=*"),
        ("select * from account where id = 1 or (id in (2, 3) and x > 5)", "SELECT/account?id=1&id=2&id=3&columns=*"),
        ("select * from account where id in (1, 2) and id = 2", "SELECT/account?id=2&columns=*"),
        ("select 1 from account where id = any('{1,NULL,\"a,b\"}'::text[])", "SELECT/account?id=1&id=a,b"),
        ("select 1 from account where id = any(array['1', '2'])", "SELECT/account?id=1&id=2"),
        ("select 1 from account where id = cast('17' as int) and n = -5", "SELECT/account?id=17&n=-5"),
        ("select count(*), max(age) from account where id = 1", "SELECT/account?id=1&columns=age"),
        ("select to_jsonb(a) from account a where a.id = 1", "SELECT/account?id=1&columns=*"),
        ("with a as (select * from account where id = 1) select name from a", "SELECT/account?id=1&columns=*"),
        (
            "select name from account where id = 1 union select name from account where id = 2",
            "SELECT/account?id=1&id=2&columns=name",
        ),
        ("select 1 from orders where exists (select 1 from account where id = 1)", "SELECT/account,orders?account.id=1"),
        ("update account set email = 'a@b' where id = 1 returning email", "UPDATE/account?id=1&columns=email"),
        ("delete from account where id = 1", "DELETE/account?id=1"),
        ("copy (select * from account where id = 1) to stdout", "COPY/account?id=1&columns=*"),
        ("select 1; select name from account where id = 1", "SELECT/account?id=1&columns=name"),
        ("select 1 from account where columns = 'x'", "SELECT/account?account.columns=x"),
    ],
)
def test_conditions_on_plain_values_are_parameters(text: str, wanted: str):
    assert asked(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "select 1 from account",
        "select 1 from account where id = 17 or 1 = 1",
        "select 1 from account where id = 17 or x = 3",
        "select 1 from account where not id = 17",
        "select 1 from account where id not in (17)",
        "select 1 from account where id = 17 + 1",
        "select 1 from account where (id = 17) = false",
        "select 1 from account where id = E'1\\x37'",
        "select 1 from account where id in (17, $1)",
        "select 1 from account where id in (select 17)",
        "select 1 from account where lower(id) = '17'",
        "select 1 from account as a(x, id) where id = 17",
        "select 1 from account a, account b where a.id = 17",
        "select 1 from account where id = 17 union select 1 from account",
        "select 1 from account where exists (select 1 from account where id = 17)",
        "with recursive r as (select 1 from account where id = 17 union select 1 from account) select 1 from r",
        "lock account; select 1 from account",
        "copy account to stdout",
    ],
)
def test_a_condition_that_does_not_hold_for_every_row_is_none(text: str):
    assert "=" not in asked(text, "public.account")


@pytest.mark.parametrize("join", ["left join", "right join", "full join"])
def test_what_an_outer_join_asks_for_leaves_out_no_rows(join: str):
    assert "=" not in asked(f"select 1 from account a {join} orders o on a.id = 17", "account")


def test_an_object_that_the_log_names_gets_its_own_columns_and_those_of_its_neighbours_by_their_names():
    text = "select a.name, o.sum, note from account a join orders o on o.account_id = a.id and o.id = 5 where a.id = 17"

    assert asked(text, "public.account") == "SELECT/public.account?id=17&orders.id=5&columns=name,note"
    assert asked(text, "public.orders") == "SELECT/public.orders?account.id=17&id=5&columns=sum,note"
    assert asked(text) == "SELECT/account,orders?account.id=17&orders.id=5&columns=account.name,note,orders.sum"
    assert asked(text, "other.view") == "SELECT/other.view"


def test_the_same_name_in_another_schema_is_another_table():
    text = "select 1 from archive.account where id = 17"

    assert asked(text, "archive.account") == "SELECT/archive.account?id=17"
    assert asked(text, "public.account") == "SELECT/public.account"


def test_parameters_of_the_statement_are_filled_in():
    text = "select 1 from account where id = $2 and kind = any($1)"

    assert asked(text, parameters=("{a,b}", "17")) == "SELECT/account?id=17&kind=a&kind=b"
    assert asked(text, parameters=("{a,b}",)) == "SELECT/account?kind=a&kind=b"
    assert asked(text, parameters=(None, "17")) == "SELECT/account?id=17"
    assert known({3: "c", 1: "a"}) == ["a", None, "c"]


@pytest.mark.parametrize(
    "text,wanted",
    [
        ("SELECT `u`.`Email` FROM `shop`.`user` AS `u` WHERE `u`.`id` = 3 LIMIT 5", "SELECT/shop.user?id=3&columns=Email"),
        ("select 1 from account where id = \"3\" && x = 'y'", "SELECT/account?id=3&x=y"),
        ("select 1 from account where id = 3 || x = 4", "SELECT/account"),
        ("select 1 from account where email = 0", "SELECT/account"),
        ("select 1 from account where id = 5--1", "SELECT/account"),
        ("select 1 from account where id = 5 /*! or 1 */", "SELECT/-"),
        ("select 1 from account where id = @x and id2 = 5", "SELECT/account?id2=5"),
        ("delete a from account a join orders o on true where a.id = 3", "DELETE/account,orders?account.id=3"),
    ],
)
def test_mysql_is_read_by_its_own_rules(text: str, wanted: str):
    assert asked(text, language="mysql") == wanted


@pytest.mark.parametrize(
    "text,wanted",
    [("", "-/-"), ("'", "-/-"), ("select", "SELECT/-"), ("explain select * from account where id = 1", "EXPLAIN/-"),
     ("selekt 1 from account", "SELEKT/-"), ("select " + "(" * 5_000, "SELECT/-")],
)  # fmt: skip
def test_a_statement_that_cannot_be_read_has_no_parameters(text: str, wanted: str):
    assert asked(text) == wanted


@pytest.mark.parametrize("text", ["explain select 'kim@shop.example' from account", "create role x"])
def test_the_parser_prints_nothing(text: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture):
    statement_of(text, "postgres")

    assert (*capfd.readouterr(), caplog.text) == ("", "", "")


@pytest.mark.parametrize(
    "text,is_read",
    [("select 1", True), ("(select 1) union select 2", True), ("copy account to stdout", True), ("show x", True),
     ("select * into outfile 'x' from account", True), ("copy account from stdin", False), ("select 1; drop table a", False),
     ("update account set x = 1", False), ("insert into a select * from b", False)],
)  # fmt: skip
def test_a_statement_reads_where_it_changes_nothing(text: str, is_read: bool):
    assert statement_of(text, "mysql" if "outfile" in text else "postgres").is_read == is_read


PIECES = ("select", "*", "from", "account", "a", "where", "and", "or", "not", "(", ")", "=", "'x'", "17", "$1", ",", "in", "any",
          "--", "/*", "*/", ";", "union", "join", "on", "with", "as", "copy", "to", ".", "::", "int", "@", "update", "set", "[",
          "]", "returning", "insert", "into", "values", "case", "when", "end", "interval", "{", "}", "\\", "`",
          '"', "$$")  # fmt: skip


@given(st.text(st.characters()) | st.lists(st.sampled_from(PIECES), max_size=20).map(" ".join))
def test_any_text_is_a_statement(text: str):
    for language in ("postgres", "mysql"):
        assert asked(text, language=language).count("/") >= 1
        assert asked(text, "public.account", language=language, parameters=("1",)).count("/") >= 1


IDS = tuple(range(1, 6))
VALUE = st.sampled_from(IDS)
ATOM = st.one_of(
    VALUE.map("id = {}".format), VALUE.map("{} = id".format), VALUE.map("a.id = '{}'".format),
    st.lists(VALUE, min_size=1, max_size=3).map(lambda ids: f"id in ({', '.join(map(str, ids))})"),
    VALUE.map("owner = {}".format), VALUE.map("id > {}".format), st.just("1 = 1"), st.just("id = owner"),
)  # fmt: skip
CONDITION = st.recursive(
    ATOM,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map("({})".format), inner.map("not {}".format), inner.map("({}) = 1".format),
    ),
    max_leaves=6,
)  # fmt: skip
SELECT = CONDITION.map("select a.id from account a where {}".format)
SHAPES = st.one_of(
    SELECT,
    st.tuples(SELECT, SELECT).map(" union ".join),
    st.tuples(SELECT, CONDITION).map(lambda two: f"with t as ({two[0]}) select a.id from t a where a.id is not null"),
    st.tuples(SELECT, CONDITION).map(lambda two: f"select a.id from account a where id in ({two[0]}) or {two[1]}"),
    st.tuples(st.sampled_from(["join", "left join", "cross join"]), CONDITION, CONDITION).map(
        lambda three: f"select a.id from account a {three[0]} (select 1 as x) b on {three[1]} where {three[2]}"
    ),
)


@pytest.fixture(scope="module")
def server():
    """A database of five accounts, which own one another in a ring."""
    with sqlite3.connect(":memory:") as opened:
        opened.execute("create table account (id int, owner int)")
        opened.executemany("insert into account values (?, ?)", [(id, id % len(IDS) + 1) for id in IDS])
        yield opened
    opened.close()


@given(text=SHAPES)
def test_no_row_is_given_out_that_the_parameters_do_not_name(server: sqlite3.Connection, text: str):
    given_out = {str(id) for (id,) in server.execute(text)}
    owners = {str(owner) for (owner,) in server.execute(f"select owner from account where id in ({text})")}

    named = parse_qs(urlsplit("/" + asked(text, "public.account")).query)

    assert given_out <= set(named.get("id", given_out))
    assert owners <= set(named.get("owner", owners))
