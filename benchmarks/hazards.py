"""Hazards: sources of every format with damage in them, ingested, and the account of their lines.

How many lines a source holds is counted here, from what was written and, where it is packed, from what Python's zlib unpacks; not
by the readers. `unaccounted` is that number without events, rejects and repeats. `lost` are rows that were left whole and are
rejects all the same; a source whose end is lost without a fault that says so is UNTOLD.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random

from shared.bars import Result, bar, finish, parser
from shared.samples import Sample, samples

from amends.case import Case
from amends.count.evidence.elements_reader import TORN
from amends.count.evidence.sources import Source

BOM = b"\xef\xbb\xbf"
ROWS, QUICK_ROWS = 400, 60
MIB = 1024 * 1024
LONG_LINE, HUGE_LINE = MIB, 100 * MIB
HUGE_OF = "nginx.log"
NUMBER = re.compile(rb"(?<![\w.:/+-])\d+(?![\w.:/-])|(?<=\")\d+(?=\")")
TOO_MANY_DIGITS = b"9" * 20


@dataclass(frozen=True, slots=True)
class Damaged:
    """Files of one hazard, and how many lines they hold. `room`: at most so many bytes may be unpacked; `is_cut`: a fault must
    say that there was more.
    """

    files: Sequence[bytes]
    lines: int
    room: int | None = None
    is_cut: bool = False


type Hazard = Callable[[Sample, list[bytes]], Damaged | None]


def count_lines(sample: Sample, text: bytes) -> int:
    """Physical lines; of a document, its elements, the last of which may be torn."""
    if sample.is_lines:
        return text.count(b"\n") + (text != b"" and not text.endswith(b"\n"))
    body = text.removeprefix(BOM).removeprefix(sample.head)
    return len([part for part in body.removesuffix(sample.tail).split(sample.joint) if part.strip()])


def _among(sample: Sample, rows: list[bytes], *odd: bytes) -> Damaged:
    """The odd rows in the middle of the others."""
    middle = len(rows) // 2
    text = sample.text([*rows[:middle], *odd, *rows[middle:]])
    return Damaged([text], count_lines(sample, text))


def bom(sample: Sample, rows: list[bytes]) -> Damaged | None:
    text = sample.text(rows)
    return None if sample.is_parquet else Damaged([BOM + text], count_lines(sample, text))


def crlf(sample: Sample, rows: list[bytes]) -> Damaged | None:
    text = sample.text(rows).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return Damaged([text], count_lines(sample, text)) if sample.is_lines else None


def torn_last_line(sample: Sample, rows: list[bytes]) -> Damaged | None:
    if sample.is_parquet:  # without its footer nothing tells how many rows there were
        return Damaged([sample.text(rows)[:-40]], 0, is_cut=True)
    text = sample.text(rows)
    cut = text[: len(text) - len(sample.end + sample.tail) - len(rows[-1]) // 2]
    return Damaged([cut], count_lines(sample, cut), is_cut=not sample.is_lines)


def empty_lines(sample: Sample, rows: list[bytes]) -> Damaged | None:
    return _among(sample, rows, b"", b"  ", b"\r") if sample.is_lines else None


def _with(sample: Sample, rows: list[bytes], byte: bytes) -> Damaged | None:
    row = sample.row
    return None if sample.is_parquet else _among(sample, rows, row[: len(row) // 2] + byte + row[len(row) // 2 :])


def nul_byte(sample: Sample, rows: list[bytes]) -> Damaged | None:
    return _with(sample, rows, b"\0")


def nul_run(sample: Sample, rows: list[bytes]) -> Damaged | None:
    return _among(sample, rows, bytes(300) + sample.row) if sample.is_lines else None


def invalid_utf8(sample: Sample, rows: list[bytes]) -> Damaged | None:
    return _with(sample, rows, b"\xff")


def two_lines_glued(sample: Sample, rows: list[bytes]) -> Damaged | None:
    return _among(sample, rows, sample.row + sample.row) if sample.is_lines else None


def _long(sample: Sample, size: int) -> bytes:
    place = sample.row.find(sample.target) + len(sample.target) if sample.target else len(sample.row) // 2
    return sample.row[:place] + b"a" * size + sample.row[place:]


def line_of_1_mib(sample: Sample, rows: list[bytes]) -> Damaged | None:
    return None if sample.is_parquet else _among(sample, rows, _long(sample, LONG_LINE))


def line_of_100_mib(sample: Sample, rows: list[bytes]) -> Damaged | None:
    return _among(sample, rows, _long(sample, HUGE_LINE)) if sample.name == HUGE_OF else None


def gzip_cut(sample: Sample, rows: list[bytes]) -> Damaged | None:
    if sample.is_parquet:
        return None
    packed = gzip.compress(sample.text(rows), mtime=0)
    packed = packed[: len(packed) * 6 // 10]
    return Damaged([packed], count_lines(sample, zlib.decompressobj(31).decompress(packed)), is_cut=True)


def gzip_with_junk_behind(sample: Sample, rows: list[bytes]) -> Damaged | None:
    text = sample.text(rows)
    if sample.is_parquet:
        return None
    return Damaged([gzip.compress(text, mtime=0) + b"junk" * 64], count_lines(sample, text), is_cut=True)


def gzip_of_three_members(sample: Sample, rows: list[bytes]) -> Damaged | None:
    text = sample.text(rows)
    third = len(text) // 3
    parts = (text[:third], text[third : 2 * third], text[2 * third :])
    packed = b"".join(gzip.compress(part, mtime=0) for part in parts)
    return None if sample.is_parquet else Damaged([packed], count_lines(sample, text))


def gzip_over_most_unpacked(sample: Sample, rows: list[bytes]) -> Damaged | None:
    text = sample.text(rows)
    room = len(text) // 2
    return (
        None
        if sample.is_parquet
        else Damaged([gzip.compress(text, mtime=0)], count_lines(sample, text[:room]), room, is_cut=True)
    )


def time_out_of_order(sample: Sample, rows: list[bytes]) -> Damaged | None:
    shuffled = Random(3).sample(rows, len(rows))
    text = sample.text(shuffled)
    return Damaged([text], len(rows) if sample.is_parquet else count_lines(sample, text))


def object_in_a_list(sample: Sample, rows: list[bytes]) -> Damaged | None:
    return _among(sample, rows, b"[" + sample.row + b"]") if sample.has_objects else None


def _with_number(sample: Sample, rows: list[bytes], text: bytes) -> Damaged | None:
    place = checked_number(sample.name)
    return _among(sample, rows, sample.row[: place[0]] + text + sample.row[place[1] :]) if place else None


def cast_that_fails(sample: Sample, rows: list[bytes]) -> Damaged | None:
    return _with_number(sample, rows, b'"2x0"' if _is_bare(sample) else b"2x0")


def number_too_long(sample: Sample, rows: list[bytes]) -> Damaged | None:
    return _with_number(sample, rows, TOO_MANY_DIGITS)


def _is_bare(sample: Sample) -> bool:
    place = checked_number(sample.name)
    return sample.has_objects and place is not None and sample.row[place[0] - 1 : place[0]] != b'"'


@cache
def checked_number(name: str) -> tuple[int, int] | None:
    """The first number of the row that 20 digits in its place make a reject."""
    from format_sample import outcome, reading_of

    sample = next(one for one in samples() if one.name == name)
    if sample.is_parquet:
        return None
    for found in NUMBER.finditer(sample.row):
        changed = sample.row[: found.start()] + TOO_MANY_DIGITS + sample.row[found.end() :]
        rejects = outcome(sample.text([sample.row, changed]), sample.format, reading_of(sample.settings))["rejects"]
        if any(one["reason"] in ("number", "status", "sent", "took_us", "took_ms", "took_s", "length") for one in rejects):
            return found.span()
    return None


def rotations_that_overlap(sample: Sample, rows: list[bytes]) -> Damaged | None:
    """A third of the rows ends one file and begins the next."""
    third = len(rows) // 3
    texts = [sample.text(rows[: 2 * third]), sample.text(rows[third:])]
    lines = len(rows) + third if sample.is_parquet else sum(count_lines(sample, text) for text in texts)
    return Damaged(texts, lines)


HAZARDS: tuple[Hazard, ...] = (
    bom,
    crlf,
    torn_last_line,
    empty_lines,
    nul_byte,
    nul_run,
    invalid_utf8,
    two_lines_glued,
    line_of_1_mib,
    line_of_100_mib,
    gzip_cut,
    gzip_with_junk_behind,
    gzip_of_three_members,
    gzip_over_most_unpacked,
    time_out_of_order,
    object_in_a_list,
    cast_that_fails,
    number_too_long,
    rotations_that_overlap,
)


def accounts(sample: Sample, rows: int, folder: Path, hazards: Sequence[Hazard]) -> Iterator[dict[str, object]]:
    """One ingestion of all hazards of a sample, each from a server of its own; a row for each."""
    from amends.case import create_case, open_case
    from amends.count.evidence.ingest import ingest

    case = create_case(folder / "case", company="Shop", zone="UTC")
    logs = folder / "logs"
    logs.mkdir()
    blocks: list[str] = []
    made: dict[str, tuple[Damaged, set[bytes]]] = {}
    for seed, hazard in enumerate(hazards):
        name = hazard.__name__
        whole = list(sample.rows(rows, seed=seed))
        damaged = hazard(sample, whole)
        if damaged is None:
            continue
        made[name] = damaged, set(whole)
        for number, data in enumerate(damaged.files):
            (logs / f"{name}.{number}").write_bytes(data)
        block = {"match": f"{name}.*", "server": name, "format": sample.format, **sample.settings}
        block |= {"most_unpacked": damaged.room} if damaged.room else {}
        blocks.append("[[evidence]]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in block.items()))
    case.settings_file.write_text("\n".join([case.settings_file.read_text("utf-8"), *blocks]))
    case = open_case(case.path)
    found = ingest(case, [str(logs)], now=datetime.now(UTC), workers=1).account
    for name, (damaged, whole_rows) in made.items():
        own = [source for source in found.sources if Path(source.path).name.split(".")[0] == name]
        events, rejects, repeats = (sum(getattr(one, part) for one in own) for part in ("events", "rejects", "repeats"))
        reasons = sum((Counter(one.reasons) for one in own), Counter())
        faults = sorted({one.fault for one in own if one.fault})
        yield {
            "sample": sample.name,
            "hazard": name,
            "lines": damaged.lines,
            "events": events,
            "rejects": ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())),
            "repeats": repeats,
            "unaccounted": damaged.lines - events - rejects - repeats,
            "lost": sum(raw.removeprefix(BOM).rstrip(b"\r") in whole_rows for one in own for raw in _rejected(case, one)),
            "fault": "; ".join(faults) if faults or not damaged.is_cut else "UNTOLD",
        }


def _rejected(case: Case, source: Source) -> list[bytes]:
    import pyarrow.parquet as pq

    from amends.count.evidence.sources import rejects_file

    rows = pq.read_table(rejects_file(case, source.sha256), columns=["raw", "reason"]).to_pylist()
    return [row["raw"] for row in rows if row["reason"] != TORN]  # nothing shows that the last element of a cut document is whole


def _toml(value: object) -> str:
    """Text, numbers, lists and tables as amends.toml has them."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(item)}" for name, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def measured(rows: int, folder: Path, *, quick: bool) -> Result:
    found: list[dict[str, object]] = []
    for sample in samples():
        own = folder / sample.name
        own.mkdir()
        found += accounts(sample, rows, own, [one for one in HAZARDS if not quick or one is not line_of_100_mib])
    unaccounted = sum(abs(int(str(row["unaccounted"]))) for row in found)
    lost, untold = sum(int(str(row["lost"])) for row in found), sum(row["fault"] == "UNTOLD" for row in found)
    written = sum(int(str(row["lines"])) for row in found)
    bars = [
        bar(name, value, 0, beside=beside, noise=0.0, quick=quick)
        for name, value, beside in (
            ("lines unaccounted", unaccounted, f"of {written:,} in {len(found)} pairs of sample and hazard"),
            ("whole rows that are rejects", lost, "beside the damage"),
            ("cut sources without a fault", untold, ""),
        )
    ]
    tables = {
        hazard.__name__.replace("_", " "): [
            {name: value for name, value in row.items() if name != "hazard"} for row in found if row["hazard"] == hazard.__name__
        ]
        for hazard in HAZARDS
    }
    return Result(bars, {"rows of each": rows}, {name: table for name, table in tables.items() if table})


def main() -> int:
    given = parser(__doc__ or "").parse_args()
    with tempfile.TemporaryDirectory(prefix="amends-bench-") as folder:
        return finish("hazards", measured(QUICK_ROWS if given.quick else ROWS, Path(folder), quick=given.quick), given)


if __name__ == "__main__":
    sys.exit(main())
