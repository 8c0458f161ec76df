"""AWS Network Load Balancer access logs: one line for each TLS connection of a listener, none for a request.

A connection has no target and no status: such logs tell who was connected when, and how much went over (`sent_bytes` counts what
was sent to the client, headers included). Delivery is best effort.
"""

from __future__ import annotations

from amends.count.evidence.iso8601 import TIMESTAMP_UTC
from amends.count.evidence.kinds import INTEGER, Integer, Kind
from amends.count.evidence.maker_kinds import ADDRESS_PORT, Checked
from amends.count.evidence.schema import LineReader
from amends.count.evidence.settings import Reading
from amends.count.evidence.text_lines import TextLines, recognise_lines, template

NAME = "aws_nlb"
TITLE = "AWS Network Load Balancer access log"
SOURCE = "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html"
TIME_IS = "end"  # "recorded at the end of the TLS connection"

KINDS: dict[str, Kind] = {
    "time": TIMESTAMP_UTC,
    "client": ADDRESS_PORT,
    "took_us": Integer(most=12, scale=1000),
    "tls_handshake_time": Checked(INTEGER),
    "received_bytes": Checked(INTEGER),
    "sent_bytes": Checked(INTEGER),
}
MOST_PREFERENCES = 4  # protocols that a client offers: `"h2","http/1.1"`; none is `-`
BEFORE = (
    "{type} {version} {time} {elb} {listener} {client} {destination} {took_us} {tls_handshake_time} {received_bytes} {sent_bytes}"
    " {incoming_tls_alert} {chosen_cert_arn} {chosen_cert_serial} {tls_cipher} {tls_protocol_version} {tls_named_group}"
    " {domain_name} {alpn_fe_protocol} {alpn_be_protocol} "
)
AFTER = " {tls_connection_creation_time}"


def _preferences(number: int) -> str:
    names = [f'"{{alpn_client_preference_{place}}}"' for place in range(1, number + 1)]
    return ",".join(names) or "{alpn_client_preference_list}"


FORMS = tuple(template(f"{BEFORE}{_preferences(number)}{AFTER}", KINDS) for number in range(MOST_PREFERENCES + 1))


def recognise(sample: bytes) -> str | None:
    return recognise_lines(sample, FORMS, title=TITLE)


def reader(reading: Reading) -> LineReader:
    return TextLines(*FORMS)
