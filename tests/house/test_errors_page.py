"""Each code stands once, is described in docs/errors.md, and is met by a test."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from make_errors_page import PAGE, NotReadable, codes, page


def test_each_code_is_given_to_one_error():
    assert [id_ for id_, times in Counter(entry.id for entry in codes()).items() if times > 1] == []


def test_the_page_of_errors_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(codes()), "run make docs"


def test_each_code_is_met_by_a_test(root: Path):
    words = {
        word for path in (root / "tests").rglob("*.py") for word in re.findall(r"[A-Z]{3}-\d{3}|\w+", path.read_text("utf-8"))
    }

    assert [f"{entry.id} {entry.constant}" for entry in codes() if not {entry.id, entry.constant} & words] == []


def test_each_code_says_what_is_wrong_and_what_to_do_next():
    assert [entry.id for entry in codes() if not entry.meaning.strip() or not entry.next_step.strip()] == []


@pytest.mark.parametrize(
    "name,text",
    [
        ("reader.py", 'BAD = Code("XYZ-1" "00", "bad", "mend it")'),
        ("errors.py", 'raise Fault(Code("XYZ-1" "00", "bad", "mend it"))'),
        ("errors.py", 'BAD = Code("XYZ1", "bad", "mend it")'),
        ("errors.py", 'BAD = Code("XYZ-1" "00", meaning, "mend it")'),
        ("errors.py", 'BAD = Code("XYZ-1" "00", "bad")'),
    ],
)
def test_a_code_that_cannot_be_listed_is_refused(tmp_path: Path, name: str, text: str):
    (tmp_path / name).write_text(text)

    with pytest.raises(NotReadable):
        codes(tmp_path)
