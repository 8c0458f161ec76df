from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from amends.case import open_case
from amends.count.evidence.errors import (
    BAD_BLOCK,
    NO_SUCH_COLUMN,
    NO_ZONE,
    NOT_READABLE,
    NOTHING_TO_READ,
    UNFINISHED,
    UNKNOWN_FORMAT,
)
from amends.count.evidence.ingest import bytes_to_read, ingest
from amends.count.evidence.sources import begin, events_file, read_facts, rejects_file, sources
from amends.count.evidence.store import statements
from amends.errors import BAD_SETTINGS, CASE_LOCKED, AmendsError
from amends.record import queued

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def code_of(action) -> str:
    with pytest.raises(AmendsError) as caught:
        action()
    return caught.value.code.id


def tree(folder) -> dict[str, bytes]:
    """What can be made again from evidence and settings."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for name in ("evidence", "events", "rejects", "secrets/principals", "repeats.parquet", "sources.parquet")
        for file in ([folder / name] if (folder / name).is_file() else sorted((folder / name).rglob("*")))
        if file.is_file()
    }


def test_every_line_is_an_event_or_a_reject_and_the_balance_closes(take, line):
    done = take({"access.log": line(0) + line(1) + line(2) + b"junk\n\n" + line(3) + line(4) + line(5)[:20]})

    (source,) = done.sources
    assert (source.lines, source.events, source.rejects, source.repeats) == (8, 5, 3, 0)
    assert source.balance.closes
    assert sum(source.reasons.values()) == 3
    assert source.torn


def test_stored_bytes_are_those_of_the_file_and_read_only(case, take, line):
    done = take({"access.log": line(0)})

    stored = case.evidence / done.sources[0].sha256
    assert stored.read_bytes() == line(0)
    assert stat.S_IMODE(stored.stat().st_mode) == 0o400


def test_the_same_file_twice_is_told_and_not_counted(case, take, line):
    take({"access.log": line(0) + line(1)})
    before = tree(case.path)

    again = take({"access.log": line(0) + line(1)})

    assert (again.new, again.read, len(again.known)) == ((), (), 1)
    assert tree(case.path) == before
    assert len(queued(case)) == 1


def test_the_same_bytes_under_two_names_are_one_source_named_by_the_first_path_in_order(take, line):
    done = take({"b.log": line(0) + line(1), "a.log": line(0) + line(1)})

    assert [source.name for source in done.sources] == ["a.log"]
    assert done.files.closes


def test_an_entry_of_hashes_and_counts_is_queued_without_names(case, take, line):
    take({"kim.log": line(0)})

    (entry,) = queued(case)
    assert entry.type == "evidence"
    assert entry.body["case"] == {"lines": 1, "events": 1, "rejects": 0, "repeats": 0}
    assert "kim" not in json.dumps(entry.body)


def test_files_are_the_same_bytes_whatever_the_order_and_the_number_of_workers(tmp_path, line):
    from amends.case import create_case, write_atomically

    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(4):
        (logs / f"access.log.{number}").write_bytes(b"".join(line(1000 * number + second) for second in range(60)) + b"junk\n")
    orders = [([str(logs)], 1), ([str(logs / f"access.log.{number}") for number in (2, 0, 3, 1)], 2)]
    trees = []
    for number, (paths, workers) in enumerate(orders):
        case = create_case(tmp_path / f"case{number}", company="Shop", zone="UTC")
        write_atomically(case.secrets / "hmac.key", bytes(32))
        for path in paths:
            ingest(case, [path], now=NOW, workers=workers)
        trees.append(tree(case.path))

    assert trees[0] == trees[1]


def test_worker_processes_write_the_same_bytes_as_one_process(case, take, line, monkeypatch, tmp_path):
    from amends.count.evidence import workers

    files = {f"access.log.{number}": b"".join(line(1000 * number + second) for second in range(50)) for number in range(3)}
    take(files, workers=1)
    before = tree(case.path)
    for file in (*case.events.iterdir(), *case.rejects.iterdir()):
        file.unlink()
    monkeypatch.setattr(workers, "SMALL_BYTES", 0)

    ingest(case, [], now=NOW, workers=2)

    assert tree(case.path) == before


def test_a_changed_block_reads_its_sources_again_and_no_other(case, take, line):
    take({"web/access.log": line(0, user="u1"), "app/access.log": line(5)})
    with case.settings_file.open("a") as file:
        file.write('\n[[evidence]]\nmatch = "web/*"\nserver = "web-1"\naccount = "remote_user"\n')

    done = ingest(open_case(case.path), [], now=NOW)

    assert len(done.read) == 1
    by_name = {source.path.split("/")[-2]: source for source in done.sources}
    assert by_name["web"].server == "web-1"
    assert by_name["app"].server is None
    assert pq.read_table(events_file(case, by_name["web"].sha256)).column("account").to_pylist() == ["u1"]


def test_options_of_the_command_line_win_over_the_block_and_stay_with_the_source(case, take, line):
    with case.settings_file.open("a") as file:
        file.write('\n[[evidence]]\nmatch = "*"\nserver = "web-1"\n')
    case = open_case(case.path)
    take({"access.log": line(0)}, options={"server": "web-9", "principal": ["remote_user"]})

    done = ingest(case, [], now=NOW)

    assert (done.sources[0].server, done.read) == ("web-9", ())


def test_a_folder_is_walked_in_order_and_what_is_left_is_told(case, tmp_path, line):
    logs = tmp_path / "logs"
    (logs / "sub").mkdir(parents=True)
    (logs / "sub" / "access.log").write_bytes(line(0))
    (logs / ".hidden").write_bytes(b"x")
    (logs / "loop").symlink_to(logs)
    os.mkfifo(logs / "pipe")

    done = ingest(case, [str(logs)], now=NOW)

    assert {(left.path.rsplit("/", 1)[1], left.reason) for left in done.left} == {
        (".hidden", "hidden"),
        ("loop", "a link to a folder"),
        ("pipe", "not a regular file"),
    }
    assert done.files.closes


def test_the_case_itself_is_never_evidence(case, tmp_path, line):
    (tmp_path / "access.log").write_bytes(line(0))

    done = ingest(case, [str(tmp_path)], now=NOW)

    assert [source.name for source in done.sources] == ["access.log"]
    assert done.left[0].reason == "the case itself"


def test_standard_input_is_kept_even_in_place(case, line):
    done = ingest(case, ["-"], now=NOW, in_place=True, stdin=io.BytesIO(line(0)))

    assert done.sources[0].kept
    assert (case.evidence / done.sources[0].sha256).read_bytes() == line(0)


def test_a_file_left_in_place_is_read_from_there(case, take, line):
    done = take({"access.log": line(0)}, in_place=True)

    assert not done.sources[0].kept
    assert [file.suffix for file in case.evidence.iterdir()] == [".json"]
    assert done.sources[0].events == 1


def test_a_file_that_changed_in_place_is_refused_when_it_is_read_again(case, take, tmp_path, line):
    take({"access.log": line(0)}, in_place=True)
    (tmp_path / "logs" / "access.log").write_bytes(line(1))
    with case.settings_file.open("a") as file:
        file.write('\n[[evidence]]\nserver = "web-1"\n')

    assert code_of(lambda: ingest(open_case(case.path), [], now=NOW)) == "EVI-020"


def test_a_file_that_vanished_from_its_place_is_told(case, take, tmp_path, line):
    take({"access.log": line(0)}, in_place=True)
    (tmp_path / "logs" / "access.log").unlink()
    with case.settings_file.open("a") as file:
        file.write('\n[[evidence]]\nserver = "web-1"\n')

    assert code_of(lambda: ingest(open_case(case.path), [], now=NOW)) == "EVI-020"


def test_an_empty_file_is_a_source_without_lines(take):
    done = take({"access.log": b"", "empty.gz": gzip.compress(b"")})

    assert [(source.lines, source.format, source.fault) for source in done.sources] == [(0, None, None)] * 2


def test_a_cut_gz_gives_its_lines_and_its_fault(take, line):
    whole = gzip.compress(b"".join(line(second, target=f"/{second * 7919}") for second in range(5000)))

    done = take({"access.log.gz": whole[: len(whole) // 2]})

    assert done.sources[0].fault
    assert 0 < done.sources[0].events < 5000
    assert done.sources[0].balance.closes


def test_an_unknown_format_is_refused_before_anything_is_written(case, take, line):
    before = tree(case.path)

    code = code_of(lambda: take({"good.log": line(0), "bad.log": b"nothing of the kind\n"}))

    assert code == UNKNOWN_FORMAT.id
    assert tree(case.path) == before


def test_every_unknown_file_is_told_at_once(take, line):
    with pytest.raises(AmendsError) as caught:
        take({"one.log": b"nothing\n", "two.log": b"of the kind\n"})

    assert [finding.at.source.rsplit("/", 1)[1] for finding in caught.value.findings] == ["one.log", "two.log"]


def test_an_unknown_file_can_be_left_and_is_named(take, line):
    done = take({"good.log": line(0), "bad.log": b"nothing of the kind\n"}, leave_unknown=True)

    assert len(done.sources) == 1
    assert done.left[0].reason == "format not recognised"
    assert done.files.closes


def test_an_unknown_stream_leaves_no_evidence(case):
    code = code_of(lambda: ingest(case, ["-"], now=NOW, stdin=io.BytesIO(b"nothing of the kind\n")))

    assert code == UNKNOWN_FORMAT.id
    assert list(case.evidence.iterdir()) == []


def test_a_stamp_without_a_zone_asks_for_one(take):
    stamped = b'{"@timestamp": "2025-11-18T10:00:00", "url": {"original": "/"}}\n'

    assert code_of(lambda: take({"app.json": stamped})) == NO_ZONE.id
    assert take({"app.json": stamped}, options={"zone": "Asia/Seoul"}).sources[0].first == datetime(2025, 11, 18, 1, tzinfo=UTC)


def test_a_column_that_is_not_logged_is_told(take, line):
    assert code_of(lambda: take({"access.log": line(0)}, options={"principal": ["tok"]})) == NO_SUCH_COLUMN.id


def test_a_bad_option_is_told(take, line):
    assert code_of(lambda: take({"access.log": line(0)}, options={"layer": "cellar"})) == "EVI-001"


def test_a_socket_is_no_evidence(case, tmp_path):
    import socket

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))

        assert code_of(lambda: ingest(case, [str(tmp_path / "s")], now=NOW)) == NOT_READABLE.id


def test_an_empty_folder_is_told(case, tmp_path):
    (tmp_path / "logs").mkdir()

    assert code_of(lambda: ingest(case, [str(tmp_path / "logs")], now=NOW)) == NOTHING_TO_READ.id


def test_a_second_ingestion_waits_and_says_who_holds_the_case(case, tmp_path, line):
    (tmp_path / "access.log").write_bytes(line(0))
    with case.lock():
        code = code_of(lambda: ingest(case, [str(tmp_path / "access.log")], now=NOW, wait_seconds=0))

    assert code == CASE_LOCKED.id


def test_within_an_ingestion_no_room_counts(case, take, line):
    take({"access.log": line(0)})
    begin(case)

    assert code_of(lambda: sources(case)) == UNFINISHED.id
    ingest(case, [], now=NOW)
    assert len(sources(case)) == 1


def test_lost_events_are_made_again_from_the_stored_bytes(case, take, line):
    done = take({"access.log": line(0)})
    before = tree(case.path)
    events_file(case, done.sources[0].sha256).unlink()

    again = ingest(case, [], now=NOW)

    assert again.read == (done.sources[0].sha256,)
    assert tree(case.path) == before


def test_a_damaged_events_file_is_made_again(case, take, line):
    done = take({"access.log": line(0)})
    file = events_file(case, done.sources[0].sha256)
    file.write_bytes(file.read_bytes()[:-5])

    assert read_facts(case, done.sources[0].sha256) is None
    assert ingest(case, [], now=NOW).read == (done.sources[0].sha256,)


def test_rejects_keep_their_bytes_and_their_place(case, take, line):
    done = take({"access.log": line(0) + b"junk \xff\n" + line(1)})

    (row,) = pq.read_table(rejects_file(case, done.sources[0].sha256)).to_pylist()
    assert (row["line"], row["offset"], row["length"], row["raw"]) == (2, len(line(0)), 6, b"junk \xff")


def test_the_clear_form_of_principals_is_apart_and_for_its_owner_only(case, take, line):
    done = take({"access.log": line(0, user="secret-login")}, options={"principal": ["remote_user"]})

    clear = case.secrets / "principals" / f"{done.sources[0].sha256}.parquet"
    events = events_file(case, done.sources[0].sha256).read_bytes()
    assert pq.read_table(clear).column("clear").to_pylist() == ["secret-login"]
    assert stat.S_IMODE(clear.stat().st_mode) == 0o600
    assert b"secret-login" not in events


def test_a_file_name_that_is_not_utf8_is_taken(case, tmp_path, line):
    name = os.fsencode(str(tmp_path)) + b"/acc\xff.log"
    with open(name, "wb") as file:
        file.write(line(0))

    done = ingest(case, [os.fsdecode(name)], now=NOW)

    assert done.sources[0].name == "acc\\xff.log"


def test_bad_settings_are_told_before_anything_is_done(case, take, line):
    case.settings_file.write_text("[case\n")

    assert code_of(lambda: open_case(case.path)) == BAD_SETTINGS.id


def test_the_bytes_to_read_are_twice_those_of_the_files(case, tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a").write_bytes(b"12345")

    assert bytes_to_read(case, [str(tmp_path / "logs"), "-"]) == 10


def test_ingest_runs_where_a_statement_is_broken_only_to_say_so(case, take, line):
    done = take({"access.log": line(0)})
    (case.evidence / f"{done.sources[0].sha256}.json").write_text("{}")

    assert code_of(lambda: ingest(case, [], now=NOW)) == "EVI-026"


AS_NOBODY = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from amends.case import create_case
from amends.count.evidence.ingest import ingest
from amends.count.evidence.formats import formats
from amends.errors import AmendsError
formats()
if os.geteuid() == 0:
    os.chown(sys.argv[1], 65534, 65534)
    os.setgid(65534)
    os.setuid(65534)
case = create_case(Path(sys.argv[1]), company="Shop", zone="UTC")
try:
    ingest(case, [sys.argv[2]], now=datetime.now(UTC))
except AmendsError as error:
    print(error.code.id, len(list(case.evidence.iterdir())))
"""


@pytest.mark.parametrize("closed", ["folder", "file"])
def test_a_file_or_folder_without_rights_is_told_and_nothing_is_taken(line, closed):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "case").mkdir()
        (folder / "logs").mkdir()
        (folder / "logs" / "access.log").write_bytes(line(0))
        (folder / "logs" if closed == "folder" else folder / "logs" / "access.log").chmod(0)
        command = [sys.executable, "-c", AS_NOBODY, str(folder / "case"), str(folder / "logs")]

        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout

        (folder / "logs").chmod(0o700)
    assert told == "CAS-005 0\n"


def test_an_archive_stands_for_its_files_and_again_for_nothing(case, tmp_path, line):
    data = tmp_path / "logs.tgz"
    with tarfile.open(data, "w:gz") as archive:
        for name, text in (("web-1/access.log", line(0) + line(1)), ("web-1/.hidden", b"x"), ("web-2/access.log", line(2))):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(text), 1_760_000_000
            archive.addfile(entry, io.BytesIO(text))
    case.settings_file.write_text(case.settings_file.read_text() + '\n[[evidence]]\nmatch = "web-2/*"\nserver = "web-2"\n')
    case = open_case(case.path)

    done, again = (ingest(case, [str(data)], now=NOW) for _ in range(2))

    assert {source.path: (source.lines, source.events, source.server) for source in done.sources} == {
        f"{data}/web-1/access.log": (2, 2, None),
        f"{data}/web-2/access.log": (1, 1, "web-2"),
    }
    assert [(left.path, left.reason) for left in done.left] == [(f"{data}/web-1/.hidden", "hidden")]
    assert done.files.closes
    assert again.files.closes
    assert (len(done.new), again.new, len(again.known)) == (2, (), 2)
    sightings = [one for statement in statements(case) for one in statement.sightings]
    assert {(one.archive, one.modified_at) for one in sightings} == {
        (hashlib.sha256(data.read_bytes()).hexdigest(), "2025-10-09T08:53:20Z")
    }


@pytest.mark.parametrize(
    "block",
    [
        'principal = ["http_cookie:cookie:"]',
        'forwarded = "xff"',
        'trusted_proxies = ["10.0.0.0/8"]',
        'forwarded = "xff"\ntrusted_proxies = ["10.0.0.1/8"]',
        'forwarded = "xff"\ntrusted_proxies = ["localhost"]',
        'forwarded = "xff"\ntrusted_proxies = 10',
        "most_unpacked = 0",
        'most_unpacked = "1GB"',
        "most_unpacked = true",
    ],
)
def test_a_setting_that_cannot_be_is_told_before_anything_is_taken(case, tmp_path, line, block):
    (tmp_path / "access.log").write_bytes(line(0))
    case.settings_file.write_text(f"{case.settings_file.read_text()}\n[[evidence]]\n{block}\n")

    assert code_of(lambda: ingest(open_case(case.path), [str(tmp_path / "access.log")], now=NOW)) == BAD_BLOCK.id
    assert statements(case) == []


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/urandom"])
def test_a_device_that_never_ends_is_no_log(case, path):
    assert code_of(lambda: ingest(case, [path], now=NOW)) == NOT_READABLE.id


def test_the_case_itself_is_no_log(case):
    assert code_of(lambda: ingest(case, [str(case.path)], now=NOW)) == NOT_READABLE.id
    assert statements(case) == []


def test_a_block_of_no_source_is_told(case, tmp_path, line):
    (tmp_path / "access.log").write_bytes(line(0))
    blocks = '\n[[evidence]]\nmatch = "acess.log"\nserver = "web-1"\n[[evidence]]\nmatch = "*.log"\nserver = "web-2"\n'
    case.settings_file.write_text(case.settings_file.read_text() + blocks)

    done = ingest(open_case(case.path), [str(tmp_path / "access.log")], now=NOW)

    assert done.idle == ("acess.log",)
    assert done.sources[0].server == "web-2"
