"""YAML as text: every value with its place, every fault told, nothing constructed, whatever the bytes."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.documents import MOST_BYTES, Document, parse_document, read_document
from amends.errors import BAD_VALUE, BAD_YAML, MISSING_KEY, UNKNOWN_KEY, InputError
from amends.nodes import MOST_DEPTH, MOST_FINDINGS


def parsed(text: str) -> Document:
    return parse_document(text.encode(), source="map.yaml")


def faults(document: Document) -> list[tuple[str, int | None, int | None]]:
    places = [(finding.code.id, finding.at) for finding in document.findings.listed()]
    return [(code, at.line, at.column) for code, at in places if at is not None]


def test_every_scalar_stays_the_text_that_was_written() -> None:
    document = parsed("{id: 00123, country: NO, at: 12:30, none: ~, hex: 0x1F, float: 1e3, quoted: '  x '}")

    entries = {name: value.as_text() for name, value in document.root.as_entries()}

    document.finish()
    assert entries == {
        "id": "00123", "country": "NO", "at": "12:30", "none": "~", "hex": "0x1F", "float": "1e3", "quoted": "  x "
    }  # fmt: skip


@pytest.mark.parametrize(
    "text, line, column",
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1),  # a key twice
        ("a: &x 1\n", 1, 4),  # an anchor
        ("a: *x\n", 1, 4),  # an alias
        ("a: !!str 1\n", 1, 4),  # a tag
        ("a: !<tag:x> {}\n", 1, 4),
        ("<<: {a: 1}\n", 1, 1),  # a merge key
        ("a: 1\n---\nb: 2\n", 2, 1),  # a second document
        ("? [a, b]\n: c\n", 1, 3),  # a list as key
    ],
)
def test_what_yaml_could_hide_is_a_finding_with_line_and_column(text: str, line: int, column: int) -> None:
    document = parsed(text)

    with pytest.raises(InputError) as raised:
        document.finish()

    assert [finding.code for finding in raised.value.findings] == [BAD_YAML]
    assert faults(document) == [("DOC-001", line, column)]


@pytest.mark.parametrize(
    "text", ["a: [1, 2\n", "\ta: 1\n", "", "# nothing\n", "a: 1\nb\n", "a: \x00\n", "%YAML 9.9\n---\na: 1\n"]
)
def test_a_file_that_is_not_yaml_is_refused_at_once(text: str) -> None:
    with pytest.raises(InputError) as raised:
        parsed(text)

    assert raised.value.code == BAD_YAML
    assert raised.value.findings[0].at is not None


def test_bytes_that_are_not_utf8_are_refused_with_their_line() -> None:
    with pytest.raises(InputError) as raised:
        parse_document(b"a: 1\nb: \xff\n", source="map.yaml")

    assert str(raised.value.findings[0].at) == "map.yaml, line 2"


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    document = parse_document(b"\xef\xbb\xbfa: 1\n", source="map.yaml")

    assert document.root.as_mapping(required=["a"])["a"].as_text() == "1"


def test_depth_is_bounded() -> None:
    parsed("[" * MOST_DEPTH + "]" * MOST_DEPTH)

    with pytest.raises(InputError) as raised:
        parsed("[" * 100_000)

    assert raised.value.code == BAD_YAML


def test_size_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_bytes(b"a" * (MOST_BYTES + 1))

    with pytest.raises(InputError, match="at most"):
        read_document(file)


def test_a_missing_file_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"datamap\.yaml"):
        read_document(tmp_path / "datamap.yaml")


def test_unknown_and_missing_keys_are_told_together() -> None:
    document = parsed("name: x\nnmae: y\n")

    fields = document.root.as_mapping(required=["id", "name"], optional=["strict"])

    assert fields["name"].as_text() == "x"
    assert fields["id"].as_text() == ""  # in silence: the missing key is told once
    assert {finding.code for finding in document.findings.listed()} == {UNKNOWN_KEY, MISSING_KEY}
    assert len(document.findings.listed()) == 2


def test_instants_need_an_offset_and_come_out_in_utc() -> None:
    document = parsed(
        "[2026-11-20T09:00:00+09:00, 2026-11-20T00:00:00.5Z, 2026-11-20T09:00:00, 2026-02-30T09:00:00Z, 2026-11-20]"
    )

    read = [value.as_instant() for value in document.root.as_list()]

    assert read[:2] == [datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 20, 0, 0, 0, 500_000, tzinfo=UTC)]
    assert [finding.code for finding in document.findings.listed()] == [BAD_VALUE] * 3


def test_dates_are_civil_dates_that_exist() -> None:
    document = parsed("[2026-02-28, 2026-02-30, 20260228]")

    read = [value.as_date() for value in document.root.as_list()]

    assert read[0] == date(2026, 2, 28)
    assert len(document.findings.listed()) == 2


@pytest.mark.parametrize("text", ["007", "1.0", "1e3", "٣", "-1", "11", "1_0", "abc", "9" * 400])
def test_integers_are_plain_decimal_digits_within_their_bounds(text: str) -> None:
    document = parsed(f"- {text}\n- 10\n")

    read = [value.as_integer(least=0, most=10) for value in document.root.as_list()]

    assert read == [0, 10]
    assert faults(document) == [("DOC-002", 1, 3)]


def test_flags_and_choices_take_only_their_words() -> None:
    document = parsed("[true, 'false', yes, on]")

    assert [value.as_flag() for value in document.root.as_list()] == [True, False, False, False]
    assert len(document.findings.listed()) == 2


def test_one_value_may_stand_for_a_list_of_one() -> None:
    document = parsed("{a: x, b: [x, y]}")
    fields = document.root.as_mapping(required=["a", "b"])

    assert [value.as_text() for value in fields["a"].as_one_or_list()] == ["x"]
    assert [value.as_text() for value in fields["b"].as_one_or_list()] == ["x", "y"]


def test_more_faults_than_a_reader_can_use_are_summed_up() -> None:
    document = parsed("".join(f"k{i}: 1\n" for i in range(MOST_FINDINGS + 7)))

    document.root.as_mapping(optional=["id"])

    assert len(document.findings.listed()) == MOST_FINDINGS + 1
    assert "7 more faults" in document.findings.listed()[-1].expected


def test_findings_never_repeat_the_value_that_was_wrong() -> None:
    document = parsed("limit: tok_3f9a8b7c\n")

    document.root.as_mapping(required=["limit"])["limit"].as_integer()

    assert "tok_3f9a" not in str(document.findings.listed()[0])


@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}&*!<?|>%\"'# \n\t\\~", max_size=80).map(str.encode))
def test_any_bytes_are_a_document_or_an_input_error(data: bytes) -> None:
    with suppress(InputError):
        document = parse_document(data, source="map.yaml")
        document.root.as_mapping(required=["id"])
        document.finish()
        assert [name for name, _ in document.root.as_entries()] == ["id"]
