"""Microsoft IIS (HTTP.sys) access logs in the W3C extended format.

`sc-bytes` counts headers too, so it stays in `extra` and `sent` is null. Times are UTC. An answer is complete where Windows names
no error, and cut where it names one of the connection.
"""

from __future__ import annotations

from amends.count.evidence.columns import Made, by_distinct, completion, plus_decoded, target_of
from amends.count.evidence.headed import HeadedReader, HeadedTable, recognise_fields
from amends.count.evidence.kinds import ADDRESS, STATUS, TEXT, Integer
from amends.count.evidence.settings import Reading

NAME = "w3c"
TITLE = "Microsoft IIS access log, W3C extended format"
SOURCE = "https://learn.microsoft.com/en-us/windows/win32/http/w3c-logging"
TIME_IS = "end"  # "when the send completion for the last IIS send occurs"

CUT = ("64", "121", "995", "1236")  # ERROR_NETNAME_DELETED, _SEM_TIMEOUT, _OPERATION_ABORTED, _CONNECTION_ABORTED
TABLE = HeadedTable(
    separator=" ",
    fields={
        "c-ip": ("client", ADDRESS),
        "cs-method": ("method", TEXT),
        "sc-status": ("status", STATUS),
        "time-taken": ("took_us", Integer(most=12, scale=1000)),
        "cs(User-Agent)": ("agent", TEXT),
        "cs-username": ("account", TEXT),
    },
    made={
        "target": Made(("cs-uri-stem", "cs-uri-query"), target_of),
        "agent": Made(("agent",), by_distinct(plus_decoded)),
        "complete": Made(("sc-win32-status",), completion(whole=("0",), cut=CUT), keeps=True),
    },
    servers=("s-computername", "s-ip", "s-sitename", "cs-host"),
)


def recognise(sample: bytes) -> str | None:
    return recognise_fields(sample, ("date", "time", "s-ip", "cs-uri-stem"), title=TITLE)


def reader(reading: Reading) -> HeadedReader:
    return HeadedReader(TABLE, reading)
