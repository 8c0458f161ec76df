"""What a world is made of: files as servers leave them, the same for the same arguments."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import re
import tomllib
from pathlib import Path

import pytest

from amends.errors import InputError
from amends.settings import parse_settings
from amends.simulate import Variant, World, simulate
from amends.simulate.errors import BAD_SIZE, BAD_VARIANT, NOT_A_WORLD, OUT_NOT_EMPTY, UNKNOWN_ATTACKER

VARIANTS = (
    {"weeks": 2},
    {"weeks": 1, "servers": ("web-1",)},
    {"weeks": 3, "servers": ("web-1", "web-2", "web-3", "api-1")},
    {"gap": "hurry", "rotate_days": 1, "weeks": 2},
    {"dirty": 0.1},
    {"dirty": 0.0, "torn": False, "overlap": 0, "missing": None},
    {"missing": "oldest"},
)


def hashes(world: World) -> dict[str, str]:
    files = sorted(path for path in world.path.rglob("*") if path.is_file())
    return {str(path.relative_to(world.path)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_arguments_give_the_same_bytes(world, tmp_path):
    again = simulate(tmp_path / "again", members=500, lines=5_000, seed=1)

    assert hashes(again) == hashes(world)


def test_the_bytes_are_those_that_every_machine_gives(world):
    """If this known answer changes, worlds are no longer those of the versions before: say so in the change log."""
    plain = hashlib.sha256()
    for path in sorted(world.logs.rglob("*")):
        if path.is_file():
            plain.update(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())

    assert plain.hexdigest() == "b28d6e2acb835995847cb5fb609c35337ec278e4e6410802dbbe47ed4236ba52"


def test_another_seed_gives_another_world(world, make_world):
    one, two = (
        {hash for name, hash in hashes(made).items() if name.startswith(("logs/", "lookups/", "truth/"))}
        for made in (world, make_world(seed=2))
    )

    assert one & two == set()


@pytest.mark.parametrize("variant", [{}, *VARIANTS])
def test_the_logs_have_as_many_lines_as_asked_within_one_percent(make_world, logs_of, variant):
    world = make_world(**variant)

    counted = sum(len(lines) for lines in logs_of(world).values())

    assert counted == world.lines
    assert abs(counted - 5_000) <= 50


def test_older_files_are_gzip_without_a_time_and_the_newest_two_are_plain(world):
    for folder in world.logs.iterdir():
        for path in folder.iterdir():
            back = int(found[1]) if (found := re.search(r"\.(\d+)(\.gz)?$", path.name)) else 0
            assert (path.suffix == ".gz") == (back >= 2), path.name
            if path.suffix == ".gz":
                assert path.read_bytes()[:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"  # RFC 1952: no name, MTIME 0


def test_one_file_of_the_first_web_server_is_gone(world):
    truth = json.loads((world.truth / "truth.json").read_text())
    (missing,) = truth["missing"]

    assert missing["server"] == "web-1"
    assert not list((world.logs / "web-1").glob(f"access.log.{missing['number']}*"))
    assert list((world.logs / "web-1").glob(f"access.log.{missing['number'] + 1}*"))
    assert list((world.logs / "web-1").glob(f"access.log.{missing['number'] - 1}*"))


def test_lines_stand_in_order_of_time(world, logs_of, event_of, truth_of):
    planted = {(row["file"], row["line"]) for row in truth_of(world, "planted")}
    for file, lines in logs_of(world).items():
        events = (event_of(file, line) for number, line in enumerate(lines, 1) if (file, number) not in planted)
        times = [event["time"] for event in events]
        assert times == sorted(times), file


def test_the_case_can_be_opened_and_its_blocks_name_every_server(world):
    text = (world.case / "amends.toml").read_text()
    settings = parse_settings(text)

    assert settings.window is not None
    assert {block["server"] for block in tomllib.loads(text)["evidence"]} == {folder.name for folder in world.logs.iterdir()}
    assert (world.case.stat().st_mode & 0o777, world.truth.stat().st_mode & 0o777) == (0o700, 0o700)


def test_tables_stand_beside_the_case_too(world):
    for path in world.lookups.iterdir():
        assert (world.case / "lookups" / path.name).read_bytes() == path.read_bytes()


def test_members_have_ids_without_leading_zeros_and_with_holes_up_to_eight_digits(make_world):
    world = make_world(members=200_000, lines=2_400, attackers=())

    ids = [int(line.split(",")[0]) for line in (world.lookups / "members.csv").read_text().splitlines()[1:]]

    assert ids == sorted(set(ids))
    assert {len(str(number)) for number in ids} >= {4, 7, 8}
    assert max(ids) - min(ids) > len(ids)


def test_a_world_without_attackers_has_no_misuse_and_no_disclosure(make_world, truth_of):
    world = make_world(attackers=())

    assert (world.case / "misuse.yaml").read_text() == "[]\n"
    assert (truth_of(world, "disclosures"), truth_of(world, "misuse")) == ([], [])
    assert dict(world.subjects) == {"account": 0, "contact": 0}


def test_a_folder_that_holds_anything_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(InputError) as caught:
        simulate(tmp_path, members=500, lines=5_000)

    assert caught.value.code == OUT_NOT_EMPTY


def test_force_replaces_a_world_and_nothing_else(tmp_path):
    world = simulate(tmp_path / "out", members=500, lines=5_000)
    other = simulate(tmp_path / "out", members=600, lines=5_000, force=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")

    with pytest.raises(InputError) as caught:
        simulate(tmp_path / "mine", members=500, lines=5_000, force=True)

    assert world.path == other.path
    assert len((other.lookups / "members.csv").read_text().splitlines()) == 601
    assert caught.value.code == NOT_A_WORLD
    assert (tmp_path / "mine" / "notes.txt").read_text() == "mine"


def test_an_interrupted_run_leaves_nothing_and_an_old_world_whole(tmp_path):
    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    world = simulate(tmp_path / "out", members=500, lines=5_000)
    before = hashes(world)

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path / "out", members=600, lines=5_000, force=True, progress=interrupt)
    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path / "new", members=600, lines=5_000, progress=interrupt)

    assert hashes(world) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_a_killed_run_left_is_removed_and_what_a_running_one_has_is_not(tmp_path):
    dead, alive, other = (tmp_path / f"out.partial-{end}" for end in ("7", "8", "mine"))
    for folder in (dead, alive, other):
        folder.mkdir()
    held = os.open(alive, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)

    simulate(tmp_path / "out", members=500, lines=5_000)
    os.close(held)

    assert not dead.exists()
    assert alive.exists()
    assert other.exists()


@pytest.mark.parametrize("sizes", [{"members": 99}, {"lines": 100}, {"seed": -1}])
def test_a_size_that_makes_no_world_is_refused(tmp_path, sizes):
    with pytest.raises(InputError) as caught:
        simulate(tmp_path / "out", **sizes)

    assert caught.value.code == BAD_SIZE
    assert not list(tmp_path.iterdir())


def test_an_unknown_attacker_is_refused(tmp_path):
    with pytest.raises(InputError) as caught:
        simulate(tmp_path / "out", attackers=("fast", "furious"))

    assert caught.value.code == UNKNOWN_ATTACKER


@pytest.mark.parametrize(
    "variant",
    [
        {"weeks": 0},
        {"servers": ("api-1",)},
        {"servers": ("web-1", "web-1")},
        {"servers": ("web-1", "mail-1")},
        {"gap": "hurry", "missing": None},
        {"rotate_days": 28},
        {"overlap": 1},
        {"dirty": 0.5},
        {"unread": -1},
        {"unlogged_days": 90, "before_window_days": 20},
        {"overlong_bytes": -1},
    ],
)
def test_a_variant_that_contradicts_itself_is_refused(tmp_path: Path, variant):
    with pytest.raises(InputError) as caught:
        simulate(tmp_path / "out", variant=Variant(**variant))

    assert caught.value.code == BAD_VARIANT
