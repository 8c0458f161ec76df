"""Amazon API Gateway access logs, in the JSON that its console proposes, or in the form that `log_format` gives.

`log_format` is the stage's own: one JSON object, or one line (CLF, CSV), of `$context` variables. `sent` is the length of the
payload. The proposed forms do not log the path that was asked for, only that of the resource (`/pets/{petId}`): such a log tells
that somebody's data went out, not whose; `$context.path` in the stage's format does.
"""

from __future__ import annotations

import re
from dataclasses import replace

from amends.count.evidence import kinds
from amends.count.evidence.grammar import Literal, Standard, Variable, bad_format, line_format, named_fields
from amends.count.evidence.json_reader import Derived, JsonReader, JsonTable, recognise_members
from amends.count.evidence.schema import TIME, LineReader
from amends.count.evidence.settings import Reading
from amends.count.evidence.skeleton import is_skeleton, json_columns
from amends.count.evidence.text_lines import TextLines
from amends.count.evidence.times import TIME_LOCAL

NAME = "aws_api_gateway"
TITLE = "Amazon API Gateway access log"
SOURCE = "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html"
TIME_IS = "start"  # $context.requestTime
SETTING = "log_format"

# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
STANDARDS = (
    Standard("requestTimeEpoch", kinds.Integer(most=14, scale=1000, type=TIME), ("time",)),
    Standard("requestTime", TIME_LOCAL, ("time",)),
    Standard("identity.sourceIp", kinds.ADDRESS, ("client",)),
    Standard("httpMethod", kinds.TEXT, ("method",)),
    Standard("path", kinds.TEXT, ("target",)),
    Standard("resourcePath", kinds.TEXT, ("target",)),
    Standard("status", kinds.STATUS, ("status",)),
    Standard("responseLength", kinds.INTEGER, ("sent",)),
    Standard("responseLatency", kinds.Integer(most=12, scale=1000), ("took_us",)),
    Standard("requestId", kinds.TEXT, ("request_id",)),
    Standard("identity.userAgent", kinds.TEXT, ("agent",)),
)
MEMBERS = {one.variable: one.columns[0] for one in STANDARDS} | {"responseLatency": "took_ms"}
VARIABLE = re.compile(r"\$context\.([A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9])")


def of_route(route: object) -> object:
    """`GET /pets/{petId}`, as HTTP APIs name a route, without its method."""
    return route.partition(" ")[2] or route if isinstance(route, str) else None


TABLE = JsonTable(
    paths={
        "time": ("requestTimeEpoch", "requestTime"),
        "request_id": ("requestId",),
        "client": ("ip", "sourceIp"),
        "method": ("httpMethod",),
        "target": ("path", "resourcePath"),
        "status": ("status",),
        "sent": ("responseLength",),
        "took_ms": ("responseLatency",),
        "agent": ("userAgent",),
    },
    derived={"target": (Derived(("routeKey",), of_route, keeps=True),)},
)


def recognise(sample: bytes) -> str | None:
    return recognise_members(sample, ("requestId", "requestTime", "httpMethod", "status", "responseLength"), title=TITLE)


def reader(reading: Reading) -> LineReader:
    """Raises: EVI-002."""
    if not reading.log_format:
        return JsonReader(TABLE, reading)
    parts = _parts(reading.log_format)
    if not is_skeleton(parts):
        return TextLines(line_format(named_fields(parts, STANDARDS), escapes=False, source=SETTING))
    columns = json_columns(parts, MEMBERS, source=SETTING) | dict(reading.columns)
    return JsonReader(JsonTable(paths={}), replace(reading, columns=columns))


def _parts(text: str) -> list[Literal | Variable]:
    parts: list[Literal | Variable] = []
    at = 0
    for found in VARIABLE.finditer(text):
        parts.append(Literal(text[at : found.start()].encode()))
        name = found[1]
        parts.append(Variable(found[0], name, name.rpartition(".")[2], kinds.TEXT, found.start() + 1))
        at = found.end()
    if not parts:
        raise bad_format(SETTING, None, "variables such as $context.requestTime")
    return [part for part in (*parts, Literal(text[at:].encode())) if not isinstance(part, Literal) or part.text]
