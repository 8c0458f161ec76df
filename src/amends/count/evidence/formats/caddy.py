"""Caddy access logs as JSON lines, with the request under `request` and headers as lists.

`size` counts the body; `ts` is the moment at which the line is written, when the answer is done. Status 0 is an answer that was
never begun.
"""

from __future__ import annotations

from amends.count.evidence.json_reader import Derived, JsonReader, JsonTable, first_of, recognise_members
from amends.count.evidence.settings import Reading

NAME = "caddy"
TITLE = "Caddy access log, JSON"
SOURCE = "https://caddyserver.com/docs/logging"
TIME_IS = "end"

TABLE = JsonTable(
    paths={
        "time": ("ts",),
        "client": ("request.client_ip", "request.remote_ip"),  # client_ip: behind trusted proxies, since 2.7
        "account": ("user_id",),
        "method": ("request.method",),
        "target": ("request.uri",),
        "status": ("status",),
        "sent": ("size",),
        "took_s": ("duration",),
    },
    derived={
        "agent": (Derived(("request.headers.User-Agent",), first_of),),
        "request_id": (Derived(("request.headers.X-Request-Id",), first_of),),
    },
)


def recognise(sample: bytes) -> str | None:
    return recognise_members(sample, ("ts", "request.method", "request.uri", "status"), title=TITLE)


def reader(reading: Reading) -> JsonReader:
    return JsonReader(TABLE, reading)
