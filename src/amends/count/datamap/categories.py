"""Data categories: which keys a field may have.

Source: the default taxonomy of fideslang, whose keys stand in `categories.txt`. A case declares a category of its own by naming
a child of a known one; a slip of the pen looks the same, so whoever checks a map is shown them, and the key that is near.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

KEY = re.compile(r"user(\.[a-z][a-z0-9_]*)+", re.ASCII)
ROOT = "user"
NEAR = 0.75  # of difflib's ratio: two letters exchanged in a word of four, `nmae`


@dataclass(frozen=True, slots=True)
class OwnField:
    """A field of the case's own, and the key of the taxonomy beside it that is spelt nearly so."""

    key: str
    near: str | None

    def as_json(self) -> dict[str, object]:
        return {"field": self.key, "near": self.near}


@cache
def known_categories() -> frozenset[str]:
    lines = (Path(__file__).parent / "categories.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def is_category(key: str) -> bool:
    """A key of the taxonomy, or a child of one; a new child of `user` itself is most likely a slip of the pen."""
    if not KEY.fullmatch(key):
        return False
    parent = key.rpartition(".")[0]
    return key in known_categories() or (parent != ROOT and parent in known_categories())


def own_fields(keys: Iterable[str]) -> Iterator[OwnField]:
    """Those that are not in the taxonomy; near is only what has the same parent."""
    for key in keys:
        if key not in known_categories():
            parent = key.rpartition(".")[0]
            yield OwnField(key, nearest(key, among=(known for known in known_categories() if known.rpartition(".")[0] == parent)))


def nearest(key: str, *, among: Iterable[str] | None = None) -> str | None:
    """The key of the taxonomy whose last word is spelt nearly as this one's."""
    by_word = {known.rpartition(".")[2]: known for known in sorted(known_categories() if among is None else among)}
    found = get_close_matches(key.rpartition(".")[2], by_word, n=1, cutoff=NEAR)
    return by_word[found[0]] if found else None
