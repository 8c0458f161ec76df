"""A log of JSON lines with the names of ECS, seeded: `python json_log.py LOG LINES SEED`."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

# Where each column of events stands in a line, for a reader that must be told.
COLUMNS = {
    "time": '"@timestamp"',
    "client": "source.ip",
    "account": '"user".id',
    "method": "http.request.method",
    "request_id": "http.request.id",
    "status": "http.response.status_code",
    "sent": "http.response.body.bytes",
    "target": "url.original",
    "agent": "user_agent.original",
    "took_ns": "event.duration",
    "event": "event.id",
}


def write_log(path: Path, *, lines: int, seed: int) -> None:
    """About 440 bytes a line: 300,000 addresses, 1,500 agents, ids of 33.7 million customers."""
    random = Random(seed)
    addresses = [f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(256)}" for _ in range(300_000)]
    agents = [f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{random.randrange(10**4)}.0" for _ in range(1_500)]
    with path.open("w") as log:
        for number in range(lines):
            second, customer = number // 25, random.randrange(33_700_000)
            log.write(
                f'{{"@timestamp":"2025-11-18T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}'
                f'.{random.randrange(1000):03}Z","source":{{"ip":"{random.choice(addresses)}"}},"user":{{"id":"{customer}"}},'
                f'"http":{{"request":{{"method":"GET","id":"{random.getrandbits(128):032x}"}},'
                f'"response":{{"status_code":{200 if random.random() < 0.95 else 404},'
                f'"body":{{"bytes":{random.randrange(60_000)}}}}}}},'
                f'"url":{{"original":"/api/v1/customers/{customer}"}},"user_agent":{{"original":"{random.choice(agents)}"}},'
                f'"event":{{"duration":{random.randrange(10**9)},"id":"{random.getrandbits(128):032x}"}}}}\n'
            )


if __name__ == "__main__":
    write_log(Path(sys.argv[1]), lines=int(sys.argv[2]), seed=int(sys.argv[3]))
