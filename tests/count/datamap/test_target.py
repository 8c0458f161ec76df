"""What a target means: the definition itself, held against its sources and against what an attacker would try."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.count.datamap.model import DataMap, Endpoint, Key, Source
from amends.count.datamap.target import fold, key_values, matched, parse_template

PROFILE = Endpoint("profile", "GET", "/customers/{id}", ())
ME = Endpoint("me", "GET", "/customers/me", ())
PHOTO = Endpoint("photo", "GET", "/customers/u-{id}", ())
SEARCH = Endpoint("search", "GET", "/search", ())


def map_of(*endpoints: Endpoint) -> DataMap:
    return DataMap(sha256="", subjects={}, endpoints=endpoints, fields=())


def id_of(target: str, *endpoints: Endpoint, method: str = "GET", **columns: str | None) -> str | None:
    match = matched(map_of(*endpoints), method=method, target=target, columns=columns)
    return endpoints[match.endpoint].id if match else None


def keys(target: str, endpoint: Endpoint, key: Key, split: str | None = None) -> tuple[str, ...]:
    match = matched(map_of(endpoint), method="GET", target=target, columns={})
    assert match is not None
    return key_values(match, key, split=split, columns={})


@pytest.mark.parametrize(
    "target, path",
    [
        ("http://www.example.org/pub/WWW/TheProject.html", "/pub/WWW/TheProject.html"),  # RFC 9112, 3.2.2
        ("http://www.example.org?q", "/"),  # an empty path is "/": RFC 9110, 4.2.3
        ("/a/b/c/./../../g", "/a/g"),  # RFC 3986, 5.2.4
        ("/mid/content=5/../6", "/mid/6"),  # RFC 3986, 5.2.4
        ("/../../../g", "/g"),  # RFC 3986, 5.4.2
        ("/./g", "/g"),
        ("/b/c/g..", "/b/c/g.."),
        ("/b/c/..g", "/b/c/..g"),
        ("/b/c/g;x=1/./y", "/b/c/g/y"),  # 5.4.2 with its parameters cut, as 3.3 lets a server do
        ("/b/c/g;x=1/../y", "/b/c/y"),
        ("/%7Esmith/home.html", "/~smith/home.html"),  # RFC 3986, 6.2.2.2, and RFC 9110, 4.2.3
        ("/%7esmith/home.html", "/~smith/home.html"),
        ("/a%c2%b1b", "/a%C2%B1b"),  # RFC 3986, 6.2.2.1
        ("/a%2fb", "/a%2Fb"),  # a slash that is data stays data
        ("/%2561", "/%2561"),  # once, never twice
        ("/a%2e%2e/b", "/a../b"),
        ("/a/%2e%2e/b", "/b"),
        ("/a/..;x/b", "/b"),
        ("/a//b///", "/a/b"),
        ("/", "/"),
        ("//", "/"),
        ("/a?b/../c//", "/a"),
        ("*", None),
        ("host:443", None),
        ("", None),
        ("?q=1", None),
    ],
)
def test_a_target_is_folded_as_its_sources_say(target: str, path: str | None) -> None:
    assert fold(target).path == path


@given(st.text(st.sampled_from("/.;%?#2eaEfA:h") | st.characters(codec="utf-8"), max_size=20))
def test_folding_ends_in_a_path_without_empty_and_dot_segments(text: str) -> None:
    path = fold("/" + text).path

    assert path is not None
    assert path == "/" or not {"", ".", ".."} & set(path[1:].split("/"))
    assert ";" not in path


@pytest.mark.parametrize(
    "target, id",
    [
        ("/customers/me", "me"),
        ("/customers/u-7", "photo"),
        ("/customers/u-", "profile"),  # a parameter holds one character at least
        ("/customers/7", "profile"),
        ("/customers/ME", "profile"),  # case counts
        ("/customers/%6de", "me"),
        ("/customers/me%2F", "profile"),
        ("/customers/", None),
        ("/customers/7/x", None),
        ("customers/7", None),
    ],
)
def test_the_more_literal_template_wins_whatever_the_order_of_the_file(target: str, id: str | None) -> None:
    assert id_of(target, PROFILE, ME, PHOTO) == id
    assert id_of(target, PHOTO, ME, PROFILE) == id


def test_head_goes_to_its_own_template_before_that_of_get() -> None:
    head = Endpoint("head", "HEAD", "/customers/{id}", ())

    assert id_of("/customers/7", PROFILE, head, method="HEAD") == "head"
    assert id_of("/customers/7", PROFILE, method="HEAD") == "profile"
    assert id_of("/customers/7", head, method="GET") is None
    assert id_of("/customers/7", PROFILE, method="POST") is None


def test_more_columns_win_where_they_hold() -> None:
    narrow = Endpoint("narrow", "GET", "/search", (), when={"host": ("a",), "layer": ("app",)})

    assert id_of("/search", SEARCH, narrow, host="a", layer="app") == "narrow"
    assert id_of("/search", SEARCH, narrow, host="a", layer="edge") == "search"
    assert id_of("/search", narrow, host="a", layer=None) is None


def test_a_strict_template_sees_the_target_as_it_was_sent() -> None:
    strict = Endpoint("strict", "GET", "/a//{x}/", (), strict=True)

    assert id_of("/a//7/", strict) == "strict"
    assert id_of("/a/7", strict) is None
    assert id_of("/%61//7/", strict) is None


def test_of_equal_templates_the_first_in_the_file_wins() -> None:
    twin = Endpoint("twin", "GET", "/customers/{customer}", ())

    assert id_of("/customers/7", PROFILE, twin) == "profile"
    assert id_of("/customers/7", twin, PROFILE) == "twin"


@pytest.mark.parametrize(
    "target, ids",
    [
        ("/customers/%ED%99%8D", ("홍",)),
        ("/customers/홍", ("홍",)),
        ("/customers/%ff", ("%FF",)),  # no UTF-8: as written, after folding
        ("/customers/a+b", ("a+b",)),  # a plus is a plus in a path
        ("/customers/%2535", ("%35",)),  # decoded once
        ("/customers/7;v=1", ("7",)),
        ("/customers/7?id=8", ("7",)),
    ],
)
def test_an_id_in_the_path_is_decoded_once(target: str, ids: tuple[str, ...]) -> None:
    assert keys(target, PROFILE, Key(Source.PATH, "id")) == ids


@pytest.mark.parametrize(
    "query, ids",
    [
        ("ids=1,2", ("1", "2")),
        ("ids=1&ids=2,3", ("1", "2", "3")),
        ("ids=1%2C%202", ("1", "2")),
        ("%69ds=1", ("1",)),
        ("ids=+1+,", ("1",)),
        ("ids=,,", ()),
        ("ids", ()),
        ("IDS=1", ()),
        ("x=1&amp;ids=2", ()),
        ("ids=1?ids=2", ("1?ids=2",)),
        ("ids=1#ids=2", ("1",)),
    ],
)
def test_ids_in_the_query_are_all_of_that_name(query: str, ids: tuple[str, ...]) -> None:
    assert keys(f"/search?{query}", SEARCH, Key(Source.QUERY, "ids"), split=",") == ids


def test_a_template_in_korean_is_the_target_in_percent_encoding() -> None:
    korean = Endpoint("korean", "GET", "/검색/{q}", ())

    assert id_of("/%ea%b2%80%EC%83%89/x", korean) == "korean"
    assert parse_template("/검색/{q}").shape == "/%EA%B2%80%EC%83%89/{q}"
