from __future__ import annotations

import os
from pathlib import Path

import pytest

from amends.cli.frame import main


@pytest.mark.parametrize("out", ["", ".", ".."])
def test_a_folder_is_no_place_for_a_page(make_case, run, out):
    status, told = run("report", make_case(), "--out", out, "--force")

    assert (status, told["errors"][0]["code"]) == (2, "CLI-008")


def test_a_pipe_or_a_device_is_never_replaced(make_case, run, tmp_path):
    case, pipe = make_case(), tmp_path / "pipe"
    os.mkfifo(pipe)

    status, told = run("report", case, "--out", pipe, "--force")

    assert (status, told["errors"][0]["code"]) == (2, "CLI-008")
    assert pipe.is_fifo()


def test_a_page_is_replaced_by_force_only_but_for_the_same_once_more(make_case, tmp_path, capsys):
    case, page = make_case(), tmp_path / "page.html"

    assert main(["report", str(case), "--out", str(page)]) == 0
    written = Path(page).read_bytes()
    assert main(["report", str(case), "--out", str(page)]) == 0
    page.write_text("mine")
    assert main(["report", str(case), "--out", str(page)]) == 2
    assert "CLI-005" in capsys.readouterr().err
    assert main(["report", str(case), "--out", str(page), "--force"]) == 0
    assert page.read_bytes() == written
