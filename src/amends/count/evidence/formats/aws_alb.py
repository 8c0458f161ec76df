"""AWS Application Load Balancer access logs: fields parted by spaces, new ones added at the end over the years.

The bytes sent are those of headers and body, so they stay in `extra` and `sent` is null.
"""

from __future__ import annotations

from amends.count.evidence.columns import Made, sum_of_seconds
from amends.count.evidence.iso8601 import TIMESTAMP
from amends.count.evidence.kinds import INTEGER, Kind
from amends.count.evidence.maker_kinds import ADDRESS_PORT, Checked, Decimal
from amends.count.evidence.schema import LineReader
from amends.count.evidence.settings import Reading
from amends.count.evidence.text_lines import TextLines, recognise_lines, template

NAME = "aws_alb"
TITLE = "AWS Application Load Balancer access log"
SOURCE = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html"
TIME_IS = "end"  # "when the load balancer generated a response to the client"

TIMES = ("request_processing_time", "target_processing_time", "response_processing_time")
SECONDS = Checked(Decimal(unknown=(b"-1", b"-")))  # -1: not dispatched to a target, or closed before an answer
KINDS: dict[str, Kind] = {
    "time": TIMESTAMP,
    "client": ADDRESS_PORT,
    "sent_bytes": Checked(INTEGER),
    "received_bytes": Checked(INTEGER),
    **dict.fromkeys(TIMES, SECONDS),
}
# The fields of early 2018, and what each later addition appended.
FIRST = (
    "{type} {time} {elb} {client} {target_address} {request_processing_time} {target_processing_time} {response_processing_time}"
    ' {status} {target_status_code} {received_bytes} {sent_bytes} "{request}" "{agent}" {ssl_cipher} {ssl_protocol}'
    ' {target_group_arn} "{request_id}" "{domain_name}" "{chosen_cert_arn}" {matched_rule_priority} {request_creation_time}'
    ' "{actions_executed}" "{redirect_url}"'
)
LATER = (
    ' "{error_reason}"',
    ' "{target_port_list}" "{target_status_code_list}" "{classification}" "{classification_reason}"',
    " {conn_trace_id}",
    ' "{transformed_host}" "{transformed_uri}" "{request_transform_status}"',
)
FORMS = tuple(template("".join((FIRST, *LATER[:number])), KINDS) for number in (3, 4, 2, 1, 0))


def recognise(sample: bytes) -> str | None:
    return recognise_lines(sample, FORMS, title=TITLE)


def reader(reading: Reading) -> LineReader:
    return TextLines(*FORMS, made={"took_us": Made(TIMES, sum_of_seconds, keeps=True)})
