"""Links between pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_every_relative_link_leads_to_a_file(root: Path, pages: dict[str, str]) -> None:
    links = [(name, link) for name, page in pages.items() for link in LINK.findall(page) if "://" not in link]

    assert [(name, link) for name, link in links if not ((root / name).parent / link).exists()] == []


def test_every_page_but_a_decision_is_named_on_another(root: Path, pages: dict[str, str]) -> None:
    texts = pages | {"CONTRIBUTING.md": (root / "CONTRIBUTING.md").read_text(encoding="utf-8")}
    docs = [name for name in pages if Path(name).parent.name == "docs"]

    named = {name for name in docs for other, text in texts.items() if other != name and Path(name).name in text}

    assert sorted(set(docs) - named) == []
