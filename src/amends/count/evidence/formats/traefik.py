"""Traefik's access log as JSON (https://doc.traefik.io/traefik/observability/access-logs/).

`time` is the moment at which the line is written; `Duration` is in nanoseconds; `RequestPath` holds the query too. Its text form
is read as an nginx log with a `log_format`.
"""

from __future__ import annotations

from amends.count.evidence.json_members import Members

NAME = "traefik"
TIME_IS = "end"
IS_GENERIC = False
MEMBERS = Members(
    "Traefik's access log",
    {
        "time": ("time", "StartUTC"),
        "client": ("ClientHost",),
        "account": ("ClientUsername",),
        "method": ("RequestMethod",),
        "target": ("RequestPath",),
        "status": ("DownstreamStatus",),
        "sent": ("DownstreamContentSize",),
        "took_ns": ("Duration",),
        "agent": ("request_User-Agent",),
    },
    marks=("ClientHost", "RequestMethod", "RequestPath", "DownstreamStatus"),
)
recognise = MEMBERS.recognise
reader = MEMBERS.reader
