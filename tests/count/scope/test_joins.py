"""Tables beside the logs: read as RFC 4180 says, with nothing guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from amends.count.scope.joins import read_table
from amends.engine import Engine, Query


@pytest.mark.parametrize(
    "text, rows",
    [
        ("id,name\n" + '1;2;3,"a;b"\n' * 50, [("1;2;3", "a;b")] * 50),
        ("id,name\n#5,#\n", [("#5", "#")]),
        ('id,name\n007,"say ""no"", then\ngo"\n', [("007", 'say "no", then\ngo')]),
        ("id,name\n", []),
    ],
)
def test_a_table_is_never_taken_for_another_form(tmp_path: Path, engine: Engine, text: str, rows: list[tuple[str, str]]) -> None:
    (tmp_path / "table.csv").write_text(text, encoding="utf-8")

    table = read_table(tmp_path / "table.csv", named="table.csv")

    found = engine.rows(Query(columns={"id": "VARCHAR", "name": "VARCHAR"}, sql=f"select id, name from {table}"))
    assert [(row["id"], row["name"]) for row in found] == rows
