"""Which keys a field may have, and what was meant by one that it may not."""

from __future__ import annotations

import pytest

from amends.count.datamap.categories import OwnField, nearest, own_fields


@pytest.mark.parametrize(
    "key, near",
    [
        ("user.nmae", "user.name"),
        ("user.contact.emial", "user.contact.email"),
        ("user.contact.email_adress", None),
        ("user.shoe_size", None),
        ("emial", "user.contact.email"),
        ("", None),
    ],
)
def test_the_key_that_is_spelt_nearly_so_is_found(key: str, near: str | None) -> None:
    assert nearest(key) == near


def test_a_field_of_the_cases_own_is_compared_with_its_neighbours_only() -> None:
    keys = ("user.name", "user.contact.address.door_code", "user.contact.address.citty", "user.contact.nmae")

    assert list(own_fields(keys)) == [
        OwnField("user.contact.address.door_code", None),
        OwnField("user.contact.address.citty", "user.contact.address.city"),
        OwnField("user.contact.nmae", None),
    ]
