from __future__ import annotations

import errno
import hashlib
import hmac
import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.case import (
    PARTIAL,
    atomic_file,
    create_case,
    keyed_hash,
    open_case,
    write_atomically,
    writing,
)
from amends.errors import (
    CASE_EXISTS,
    CASE_LOCKED,
    DISK_FULL,
    NO_RIGHTS,
    NOT_A_CASE,
    SECRET_MISSING,
    UNKNOWN_ZONE,
    InputError,
    OperationError,
)
from amends.units import Period


@pytest.fixture
def case(tmp_path):
    return create_case(tmp_path / "case", company="Shop Ltd.", zone="Asia/Seoul")


def test_a_new_case_is_closed_to_others_and_opens_again(case):
    assert case.path.stat().st_mode & 0o777 == 0o700
    assert case.secrets.stat().st_mode & 0o777 == 0o700
    assert open_case(case.path).settings.company == "Shop Ltd."
    assert str(case.settings.zone) == "Asia/Seoul"


def test_a_new_case_has_a_key_of_its_own(tmp_path):
    keys = {create_case(tmp_path / name, company="Shop", zone="UTC").key() for name in ("a", "b")}

    assert len(keys) == 2
    assert all(len(key) == 32 for key in keys)


def test_the_window_given_at_the_start_is_the_window_read_back(tmp_path):
    window = Period(datetime(2025, 4, 14, tzinfo=UTC), datetime(2025, 11, 18, 14, tzinfo=UTC))

    case = create_case(tmp_path / "case", company="Shop", zone="UTC", window=window)

    assert case.settings.window == window


def test_a_folder_with_anything_in_it_is_refused(tmp_path):
    (tmp_path / "letter.txt").write_text("hello")

    with pytest.raises(InputError) as refused:
        create_case(tmp_path, company="Shop", zone="UTC")

    assert refused.value.code is CASE_EXISTS


def test_an_unknown_zone_is_refused(tmp_path):
    with pytest.raises(InputError) as refused:
        create_case(tmp_path / "case", company="Shop", zone="Asia/Seol")

    assert refused.value.code is UNKNOWN_ZONE


def test_a_folder_without_settings_is_no_case(tmp_path):
    with pytest.raises(InputError) as refused:
        open_case(tmp_path)

    assert refused.value.code is NOT_A_CASE


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip))
def test_any_company_name_survives_the_settings_file(tmp_path_factory, company):
    case = create_case(tmp_path_factory.mktemp("x") / "case", company=company, zone="UTC")

    assert case.settings.company == company


def test_a_missing_key_says_where_it_belongs(case):
    (case.secrets / "hmac.key").unlink()

    with pytest.raises(OperationError) as refused:
        case.key()

    assert refused.value.code is SECRET_MISSING
    assert refused.value.permanent


def test_a_keyed_hash_is_hmac_sha256_cut_to_128_bits():
    key = b"k" * 32

    assert keyed_hash(key, "tok-1") == hmac.new(key, b"tok-1", hashlib.sha256).digest()[:16]
    assert keyed_hash(b"other", "tok-1") != keyed_hash(key, "tok-1")


def test_a_second_writer_is_told_who_holds_the_case(case):
    with case.lock(), pytest.raises(OperationError) as refused, case.lock(wait_seconds=0):
        pass

    assert refused.value.code is CASE_LOCKED
    assert str(os.getpid()) in refused.value.findings[0].expected


def test_the_lock_is_free_again_after_its_holder_was_killed(case):
    script = f"""
        import os, signal
        from pathlib import Path
        from amends.case import open_case
        with open_case(Path({str(case.path)!r})).lock():
            os.kill(os.getpid(), signal.SIGKILL)
    """
    holder = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)

    assert holder.returncode == -signal.SIGKILL
    with case.lock(wait_seconds=0):
        pass


def test_unfinished_work_of_a_killed_command_is_gone_under_the_next_lock(case):
    left = case.events / f"{PARTIAL}123-abc.parquet"
    left.write_bytes(b"half")

    with case.lock():
        assert not left.exists()


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "sources"
    write_atomically(path, b"old")

    with pytest.raises(KeyError), atomic_file(path) as partial:
        {}[partial.write_bytes(b"half of the new")]

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_a_coded_error(tmp_path):
    with pytest.raises(OperationError) as full, writing(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")

    assert full.value.code is DISK_FULL


def test_missing_rights_are_a_coded_error(tmp_path):
    with pytest.raises(InputError) as refused, writing(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied")

    assert refused.value.code is NO_RIGHTS
