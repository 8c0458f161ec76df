"""Every key that a loader accepts, and every word that the simulated world uses, is described on its page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pyarrow.parquet as pq
import pytest

from amends import settings
from amends.count.datamap import load
from amends.count.datamap.folding import STEPS
from amends.count.datamap.model import Source
from amends.count.datamap.shapes import MOST_SIBLINGS
from amends.count.datamap.target import Folded, fold
from amends.count.evidence.settings import Reading
from amends.count.scope import ceilings, misuse
from amends.simulate import Variant, simulate
from amends.simulate.dirt import KINDS
from amends.simulate.truth import EXPECTED
from amends.simulate.variant import ATTACKERS, BOOKS_UNCHANGED, NOT_FASTER, UNMAPPED_GAVE_NOTHING, WINDOW_COVERS


def texts(node: ast.AST) -> Iterator[str]:
    return (part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str))


def parsed(module: ModuleType) -> ast.Module:
    return ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))


def keys_of_mappings(module: ModuleType) -> set[str]:
    """The keys that a loader of YAML names in `as_mapping(required=..., optional=...)`."""
    calls = [node for node in ast.walk(parsed(module)) if isinstance(node, ast.Call)]
    mappings = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "as_mapping"]
    return {text for call in mappings for keyword in call.keywords for text in texts(keyword.value)}


KEYS = {
    "docs/case.md": set(settings.CASE_KEYS),
    "docs/evidence.md": {field.name for field in fields(Reading)},
    "docs/datamap.md": keys_of_mappings(load) | set(Source),
    "docs/scope.md": keys_of_mappings(misuse)
    | set(ceilings.KEYS)
    | {"time", "endpoint", "status", *misuse.TEXT_COLUMNS, *misuse.HASH_COLUMNS},
    "docs/simulate.md": {field.name for field in fields(Variant)} | {kind.what for kind in KINDS} | {*ATTACKERS, *EXPECTED},
}


def test_the_keys_are_found_in_the_loaders() -> None:
    assert {"company", "window", "at_rest"} <= KEYS["docs/case.md"]
    assert {"version", "population", "discloses", "min_sent", "join", "as_of", "most"} <= KEYS["docs/datamap.md"]
    assert {"author", "except", "prefix", "sha256"} <= KEYS["docs/scope.md"]


@pytest.mark.parametrize("page", KEYS)
def test_every_key_and_word_is_described_on_its_page(page: str, code: dict[str, str]) -> None:
    assert [key for key in sorted(KEYS[page]) if not re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", code[page])] == []


def test_the_steps_of_folding_are_described_in_their_order_with_examples_that_are_true(pages: dict[str, str]) -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \| `([^`]+)` \|", pages["docs/datamap.md"], re.MULTILINE)

    assert [name for name, *_ in rows] == [step.name for step in STEPS]
    for name, given, path in rows:
        assert fold(given) == Folded(path, None, (name,))


def test_the_limits_of_shapes_are_described(pages: dict[str, str]) -> None:
    assert f"more than {MOST_SIBLINGS} stand in one place" in pages["docs/datamap.md"]


def test_every_column_of_the_simulated_truth_is_described(tmp_path: Path, pages: dict[str, str]) -> None:
    world = simulate(tmp_path / "world", members=500, lines=5_000, seed=1)

    columns = {name for path in world.truth.glob("*.parquet") for name in pq.read_schema(path).names}

    assert [name for name in sorted(columns) if f"`{name}`" not in pages["docs/simulate.md"]] == []


def test_every_assumption_of_the_simulated_world_is_named_in_its_words(pages: dict[str, str]) -> None:
    text = " ".join(pages["docs/simulate.md"].split())

    assert all(f'"{words}"' in text for words in (NOT_FASTER, WINDOW_COVERS, UNMAPPED_GAVE_NOTHING, BOOKS_UNCHANGED))
