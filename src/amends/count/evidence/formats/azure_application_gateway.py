"""Azure Application Gateway access logs, as Azure Monitor exports them: one object a line, or an array of `records`.

`sentBytes` is the size of what went over, headers included, and stays in `extra`. The first version of the gateway logs the time
taken in milliseconds, the second in seconds; the name of the instance tells them apart.
"""

from __future__ import annotations

from amends.count.evidence.elements_reader import ElementsReader, recognise_elements
from amends.count.evidence.json_reader import Derived, JsonReader, JsonTable, recognise_members, with_query
from amends.count.evidence.settings import Reading

NAME = "azure_application_gateway"
TITLE = "Azure Application Gateway access log"
SOURCE = "https://learn.microsoft.com/en-us/azure/application-gateway/monitor-application-gateway-reference"
TIME_IS = "end"  # the line is written when the answer has been sent

NAMES = ("records",)
MEMBERS = ("timeStamp", "properties.clientIP", "properties.requestUri", "properties.httpStatus")
OWN_QUERY = "X-AzureApplicationGateway-"  # begins what the first version logs as query: nothing that the client sent
FIRST_VERSION = "ApplicationGatewayRole"


def target(path: object, query: object) -> object:
    return path if isinstance(query, str) and query.startswith(OWN_QUERY) else with_query(path, query)


def _of_version(taken: object, instance: object, *, first: bool) -> object:
    return taken if first == (isinstance(instance, str) and instance.startswith(FIRST_VERSION)) else None


def milliseconds(taken: object, instance: object) -> object:
    return _of_version(taken, instance, first=True)


def seconds(taken: object, instance: object) -> object:
    return _of_version(taken, instance, first=False)


TAKEN = ("properties.timeTaken", "properties.instanceId")
TABLE = JsonTable(
    paths={
        "time": ("timeStamp", "time"),
        "request_id": ("properties.transactionId",),
        "client": ("properties.clientIP",),
        "method": ("properties.httpMethod",),
        "target": ("properties.originalRequestUriWithArgs",),
        "status": ("properties.httpStatus",),
        "agent": ("properties.userAgent",),
    },
    derived={
        "target": (Derived(("properties.requestUri", "properties.requestQuery"), target, keeps=True),),
        "took_ms": (Derived(TAKEN, milliseconds, keeps=True),),
        "took_s": (Derived(TAKEN, seconds, keeps=True),),
    },
)


def recognise(sample: bytes) -> str | None:
    found = recognise_elements(sample, NAMES, MEMBERS, title=TITLE)
    return found or recognise_members(sample, MEMBERS, title=TITLE)


def reader(reading: Reading) -> ElementsReader:
    return ElementsReader(JsonReader(TABLE, reading), NAMES)
