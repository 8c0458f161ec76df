"""Application Load Balancers of Google Cloud: log entries with `httpRequest`, as sinks export them, one object a line.

`responseSize` counts headers too and stays in `extra`. Where the backend service has a sample rate below 1, not every request was
logged.
"""

from __future__ import annotations

from amends.count.evidence.json_reader import Derived, JsonReader, JsonTable, recognise_members
from amends.count.evidence.settings import Reading

NAME = "gcp_load_balancer"
TITLE = "Google Cloud Application Load Balancer log entries"
SOURCE = "https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring"
TIME_IS = "start"


def seconds(latency: object) -> object:
    """`0.058927s`: protobuf's Duration as JSON."""
    if not isinstance(latency, str) or not latency.endswith("s"):
        raise ValueError("a duration in seconds")
    return latency.removesuffix("s")


TABLE = JsonTable(
    paths={
        "time": ("timestamp",),
        "client": ("httpRequest.remoteIp",),
        "method": ("httpRequest.requestMethod",),
        "target": ("httpRequest.requestUrl",),
        "status": ("httpRequest.status",),
        "agent": ("httpRequest.userAgent",),
    },
    derived={"took_s": (Derived(("httpRequest.latency",), seconds),)},
)


def recognise(sample: bytes) -> str | None:
    return recognise_members(sample, ("timestamp", "httpRequest.requestMethod", "httpRequest.requestUrl"), title=TITLE)


def reader(reading: Reading) -> JsonReader:
    return JsonReader(TABLE, reading)
