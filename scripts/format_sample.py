"""What a format makes of its sample: prints the JSON that stands beside it as NAME.expected.json, to be read before it is kept.

    .venv/bin/python scripts/format_sample.py tests/samples/aws_alb.log ['{"zone": "Asia/Seoul"}']

The settings are those of an [[evidence]] block; without them, those that the file beside the sample has already.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

from amends.count.evidence.blocks import iter_parsed
from amends.count.evidence.formats import formats
from amends.count.evidence.plain import PlainBytes
from amends.count.evidence.settings import Reading, parse_reading
from amends.errors import Place


def name_of(sample: Path) -> str:
    """The format of a sample: NAME.EXT, or NAME.VARIANT.EXT."""
    return sample.name.split(".")[0]


def expected_file(sample: Path) -> Path:
    return sample.with_suffix(".expected.json")


def settings_of(sample: Path) -> dict[str, Any]:
    file = expected_file(sample)
    settings: dict[str, Any] = json.loads(file.read_text("utf-8"))["settings"] if file.exists() else {}
    return settings


def reading_of(settings: dict[str, Any]) -> Reading:
    return parse_reading(settings, at=Place("the sample's settings"))


def outcome(data: bytes, name: str, reading: Reading) -> dict[str, Any]:
    """Events without their nulls, rejects by line and reason, and the fault that the reader found."""
    reader = formats()[name].reader(reading)
    events: list[dict[str, Any]] = []
    rejects: list[dict[str, Any]] = []
    for parsed in iter_parsed(PlainBytes(io.BytesIO(data)), reader):
        rows: list[dict[str, Any]] = parsed.events.to_pylist(maps_as_pydicts="strict")
        events += [_shown(row) for row in rows]
        rejects += parsed.rejects.select(["line", "reason"]).to_pylist()
    return {"events": events, "rejects": rejects, "fault": getattr(reader, "fault", None)}


def _shown(event: dict[str, Any]) -> dict[str, Any]:
    values = {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in event.items()}
    return {name: value for name, value in values.items() if value not in (None, {})}


def main() -> None:
    sample = Path(sys.argv[1])
    settings = json.loads(sys.argv[2]) if len(sys.argv) > 2 else settings_of(sample)
    found = outcome(sample.read_bytes(), name_of(sample), reading_of(settings))
    print(json.dumps({"settings": settings, **found}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
