"""How evidence is read: what a block of amends.toml may say, and which block a file has."""

from __future__ import annotations

from pathlib import PurePath

import pytest

from amends.case import Case, open_case
from amends.count.evidence.errors import BAD_BLOCK
from amends.count.evidence.settings import Reading, evidence_blocks, reading_for
from amends.errors import InputError


def blocks(case: Case, text: str) -> list[Reading]:
    """The blocks of amends.toml with this text in front of its table [case]."""
    case.settings_file.write_text(text + "\n" + case.settings_file.read_text("utf-8"), "utf-8")
    return evidence_blocks(open_case(case.path))


@pytest.mark.parametrize(
    "text",
    [
        "evidence = 3",
        "evidence = [3]",
        "[evidence]\nmach = 'a'",
        "[[evidence]]\nprincipal = 5",
        "[[evidence]]\nprincipal = {tok = 1}",
        "[[evidence]]\nprincipal = [[]]",
        "[[evidence]]\ncolumns = 5",
        "[[evidence]]\ncolumns = {time = 5}",
        "[[evidence]]\nmatch = 5",
        "[[evidence]]\nlayer = 'cellar'",
        "[[evidence]]\ntime_is = 'middle'",
        "[[evidence]]\nwrapper = 'paper'",
        "[[evidence]]\nzone = 'Asia'",
        "[[evidence]]\nzone = 'localtime'",
    ],
)
def test_a_block_that_means_nothing_is_told_with_its_place(case, text):
    with pytest.raises(InputError) as refused:
        blocks(case, text)

    assert refused.value.code is BAD_BLOCK
    assert "amends.toml" in str(refused.value.findings[0].at)


@pytest.mark.parametrize("name", ["[a]*.log", "what?.log", "[.log", "logs/[a].log"])
def test_a_block_matches_the_file_that_it_names_letter_by_letter(name):
    (reading,) = [Reading(match=name, server="web-1")]

    assert reading_for(PurePath("var/" + name), [reading]).server == "web-1"
    assert reading_for(PurePath("var/other.txt"), [reading]).server is None
