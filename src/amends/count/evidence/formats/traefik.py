"""Traefik's access log as JSON lines. Its text form is read as an nginx log with a `log_format`.

`time` is the moment at which the line is written; `Duration` is in nanoseconds; `RequestPath` holds the query too.
"""

from __future__ import annotations

from amends.count.evidence.json_reader import JsonReader, JsonTable, recognise_members
from amends.count.evidence.settings import Reading

NAME = "traefik"
TITLE = "Traefik access log, JSON"
SOURCE = "https://doc.traefik.io/traefik/observability/access-logs/"
TIME_IS = "end"

TABLE = JsonTable(
    paths={
        "time": ("time", "StartUTC"),
        "client": ("ClientHost",),
        "account": ("ClientUsername",),
        "method": ("RequestMethod",),
        "target": ("RequestPath",),
        "status": ("DownstreamStatus",),
        "sent": ("DownstreamContentSize",),
        "took_ns": ("Duration",),
        "agent": ("request_User-Agent",),
    }
)


def recognise(sample: bytes) -> str | None:
    return recognise_members(sample, ("ClientHost", "RequestMethod", "RequestPath", "DownstreamStatus"), title=TITLE)


def reader(reading: Reading) -> JsonReader:
    return JsonReader(TABLE, reading)
