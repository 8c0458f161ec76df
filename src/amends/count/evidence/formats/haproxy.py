"""HAProxy's HTTP and HTTPS log formats (`option httplog`, `option httpslog`), mostly behind a syslog prefix.

`bytes_read` counts headers too and stays in `extra`. Stamps have no offset, so the block must give the zone. Where headers are
captured on one side only, the log does not say on which: they are `captured_headers`. With `option logasap` a line is written
before its answer has ended (`+` before time and bytes), and cannot say whether it did.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from amends.count.evidence.arrow import Column
from amends.count.evidence.columns import Made
from amends.count.evidence.grammar import LineFormat
from amends.count.evidence.kinds import INTEGER, Integer, Kind, Status
from amends.count.evidence.maker_kinds import ADDRESS_PORT, Checked, civil
from amends.count.evidence.schema import LineReader
from amends.count.evidence.settings import Reading
from amends.count.evidence.text_lines import TextLines, recognise_lines, template

NAME = "haproxy"
TITLE = "HAProxy HTTP log"
SOURCE = "https://docs.haproxy.org/3.0/configuration.html#8.2.3"
TIME_IS = "start"  # %tr: when the first byte of the request came

KINDS: dict[str, Kind] = {
    "client": ADDRESS_PORT,
    "took_us": Integer(most=12, scale=1000),
    "status": Status((b"-1",)),  # aborted before there was one
    "bytes_read": Checked(INTEGER),
    "bytes_so_far": Checked(INTEGER),
}
WAITED = "{request_time}/{queue_time}/{connect_time}/{response_time}"
AT_END = "{took_us} {status} {bytes_read}"
AS_SOON_AS_POSSIBLE = "+{took_us} {status} +{bytes_so_far}"
CAPTURED = ("", "{{captured_headers}} ", "{{captured_request_headers}} {{captured_response_headers}} ")
HTTPS = " {fc_err}/{ssl_fc_err}/{ssl_c_err}/{ssl_c_ca_err}/{ssl_fc_is_resumed} {ssl_fc_sni}/{ssl_version}/{ssl_ciphers}"
ENDED = "^[-L]"  # by both sides in turn, or by an answer of HAProxy's own; else aborted, timed out or refused


def _forms(zone: str | None) -> Iterator[LineFormat]:
    kinds = {**KINDS, "time": civil("%d/%b/%Y:%H:%M:%S.%L", zone)}
    for amount in (AT_END, AS_SOON_AS_POSSIBLE):
        for rest in ("", HTTPS):
            for captured in CAPTURED:
                yield template(
                    "{client} [{time}] {frontend_name} {backend_name}/{server_name} "
                    f"{WAITED}/{amount} {{captured_request_cookie}} {{captured_response_cookie}} {{termination_state}}"
                    " {actconn}/{feconn}/{beconn}/{srv_conn}/{retries} {srv_queue}/{backend_queue} "
                    f'{captured}"{{request}}"{rest}',
                    kinds,
                )


def recognise(sample: bytes) -> str | None:
    return recognise_lines(sample, tuple(_forms("UTC")), title=TITLE)


def reader(reading: Reading) -> LineReader:
    made = {"complete": Made(("termination_state", "bytes_read"), _complete, keeps=True)}
    return TextLines(*_forms(reading.zone), made=made)


def _complete(state: Column, bytes_read: Column) -> Column:
    """Did the answer come to its end? Of one that was logged before it, only that it was cut can be known."""
    ended: Column = pc.match_substring_regex(state, ENDED)
    is_early = pc.and_(pc.fill_null(ended, True), pc.is_null(bytes_read))
    return pc.if_else(is_early, pa.scalar(None, pa.bool_()), ended)
