from __future__ import annotations

import pytest

from amends.cli.frame import main

GOOD = {"--company": "Shop", "--tz": "Asia/Seoul", "--at-rest": "nowhere"}


@pytest.mark.parametrize(
    "given",
    [
        {"--company": " "},
        {"--company": "\udcff"},
        {"--tz": ""},
        {"--tz": "Asia"},
        {"--tz": "localtime"},
        {"--at-rest": "\udcff"},
        {"--from": "2026-01-01T00:00:00Z"},
        {"--from": "2026-01-02T00:00:00Z", "--to": "2026-01-01T00:00:00Z"},
        {"--from": "2026-01-01T00:00:00Z", "--to": "2026-01-01T00:00:00Z"},
        {"--from": "2026-01-01T00:00:00", "--to": "2026-01-02T00:00:00"},
        {"--from": "0001-01-01T00:00:00+14:00", "--to": "2026-01-02T00:00:00Z"},
        {"--from": "yesterday", "--to": "today"},
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_before_the_folder_is_there(tmp_path, capsys, given):
    words = [word for pair in (GOOD | given).items() for word in pair]

    assert main(["new", str(tmp_path / "case"), *words]) in (2, 3)

    assert "expected" in capsys.readouterr().err
    assert not (tmp_path / "case").exists()
