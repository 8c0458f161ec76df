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
FORM = template(
    "{type} {version} {time} {elb} {listener} {client} {destination} {took_us} {tls_handshake_time} {received_bytes} {sent_bytes}"
    " {incoming_tls_alert} {chosen_cert_arn} {chosen_cert_serial} {tls_cipher} {tls_protocol_version} {tls_named_group}"
    " {domain_name} {alpn_fe_protocol} {alpn_be_protocol} {alpn_client_preference_list} {tls_connection_creation_time}",
    KINDS,
)


def recognise(sample: bytes) -> str | None:
    return recognise_lines(sample, [FORM], title=TITLE)


def reader(reading: Reading) -> LineReader:
    return TextLines(FORM)
