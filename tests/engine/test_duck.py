from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from amends.engine import Query, Table, open_engine
from amends.engine.errors import ENGINE_FAILED, OUT_OF_MEMORY, UNREADABLE
from amends.engine.query import I64, TEXT
from amends.errors import InputError, OperationError, Place


@pytest.fixture
def engine(tmp_path):
    with open_engine(spill=tmp_path / "spill", memory_bytes=256 << 20, threads=1) as engine:
        yield engine


def test_rows_carry_the_declared_names(engine):
    assert engine.rows(Query({"kind": TEXT, "number": I64}, "select 'account', 3::bigint")) == [{"kind": "account", "number": 3}]


def test_values_are_bound_and_never_become_sql(engine):
    hostile = "x'; drop table events; --"

    row = engine.row(Query({"text": TEXT}, "select $text", {"text": hostile}))

    assert row == {"text": hostile}


def test_a_table_of_files_quotes_their_names(engine, tmp_path):
    file = tmp_path / 'it\'s "one".parquet'
    engine.write(Query({"number": I64}, "select unnest([3, 1, 2])::bigint as number"), file)

    rows = engine.rows(Query({"number": I64}, f"select number from {Table.parquet([file])} order by number"))

    assert [row["number"] for row in rows] == [1, 2, 3]


@pytest.mark.parametrize("name, other", [("a[1]", "a1"), ("a*", "ab"), ("a?", "ab"), ("[!a]", "b"), ("number=7", "a")])
def test_a_table_is_the_file_of_that_name_and_no_other(engine, tmp_path, name, other):
    for folder, number in ((name, 1), (other, 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "t.csv").write_text(f"number\n{number}\n")
        engine.write(Query({"number": I64}, f"select {number}::bigint as number"), tmp_path / folder / "t.parquet")

    tables = (Table.parquet([tmp_path / name / "t.parquet"]), Table.csv(tmp_path / name / "t.csv", options="header = true"))

    for table in tables:
        assert engine.rows(Query({"number": I64}, f"select number::bigint from {table}")) == [{"number": 1}]


def test_written_rows_keep_their_order_and_are_counted(engine, tmp_path):
    query = Query({"number": I64}, "select range as number from range(100000) order by number desc")

    written = engine.write(query, tmp_path / "rows.parquet")

    assert written == 100_000
    assert pq.read_table(tmp_path / "rows.parquet")["number"][0].as_py() == 99_999


def test_a_named_table_can_have_any_name(engine):
    engine.keep('odd "name', Query({"number": I64}, "select 1::bigint as number"))

    table = Table.named('odd "name')
    assert engine.row(Query({"number": I64}, f"select number from {table}")) == {"number": 1}


def test_the_declared_columns_can_be_compared_with_what_comes_out(engine):
    query = Query({"number": I64}, "select 1::bigint as number")

    assert engine.columns(query) == query.columns


def test_the_engine_never_fetches_extensions(engine):
    setting = Query({"value": TEXT}, "select current_setting('autoinstall_known_extensions')::varchar")

    assert engine.row(setting) == {"value": "false"}


def test_a_step_too_large_for_its_memory_says_so(tmp_path):
    query = Query({"n": I64}, "select length(list(range)) from range(40000000)")
    small = open_engine(spill=tmp_path / "spill", memory_bytes=32 << 20, threads=1)

    with small as engine, pytest.raises(OperationError) as failed:
        engine.rows(query)

    assert failed.value.code is OUT_OF_MEMORY


def test_a_missing_file_is_a_coded_error_that_quotes_nothing(engine, tmp_path):
    with pytest.raises(OperationError) as failed:
        engine.rows(Query({"n": I64}, f"select count(*) from {Table.parquet([tmp_path / 'gone.parquet'])}"))

    assert failed.value.code is ENGINE_FAILED


def test_spilled_data_are_gone_when_the_engine_closes(tmp_path):
    with open_engine(spill=tmp_path / "spill"):
        assert (tmp_path / "spill").is_dir()

    assert not (tmp_path / "spill").exists()


@pytest.mark.parametrize(
    "name,rows,line",
    [
        ("late.csv", b"a,b\n" + b"1,2\n" * 30_000 + b"secret,2,3\n" + b"1,2\n" * 9, 30_002),
        ("latin.csv", b"a,b\n1,secret\xff\n", 2),
        ("quote.csv", b'a,b\n"secret,2\n', None),
        ("cut.parquet", b"PAR1secret", None),
    ],
)
def test_a_table_that_cannot_be_read_is_told_by_file_and_line_never_by_text(engine, tmp_path, name, rows, line):
    (tmp_path / name).write_bytes(rows)
    csv = f"read_csv('{tmp_path / name}', delim = ',', quote = '\"', header = true, all_varchar = true)"
    table = Table.parquet([tmp_path / name]) if name.endswith("parquet") else csv

    with pytest.raises(InputError) as error:
        engine.row(Query({"rows": I64}, f"select count(b) from {table}"))

    (finding,) = error.value.findings
    assert finding.code is UNREADABLE
    assert finding.at == Place(str(tmp_path / name), line)
    assert "secret" not in str(error.value)
