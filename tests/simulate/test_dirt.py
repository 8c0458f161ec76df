"""Every planted line is where the truth says, is what it says, and no other line is dirty."""

from __future__ import annotations

import pytest

from amends.simulate.dirt import KINDS

VARIANTS = ({}, {"dirty": 0.05, "seed": 8}, {"weeks": 2, "seed": 9, "overlong_bytes": 16 * 1024 * 1024 + 1})


@pytest.fixture(params=VARIANTS, ids=str)
def varied(request, make_world):
    return make_world(**request.param)


def test_planted_rejects_cannot_be_read_and_planted_events_can(varied, logs_of, truth_of, event_of):
    logs = logs_of(varied)
    for row in truth_of(varied, "planted"):
        event = event_of(row["file"], logs[row["file"]][row["line"] - 1])
        assert (event is None) == row["expected"].startswith("reject:"), row


def test_every_line_that_cannot_be_read_was_planted(varied, logs_of, truth_of, event_of):
    planted = {(row["file"], row["line"]) for row in truth_of(varied, "planted") if row["expected"].startswith("reject:")}
    unreadable = {
        (file, number)
        for file, lines in logs_of(varied).items()
        for number, line in enumerate(lines, 1)
        if event_of(file, line) is None
    }

    assert unreadable == planted


def test_each_kind_of_dirt_stands_in_a_small_world(world, truth_of):
    kinds = {row["what"] for row in truth_of(world, "planted")}

    assert kinds >= {kind.what for kind in KINDS} | {"overlap", "torn-end", "retry-over-rotation"}


def test_no_line_is_planted_twice(varied, truth_of):
    places = [(row["file"], row["line"]) for row in truth_of(varied, "planted")]

    assert len(places) == len(set(places))


def test_the_overlap_repeats_the_end_of_the_file_before(world, logs_of, truth_of):
    logs = logs_of(world)
    rows = [row for row in truth_of(world, "planted") if row["expected"] == "repeat"]
    (file,) = {row["file"] for row in rows}
    number = int(file.split(".log.")[1].removesuffix(".gz"))
    (before,) = [lines for name, lines in logs.items() if name.startswith(f"logs/web-2/access.log.{number + 1}")]

    assert [row["line"] for row in rows] == list(range(1, 41))
    assert logs[file][:40] == before[-40:]
    assert logs[file][40] != before[-40]


def test_a_retry_over_a_rotation_is_one_equal_line_at_the_seam(world, logs_of, truth_of):
    logs = logs_of(world)
    (row,) = [row for row in truth_of(world, "planted") if row["what"] == "retry-over-rotation"]
    number = int(row["file"].split(".log.")[1].removesuffix(".gz")) if ".log." in row["file"] else 0
    (before,) = [lines for name, lines in logs.items() if name.startswith(f"logs/web-2/access.log.{number + 1}")]

    assert row["line"] == 1
    assert logs[row["file"]][0] == before[-1]
    assert logs[row["file"]][1] not in before


def test_an_honest_retry_has_an_equal_line_in_its_own_file(make_world, logs_of, truth_of):
    world = make_world(lines=30_000)
    logs = logs_of(world)
    rows = [row for row in truth_of(world, "planted") if row["what"] == "retry"]

    assert rows
    for row in rows:
        assert logs[row["file"]].count(logs[row["file"]][row["line"] - 1]) >= 2


def test_the_newest_file_of_the_first_web_server_ends_inside_a_line(world, truth_of):
    (row,) = [row for row in truth_of(world, "planted") if row["what"] == "torn-end"]

    assert row["file"] == "logs/web-1/access.log"
    assert not (world.path / row["file"]).read_bytes().endswith(b"\n")


def test_each_kind_is_what_its_name_says(varied, logs_of, truth_of):
    logs = logs_of(varied)
    signs = {
        "nul": lambda line: b"\0" in line,
        "after-nuls": lambda line: line.startswith(b"\0" * 300),
        "not-utf8": lambda line: b"\xc7\xd1" in line,
        "empty": lambda line: line == b"",
        "30-february": lambda line: b"30/Feb/2026" in line or b"2026-02-30" in line,
        "glued": lambda line: line.count(b"HTTP/1.1") == 2 or line.count(b"@timestamp") == 2,
        "tls-bytes": lambda line: b'"\\x16\\x03\\x01' in line and b" 400 " in line,
        "no-request": lambda line: b'"-" 400 ' in line,
        "long-request": lambda line: len(line) > 70_000 and b" 414 " in line,
        "carriage-return": lambda line: line.endswith(b"\r"),
        "overlong": lambda line: len(line) > 16 * 1024 * 1024,
        "other-format": lambda line: b"[error]" in line,
        "spaced-user": lambda line: b" - kim min [" in line,
        "escaped-quote": lambda line: b'\\"' in line or b"\\x22" in line,
    }
    met = set()
    for row in truth_of(varied, "planted"):
        if row["what"] in signs:
            assert signs[row["what"]](logs[row["file"]][row["line"] - 1]), row
            met.add(row["what"])

    assert met >= signs.keys() - {"overlong"}


def test_a_world_without_dirt_has_none(make_world, logs_of, event_of, truth_of):
    world = make_world(dirty=0.0, torn=False, overlap=0, unread=0)

    assert all(event_of(file, line) for file, lines in logs_of(world).items() for line in lines)
    assert {row["expected"] for row in truth_of(world, "planted")} == {"event"}
