"""Parquet files, such as those of a security lake: the columns of events, of ECS or of OCSF are known, `columns` maps others."""

from __future__ import annotations

from amends.count.evidence.formats.csv_lines import TABLE
from amends.count.evidence.json_reader import JsonReader
from amends.count.evidence.parquet_reader import MAGIC, ParquetReader
from amends.count.evidence.settings import Reading

NAME = "parquet"
TITLE = "Parquet with the columns of events, of ECS or of OCSF, or with columns of your own"
SOURCE = "https://parquet.apache.org/docs/file-format/"
TIME_IS = "end"
IS_GENERIC = True


def recognise(sample: bytes) -> str | None:
    return "it begins as a Parquet file does" if sample.startswith(MAGIC) else None


def reader(reading: Reading) -> ParquetReader:
    return ParquetReader(JsonReader(TABLE.members, reading))
