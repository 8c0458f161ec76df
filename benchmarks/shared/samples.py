"""Sources of any size in the form of each sample under tests/samples: the first line of it that is an event, again and again,
with another client, target and second in each. The sample's other lines show what is rare.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "tests" / "samples"
sys.path.insert(0, str(ROOT / "scripts"))
SECONDS = re.compile(rb"(?<=\d\d:\d\d:)\d\d(?=\D)|(?<=\b1[67]\d{6})\d\d(?=\.)")  # of a stamp, or since 1970
LINES_A_SECOND = 50


@dataclass(frozen=True, slots=True)
class Sample:
    """A form, and one row of it. Rows stand between `head` and `tail`, with `joint` between two and `end` after the last."""

    name: str  # of its file
    format: str
    settings: dict[str, Any]
    row: bytes
    client: bytes | None  # as it stands in the row
    target: bytes | None
    head: bytes = b""
    joint: bytes = b"\n"
    end: bytes = b"\n"
    tail: bytes = b""

    @property
    def is_lines(self) -> bool:
        """Whether a row is a physical line."""
        return self.joint == b"\n" and not self.is_parquet

    @property
    def is_parquet(self) -> bool:
        return self.name.endswith(".parquet")

    @property
    def has_objects(self) -> bool:
        return self.row.startswith(b"{") and not self.is_parquet

    def rows(self, count: int, *, seed: int = 7) -> Iterator[bytes]:
        """So many rows, no two the same for long."""
        chance = Random(seed)
        for number in range(count):
            row = self.row
            if self.target:
                row = row.replace(self.target, b"%s%d" % (self.target.rstrip(b"0123456789"), chance.randrange(10**7)))
            if self.client:
                row = row.replace(self.client, b"203.%d.%d.%d" % (chance.randrange(4), *chance.randbytes(2)))
            yield SECONDS.sub(b"%02d" % (number // LINES_A_SECOND % 60), row)

    def text(self, rows: Sequence[bytes]) -> bytes:
        """A source of these rows."""
        if self.is_parquet:
            return _parquet(rows, FOLDER / self.name)
        return self.head + self.joint.join(rows) + self.end + self.tail


def samples() -> list[Sample]:
    """One for each sample, by name."""
    return [_sample(path) for path in sorted(FOLDER.iterdir()) if not path.name.endswith(".expected.json")]


def _sample(path: Path) -> Sample:
    from format_sample import expected_file, name_of, settings_of

    text, form = path.read_bytes(), name_of(path)
    event = min(json.loads(expected_file(path).read_text("utf-8"))["events"], key=itemgetter("line"))
    first, settings = event["line"], settings_of(path)
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        row = _as_json(pq.read_table(path).to_pylist()[first - 1])
        return Sample(path.name, form, settings, row, *_varied(event, row))
    if path.suffix == ".json":
        from amends.count.evidence.records import iter_texts

        row = next(row for number, row in enumerate(iter_texts(io.BytesIO(text), form), 1) if number == first)
        head = text[: text.index(b"[") + 1]
        return Sample(path.name, form, settings, row, *_varied(event, row), head, joint=b",\n", end=b"", tail=b"]}\n")
    lines = text.split(b"\n")
    row, head = lines[first - 1].removesuffix(b"\r"), b"".join(line + b"\n" for line in lines[: first - 1])
    return Sample(path.name, form, settings, row, *_varied(event, row), head)


def _varied(event: dict[str, Any], row: bytes) -> tuple[bytes | None, bytes | None]:
    """Client and target of an event as they stand in its row: without the query, which may be a field of its own."""
    client, path = (str(event.get(name, "")).partition("?")[0].encode() for name in ("client", "target"))
    spellings = [path, path.replace(b"/", b"\\/"), path.rsplit(b"/", 1)[-1]] if path != b"/" else [b'"/']
    target = next((one for one in spellings if one.strip(b"-") and one in row), None)
    return (client if b"." in client and client in row else None), target


def _as_json(row: dict[str, Any]) -> bytes:
    return json.dumps(row | {"time": row["time"].isoformat(), "digest": "\xff\x00"}).encode()


def _parquet(rows: Sequence[bytes], like: Path) -> bytes:
    from datetime import datetime

    import pyarrow as pa
    import pyarrow.parquet as pq

    parsed = [json.loads(row) for row in rows]
    parsed = [row | {"time": datetime.fromisoformat(row["time"]), "digest": row["digest"].encode("latin-1")} for row in parsed]
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(parsed, schema=pq.read_schema(like)), file)
    return file.getvalue()
