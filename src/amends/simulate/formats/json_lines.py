"""JSON lines with the field names of the Elastic Common Schema 8; the credential is in `labels.token`."""

from __future__ import annotations

import pyarrow as pa

from amends.simulate.chance import mixed
from amends.simulate.clock import instant
from amends.simulate.endpoints import AGENTS
from amends.simulate.formats.shared import methods, statuses, targets
from amends.simulate.requests import Requests
from amends.simulate.text import addresses, clock, concatenated, digits, either, hex16, picked, thousandths

AGENT_TAILS = pa.array([f'"}},"user_agent":{{"original":"{agent}"}}' for agent in AGENTS])


def lines(given: Requests, day_ms: int) -> pa.StringArray:
    same = mixed(given.time ^ (given.client << 20), 11) ^ given.token ^ mixed(given.number, 12)  # a retry has its first try's id
    return concatenated(
        f'{{"@timestamp":"{instant(day_ms).date().isoformat()}T',
        clock(given.time, day_ms),
        ".",
        picked(thousandths(), given.time % 1000),
        '+09:00","ecs":{"version":"8.11.0"},"source":{"ip":"',
        addresses(given.client),
        '"},',
        either(given.account == 0, "", concatenated('"user":{"id":"', digits(given.account), '"},')),
        '"http":{"request":{"id":"',
        hex16(same),
        '","method":"',
        methods(given),
        '"},"response":{"status_code":',
        digits(statuses(given)),
        ',"body":{"bytes":',
        digits(given.sent),
        '}}},"url":{"original":"',
        targets(given),
        picked(AGENT_TAILS, given.agent),
        either(given.token == 0, "", concatenated(',"labels":{"token":"', hex16(given.token), '"}')),
        "}\n",
    )
