"""Statements beside the evidence: what ingest would never write is told, and never read."""

from __future__ import annotations

import json

import pytest

from amends.count.evidence.errors import BAD_BLOCK, BAD_STATEMENT
from amends.count.evidence.store import statements
from amends.errors import InputError


@pytest.mark.parametrize(
    "changed, code",
    [
        ({"size": "7"}, BAD_STATEMENT),
        ({"in_place": 7}, BAD_STATEMENT),
        ({"sightings": []}, BAD_STATEMENT),
        ({"sightings": [{"path": 7, "name": "a", "modified_at": None, "taken_at": "2026-01-01T00:00:00Z"}]}, BAD_STATEMENT),
        ({"sightings": [{"path": "a", "name": "a", "modified_at": "then", "taken_at": "now"}]}, BAD_STATEMENT),
        ({"settings": []}, BAD_STATEMENT),
        ({"settings": {"server": "\udcff"}}, BAD_STATEMENT),
        ({"settings": {"colour": "red"}}, BAD_BLOCK),
        ({"settings": {"principal": 7}}, BAD_BLOCK),
        ({"more": 1}, BAD_STATEMENT),
    ],
    ids=str,
)
def test_a_statement_that_ingest_never_wrote_is_told_with_its_file(case, take, line, changed, code):
    source = take({"access.log": line(0)}).sources[0]
    file = case.evidence / f"{source.sha256}.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | changed), "utf-8")

    with pytest.raises(InputError) as refused:
        statements(case)

    assert refused.value.code is code
    assert str(file) in str(refused.value.findings[0].at)


def test_a_statement_nested_without_end_is_told(case, take, line):
    source = take({"access.log": line(0)}).sources[0]
    (case.evidence / f"{source.sha256}.json").write_text("[" * 100_000, "utf-8")

    with pytest.raises(InputError) as refused:
        statements(case)

    assert refused.value.code is BAD_STATEMENT
