"""Azure Front Door access logs, as Azure Monitor exports them: one object a line, or an array of `records`.

The client is the address of the connection (`socketIp`): `clientIp` is taken from X-Forwarded-For where the request has one, and
anyone can send that. `responseBytes` counts headers too and stays in `extra`.
"""

from __future__ import annotations

from amends.count.evidence.elements_reader import ElementsReader, recognise_elements
from amends.count.evidence.json_reader import Derived, JsonReader, JsonTable, recognise_members
from amends.count.evidence.settings import Reading

NAME = "azure_front_door"
TITLE = "Azure Front Door access log"
SOURCE = "https://learn.microsoft.com/en-us/azure/frontdoor/monitor-front-door-reference"
TIME_IS = "end"  # "when the Azure Front Door edge delivered requested contents to client"

NAMES = ("records",)
MEMBERS = ("time", "properties.trackingReference", "properties.httpMethod", "properties.requestUri")


def complete(error: object) -> object:
    """Only that a client left is told, never that it had the whole answer."""
    return False if error == "ClientDisconnected" else None


TABLE = JsonTable(
    paths={
        "time": ("time",),
        "request_id": ("properties.trackingReference",),
        "client": ("properties.socketIp", "properties.clientIp"),
        "method": ("properties.httpMethod",),
        "target": ("properties.requestUri",),
        "status": ("properties.httpStatusCode",),
        "took_s": ("properties.timeTaken",),
        "agent": ("properties.userAgent",),
    },
    derived={"complete": (Derived(("properties.errorInfo",), complete, keeps=True),)},
)


def recognise(sample: bytes) -> str | None:
    found = recognise_elements(sample, NAMES, MEMBERS, title=TITLE)
    return found or recognise_members(sample, MEMBERS, title=TITLE)


def reader(reading: Reading) -> ElementsReader:
    return ElementsReader(JsonReader(TABLE, reading), NAMES)
