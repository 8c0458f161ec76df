"""What every log format keeps, found by scanning: no format needs a test of its own for this.

A format NAME has samples in its maker's own published form, `tests/samples/NAME.EXT` or `NAME.VARIANT.EXT`, and beside each its
events and rejects, `NAME.expected.json` (`scripts/format_sample.py` prints it).
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.case import create_case, open_case
from amends.count.evidence.blocks import iter_parsed
from amends.count.evidence.events import EventColumns
from amends.count.evidence.formats import formats, is_generic
from amends.count.evidence.ingest import ingest
from amends.count.evidence.plain import PlainBytes
from amends.count.evidence.principals import KeyedHashes
from amends.count.evidence.schema import EVENTS, RAW_BYTES, Parsed, StreamReader
from amends.count.evidence.settings import TIMES, Reading
from amends.count.evidence.strict import StrictReader
from amends.count.evidence.text_lines import TextLines
from amends.count.evidence.vector import Taken, VectorReader
from amends.count.evidence.verify import verify
from amends.count.scope.lines import read_lines
from format_sample import expected_file, name_of, outcome, reading_of, settings_of

FOLDER = Path(__file__).resolve().parent.parent / "samples"
SAMPLES = sorted(path for path in FOLDER.iterdir() if not path.name.endswith(".expected.json"))
NAMES = [path.name for path in SAMPLES]
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SMALL = 300  # bytes of a block: some two lines
BOM = b"\xef\xbb\xbf"
PIECES = [b'"', b"\\", b"\0", b"\xff", b"\r\n", b"\n", b"\n\n", BOM, *(bytes([byte]) for byte in b" ,{}[]-\t#=:+%")]


@cache
def sample(path: Path) -> tuple[bytes, Reading]:
    return path.read_bytes(), reading_of(settings_of(path))


def is_read_without_settings(path: Path) -> bool:
    """Whether the sample's bytes say all: recognition knows neither a grammar nor columns that the settings name."""
    _, reading = sample(path)
    return not reading.log_format and not reading.columns and reading.format == "auto"


each_sample = pytest.mark.parametrize("path", SAMPLES, ids=NAMES)


def test_every_format_has_a_sample_and_every_sample_a_format():
    assert {name_of(path) for path in SAMPLES} == set(formats())


@pytest.mark.parametrize("name", formats())
def test_a_format_names_its_maker_and_where_the_grammar_stands(name: str):
    form = formats()[name]

    assert (form.NAME, form.TIME_IS in TIMES, bool(form.TITLE.strip())) == (name, True, True)
    assert form.SOURCE.startswith("https://")
    assert " " not in form.SOURCE


@each_sample
def test_a_sample_gives_the_events_and_rejects_that_stand_beside_it(path: Path):
    data, reading = sample(path)
    expected = json.loads(expected_file(path).read_text("utf-8"))

    found = json.loads(json.dumps(outcome(data, name_of(path), reading)))

    assert found["events"], "a sample shows at least one event"
    assert found == {name: expected[name] for name in found}


@pytest.mark.parametrize("path", [path for path in SAMPLES if is_read_without_settings(path)], ids=attrgetter("name"))
def test_a_sample_is_recognised_by_its_own_format_and_by_no_other_makers(path: Path):
    data, _ = sample(path)

    claims = {name: why for name, form in formats().items() if (why := form.recognise(data[: 64 * 1024]))}

    makers = {name for name in claims if not is_generic(formats()[name])}
    assert name_of(path) in claims
    assert (makers or claims.keys()) == {name_of(path)}


@each_sample
def test_the_events_of_a_sample_fit_the_schema(path: Path):
    data, reading = sample(path)
    reader = formats()[name_of(path)].reader(reading)
    columns = EventColumns(reader.columns, reading, source="0" * 64, name=path.name, hashes=KeyedHashes(bytes(32)))

    drafts = [columns.draft(parsed) for parsed in iter_parsed(PlainBytes(io.BytesIO(data)), reader) if parsed.events.num_rows]

    assert columns.finish(drafts).schema == EVENTS


@st.composite
def mutated(draw: st.DrawFn, path: Path) -> bytes:
    """A sample with bytes put in, cut out, doubled or turned, and some lines cut, glued, doubled or moved."""
    data = bytearray(draw(st.sampled_from([b"", b"", BOM])) + sample(path)[0])
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([0, 1, 1, 2, 7, 60, 400])))
        cut = bytes(data[start:end])
        piece = st.one_of(st.sampled_from(PIECES), st.binary(min_size=1, max_size=4), st.just(b"x" * 700))
        data[start:end] = draw(st.one_of(st.just(b""), piece, st.just(cut * 2), st.just(cut[::-1])))
    lines = bytes(data).split(b"\n")
    for _ in range(draw(st.integers(0, 2))):
        lines.insert(draw(st.integers(0, len(lines))), lines[draw(st.integers(0, len(lines) - 1))])
    text = draw(st.sampled_from([b"\n", b"\n", b"\r\n"])).join(lines)
    return text[: draw(st.integers(0, len(text)))] if draw(st.booleans()) else text


@contextmanager
def only_by_definition() -> Iterator[None]:
    """The vector reading takes no line: the strict reading decides all of them."""
    read = VectorReader.read

    def none_taken(self: VectorReader, block: Any) -> tuple[Any, Taken]:
        return read(self, block)[0], Taken(np.zeros(0, np.int64), [])

    with patch.object(VectorReader, "read", none_taken):
        yield


def read(path: Path, data: bytes, **options: int) -> tuple[list[Parsed], str | None]:
    reader = formats()[name_of(path)].reader(sample(path)[1])
    stream = PlainBytes(io.BytesIO(data)) if path.suffix == ".parquet" else io.BytesIO(data)
    return list(iter_parsed(stream, reader, **options)), getattr(reader, "fault", None)


def whole(pieces: list[Parsed]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """All events and all rejects, in order."""
    events = [row for parsed in pieces for row in parsed.events.to_pylist()]
    rejects = [row for parsed in pieces for row in parsed.rejects.to_pylist()]
    return sorted(events, key=lambda row: row["line"]), sorted(rejects, key=lambda row: row["line"])


def check_account(path: Path, data: bytes, pieces: list[Parsed]) -> None:
    """Each line is an event or a reject, under a number of its own; a reject's bytes are those at its place."""
    is_stream = isinstance(formats()[name_of(path)].reader(sample(path)[1]), StreamReader)
    for parsed in pieces:
        assert parsed.lines == parsed.events.num_rows + parsed.rejects.num_rows
        for batch in (parsed.events, parsed.rejects):
            lines = batch.column("line").to_pylist()
            assert lines == sorted(lines)
    events, rejects = whole(pieces)
    taken = [row["line"] for row in (*events, *rejects)]
    numbers = sum(parsed.lines if parsed.numbers is None else parsed.numbers for parsed in pieces)
    assert len(taken) == len(set(taken)) == sum(parsed.lines for parsed in pieces)
    assert not taken or 1 <= min(taken) <= max(taken) <= numbers
    if not is_stream:
        assert sorted(taken) == list(range(1, data.count(b"\n") + (not data.endswith(b"\n") and data != b"") + 1))
    if path.suffix != ".parquet":
        for row in rejects:
            assert row["raw"] == data[row["offset"] : row["offset"] + row["length"]][:RAW_BYTES]


@each_sample
@given(st.data())
def test_any_bytes_at_all_are_accounted_for_and_read_as_the_definition_says(path: Path, drawn: st.DataObject):
    data = drawn.draw(mutated(path))

    pieces, fault = read(path, data)
    check_account(path, data, pieces)
    with only_by_definition():
        strict = read(path, data)
    assert (whole(strict[0]), strict[1]) == (whole(pieces), fault)


@each_sample
@given(st.data())
@settings(max_examples=30)
def test_where_blocks_are_cut_changes_nothing(path: Path, drawn: st.DataObject):
    data = drawn.draw(mutated(path))

    in_small_blocks, fault = read(path, data, block_bytes=drawn.draw(st.integers(SMALL, 4 * SMALL)))

    check_account(path, data, in_small_blocks)
    assert (whole(in_small_blocks), fault) == (whole(read(path, data)[0]), read(path, data)[1])


@each_sample
@given(st.binary(max_size=400))
@settings(max_examples=30)
def test_a_format_looks_at_any_bytes_without_falling(path: Path, sample_bytes: bytes):
    for given_bytes in (sample_bytes, sample(path)[0][:200] + sample_bytes):
        why = formats()[name_of(path)].recognise(given_bytes)
        assert why is None or why


def toml(value: object) -> str:
    """Text, lists and tables as amends.toml has them."""
    table = ", ".join(f"{name} = {toml(item)}" for name, item in value.items()) if isinstance(value, dict) else ""
    return f"{{{table}}}" if isinstance(value, dict) else json.dumps(value, ensure_ascii=False)


@each_sample
def test_a_sample_comes_through_an_ingestion_and_its_verification(path: Path, tmp_path: Path):
    data, reading = sample(path)
    case = create_case(tmp_path / "case", company="Shop", zone="Asia/Seoul")
    options = settings_of(path) | ({"format": name_of(path)} if reading.log_format else {})
    blocks = "\n".join(f"{key} = {toml(value)}" for key, value in options.items())
    case.settings_file.write_text(f'{case.settings_file.read_text("utf-8")}\n[[evidence]]\nserver = "s"\n{blocks}\n')
    (tmp_path / path.name).write_bytes(data)
    (tmp_path / f"{path.name}.gz").write_bytes(gzip.compress(data))
    case = open_case(case.path)

    given = [tmp_path / path.name, *([tmp_path / f"{path.name}.gz"] if path.suffix != ".parquet" else [])]
    account = ingest(case, [str(file) for file in given], now=NOW).account

    expected = json.loads(expected_file(path).read_text("utf-8"))
    events = [source.events for source in account.sources]
    assert (max(events), account.balance.closes) == (len(expected["events"]), True)
    assert {source.format for source in account.sources} == {name_of(path)}
    assert verify(case).faults == ()
    if len(given) == 2 and account.sources[0].lines > 1:  # the same lines, packed: each event counts once
        assert min(events) == 0
    lines = {source.sha256: {event["line"] for event in expected["events"]} for source in account.sources}
    assert len(read_lines(case, lines)) == sum(map(len, lines.values()))


def grammars(name: str, reading: Reading) -> list[StrictReader]:
    """The strict readings of a format of several grammars; none for any other."""
    reader = formats()[name].reader(reading)
    return [one._strict for one in reader._readers] if isinstance(reader, TextLines) and len(reader._readers) > 1 else []


SEVERAL = [path for path in SAMPLES if grammars(name_of(path), sample(path)[1])]


@pytest.mark.parametrize("path", SEVERAL, ids=attrgetter("name"))
@given(data=st.data())
def test_a_line_fits_one_grammar_of_a_format_at_most(path: Path, data: st.DataObject) -> None:
    strict = grammars(name_of(path), sample(path)[1])

    for line in data.draw(mutated(path)).split(b"\n"):
        assert sum(not isinstance(one.read(line), str) for one in strict) <= 1
