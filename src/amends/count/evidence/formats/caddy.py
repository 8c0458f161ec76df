"""Caddy's access log in its own JSON encoding (https://caddyserver.com/docs/caddyfile/directives/log).

`size` counts the body; `ts` is the moment at which the line is written, when the answer is done. Header values are lists, so the
agent stays in `extra` under `request.headers.User-Agent`; status 0 is an answer that was never begun.
"""

from __future__ import annotations

from amends.count.evidence.json_members import Members

NAME = "caddy"
TIME_IS = "end"
IS_GENERIC = False
MEMBERS = Members(
    "Caddy's access log",
    {
        "time": ("ts",),
        "client": ("request.client_ip", "request.remote_ip"),
        "account": ("user_id",),
        "method": ("request.method",),
        "target": ("request.uri",),
        "status": ("status",),
        "sent": ("size",),
        "took_s": ("duration",),
    },
    marks=("ts", "request.method", "request.uri", "status"),
)
recognise = MEMBERS.recognise
reader = MEMBERS.reader
