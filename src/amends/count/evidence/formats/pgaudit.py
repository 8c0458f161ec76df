"""PostgreSQL's csvlog (`log_destination = csvlog`) with the lines of pgaudit: see `postgres_log.py` for what each line becomes.

pgaudit's own grammar: https://github.com/pgaudit/pgaudit#format
"""

from __future__ import annotations

import re

from amends.count.evidence.csv_reader import CsvReader, CsvTable
from amends.count.evidence.json_reader import BOM, Derived
from amends.count.evidence.postgres_log import Names, table
from amends.count.evidence.settings import Reading

NAME = "pgaudit"
TITLE = "PostgreSQL csvlog, with pgaudit"
SOURCE = "https://www.postgresql.org/docs/current/runtime-config-logging.html#RUNTIME-CONFIG-LOGGING-CSVLOG"
TIME_IS = "start"  # pgaudit logs a statement when its rights are checked; with pgaudit.log_rows at its end

COLUMNS = (
    "log_time user_name database_name process_id connection_from session_id session_line_num command_tag session_start_time"
    " virtual_transaction_id transaction_id error_severity sql_state_code message detail hint internal_query internal_query_pos"
    " context query query_pos location application_name backend_type leader_pid query_id"
)
LEAST = 23  # before PostgreSQL 13; backend_type came with it, the last two with 14


def host(connection: object) -> object:
    """Without its port; `[local]`, a connection by a socket, stays."""
    return connection.rpartition(":")[0] or connection if isinstance(connection, str) else connection


CLIENT = Derived(("connection_from",), host, keeps=True)
NAMES = Names("log_time", "database_name", "sql_state_code", "query", "user_name", CLIENT)
_TEXT, _STAMP = r'(?:"(?:[^"]|"")*+")?', r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{3})? \S+"
_RECORD = re.compile(
    rf"^{_STAMP},{_TEXT},{_TEXT},\d*,{_TEXT},[0-9a-f]+\.[0-9a-f]+,\d+,{_TEXT},{_STAMP},[\d/]*,\d+,[^,\"]+,[0-9A-Z]{{5}},".encode(),
    re.MULTILINE,
)


def recognise(sample: bytes) -> str | None:
    found = sum(1 for _ in _RECORD.finditer(sample.removeprefix(BOM)))
    return f"{found} records begin with the first 13 columns of {TITLE}" if found else None


def reader(reading: Reading) -> CsvReader:
    return CsvReader(CsvTable(table(NAMES, reading), names=tuple(COLUMNS.split()), least=LEAST), reading)
