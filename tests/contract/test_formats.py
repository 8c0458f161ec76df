"""What every log format must do, found by scanning the folder: adding a format asks for its sample, and for no test of its own.

`tests/samples/NAME.log` holds lines in the form that the maker publishes, `NAME.json` what they say.
"""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.count.evidence.blocks import iter_parsed
from amends.count.evidence.detect import recognise
from amends.count.evidence.formats import formats
from amends.count.evidence.settings import Reading

SAMPLES = Path(__file__).parents[1] / "samples"
NAMES = sorted(formats())
HOSTILE = [
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n",
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[{",
    b"9" * 40,
    b"1e999",
    b"null",
    b" ",
    b"\x1b",
]


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.log").read_bytes()


def expected(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((SAMPLES / f"{name}.json").read_text())
    return [row | {"time": datetime.fromisoformat(row["time"])} for row in rows]


def read(name: str, data: bytes) -> tuple[int, list[dict[str, Any]], list[dict[str, Any]]]:
    """Lines, events and rejects."""
    parsed = list(iter_parsed(io.BytesIO(data), formats()[name].reader(Reading())))
    events = [row for one in parsed for row in one.events.to_pylist()]
    return sum(one.lines for one in parsed), events, [row for one in parsed for row in one.rejects.to_pylist()]


@pytest.mark.parametrize("name", NAMES)
def test_the_lines_of_the_sample_say_what_is_written_beside_it(name: str) -> None:
    _, events, rejects = read(name, sample(name))

    assert {row["reason"] for row in rejects} <= {"directive", "header", "empty"}
    assert [{column: event[column] for column in row} for event, row in zip(events, expected(name), strict=True)] == expected(
        name
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_is_taken_for_its_own_format(name: str) -> None:
    choice = recognise(sample(name), Reading(), name="a.log")

    assert choice.format == name
    assert choice.why


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_whatever_is_done_to_its_lines_each_is_an_event_or_a_reject(name: str, data: st.DataObject) -> None:
    text = bytearray(sample(name) * 2)
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(place, min(place + 30, len(text))))
        text[place:end] = data.draw(st.sampled_from(HOSTILE) | st.binary(max_size=3))
    lines = len(bytes(text).split(b"\n")) - (not text or text.endswith(b"\n"))

    counted, events, rejects = read(name, bytes(text))

    assert counted == lines
    assert sorted(row["line"] for row in (*events, *rejects)) == list(range(1, lines + 1))
    assert all(row["reason"] for row in rejects)


@pytest.mark.parametrize("name", NAMES)
def test_the_documentation_lists_the_format_and_what_its_stamps_mean(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text()

    (row,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
    assert row.endswith(f"| {formats()[name].TIME_IS} |")
