"""Parquet: what can be decoded is read, and what cannot is counted and told."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Callable
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amends.count.evidence.blocks import iter_parsed
from amends.count.evidence.formats import parquet
from amends.count.evidence.plain import PlainBytes
from amends.count.evidence.settings import Reading

NOON = datetime(2025, 11, 18, 12, tzinfo=UTC)


def file_of(columns: dict[str, pa.Array], **options: object) -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table(columns), held, **options)
    return held.getvalue()


def read(data: bytes, reading: Reading | None = None) -> tuple[list[dict], list[str], str | None]:
    reader = parquet.reader(reading or Reading())
    digest = hashlib.sha256()
    pieces = list(iter_parsed(PlainBytes(io.BytesIO(data)), reader, plain_hash=digest))
    assert digest.digest() == hashlib.sha256(gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).digest()
    events = [row for parsed in pieces for row in parsed.events.to_pylist(maps_as_pydicts="strict")]
    return events, [reason for parsed in pieces for reason in parsed.rejects.column("reason").to_pylist()], reader.fault


@pytest.fixture
def two_groups() -> bytes:
    return file_of({"time": pa.array([NOON] * 6, pa.timestamp("ms", "UTC")), "x": pa.array(list("abcdef"))}, row_group_size=3)


def test_a_row_group_that_cannot_be_decoded_is_rejects_and_a_fault(two_groups: bytes):
    begin = pq.ParquetFile(io.BytesIO(two_groups)).metadata.row_group(1).column(1).dictionary_page_offset
    broken = two_groups[:begin] + b"\xff" * 12 + two_groups[begin + 12 :]

    events, reasons, fault = read(broken)

    assert ([event["line"] for event in events], reasons) == ([1, 2, 3], ["row group"] * 3)
    assert fault == "parquet: row group 2 of 2 cannot be decoded after 0 of 3 rows"


@pytest.mark.parametrize("spoil", [lambda data: data[: len(data) // 2], lambda data: data + b"x", lambda _: b"PAR1"])
def test_a_file_without_its_footer_is_a_fault(two_groups: bytes, spoil: Callable[[bytes], bytes]):
    assert read(spoil(two_groups)) == ([], [], "parquet: its footer cannot be read, so no row can")


def test_a_compressed_file_is_to_be_unpacked_first(two_groups: bytes):
    assert read(gzip.compress(two_groups)) == ([], [], "parquet: a compressed file or a stream: unpack it first")


def test_a_stamp_without_a_zone_needs_one():
    data = file_of({"time": pa.array([datetime(2025, 11, 18, 12)], pa.timestamp("ns"))})  # noqa: DTZ001

    assert read(data)[1] == ["time without zone"]
    assert read(data, Reading(zone="Asia/Seoul"))[0][0]["time"].hour == 3


@pytest.mark.parametrize(
    "column",
    [
        pa.array([2**62], pa.int64()).cast(pa.timestamp("ms")),
        pa.array([[2**62]], pa.list_(pa.timestamp("ms"))),
        pa.array([2**31 - 1], pa.int32()).cast(pa.date32()),
        pa.array([-(2**62)], pa.duration("us")),
        pa.array([float("nan")], pa.float32()),
        pa.nulls(1),
    ],
)
def test_values_out_of_all_range_bring_no_reader_down(column: pa.Array):
    events, reasons, _ = read(file_of({"time": pa.array([NOON], pa.timestamp("us", "UTC")), "x": column}))

    assert len(events) + len(reasons) == 1
