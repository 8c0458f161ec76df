from __future__ import annotations

import pytest

from amends.cli.frame import main


@pytest.mark.parametrize(
    "name, sibling",
    [
        ("case[1]", "case1"),
        ("c*", "case"),
        ("c?", "cx"),
        ("[!a]", "b"),
        ("{a,b}", "a"),
        ("time=2020-01-01", "other"),
        ("client=203.0.113.9", "other"),
        ("id=1", "other"),
        ("-case", "other"),
        ("c'a\"s\ne", "other"),
    ],
)
def test_the_name_of_a_case_is_no_pattern_and_no_column(make_case, run, tmp_path, name, sibling):
    make_case(tmp_path / sibling, members=20)
    case = make_case(tmp_path / name)

    status, told = run("scope", case)

    assert status == 0
    assert (told["units"]["accounts"]["confirmed"], told["units"]["accounts"]["ceiling"]) == (3, 9)


@pytest.mark.parametrize("verb", ["new", "ingest", "scope"])
def test_a_case_whose_name_is_not_text_is_refused_with_the_way_out(tmp_path, capsys, verb):
    words = {"new": ["--company", "Shop", "--tz", "UTC"], "ingest": [], "scope": []}[verb]

    assert main([verb, str(tmp_path / "c\udcffe"), *words]) == 3

    assert "CAS-009" in capsys.readouterr().err


def test_an_export_replaces_no_folder(make_case, run, tmp_path):
    (tmp_path / "out.csv").mkdir()

    status, told = run("scope", make_case(), "--export", tmp_path / "out.csv", "--force")

    assert (status, told["errors"][0]["code"]) == (2, "CLI-008")
