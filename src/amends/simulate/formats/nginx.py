"""nginx with the shop's own `log_format`: the stamp is the end of the answer."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from amends.simulate.clock import instant
from amends.simulate.endpoints import AGENTS
from amends.simulate.formats.shared import MONTHS, SITE, methods, statuses, targets
from amends.simulate.requests import Requests
from amends.simulate.text import addresses, clock, concatenated, digits, digits_or, hex16_or, picked

LOG_FORMAT = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
    '"$http_referer" "$http_user_agent" uid=$uid tok=$tok iss=$iss'
)
TAILS = pa.array([f' "{site}" "{agent}" uid=' for site in ("-", SITE) for agent in AGENTS])


def lines(given: Requests, day_ms: int) -> pa.StringArray:
    day = instant(day_ms)
    return concatenated(
        addresses(given.client),
        f" - - [{day.day:02d}/{MONTHS[day.month - 1]}/{day.year}:",
        clock(given.time, day_ms),
        ' +0900] "',
        methods(given),
        " ",
        targets(given),
        ' HTTP/1.1" ',
        digits(statuses(given)),
        " ",
        digits(given.sent),
        picked(TAILS, np.where(given.from_site, len(AGENTS), 0) + given.agent),
        digits_or(given.account, given.account == 0, "-"),
        " tok=",
        hex16_or(given.token, "-"),
        " iss=",
        hex16_or(given.issued, "-"),
        "\n",
    )
