"""Credentials in clear: the same rows in the same order, however few of them fit into memory, and nothing beside the file."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.case import keyed_hashes
from amends.count.evidence import clear_forms
from amends.count.evidence.clear_forms import ClearForms

KEY = b"k" * 32


def add(forms: ClearForms, kind: str, texts: list[str]) -> None:
    forms.add(np.frombuffer(b"".join(keyed_hashes(KEY, [text.encode() for text in texts])), "V16"), kind, pa.array(texts))


def rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


@pytest.mark.parametrize("most", [3, 10_000])
def test_rows_are_distinct_and_sorted_and_the_file_is_the_owners_alone(tmp_path: Path, monkeypatch: Any, most: int) -> None:
    monkeypatch.setattr(clear_forms, "MOST_WAITING", most)
    forms = ClearForms(tmp_path / "principals" / "x.parquet")
    for _ in range(2):
        add(forms, "tok", ["c", "a", "b"])
        add(forms, "address", ["a", "203.0.113.7"])

    forms.write()

    found = rows(tmp_path / "principals" / "x.parquet")
    assert len(found) == 5
    assert found == sorted(found, key=lambda row: (row["hash"], row["kind"], row["clear"]))
    assert [file.name for file in (tmp_path / "principals").iterdir()] == ["x.parquet"]
    assert stat.S_IMODE((tmp_path / "principals" / "x.parquet").stat().st_mode) == 0o600


@given(batches=st.lists(st.lists(st.text(max_size=3).filter(str.isprintable), min_size=1, max_size=5), max_size=6))
def test_what_was_set_aside_gives_the_same_rows(tmp_path_factory: pytest.TempPathFactory, batches: list[list[str]]) -> None:
    found = []
    for most in (1, 10_000):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(clear_forms, "MOST_WAITING", most)
            path = tmp_path_factory.mktemp("forms") / "x.parquet"
            forms = ClearForms(path)
            for texts in batches:
                add(forms, "tok", texts)
            forms.write()
            found.append(rows(path))

    assert found[0] == found[1]


def test_a_source_that_could_not_be_read_leaves_nothing_in_clear(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(clear_forms, "MOST_WAITING", 1)
    forms = ClearForms(tmp_path / "x.parquet")
    add(forms, "tok", ["a", "b", "c"])

    forms.discard()

    assert list(tmp_path.iterdir()) == []
