"""Envoy's default text access log, and that of Istio's sidecars and gateways, which adds where the connection came from.

`sent` is bytes of the body. A status of 0 says that no answer was begun. Envoy's own form logs no address of the connection, so
its client is null: `x_forwarded_for` alone may be made up by whoever asked. JSON access logs of Envoy are JSON lines, whose names
the operator chooses.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from amends.count.evidence.arrow import Column
from amends.count.evidence.columns import Made
from amends.count.evidence.iso8601 import TIMESTAMP
from amends.count.evidence.kinds import INTEGER, Integer, Kind
from amends.count.evidence.maker_kinds import ADDRESS_PORT, Checked
from amends.count.evidence.schema import LineReader
from amends.count.evidence.settings import Reading
from amends.count.evidence.text_lines import TextLines, recognise_lines, template

NAME = "envoy"
TITLE = "Envoy or Istio access log"
SOURCE = "https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage"
TIME_IS = "start"  # %START_TIME%: when the request began

KINDS: dict[str, Kind] = {
    "time": TIMESTAMP,
    "client": ADDRESS_PORT,
    "status": Integer(most=3, type=pa.uint16()),
    "sent": INTEGER,
    "took_us": Integer(most=12, scale=1000),
    "bytes_received": Checked(INTEGER),
}
BEGINNING = '[{time}] "{request}" {status} {response_flags}'
MIDDLE = (
    ' {bytes_received} {sent} {took_us} {upstream_service_time} "{x_forwarded_for}" "{agent}" "{request_id}" "{authority}"'
    ' "{upstream_host}"'
)
ENVOY = BEGINNING + MIDDLE
# https://istio.io/latest/docs/tasks/observability/logs/access-log/
ISTIO = (
    BEGINNING
    + ' {response_code_details} {connection_termination_details} "{upstream_transport_failure_reason}"'
    + MIDDLE
    + " {upstream_cluster} {upstream_local_address} {downstream_local_address} {client} {requested_server_name} {route_name}"
)
FORMS = tuple(template(form, KINDS) for form in (ISTIO, ENVOY))
# Flags of an answer that was begun and did not come to its end: connection or stream ended by either side, timed out, or broken.
CUT = "(?:^|,)(?:DC|UC|UR|LR|SI|DT|UMSDR|DPE|UPE)(?:,|$)"


def recognise(sample: bytes) -> str | None:
    return recognise_lines(sample, FORMS, title=TITLE)


def reader(reading: Reading) -> LineReader:
    return TextLines(*FORMS, made={"complete": Made(("response_flags",), _complete, keeps=True)})


def _complete(flags: Column) -> Column:
    """Did the answer come to its end? No flag at all (`-`, null here) says so too."""
    is_cut: Column = pc.match_substring_regex(flags, CUT)
    return pc.invert(pc.fill_null(is_cut, False))
