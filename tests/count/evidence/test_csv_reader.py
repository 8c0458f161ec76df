"""CSV: a record may span lines, and a quote that nothing closes costs one line."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from amends.count.evidence.blocks import iter_parsed
from amends.count.evidence.csv_reader import CsvReader, CsvTable, Dialect
from amends.count.evidence.json_reader import JsonTable
from amends.count.evidence.settings import Reading

TABLE = CsvTable(JsonTable(paths={"time": ("time",), "target": ("target",)}))
HEAD = b"time,target,x\n"
STAMP = b"2025-11-18T10:00:00Z"


def read(data: bytes, table: CsvTable = TABLE, reading: Reading | None = None) -> tuple[dict, dict]:
    """Targets and reasons by line."""
    pieces = list(iter_parsed(io.BytesIO(data), CsvReader(table, reading or Reading()), block_bytes=64))
    events = [row for parsed in pieces for row in parsed.events.to_pylist(maps_as_pydicts="strict")]
    rejects = [row for parsed in pieces for row in parsed.rejects.to_pylist()]
    assert sum(parsed.numbers or 0 for parsed in pieces) == data.count(b"\n") + (not data.endswith(b"\n"))
    return {row["line"]: row["target"] for row in events}, {row["line"]: row["reason"] for row in rejects}


@given(st.integers(1, 4), st.integers(1, 60))
def test_a_stray_quote_costs_one_line_and_no_good_one(before: int, after: int):
    good = STAMP + b',/a,"x, ""y"""\n'
    data = HEAD + good * before + STAMP + b',"/open,1\n' + good * after

    events, rejects = read(data)

    assert (len(events), rejects) == (before + after, {1: "header", before + 2: "quote"})


def test_a_record_has_the_number_of_its_first_line():
    events, rejects = read(HEAD + STAMP + b',"/a\n\n/b",\n' + STAMP + b",/c,\n")

    assert (events, rejects) == ({2: "/a\n\n/b", 5: "/c"}, {1: "header"})


def test_lines_that_are_open_at_the_end_stand_for_themselves():
    events, rejects = read(HEAD + STAMP + b',"/a,\n' + STAMP + b",/c,\n")

    assert (events, rejects) == ({3: "/c"}, {1: "header", 2: "quote"})


def test_names_of_the_block_stand_for_a_first_line():
    assert read(STAMP + b";/a\n", CsvTable(TABLE.members, dialect=Dialect(";")), Reading(log_format="time;target")) == (
        {1: "/a"},
        {},
    )


def test_a_makers_last_columns_may_be_missing():
    table = CsvTable(TABLE.members, names=("time", "target", "x", "y"), least=2)

    assert read(STAMP + b",/a\n" + STAMP + b",/b,1,2\n" + STAMP + b"\n" + STAMP + b",1,2,3,4\n", table) == (
        {1: "/a", 2: "/b"},
        {3: "shape", 4: "shape"},
    )


def test_a_backslash_may_escape_a_quote():
    table = CsvTable(TABLE.members, names=("time", "target"), dialect=Dialect(quote="'", backslash=True))

    assert read(STAMP + rb",'select \'a\', \"b\" \\'" + b"\n" + STAMP + rb",'x\'" + b"\n", table) == (
        {1: "select 'a', \"b\" \\"},
        {2: "quote"},
    )


def test_a_name_that_is_empty_or_stands_twice_gets_its_number():
    reader = CsvReader(TABLE, Reading())
    list(iter_parsed(io.BytesIO(b"time,,time\n"), reader))

    assert reader.seen == {"time", "column_2", "time_3"}
