from __future__ import annotations

import io
import sys

import pytest


@pytest.fixture
def stdin(monkeypatch):
    def given(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return given


def test_a_kind_that_the_map_does_not_declare_is_refused_with_those_that_it_does(make_case, run):
    status, told = run("who", make_case(), "1", "--kind", "acount")

    assert (status, told["errors"][0]["code"], told["errors"][0]["expected"]) == (2, "MAP-004", "one of account")


def test_an_id_that_is_not_text_is_refused(make_case, run):
    status, told = run("who", make_case(), "\udcff")

    assert (status, told["errors"][0]["code"]) == (2, "CLI-001")


def test_ids_come_from_standard_input_one_a_line(make_case, run, stdin):
    stdin(b"\xef\xbb\xbf1\r\n\n7\n")

    status, told = run("who", make_case(), "-")

    assert status == 0
    assert [(one["subject"], len(one["views"])) for one in told["subjects"]] == [("1", 1), ("7", 0)]


def test_a_list_that_is_not_text_is_told_with_its_line(make_case, run, stdin):
    stdin(b"1\n\xff\xfe\n")

    status, told = run("who", make_case(), "-")

    assert (status, told["errors"][0]["code"], told["errors"][0]["line"]) == (3, "CLI-007", 2)
