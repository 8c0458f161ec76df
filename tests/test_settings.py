"""amends.toml: what it says is kept, what it cannot mean is told with its place."""

from __future__ import annotations

import pytest

from amends.errors import BAD_SETTINGS, InputError
from amends.settings import parse_settings, zone_named


@pytest.mark.parametrize(
    "text",
    [
        "company = 'no table'",
        "[case]\nzone = 'UTC'",
        "[case]\ncompany = 'Shop'\nzone = 'Mars/Base'",
        "[case]\ncompany = 'Shop'\nzone = 'UTC'\ncolour = 'red'",
        "[case]\ncompany = 'Shop'\nzone = 'UTC'\n[[evidense]]\nmatch = 'a*'",
        "[case]\ncompany = 'Shop'\nzone = 'UTC'\nlanguages = 'ko'",
        "[case]\ncompany = 'Shop'\nzone = 'UTC'\nwindow = {from = 2025-01-01T00:00:00Z}",
        "[case]\ncompany = 'Shop'\nzone = 'UTC'\nwindow = {from = 2025-01-02T00:00:00Z, to = 2025-01-01T00:00:00Z}",
        "[case]\ncompany = 'Shop'\nzone = 'UTC'\nwindow = {from = 2025-01-01T00:00:00, to = 2025-01-02T00:00:00}",
        "[case]\ncompany = 'Shop'\nzone = 'UTC'\nwindow = {from = 2025-01-01T00:00:00Z, to = 2025-01-01T00:00:00Z}",
        "[case]\ncompany = 'Shop'\nzone = 'UTC'\nwindow = {from = 0001-01-01T00:00:00+14:00, to = 2025-01-01T00:00:00Z}",
        "[case]\ncompany = 'Shop'\nzone = 'UTC'\nwindow = {from = 2025-01-01T00:00:00Z, to = 9999-12-31T23:59:59-14:00}",
        "[case]\ncompany = 'Shop'\nzone = 'UTC'\nwindow = {from = 2025-01-01, to = 2025-01-02}",
        "[case]\ncompany = 'Shop'\nzone = 'Asia'",
        "[case\n",
        f"[case]\ncompany = {'9' * 5000}",
        f"[case]\ncompany = {'[' * 5000}",
    ],
)
def test_settings_that_cannot_be_used_are_refused_with_their_place(text):
    with pytest.raises(InputError) as refused:
        parse_settings(text)

    assert refused.value.code is BAD_SETTINGS
    assert refused.value.findings[0].at is not None


def test_the_tables_of_other_rooms_are_kept_as_they_stand():
    settings = parse_settings("[case]\ncompany = 'Shop'\nzone = 'UTC'\n[[evidence]]\nmatch = 'a*'")

    assert settings.tables == {"evidence": [{"match": "a*"}]}


@pytest.mark.parametrize("name", ["", ".", "Asia", "Asia/", "../UTC", "/etc/localtime", "UTC\0", "x" * 5000, "asia/seoul", "KST"])
def test_what_names_no_zone_is_none(name):
    assert zone_named(name) is None


@pytest.mark.parametrize("name", ["localtime", "posixrules", "Factory", "right/UTC", "posix/UTC"])
def test_a_zone_of_this_machine_alone_is_none(name):
    assert zone_named(name) is None
