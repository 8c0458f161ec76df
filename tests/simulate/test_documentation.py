"""The page about worlds names what a world has."""

from __future__ import annotations

from dataclasses import fields

import pyarrow.parquet as pq
import pytest

from amends.simulate import Variant
from amends.simulate.dirt import KINDS
from amends.simulate.truth import EXPECTED
from amends.simulate.variant import ATTACKERS, BOOKS_UNCHANGED, NOT_FASTER, UNMAPPED_GAVE_NOTHING, WINDOW_COVERS


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "simulate.md").read_text(encoding="utf-8")


def test_every_field_of_the_variant_attacker_dirt_and_grade_is_described(page):
    words = [field.name for field in fields(Variant)] + [kind.what for kind in KINDS] + [*ATTACKERS, *EXPECTED]

    assert [word for word in words if f"`{word}`" not in page] == []


def test_every_column_of_the_truth_is_described(page, world):
    columns = {name for path in world.truth.glob("*.parquet") for name in pq.read_schema(path).names}

    assert [name for name in sorted(columns) if f"`{name}`" not in page] == []


def test_every_assumption_is_named_in_its_words(page):
    text = " ".join(page.split())

    assert all(f'"{words}"' in text for words in (NOT_FASTER, WINDOW_COVERS, UNMAPPED_GAVE_NOTHING, BOOKS_UNCHANGED))
