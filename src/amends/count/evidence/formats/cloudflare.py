"""Cloudflare Logpush, data set `http_requests`, as JSON lines.

Stamps are RFC 3339, or numbers since 1970 in seconds or nanoseconds, as the job was set up. `EdgeResponseBytes` counts headers
too, so it stays in `extra`; only `EdgeResponseBodyBytes` is taken for the body.
"""

from __future__ import annotations

from amends.count.evidence.json_reader import JsonReader, JsonTable, recognise_members
from amends.count.evidence.settings import Reading

NAME = "cloudflare"
TITLE = "Cloudflare Logpush, http_requests"
SOURCE = "https://developers.cloudflare.com/logs/reference/log-fields/zone/http_requests/"
TIME_IS = "start"

TABLE = JsonTable(
    paths={
        "time": ("EdgeStartTimestamp",),
        "request_id": ("RayID",),
        "client": ("ClientIP",),
        "method": ("ClientRequestMethod",),
        "target": ("ClientRequestURI",),
        "status": ("EdgeResponseStatus",),
        "sent": ("EdgeResponseBodyBytes",),
        "agent": ("ClientRequestUserAgent",),
    }
)


def recognise(sample: bytes) -> str | None:
    return recognise_members(sample, ("EdgeStartTimestamp", "ClientRequestURI", "EdgeResponseStatus"), title=TITLE)


def reader(reading: Reading) -> JsonReader:
    return JsonReader(TABLE, reading)
