"""What is measured, each in a process of its own: `python contestants.py NAME LOG OUT`."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

LOG_FORMAT_GOACCESS = '%h - %^ [%d:%t %^] "%r" %s %b "%R" "%u" "%^" %T %^'
GROUP_ROWS = 250_000


def amends(log: Path, out: Path) -> None:
    """Every line an event or a reject, with its number; SHA-256 of the bytes; events and rejects to Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from nginx_log import LOG_FORMAT

    from amends.count.evidence.blocks import iter_parsed
    from amends.count.evidence.encodings import encodings
    from amends.count.evidence.formats import nginx
    from amends.count.evidence.reader import REJECT_COLUMNS
    from amends.count.evidence.settings import Reading

    reader = nginx.reader(Reading(log_format=LOG_FORMAT))
    plain_hash = hashlib.sha256()
    lines = events = rejects = rows = 0
    group: list[pa.RecordBatch] = []
    with ExitStack() as files:
        writer: pq.ParquetWriter | None = None
        rejects_file = files.enter_context(pq.ParquetWriter(out.with_suffix(".rejects"), REJECT_COLUMNS, compression="zstd"))
        stored = files.enter_context(log.open("rb", buffering=0))
        for parsed in iter_parsed(stored, reader, plain_hash=plain_hash):
            lines, events, rejects = lines + parsed.lines, events + parsed.events.num_rows, rejects + parsed.rejects.num_rows
            if writer is None:
                chosen = encodings(pa.Table.from_batches([parsed.events]))
                writer = files.enter_context(
                    pq.ParquetWriter(
                        out,
                        reader.columns,
                        compression="zstd",
                        use_dictionary=chosen.use_dictionary,
                        column_encoding=chosen.column_encoding,
                    )
                )
            group.append(parsed.events)
            rows += parsed.events.num_rows
            if parsed.rejects.num_rows:
                rejects_file.write_batch(parsed.rejects)
            if rows >= GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(group))
                group, rows = [], 0
        if writer and group:
            writer.write_table(pa.Table.from_batches(group))
    if lines != events + rejects:
        raise SystemExit("lines = events + rejects does not hold")
    print(lines, plain_hash.hexdigest())


def amends_parse(log: Path, _: Path) -> None:
    """The reader alone: no hash, nothing written."""
    from nginx_log import LOG_FORMAT

    from amends.count.evidence.blocks import iter_parsed
    from amends.count.evidence.formats import nginx
    from amends.count.evidence.settings import Reading

    reader = nginx.reader(Reading(log_format=LOG_FORMAT))
    with log.open("rb", buffering=0) as stored:
        print(sum(parsed.lines for parsed in iter_parsed(stored, reader)))


def duckdb(log: Path, out: Path) -> None:
    """DuckDB's own reader with its table of rejects, the same columns but `line`, which it cannot give."""
    import duckdb

    names = ["ip", "ident", "usr", "day", "zone", "req", "status", "bytes", "ref", "ua", "xff", "rt", "rid"]
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    connection = duckdb.connect()
    connection.execute("set threads = 2; set memory_limit = '8GB'; set preserve_insertion_order = false")
    connection.execute(
        f"""
        copy (
            select ip, usr, strptime(day || zone, '[%d/%b/%Y:%H:%M:%S%z]') as ts, split_part(req, ' ', 1) as method,
                split_part(req, ' ', 2) as path, status::usmallint as status, try_cast(bytes as bigint) as bytes, ref, ua, xff,
                (try_cast(rt as double) * 1000000)::bigint as rt, rid
            from read_csv($log, delim = ' ', quote = '"', escape = '\\', header = false, auto_detect = false,
                store_rejects = true, columns = {{{columns}}})
        ) to '{out}' (format parquet, compression zstd)
        """,
        {"log": str(log)},
    )
    print(connection.execute("select count(*) from read_parquet($out)", {"out": str(out)}).fetchall()[0][0])


def goaccess(log: Path, out: Path) -> None:
    """GoAccess to its JSON report: counts, no events."""
    formats = [f"--log-format={LOG_FORMAT_GOACCESS}", "--date-format=%d/%b/%Y", "--time-format=%H:%M:%S"]
    subprocess.run(["goaccess", str(log), *formats, "--no-global-config", "-o", str(out.with_suffix(".json"))], check=True)


if __name__ == "__main__":
    name, log, out = sys.argv[1:]
    {"amends": amends, "amends_parse": amends_parse, "duckdb": duckdb, "goaccess": goaccess}[name](Path(log), Path(out))
