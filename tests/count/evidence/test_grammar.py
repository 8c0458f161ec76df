from __future__ import annotations

import pyarrow as pa
import pytest

from amends.count.evidence.errors import BAD_LOG_FORMAT
from amends.count.evidence.formats.nginx import parse_log_format
from amends.count.evidence.grammar import Field, Literal, Standard, Variable, line_format, named_fields
from amends.count.evidence.kinds import INTEGER, TEXT
from amends.count.evidence.schema import LOGGED
from amends.count.evidence.strict import StrictReader
from amends.count.evidence.times import TIME_LOCAL
from amends.errors import InputError

TIME = Field("$time_local", TIME_LOCAL, ("time",))


def texts(log_format: str, line: bytes) -> list[bytes] | str:
    """What each text field of the line holds, by the strict reading; or the reason of the reject."""
    values = StrictReader(parse_log_format(log_format)).read(line)
    if isinstance(values, str):
        return values
    return [line[slice(*value)] for slot in values for value in slot if isinstance(value, tuple)]


STAMP = b"24/Jun/2025:00:00:01 +0900"


def test_a_field_ends_at_the_first_byte_of_the_literal_after_it() -> None:
    assert texts("$time_local $a, $b", STAMP + b" x, y") == [b"x", b"y"]
    assert texts("$time_local $a, $b", STAMP + b" x,y, z") == "shape"


def test_the_last_field_does_not_hold_the_byte_before_it() -> None:
    assert texts("$time_local $a", STAMP + b" x") == [b"x"]
    assert texts("$time_local $a", STAMP + b" x y") == "shape"


def test_text_outside_quotes_holds_no_quote_where_the_format_has_quotes() -> None:
    assert texts('$time_local $a "$b"', STAMP + b' x"y "z"') == "shape"
    assert texts("$time_local|$a", STAMP + b'|x"y') == [b'x"y']


def test_an_escaped_quote_does_not_end_a_segment_but_an_escaped_backslash_does() -> None:
    assert texts('$time_local "$a"', STAMP + b' "x\\"y"') == [b'x\\"y']
    assert texts('$time_local "$a"', STAMP + b' "x\\\\"') == [b"x\\\\"]
    assert texts('$time_local "$a"', STAMP + b' "x\\"') == "shape"


def test_fields_within_one_pair_of_quotes_are_parted_by_their_literals() -> None:
    assert texts('$time_local "$a/$b"', STAMP + b' "x y/z"') == [b"x y", b"z"]
    assert texts('$time_local "$a/$b"', STAMP + b' "x\\/z"') == [b"x\\", b"z"]


def test_lists_of_upstreams_may_hold_spaces_in_their_own_way_only() -> None:
    form = "$time_local $upstream_addr $a"

    assert texts(form, STAMP + b" 10.0.0.1:80, 10.0.0.2:80 : 10.1.0.1:80 x") == [b"10.0.0.1:80, 10.0.0.2:80 : 10.1.0.1:80", b"x"]
    assert texts(form, STAMP + b" 10.0.0.1:80 10.0.0.2:80 x") == "shape"


def test_a_user_name_may_hold_spaces_before_the_time() -> None:
    assert texts("$remote_user [$time_local]", b"jo e [" + STAMP + b"]") == [b"jo e"]
    assert texts("$remote_user [$time_local]", b"[" + STAMP + b"]") == "shape"


def test_a_literal_that_is_the_whole_line_but_its_time_is_compared() -> None:
    assert texts("abcdefghijklmnop $time_local", b"abcdefghijklmnop " + STAMP) == []
    assert texts("abcdefghijklmnop $time_local", b"abcdefghijklmnoq " + STAMP) == "shape"


def test_the_columns_are_those_of_events_first_and_then_the_formats_own() -> None:
    columns = parse_log_format("$uid $status $time_local $remote_addr").columns

    assert columns.names == ["line", "time", "client", "status", "uid"]
    assert [columns.field(name).type for name in ("time", "client", "status")] == [
        LOGGED[name] for name in ("time", "client", "status")
    ]
    assert columns.field("uid").type == pa.string()


def test_of_variables_that_fill_one_column_the_first_standard_wins() -> None:
    standards = (Standard("exact", INTEGER, ("sent",)), Standard("rough", INTEGER, ("sent",)))
    parts: list[Literal | Variable] = [
        Variable("$rough", "rough", "rough", TEXT, 1),
        Literal(b" "),
        Variable("$exact", "exact", "exact", TEXT, 8),
    ]

    fields = [piece for piece in named_fields(parts, standards) if isinstance(piece, Field)]

    assert [(field.name, field.columns) for field in fields] == [("$rough", ("rough",)), ("$exact", ("sent",))]


@pytest.mark.parametrize(
    "pieces",
    [
        [Literal(b"no time")],
        [TIME, Literal(b"\n")],
        [TIME, Literal(b'"')],
        [Field("$a", TEXT, ("a",)), TIME],
        [TIME, Literal(b' "\\"')],
    ],
)
def test_a_format_that_could_be_read_in_two_ways_is_refused(pieces: list[Literal | Field]) -> None:
    with pytest.raises(InputError) as refused:
        line_format(pieces, escapes=True, source="log_format")

    assert refused.value.code == BAD_LOG_FORMAT
