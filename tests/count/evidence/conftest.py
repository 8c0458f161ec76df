"""A case, log lines of nginx's combined format, and taking files into the case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from amends.case import Case, create_case, write_atomically
from amends.count.evidence.ingest import Ingestion, ingest

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
START = datetime(2025, 11, 18, 0, 0, tzinfo=UTC)

type Line = Callable[..., bytes]
type Take = Callable[..., Ingestion]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    made = create_case(tmp_path / "case", company="Shop", zone="Asia/Seoul")
    write_atomically(made.secrets / "hmac.key", bytes(range(32)))
    return made


@pytest.fixture
def line() -> Line:
    def combined(second: float, *, client: str = "192.0.2.1", target: str = "/", status: int = 200, user: str = "-") -> bytes:
        moment = START + timedelta(seconds=second)
        request = f'"GET {target} HTTP/1.1" {status} 512 "-" "agent"'
        return f"{client} - {user} [{moment:%d/%b/%Y:%H:%M:%S} +0000] {request}\n".encode()

    return combined


@pytest.fixture
def take(case: Case, tmp_path: Path) -> Take:
    """Write files (name to bytes) and ingest them, in the order given."""

    def taken(files: Mapping[str, bytes], **options: object) -> Ingestion:
        logs = tmp_path / "logs"
        for name, data in files.items():
            (logs / name).parent.mkdir(parents=True, exist_ok=True)
            (logs / name).write_bytes(data)
        return ingest(case, [str(logs / name) for name in files], now=NOW, **options)  # type: ignore[arg-type]

    return taken
