"""Events straight into Parquet, in whatever schema is asked for."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from amends.errors import InputError
from amends.simulate import simulate_events
from amends.simulate.errors import BAD_SIZE, UNKNOWN_COLUMN

NAME = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        pa.field("source", NAME, nullable=False),
        pa.field("line", pa.uint64(), nullable=False),
        pa.field("time", pa.timestamp("us", "UTC"), nullable=False),
        ("server", NAME),
        ("client", pa.string()),
        ("principal", pa.binary(16)),
        ("account", pa.string()),
        ("method", pa.string()),
        ("target", pa.string()),
        ("status", pa.uint16()),
        ("sent", pa.int64()),
        ("extra", pa.map_(pa.string(), pa.string())),
        ("something", pa.float64()),
    ]
)


def test_files_have_the_schema_the_rows_and_rising_times(tmp_path):
    made = simulate_events(tmp_path, schema=SCHEMA, events=10_001, members=5_000, files=3)

    table = pa.concat_tables(pq.read_table(file) for file in made.files)
    assert pq.read_schema(made.files[0]).equals(SCHEMA)
    assert table.num_rows == made.events == 10_001
    assert table["time"].to_pylist() == sorted(table["time"].to_pylist())
    assert pq.read_table(made.files[1])["line"].to_pylist() == list(range(1, 3_335))
    assert table["something"].null_count == table["extra"].null_count == 10_001
    assert [file.stem for file in made.files] == pc.unique(table["source"]).to_pylist()


def test_principals_and_clients_select_the_same_events(tmp_path):
    made = simulate_events(tmp_path, schema=SCHEMA, events=20_000, members=5_000, files=1)

    table = pq.read_table(made.files[0])
    by_principal = pc.is_in(table["principal"], pa.array(made.principals, pa.binary(16)))
    by_client = pc.is_in(table["client"], pa.array(made.clients))
    assert by_principal.equals(by_client)
    assert 16_000 < pc.sum(by_principal).as_py() < 18_500


def test_the_same_seed_gives_the_same_bytes_whatever_the_number_of_earlier_runs(tmp_path):
    one, two = (simulate_events(tmp_path / name, schema=SCHEMA, events=5_000, members=900, files=2) for name in ("one", "two"))
    other = simulate_events(tmp_path / "other", schema=SCHEMA, events=5_000, members=900, files=2, seed=2)

    digests = [[hashlib.sha256(file.read_bytes()).hexdigest() for file in made.files] for made in (one, two, other)]
    assert digests[0] == digests[1]
    assert set(digests[0]) & set(digests[2]) == set()


def test_subjects_stay_within_the_members(tmp_path):
    made = simulate_events(tmp_path, schema=SCHEMA, events=30_000, members=1_000, files=1)

    targets = pc.unique(pq.read_table(made.files[0])["target"]).to_pylist()
    assert len([target for target in targets if target.startswith("/api/v1/customers/")]) == 1_000


def test_a_column_that_must_not_be_null_and_is_unknown_is_refused(tmp_path):
    schema = SCHEMA.append(pa.field("weather", pa.string(), nullable=False))

    with pytest.raises(InputError) as caught:
        simulate_events(tmp_path, schema=schema, events=10, files=1)

    assert caught.value.code == UNKNOWN_COLUMN


@pytest.mark.parametrize("sizes", [{"events": 1, "files": 2}, {"files": 0}, {"members": 0}])
def test_a_size_that_cannot_be_is_refused(tmp_path, sizes):
    with pytest.raises(InputError) as caught:
        simulate_events(tmp_path, schema=SCHEMA, **{"events": 10, "files": 1, **sizes})

    assert caught.value.code == BAD_SIZE
