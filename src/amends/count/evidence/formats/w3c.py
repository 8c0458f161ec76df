"""W3C Extended logs as Microsoft IIS writes them
(https://learn.microsoft.com/windows/win32/http/w3c-logging).

Stamps are in UTC and of the end of an answer; `time-taken` is in milliseconds. `sc-bytes` counts headers too, so it stays in
`extra`. IIS writes spaces within a cell as `+`; they are left so.
"""

from __future__ import annotations

from amends.count.evidence.headed import Headed

NAME = "w3c"
TIME_IS = "end"
IS_GENERIC = False
HEADED = Headed(
    "IIS",
    " ",
    {
        "c-ip": "client",
        "cs-method": "method",
        "sc-status": "status",
        "cs(user-agent)": "agent",
        "time-taken": "took_ms",
        "cs-username": "account",
    },
)
recognise = HEADED.recognise
reader = HEADED.reader
