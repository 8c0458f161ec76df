"""Amazon S3 server access logs: fields parted by spaces, new ones added at the end over the years.

`sent` is bytes of the body ("excluding HTTP protocol overhead"), `length` the size of the whole object: less sent than that was a
range or was cut. Who asked stands in `requester`, which a block may name as its principal. Delivery is best effort: a record may
be missing.
"""

from __future__ import annotations

from amends.count.evidence.kinds import Integer, Kind
from amends.count.evidence.maker_kinds import Checked
from amends.count.evidence.schema import LineReader
from amends.count.evidence.settings import Reading
from amends.count.evidence.text_lines import TextLines, recognise_lines, template
from amends.count.evidence.times import TIME_LOCAL

NAME = "aws_s3"
TITLE = "Amazon S3 server access log"
SOURCE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html"
TIME_IS = "start"  # "the time at which the request was received"

KINDS: dict[str, Kind] = {
    "time": TIME_LOCAL,
    "sent": Integer(dash=0),  # written so where no byte was sent
    "took_us": Integer(most=12, scale=1000),
    "turn_around_time": Checked(Integer(most=12)),
}
# The fields of 2006, and what each later addition appended.
FIRST = (
    "{bucket_owner} {bucket} [{time}] {client} {requester} {request_id} {operation} {key}"
    ' "{request}" {status} {error_code} {sent} {length} {took_us} {turn_around_time} "{referer}" "{agent}" {version_id}'
)
LATER = (
    " {host_id} {signature_version} {cipher_suite} {authentication_type} {host_header}",
    " {tls_version}",
    " {access_point_arn}",
    " {acl_required}",
    " {source_region}",
)
FORMS = tuple(template("".join((FIRST, *LATER[:number])), KINDS) for number in (5, 4, 3, 2, 1, 0))


def recognise(sample: bytes) -> str | None:
    return recognise_lines(sample, FORMS, title=TITLE)


def reader(reading: Reading) -> LineReader:
    return TextLines(*FORMS)
