"""amends simulate on the command line."""

from __future__ import annotations

import json

from amends.cli import main


def test_json_says_where_the_world_stands_and_what_it_holds(tmp_path, capsys):
    status = main(["simulate", str(tmp_path / "out"), "--members", "300", "--lines", "3000", "--weeks", "2", "--json"])

    answer = json.loads(capsys.readouterr().out)
    assert status == 0
    assert abs(answer["lines"] - 3_000) <= 30
    assert answer["subjects"]["account"] > 0
    assert (tmp_path / "out" / "logs" / "web-1" / "access.log").is_file()


def test_text_names_the_next_command(tmp_path, capsys):
    status = main(
        ["simulate", str(tmp_path / "out"), "--members", "300", "--lines", "3000", "--weeks", "2", "--attackers", "none"]
    )

    text = capsys.readouterr().out
    assert status == 0
    assert "0 accounts, 0 contacts" in text
    assert "amends ingest CASE" in text


def test_a_folder_in_use_ends_with_status_3_and_stays(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")

    status = main(["simulate", str(tmp_path)])

    assert status == 3
    assert "SIM-001" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
