"""Amazon CloudFront real-time logs, as a stream of Kinesis delivers them: fields parted by tabs, chosen by the operator.

No line names the fields: `log_format` lists them in the order of the configuration, or else all are there. `cs-uri-stem` holds
the query too, unlike in standard logs. `sc-bytes` counts headers too and stays in `extra`. The configuration may log a sample of
the requests only, and a line may be missing: delivery is on a best-effort basis.
"""

from __future__ import annotations

from amends.count.evidence import kinds
from amends.count.evidence.columns import Made, by_distinct, completion, percent_decoded
from amends.count.evidence.grammar import Field, LineFormat, Literal, bad_format, line_format
from amends.count.evidence.kinds import EPOCH_SECONDS, Kind
from amends.count.evidence.maker_kinds import Decimal
from amends.count.evidence.schema import LineReader
from amends.count.evidence.settings import Reading
from amends.count.evidence.text_lines import TextLines, recognise_lines

NAME = "cloudfront_realtime"
TITLE = "Amazon CloudFront real-time log"
SOURCE = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/real-time-logs.html"
TIME_IS = "end"  # "when the edge server finished responding to the request"

NAMES = (
    "timestamp c-ip s-ip time-to-first-byte sc-status sc-bytes cs-method cs-protocol cs-host cs-uri-stem cs-bytes x-edge-location"
    " x-edge-request-id x-host-header time-taken cs-protocol-version c-ip-version cs-user-agent cs-referer cs-cookie cs-uri-query"
    " x-edge-response-result-type x-forwarded-for ssl-protocol ssl-cipher x-edge-result-type fle-encrypted-fields fle-status"
    " sc-content-type sc-content-len sc-range-start sc-range-end c-port x-edge-detailed-result-type c-country cs-accept-encoding"
    " cs-accept cache-behavior-path-pattern cs-headers cs-header-names cs-headers-count primary-distribution-id"
    " primary-distribution-dns-name origin-fbl origin-lbl asn"
)
FIELDS = NAMES.split()
FIRST_FIELDS = FIELDS[: FIELDS.index("primary-distribution-id")]  # all that there were at first
COLUMNS: dict[str, tuple[str, Kind]] = {
    "timestamp": ("time", EPOCH_SECONDS),
    "c-ip": ("client", kinds.ADDRESS),
    "sc-status": ("status", kinds.STATUS),
    "cs-method": ("method", kinds.TEXT),
    "cs-uri-stem": ("target", kinds.TEXT),
    "x-edge-request-id": ("request_id", kinds.TEXT),
    "time-taken": ("took_us", Decimal()),
    "cs-user-agent": ("agent", kinds.TEXT),
    "sc-content-len": ("length", kinds.INTEGER),
}
CUT = ("ClientCommError", "ClientHungUpRequest", "AbortedOrigin")  # as in standard logs
MADE = {
    "agent": Made(("agent",), by_distinct(percent_decoded)),
    "complete": Made(("x-edge-detailed-result-type",), completion(cut=CUT), keeps=True),
}


def recognise(sample: bytes) -> str | None:
    return recognise_lines(sample, (_form(FIELDS), _form(FIRST_FIELDS)), title=TITLE)


def reader(reading: Reading) -> LineReader:
    if not reading.log_format:
        return TextLines(_form(FIELDS), _form(FIRST_FIELDS), made=MADE)
    names = reading.log_format.replace(",", " ").split()
    if unknown := [name for name in names if name not in FIELDS]:
        raise bad_format("log_format", None, f"fields of a real-time log configuration; {unknown[0]!r} is none")
    return TextLines(_form(names), made=MADE)


def _form(names: list[str]) -> LineFormat:
    """Raises: EVI-002 where no line could be read without guessing."""
    pieces: list[Literal | Field] = []
    for name in names:
        column, kind = COLUMNS.get(name, (name, kinds.TEXT))
        pieces += [Field(name, kind, (column,)), Literal(b"\t")]
    return line_format(pieces[:-1], escapes=False, source="log_format")
