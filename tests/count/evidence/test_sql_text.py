"""Literals of SQL, by the lexical rules of the servers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.count.evidence.sql_text import sql_text


@pytest.mark.parametrize(
    "text,values,masked",
    [
        ("select 'it''s', 17, 1.5e-3", ("it's", "17", "1.5e-3"), "select ?, ?, ?"),
        ("select E'a\\'b', E'ab', B'01', U&'x'", (None, "ab", None, None), "select ?, ?, ?, ?"),
        ("select 'a\\', 2", ("a\\", "2"), "select ?, ?"),
        ("do $$ a 'b $x$ $$, $q$c$$d$q$", (" a 'b $x$ ", "c$$d"), "do ?, ?"),
        ('select t1.c2, "it\'s 5" from a$b where x = $1', (), 'select t1.c2, "it\'s 5" from a$b where x = $1'),
        ("select 1 -- it's\n, 2 /* it's */", ("1", "2"), "select ? , ?"),
    ],
)
def test_postgresql_s_literals_are_taken_out(text: str, values: tuple[str | None, ...], masked: str):
    found = sql_text(text, "postgres")

    assert (found.values, found.masked, found.is_whole) == (values, masked, True)


@pytest.mark.parametrize(
    "text,values,masked",
    [
        ('select \'it\'\'s\', "say ""x""", 17', ("it's", 'say "x"', "17"), "select ?, ?, ?"),
        ("select 'a\\'b', 0xFF, x'4D', 0", (None, None, None, None), "select ?, ?, ?, ?"),
        ("select `it's 5` from 2024_orders # it's\n", (), "select `it's 5` from 2024_orders"),
        ("select 5--1 -- it's", ("5", "1"), "select ?- -?"),
    ],
)
def test_mysql_s_literals_are_taken_out(text: str, values: tuple[str | None, ...], masked: str):
    found = sql_text(text, "mysql")

    assert (found.values, found.masked, found.is_whole) == (values, masked, True)


@pytest.mark.parametrize(
    "text,language",
    [
        ("select 'secret", "postgres"),
        ("select $$secret", "postgres"),
        ("select /* secret", "postgres"),
        ("select /* a /* b */ secret */", "postgres"),
        ('select "secret', "mysql"),
        ("select /*!50000 secret */ 1", "mysql"),
        ("select /*M! secret */ 1", "mysql"),
    ],
)
def test_nothing_is_kept_of_what_stands_behind_a_quote_or_comment_that_does_not_end(text: str, language):
    found = sql_text(text, language)

    assert (found.masked, found.is_whole) == ("select ?", False)


@given(
    st.lists(st.sampled_from(["'", '"', "`", "\\", "$$", "$a$", "/*", "*/", "--", "\n", "#", "E", "x", "1", " ", "é"])).map(
        "".join
    )
)
def test_a_text_of_any_pieces_is_cut_without_falling(text: str):
    for language in ("postgres", "mysql"):
        found = sql_text(text, language)
        assert found.masked.count("?") >= len(found.values)


@given(st.text())
def test_a_shape_has_the_same_shape(text: str):
    first = sql_text(text, "postgres")

    assert sql_text(first.shape, "postgres").shape == first.shape
