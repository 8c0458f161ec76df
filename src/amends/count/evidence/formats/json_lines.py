"""JSON lines: one JSON object (RFC 8259) a line, its members named by dotted paths.

ECS 8 and OCSF HTTP Activity (class 4002) are known by their own names; `columns` in a block maps others and wins. `server` is a
logged column only where `columns` names one.
"""

from __future__ import annotations

from amends.count.evidence.json_reader import Derived, JsonReader, JsonTable, sampled, with_query
from amends.count.evidence.settings import Reading

NAME = "json"
TITLE = "JSON lines with the names of ECS 8 or OCSF, or with columns of your own"
SOURCE = "https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html"
TIME_IS = "end"
IS_GENERIC = True

# Where ECS and OCSF keep what a server logs of a request.
TABLE = JsonTable(
    paths={
        "time": ("@timestamp", "time_dt", "time"),
        "request_id": ("http.request.id", "http_request.uid"),
        "client": ("source.ip", "client.ip", "source.address", "client.address", "src_endpoint.ip"),
        "account": ("user.id", "actor.user.uid"),
        "method": ("http.request.method", "http_request.http_method"),
        "target": ("url.original", "url.full", "http_request.url.url_string"),
        "status": ("http.response.status_code", "http_response.code"),
        "sent": ("http.response.body.bytes", "http_response.body_length"),
        "took_ns": ("event.duration",),
        "took_ms": ("duration",),
        "agent": ("user_agent.original", "http_request.user_agent"),
    },
    derived={
        "target": (
            Derived(("url.path", "url.query"), with_query),
            Derived(("http_request.url.path", "http_request.url.query_string"), with_query),
        )
    },
)


def recognise(sample: bytes) -> str | None:
    """Most lines are JSON objects; says whose names they use."""
    good, lines = sampled(sample)
    if not good or 2 * len(good) <= lines:
        return None
    if any("class_uid" in members for members in good):
        return "lines are JSON objects with the names of OCSF"
    if any("@timestamp" in members for members in good):
        return "lines are JSON objects with the names of ECS"
    return "lines are JSON objects"


def reader(reading: Reading) -> JsonReader:
    return JsonReader(TABLE, reading)
