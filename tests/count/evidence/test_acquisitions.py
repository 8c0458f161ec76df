"""Acquisition statements: what they must say, whose signature and time stamp stand under them, what the case makes of them."""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from amends.case import Case, create_case
from amends.cli.frame import main
from amends.count.evidence.acquisitions import NAMESPACE, acquisitions, by_source, keep_acquisitions, read_acquisition
from amends.count.evidence.errors import BAD_ACQUISITION
from amends.errors import InputError
from amends.record import queued

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LINES = "".join(
    f'203.0.113.7 - - [01/Mar/2026:00:{minute:02}:00 +0000] "GET /p/{minute} HTTP/1.1" 200 5 "-" "-"\n' for minute in range(60)
).encode()
SHA256 = hashlib.sha256(LINES).hexdigest()


def statement(
    at: str = "2026-03-01T10:00:00+09:00", more: str = "", files: str = f'{SHA256} = "/var/log/nginx/access.log"'
) -> str:
    return f"""
by = "K. Lee, incident team"
at = {at}
host = "web-1"
command = "scp -p web-1:/var/log/nginx/access.log ."
present = ["J. Park, counsel"]
clock_offset_s = 0.42
clock_measured = "chronyc tracking"
{more}
[files]
{files}
"""


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return create_case(tmp_path / "case", company="Shop", zone="Asia/Seoul")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "web-1.toml"
    path.write_text(statement(), "utf-8")
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_bytes(LINES)
    return path


def sign(ssh_keygen: str, file: Path, namespace: str = NAMESPACE) -> str:
    """Sign with a fresh key; its fingerprint."""
    key = file.parent / "key"
    subprocess.run([ssh_keygen, "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    subprocess.run([ssh_keygen, "-q", "-Y", "sign", "-n", namespace, "-f", key, file], check=True, capture_output=True)
    shown = subprocess.run([ssh_keygen, "-l", "-f", f"{key}.pub"], check=True, capture_output=True, text=True).stdout
    return shown.split()[1]


def stamp(authority: Any, file: Path) -> None:
    Path(f"{file}.tsr").write_bytes(authority.stamp(file.read_bytes()))
    Path(f"{file}.tsa.pem").write_bytes(authority.roots)


def test_a_statement_says_who_took_what_from_where_when_how_and_before_whom(file: Path) -> None:
    found = read_acquisition(file)

    assert (found.by, found.host, found.present) == ("K. Lee, incident team", "web-1", ("J. Park, counsel",))
    assert found.files == {SHA256: "/var/log/nginx/access.log"}
    assert found.clock_offset_s == 0.42
    assert (found.signer, found.stamped) == (None, None)


def test_the_key_that_signed_and_the_time_stamp_stand_beside_it(file: Path, ssh_keygen: str, authority: Any) -> None:
    fingerprint = sign(ssh_keygen, file)
    stamp(authority, file)

    found = read_acquisition(file)

    assert found.signer is not None
    assert found.signer.fingerprint == fingerprint
    assert found.stamped is not None
    assert abs(datetime.now(UTC) - found.stamped) < timedelta(hours=1)
    assert not found.is_stamped_on_the_day  # months after it was taken


def test_a_stamp_within_a_day_is_one_of_the_day(file: Path, authority: Any) -> None:
    file.write_text(statement(at=datetime.now(UTC).isoformat(timespec="seconds")), "utf-8")
    stamp(authority, file)

    assert read_acquisition(file).is_stamped_on_the_day


def refused(file: Path) -> str:
    with pytest.raises(InputError) as error:
        read_acquisition(file)
    assert error.value.code == BAD_ACQUISITION
    return str(error.value)


def test_a_signature_of_other_bytes_or_for_another_purpose_is_refused(file: Path, ssh_keygen: str) -> None:
    sign(ssh_keygen, file)
    file.write_text(statement(more='place = "Seoul"'), "utf-8")
    assert ".sig" in refused(file)

    Path(f"{file}.sig").unlink()
    (file.parent / "key").unlink()
    sign(ssh_keygen, file, namespace="file")
    assert NAMESPACE in refused(file)


def test_a_time_stamp_needs_its_authority_and_is_of_these_bytes(file: Path, authority: Any) -> None:
    stamp(authority, file)
    Path(f"{file}.tsa.pem").unlink()
    assert ".tsa.pem" in refused(file)

    stamp(authority, file)
    file.write_text(statement(more='place = "Seoul"'), "utf-8")
    assert ".tsr" in refused(file)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00",
        "[" * 10_000,
        statement().replace('by = "K. Lee, incident team"', ""),
        statement().replace("web-1", "", 1).replace('host = ""', 'host = " "'),
        statement(more='whom = "x"'),
        statement(at='"yesterday"'),
        statement(at="2026-03-01T10:00:00"),
        statement(files=""),
        statement(files='abc = "/x"'),
        statement(files=f"{SHA256} = 5"),
        statement().replace("0.42", "nan"),
        statement().replace("0.42", "true"),
        statement().replace('["J. Park, counsel"]', '"J. Park"'),
        statement().replace("K. Lee", "K. \\u001b[2J Lee"),
        "x = 1\n" * 300_000,
    ],
)
def test_what_a_statement_must_say_is_told(file: Path, text: str) -> None:
    file.write_text(text, "utf-8")

    assert str(file) in refused(file)


def test_the_case_keeps_statements_as_they_came_and_tells_the_record_once(case: Case, file: Path, ssh_keygen: str) -> None:
    sign(ssh_keygen, file)

    for _ in range(2):
        keep_acquisitions(case, [file], now=NOW)

    (kept,) = acquisitions(case)
    assert kept == read_acquisition(file)
    (entry,) = queued(case)
    assert entry.body == {"acquisition": kept.sha256, "sources": [SHA256], "is_signed": True}


def test_nothing_is_kept_where_one_of_them_is_bad(case: Case, file: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("by = 1", "utf-8")

    with pytest.raises(InputError):
        keep_acquisitions(case, [file, bad], now=NOW)
    assert acquisitions(case) == []


def test_a_statement_that_was_changed_in_the_case_is_told(case: Case, file: Path) -> None:
    (kept,) = keep_acquisitions(case, [file], now=NOW)
    (case.acquisitions / f"{kept.sha256}.toml").write_text(statement(more='place = "Seoul"'), "utf-8")

    with pytest.raises(InputError) as error:
        acquisitions(case)
    assert error.value.code == BAD_ACQUISITION


def test_of_two_statements_about_a_file_the_earlier_counts(case: Case, file: Path, tmp_path: Path) -> None:
    later = tmp_path / "later.toml"
    later.write_text(statement(at="2026-03-02T10:00:00+09:00"), "utf-8")

    keep_acquisitions(case, [later, file], now=NOW)

    assert by_source(case)[SHA256] == read_acquisition(file)


def test_sources_are_told_as_taken_or_as_hashed_at_ingestion_only(
    case: Case, file: Path, log: Path, tmp_path: Path, capsys: Any
) -> None:
    other = tmp_path / "other.log"
    other.write_bytes(LINES.replace(b"/p/", b"/q/"))

    assert main(["ingest", str(case.path), str(log), str(other), "--acquired", str(file), "--server", "web-1"]) == 0
    text = capsys.readouterr().out
    assert "web-1:/var/log/nginx/access.log, by K. Lee, incident team at 2026-03-01T01:00:00Z; not signed" in text
    assert "hash from ingestion only: 1 of 2 sources" in text
    assert main(["sources", str(case.path), "--json"]) == 0
    by_name = {one["name"]: one["acquired"] for one in json.loads(capsys.readouterr().out)["sources"]}
    assert by_name["other.log"] is None
    assert (by_name["access.log"]["host"], by_name["access.log"]["clock_offset_s"]) == ("web-1", 0.42)


def test_a_file_that_was_taken_and_never_came_into_the_case_is_an_alarm(
    case: Case, file: Path, tmp_path: Path, capsys: Any
) -> None:
    other = tmp_path / "other.log"
    other.write_bytes(LINES.replace(b"/p/", b"/q/"))
    assert main(["ingest", str(case.path), str(other), "--acquired", str(file), "--server", "web-1"]) == 0
    capsys.readouterr()

    assert main(["sources", str(case.path), "--verify"]) == 1
    assert "taken by K. Lee, incident team at 2026-03-01T01:00:00Z, and not in the case" in capsys.readouterr().out
