"""AWS CloudTrail log files: one JSON document with the events under `Records`; an event is a line, by its place in the array.

A call is written as a request, so that a data map can name it: `target` is `/SERVICE/CALL?PARAMETER=VALUE...` with the parameters
that are one value, `method` is GET for a call that only reads, else POST. `status` stands for the outcome, which is logged as the
name of an error or none: 200, 403 for a denial, 400 for another error.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from amends.count.evidence.elements_reader import ElementsReader, recognise_elements
from amends.count.evidence.json_reader import Derived, JsonReader, JsonTable
from amends.count.evidence.json_values import as_text
from amends.count.evidence.settings import Reading

NAME = "cloudtrail"
TITLE = "AWS CloudTrail log file"
SOURCE = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html"
TIME_IS = "end"  # "the date and time the request was completed"

NAMES = ("Records",)
DENIALS = ("AccessDenied", "Unauthorized", "Forbidden")


def method(read_only: object) -> str | None:
    return {True: "GET", "true": "GET", False: "POST", "false": "POST"}.get(
        read_only if isinstance(read_only, str | bool) else ""
    )


def target(service: object, call: object, parameters: object) -> str:
    if not isinstance(service, str) or not isinstance(call, str):
        raise ValueError("a call without a name")
    given = parameters if isinstance(parameters, Mapping) else {}
    query = urlencode({name: as_text(value) for name, value in given.items() if not isinstance(value, list | dict)})
    return f"/{quote(service)}/{quote(call)}" + (f"?{query}" if query else "")


def status(call: object, error: object) -> int:
    if error is None:
        return 200
    return 403 if any(denial in str(error) for denial in DENIALS) else 400


def client(source: object) -> object:
    """`AWS Internal` is no address."""
    return None if isinstance(source, str) and " " in source else source


TABLE = JsonTable(
    paths={
        "time": ("eventTime",),
        "request_id": ("requestID",),
        "account": ("userIdentity.arn", "userIdentity.principalId"),
        "agent": ("userAgent",),
    },
    derived={
        "client": (Derived(("sourceIPAddress",), client, keeps=True),),
        "method": (Derived(("readOnly",), method, keeps=True),),
        "target": (Derived(("eventSource", "eventName", "requestParameters.*"), target, keeps=True),),
        "status": (Derived(("eventName", "errorCode"), status, keeps=True),),
    },
)


def recognise(sample: bytes) -> str | None:
    return recognise_elements(sample, NAMES, ("eventVersion", "eventTime", "eventSource", "eventName"), title=TITLE)


def reader(reading: Reading) -> ElementsReader:
    return ElementsReader(JsonReader(TABLE, reading), NAMES)
