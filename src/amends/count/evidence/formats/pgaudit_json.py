"""PostgreSQL's jsonlog (from 15 on) with the lines of pgaudit: see `postgres_log.py` for what each line becomes."""

from __future__ import annotations

from amends.count.evidence.json_reader import JsonReader, recognise_members
from amends.count.evidence.postgres_log import Names, table
from amends.count.evidence.settings import Reading

NAME = "pgaudit_json"
TITLE = "PostgreSQL jsonlog, with pgaudit"
SOURCE = "https://www.postgresql.org/docs/current/runtime-config-logging.html#RUNTIME-CONFIG-LOGGING-JSONLOG"
TIME_IS = "start"  # as in csvlog

NAMES = Names("timestamp", "dbname", "state_code", "statement", "user", "remote_host")
MEMBERS = ("timestamp", "pid", "session_id", "line_num", "error_severity", "backend_type")


def recognise(sample: bytes) -> str | None:
    return recognise_members(sample, MEMBERS, title=TITLE)


def reader(reading: Reading) -> JsonReader:
    return JsonReader(table(NAMES, reading), reading)
