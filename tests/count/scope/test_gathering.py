"""What scope gathers from a case: addresses that stand as principals come back in clear, whether or not secrets/ is there."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from amends.case import create_case, keyed_hash
from amends.count.datamap.load import parse
from amends.count.evidence.ingest import ingest
from amends.count.scope.gathering import clear_principals
from amends.count.scope.misuse import parse_misuse
from amends.engine import open_engine

MAP = b"version: 1\nsubjects:\n  account: {label: {en: account}}\nendpoints: []\n"


def test_an_address_that_is_listed_by_its_hash_is_found_in_the_events(tmp_path: Path) -> None:
    case = create_case(tmp_path / "case", company="Shop", zone="Asia/Seoul")
    log = tmp_path / "access.log"
    line = '{} - - [01/Mar/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "-"\n'
    log.write_text("".join(line.format(client) for client in ("203.0.113.7", "203.0.113.8", "203.0.113.7")), "utf-8")
    ingest(case, [str(log)], now=datetime(2026, 3, 2, tzinfo=UTC))
    shutil.rmtree(case.secrets / "principals")
    hashes = [keyed_hash(case.key(), text).hex() for text in ("203.0.113.7", "203.0.113.9")]
    listed = ", ".join(f"hmac {hash}" for hash in hashes)
    rule = f"- {{id: x, author: a, at: 2026-03-02T00:00:00Z, reason: r, where: {{principal: [{listed}]}}}}\n"
    misuse = parse_misuse(rule.encode(), map=parse(MAP, folder=case.path), case=case)

    with open_engine(spill=case.spill, memory_bytes=1 << 28, threads=1) as engine:
        found = clear_principals(case, misuse, engine=engine)

    assert found == {hashes[0]: "203.0.113.7"}
