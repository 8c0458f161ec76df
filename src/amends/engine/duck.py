"""DuckDB for one command: within a memory limit, spilling into the case, never reaching for the network."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from amends.engine.errors import ENGINE_FAILED, OUT_OF_MEMORY, UNREADABLE
from amends.engine.query import Query, quoted_name, quoted_text
from amends.errors import DISK_FULL, InputError, OperationError, Place

MEMORY_SHARE = 0.6  # of the machine's memory, unless --memory says otherwise (design, section 8)
ROW_GROUP_ROWS = 250_000
MALLOPT = {-3: 1 << 30, -1: 1 << 29}  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, in bytes


class Engine:
    """One connection. Every method takes a Query; nothing here builds SQL from data."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, *, memory_bytes: int, spill: Path) -> None:
        self.connection = connection
        self.memory_bytes = memory_bytes
        self.spill = spill  # for data of this command that do not fit into memory

    def rows(self, query: Query) -> list[dict[str, Any]]:
        """All rows as dictionaries; for answers that fit a page."""
        with _told():
            cursor = self.connection.execute(query.sql, _bound(query))
            return [dict(zip(query.columns, row, strict=True)) for row in cursor.fetchall()]

    def row(self, query: Query) -> dict[str, Any]:
        """The one row of an aggregate."""
        (row,) = self.rows(query)
        return row

    def table(self, query: Query) -> pa.Table:
        with _told():
            found: pa.Table = self.connection.sql(query.sql, params=_bound(query)).to_arrow_table()
            return found

    def batches(self, query: Query, *, rows: int = 100_000) -> Iterator[pa.RecordBatch]:
        with _told():
            yield from self.connection.sql(query.sql, params=_bound(query)).to_arrow_reader(rows)

    def keep(self, name: str, query: Query) -> None:
        """The statement's rows as a temporary table of this connection."""
        with _told():
            self.connection.execute(f"create or replace temp table {quoted_name(name)} as {query.sql}", _bound(query))

    def view(self, name: str, query: Query) -> None:
        """The statement under a name, evaluated where it is used; it has no bound values."""
        if query.values:
            raise ValueError(f"the view {name} cannot bind values")
        with _told():
            self.connection.execute(f"create or replace temp view {quoted_name(name)} as {query.sql}")

    def register(self, name: str, rows: pa.Table) -> None:
        """Arrow rows under a name."""
        self.connection.register(name, rows)

    def write(self, query: Query, path: Path) -> int:
        """The statement's rows into a Parquet file, in their order; how many there were. The caller makes it atomic."""
        with _told():
            target = f"to {quoted_text(str(path))} (format parquet, compression zstd, row_group_size {ROW_GROUP_ROWS})"
            written = self.connection.execute(f"copy ({query.sql}) {target}", _bound(query)).fetchone()
        return int(written[0]) if written else 0

    def columns(self, query: Query) -> dict[str, str]:
        """Names and types that DuckDB gives this statement; tests compare them with what it declares."""
        with _told():
            described = self.connection.execute(f"describe {query.sql}", _bound(query)).fetchall()
        return {name: kind for name, kind, *_ in described}


@contextmanager
def open_engine(*, spill: Path, memory_bytes: int | None = None, threads: int | None = None) -> Iterator[Engine]:
    """An engine whose spilled data live in `spill` for as long as it is open."""
    memory_bytes = memory_bytes or int(machine_memory() * MEMORY_SHARE)
    spill.mkdir(parents=True, exist_ok=True)
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_bytes // (1 << 20)}MiB",
        "temp_directory": str(spill),
        "threads": threads or os.cpu_count() or 1,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        # It writes out the layers of `count.datamap.mapping` under an aggregate again and again: planning would never end.
        "disabled_optimizers": "partial_aggregate_pushdown",
    }
    _keep_freed_memory()
    with _told():
        connection = duckdb.connect(config=settings)
        connection.execute("set TimeZone = 'UTC'")
    try:
        yield Engine(connection, memory_bytes=memory_bytes, spill=spill)
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)


def _keep_freed_memory() -> None:
    """Let the C library keep what was freed for the next batch, instead of asking the kernel for fresh pages each time.

    Fresh pages cost up to 2 s a GB on a virtual machine; batch after batch this was a tenth of a run (mallopt(3), glibc only).
    """
    library = ctypes.CDLL(None)
    for setting, size in MALLOPT.items() if hasattr(library, "mallopt") else ():
        library.mallopt(setting, size)


def machine_memory() -> int:
    """Bytes of memory that this process may use: the machine's, or its control group's where that is less."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file() and (text := limit.read_text().strip()).isdigit():
        memory = min(memory, int(text))
    return memory


def _bound(query: Query) -> dict[str, Any] | None:
    return dict(query.values) or None


# How DuckDB says where it could not go on; the rest of its text holds rows.
_IN_TABLE = re.compile(
    r"""(?:CSV Error on Line: (?P<line>\d+)\n.*?^  file = (?P<csv>[^\n]+)$)|(?:sniffing file "(?P<sniffed>[^\n]+?)")"""
    r"""|(?:[Ff]ile '(?P<parquet>[^\n]+?)')""",
    re.DOTALL | re.MULTILINE,
)


def _table_of(message: str) -> Place | None:
    """The file, and the line where it is known, of which a message of DuckDB speaks."""
    found = _IN_TABLE.search(message)
    if found is None:
        return None
    return Place(found["csv"] or found["sniffed"] or found["parquet"], int(found["line"]) if found["line"] else None)


@contextmanager
def _told() -> Iterator[None]:
    """DuckDB's errors as ours; their text may quote values of a person, so it does not go into the message."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise OperationError(
            OUT_OF_MEMORY, expected="a --memory that holds this step, and room to spill on the case's disk"
        ) from error
    except duckdb.InvalidInputException as error:
        place = _table_of(str(error))
        if place is None:
            raise
        raise InputError(UNREADABLE, at=place, expected="a CSV or Parquet file whose rows can all be read") from error
    except duckdb.IOException as error:
        if "No space left" in str(error):
            raise OperationError(DISK_FULL, expected="room for intermediate data on the case's disk") from error
        raise OperationError(ENGINE_FAILED, expected="files of the case that can be read and written") from error
