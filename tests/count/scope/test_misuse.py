"""misuse.yaml: what it may say, and what it must not."""

from __future__ import annotations

import pytest

from amends.case import Case, keyed_hash
from amends.count.datamap.load import parse
from amends.count.datamap.model import DataMap
from amends.count.scope.errors import (
    BAD_CONDITION,
    BAD_LIST,
    NO_CLEAR_PRINCIPALS,
    NO_MISUSE,
    SELECTOR_TWICE,
)
from amends.count.scope.misuse import Misuse, parse_misuse, read_misuse
from amends.errors import BAD_VALUE, MISSING_KEY, UNKNOWN_KEY, InputError

MAP = b"""
version: 1
subjects: {account: {label: {en: a}}}
endpoints:
  - {id: profile, request: 'GET /p/{id}', discloses: [{subject: account, key: path.id, fields: [user.name]}]}
"""
HEAD = "- {id: one, author: a, at: 2026-03-02T00:00:00Z, reason: r, where: "


@pytest.fixture
def map(case: Case) -> DataMap:
    return parse(MAP, folder=case.path)


def read(text: str, *, map: DataMap, case: Case) -> Misuse:
    return parse_misuse(text.encode(), map=map, case=case)


def test_a_principal_may_be_given_in_clear_or_by_its_hash(case: Case, map: DataMap):
    hashed = keyed_hash(case.key(), "tok").hex()

    in_clear = read(HEAD + "{principal: [tok]}}", map=map, case=case)
    by_hash = read(HEAD + f"{{principal: hmac {hashed}}}}}", map=map, case=case)

    assert in_clear.selectors[0].where.all[0].values == by_hash.selectors[0].where.all[0].values == (hashed,)


def test_a_principal_in_clear_needs_the_key(case: Case, map: DataMap):
    (case.secrets / "hmac.key").unlink()

    with pytest.raises(InputError) as error:
        read(HEAD + "{principal: [tok]}}", map=map, case=case)

    assert error.value.code is NO_CLEAR_PRINCIPALS
    assert "tok" not in str(error.value).replace("tokens", "")


def test_a_list_file_is_part_of_the_hash_by_its_bytes(case: Case, map: DataMap):
    (case.path / "list.txt").write_text("203.0.113.7\r\n\n203.0.113.8\n")
    first = read(HEAD + "{client: {file: list.txt}}}", map=map, case=case)
    (case.path / "list.txt").write_text("203.0.113.7\n")

    second = read(HEAD + "{client: {file: list.txt}}}", map=map, case=case)

    assert first.selectors[0].where.all[0].values == ("203.0.113.7", "203.0.113.8")
    assert first.sha256 != second.sha256


def test_comments_and_layout_do_not_change_the_hash(case: Case, map: DataMap):
    plain = read(HEAD + "{client: [203.0.113.7, 203.0.113.8]}}", map=map, case=case)
    other = read("# why\n" + HEAD + "{client: [203.0.113.8, 203.0.113.7]}}\n", map=map, case=case)

    assert plain.sha256 == other.sha256


@pytest.mark.parametrize(
    "where,code",
    [
        ("{endpoint: [nothing]}", BAD_CONDITION),
        ("{status: ['20']}", BAD_CONDITION),
        ("{client: [203.0.113.0/40]}", BAD_CONDITION),
        ("{sent: ['3']}", BAD_CONDITION),
        ("{client: []}", BAD_CONDITION),
        ("{agent: {prefix: Moz}}", BAD_CONDITION),
        ("{client: {file: missing.txt}}", BAD_LIST),
        ("{client: {file: ../outside.txt}}", BAD_LIST),
        ("{client: {file: empty.txt}}", BAD_LIST),
        ("{client: {file: latin.txt}}", BAD_LIST),
        ("{time: {from: 2026-03-01}}", BAD_VALUE),
        ("{time: {from: 2026-03-02T00:00:00Z, to: 2026-03-01T00:00:00Z}}", BAD_VALUE),
        ("{time: {}}", BAD_VALUE),
        ("{}", BAD_VALUE),
        ("{time: {since: 2026-03-02T00:00:00Z}}", UNKNOWN_KEY),
    ],
)
def test_a_condition_that_cannot_be_used_is_told_with_its_place(case: Case, map: DataMap, where: str, code: object):
    (case.path / "empty.txt").write_text("\n \n")
    (case.path / "latin.txt").write_bytes(b"\xff\n")

    with pytest.raises(InputError) as error:
        read(HEAD + where + "}", map=map, case=case)

    assert error.value.code is code
    assert error.value.findings[0].at is not None
    assert error.value.findings[0].at.line == 1


def test_all_faults_are_told_at_once(case: Case, map: DataMap):
    text = "- {id: one, author: a, at: never, where: {status: ['9']}}\n" + HEAD + "{client: [203.0.113.7]}}\n"

    with pytest.raises(InputError) as error:
        read(text, map=map, case=case)

    assert {finding.code for finding in error.value.findings} == {MISSING_KEY, BAD_VALUE, BAD_CONDITION, SELECTOR_TWICE}


def test_a_case_without_a_selection_says_how_to_write_one(case: Case, map: DataMap):
    with pytest.raises(InputError) as error:
        read_misuse(case, map)

    assert error.value.code is NO_MISUSE
