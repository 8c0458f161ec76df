"""Amazon CloudFront standard logs: W3C extended, fields parted by tabs, text percent-encoded.

`sc-bytes` counts headers too, so it stays in `extra` and `sent` is null; `sc-content-len` is the length that was announced.
Only that an answer was cut is told, never that it was whole. Logs come "on a best-effort basis": a line may be missing.
"""

from __future__ import annotations

from amends.count.evidence.columns import Made, by_distinct, completion, percent_decoded, target_of
from amends.count.evidence.headed import HeadedReader, HeadedTable, recognise_fields
from amends.count.evidence.kinds import ADDRESS, INTEGER, STATUS, TEXT
from amends.count.evidence.maker_kinds import Decimal
from amends.count.evidence.settings import Reading

NAME = "cloudfront"
TITLE = "Amazon CloudFront standard log"
SOURCE = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html"
TIME_IS = "end"  # "when the CloudFront server finished responding to the request"

CUT = ("ClientCommError", "ClientHungUpRequest", "AbortedOrigin")
TABLE = HeadedTable(
    separator="\t",
    fields={
        "c-ip": ("client", ADDRESS),
        "cs-method": ("method", TEXT),
        "sc-status": ("status", STATUS),
        "sc-content-len": ("length", INTEGER),
        "time-taken": ("took_us", Decimal()),
        "cs(User-Agent)": ("agent", TEXT),
        "x-edge-request-id": ("request_id", TEXT),
    },
    made={
        "target": Made(("cs-uri-stem", "cs-uri-query"), target_of),
        "agent": Made(("agent",), by_distinct(percent_decoded)),
        "complete": Made(("x-edge-detailed-result-type",), completion(cut=CUT), keeps=True),
    },
    servers=("x-edge-location", "x-host-header", "cs(Host)"),
)


def recognise(sample: bytes) -> str | None:
    return recognise_fields(sample, ("date", "time", "x-edge-location", "cs-uri-stem"), title=TITLE)


def reader(reading: Reading) -> HeadedReader:
    return HeadedReader(TABLE, reading)
