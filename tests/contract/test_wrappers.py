"""What a collector puts around the lines of any format changes nothing but the bytes of a reject."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.count.evidence.blocks import iter_parsed
from amends.count.evidence.errors import BAD_BLOCK
from amends.count.evidence.formats import formats
from amends.count.evidence.readers import reader_of
from amends.count.evidence.schema import RAW_BYTES, Parsed, StreamReader
from amends.count.evidence.settings import Reading
from amends.count.evidence.wrappers import WRAPPERS
from amends.errors import InputError
from format_sample import name_of, reading_of, settings_of

FOLDER = Path(__file__).resolve().parent.parent / "samples"
SAMPLES = [
    path
    for path in sorted(FOLDER.iterdir())
    if not path.name.endswith(".expected.json") and not isinstance(formats()[name_of(path)].reader(Reading()), StreamReader)
]
WRAP: dict[str, Callable[[bytes, int], bytes]] = {
    "syslog": lambda line, number: b"<190>Nov 18 22:52:%02d web-1 nginx[7]: %s" % (number % 60, line),
    "docker": lambda line, number: json.dumps(
        {"log": line.decode() + "\n", "stream": "stdout", "time": f"2025-11-18T22:52:{number % 60:02d}.1Z"}
    ).encode(),
    "cri": lambda line, number: b"2025-11-18T22:52:%02d.669794202Z stdout F %s" % (number % 60, line),
}
each_sample = pytest.mark.parametrize("path", SAMPLES, ids=[path.name for path in SAMPLES])
each_wrapper = pytest.mark.parametrize("wrapper", WRAP)


def wrapped(path: Path, wrapper: str) -> bytes:
    lines = path.read_bytes().removesuffix(b"\n").split(b"\n")
    return b"".join(WRAP[wrapper](line, number) + b"\n" for number, line in enumerate(lines, 1))


def read(path: Path, wrapper: str | None, data: bytes, **options: int) -> list[Parsed]:
    return list(iter_parsed(io.BytesIO(data), reader_of(name_of(path), wrapper, reading_of(settings_of(path))), **options))


def rows(pieces: list[Parsed]) -> tuple[list[dict], list[tuple]]:
    events = [row for parsed in pieces for row in parsed.events.to_pylist()]
    return events, [(row["line"], row["reason"], row["offset"], row["raw"]) for p in pieces for row in p.rejects.to_pylist()]


@each_wrapper
@each_sample
def test_the_events_within_a_wrapper_are_those_without(path: Path, wrapper: str):
    events, rejects = rows(read(path, None, path.read_bytes()))
    data = wrapped(path, wrapper)

    events_within, rejects_within = rows(read(path, wrapper, data))

    assert events_within == events
    assert [reject[:2] for reject in rejects_within] == [reject[:2] for reject in rejects]
    lines = data.split(b"\n")
    assert all(raw == lines[line - 1] for line, _, _, raw in rejects_within)


@each_wrapper
@each_sample
@given(st.data())
def test_any_bytes_around_and_within_are_accounted_for(path: Path, wrapper: str, drawn: st.DataObject):
    data = bytearray(wrapped(path, wrapper))
    for _ in range(drawn.draw(st.integers(0, 4))):
        start = drawn.draw(st.integers(0, len(data)))
        end = min(len(data), start + drawn.draw(st.sampled_from([0, 1, 3, 90, 500])))
        data[start:end] = drawn.draw(st.sampled_from([b"", b"\n", b"\0", b"\xff", b" P ", b"\\n", b'"', data[start:end] * 2]))

    pieces = read(path, wrapper, bytes(data))

    events, rejects = rows(pieces)
    lines = sorted([event["line"] for event in events] + [reject[0] for reject in rejects])
    assert len(set(lines)) == len(lines) == sum(parsed.lines for parsed in pieces)
    numbers = sum(parsed.numbers or 0 for parsed in pieces)
    assert numbers == len(bytes(data).removesuffix(b"\n").split(b"\n") if data else [])
    assert not lines or (lines[0] >= 1 and lines[-1] <= numbers)
    assert all(raw == bytes(data)[offset : offset + len(raw)] and len(raw) <= RAW_BYTES for _, _, offset, raw in rejects)
    assert rows(read(path, wrapper, bytes(data), block_bytes=400)) == (events, rejects)


def test_every_wrapper_is_tried():
    assert WRAP.keys() == WRAPPERS.keys()


def test_a_format_that_finds_its_own_records_takes_no_wrapper():
    with pytest.raises(InputError) as caught:
        reader_of("cloudtrail", "docker", Reading())

    assert caught.value.code == BAD_BLOCK
