"""Caddy access logs: JSON lines by the logger `http.log.access`, with the request under `request` and headers as lists."""

from __future__ import annotations

from amends.count.evidence.json_reader import Derived, JsonReader, JsonTable, first_of, recognise_members
from amends.count.evidence.settings import Reading

NAME = "caddy"
TITLE = "Caddy access log, JSON"
SOURCE = "https://caddyserver.com/docs/logging"
TIME_IS = "end"  # the entry is written when the answer is done

TABLE = JsonTable(
    paths={
        "time": ("ts",),
        "client": ("request.client_ip", "request.remote_ip"),  # client_ip: behind trusted proxies, since 2.7
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
    return recognise_members(sample, ("logger", "ts", "request.uri", "request.method", "status"), title=TITLE)


def reader(reading: Reading) -> JsonReader:
    return JsonReader(TABLE, reading)
