from __future__ import annotations

import pytest

from amends.count.evidence.errors import BAD_LOG_FORMAT
from amends.count.evidence.grammar import Literal, Variable
from amends.count.evidence.kinds import TEXT
from amends.count.evidence.skeleton import NGINX, is_skeleton, json_columns
from amends.errors import InputError


def parts(*pieces: str) -> list[Literal | Variable]:
    """Names that begin with a dollar sign are variables."""
    return [
        Variable(piece, piece[1:], piece[1:], TEXT, 1) if piece.startswith("$") else Literal(piece.encode()) for piece in pieces
    ]


def test_only_a_format_that_begins_an_object_is_a_skeleton() -> None:
    assert is_skeleton(parts(' {"a": "', "$uid", '"}'))
    assert not is_skeleton(parts("$uid", " {"))
    assert not is_skeleton([])


def test_each_whole_value_is_a_column_with_its_path() -> None:
    columns = json_columns(
        parts('{"t":"', "$time_iso8601", '","net":{"ip":"', "$remote_addr", '"},"s":', "$status", ',"u":"', "$uid", '"}'),
        NGINX,
        source="x",
    )

    assert columns == {"time": "t", "client": "net.ip", "status": "s", "uid": "u"}


def test_a_value_of_several_parts_keeps_its_own_name() -> None:
    assert json_columns(parts('{"a":"', "$uid", " and ", "$tok", '"}'), NGINX, source="x") == {}


def test_quotes_that_are_escaped_do_not_end_a_text() -> None:
    assert json_columns(parts('{"a \\" b":"', "$uid", '","c":', "$tok", "}"), NGINX, source="x") == {"uid": 'a " b', "tok": "c"}


def test_the_request_line_wins_over_its_parts() -> None:
    columns = json_columns(parts('{"m":"', "$request_method", '","r":"', "$request", '"}'), NGINX, source="x")

    assert columns == {"request": "r", "request_method": "m"}


@pytest.mark.parametrize("text", ['{"a":"', "{", '{"a":1}}', '{"a":}'])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        json_columns(parts(text), NGINX, source="log_format")

    assert refused.value.code == BAD_LOG_FORMAT
