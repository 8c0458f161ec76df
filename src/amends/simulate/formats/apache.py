"""Apache `combined` for the support staff's console: the stamp is the start of the request, the user is in %u."""

from __future__ import annotations

import pyarrow as pa

from amends.simulate.clock import instant
from amends.simulate.endpoints import AGENTS
from amends.simulate.formats.shared import MONTHS, methods, statuses, targets
from amends.simulate.requests import Requests
from amends.simulate.text import addresses, clock, concatenated, digits, digits_or, picked

LOG_FORMAT = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"'
TAILS = pa.array([f' "-" "{agent}"\n' for agent in AGENTS])


def lines(given: Requests, day_ms: int) -> pa.StringArray:
    day = instant(day_ms)
    return concatenated(
        addresses(given.client),
        " - ",
        users(given),
        f" [{day.day:02d}/{MONTHS[day.month - 1]}/{day.year}:",
        clock(given.time, day_ms),
        ' +0900] "',
        methods(given),
        " ",
        targets(given),
        ' HTTP/1.1" ',
        digits(statuses(given)),
        " ",
        digits_or(given.sent, given.sent == 0, "-"),  # %b writes "-" for no bytes
        picked(TAILS, given.agent),
    )


def users(given: Requests) -> pa.StringArray:
    names = pa.array(["-", *(f"support-{number}" for number in range(1, 100))])
    return picked(names, given.account)
