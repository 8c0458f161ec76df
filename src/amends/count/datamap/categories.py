"""Data categories: which keys a field may have.

Source: the default taxonomy of fideslang, whose keys stand in `categories.txt`. A case's own category is a child of a known one.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

KEY = re.compile(r"user(\.[a-z][a-z0-9_]*)+", re.ASCII)
ROOT = "user"


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
