"""Application Load Balancers of Google Cloud: log entries with `httpRequest`, as sinks export them, one object a line
(https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring, LogEntry and HttpRequest of Cloud Logging).

`responseSize` counts headers too, and `latency` is a text such as `0.058927s`: both stay in `extra`. Where the backend service
has a sample rate below 1, not every request was logged.
"""

from __future__ import annotations

from amends.count.evidence.json_members import Members

NAME = "gcp_load_balancer"
TIME_IS = "start"
IS_GENERIC = False
MEMBERS = Members(
    "a Google Cloud load balancer",
    {
        "time": ("timestamp",),
        "client": ("httpRequest.remoteIp",),
        "method": ("httpRequest.requestMethod",),
        "target": ("httpRequest.requestUrl",),
        "status": ("httpRequest.status",),
        "agent": ("httpRequest.userAgent",),
    },
    marks=("timestamp", "httpRequest.requestMethod", "httpRequest.requestUrl"),
)
recognise = MEMBERS.recognise
reader = MEMBERS.reader
