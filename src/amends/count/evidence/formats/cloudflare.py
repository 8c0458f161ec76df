"""Cloudflare Logpush, dataset http_requests (https://developers.cloudflare.com/logs/reference/log-fields/zone/http_requests/).

Stamps may be RFC 3339 or numbers since 1970 in seconds or nanoseconds, as the job was set up. `EdgeResponseBytes` counts headers
too, so it stays in `extra`; only `EdgeResponseBodyBytes` is taken for the body.
"""

from __future__ import annotations

from amends.count.evidence.json_members import Members

NAME = "cloudflare"
TIME_IS = "start"
IS_GENERIC = False
MEMBERS = Members(
    "Cloudflare Logpush http_requests",
    {
        "time": ("EdgeStartTimestamp",),
        "request_id": ("RayID",),
        "client": ("ClientIP",),
        "method": ("ClientRequestMethod",),
        "target": ("ClientRequestURI",),
        "status": ("EdgeResponseStatus",),
        "sent": ("EdgeResponseBodyBytes",),
        "agent": ("ClientRequestUserAgent",),
    },
    marks=("EdgeStartTimestamp", "ClientRequestURI", "EdgeResponseStatus"),
)
recognise = MEMBERS.recognise
reader = MEMBERS.reader
