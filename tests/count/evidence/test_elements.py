"""Elements of a JSON document: cut where they end whatever they hold, and a document that is not whole keeps what is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.count.evidence.elements import ElementCutter
from amends.count.evidence.schema import LINE_BYTES, RAW_BYTES

NAMES = ("Records", "records")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab"\\{}[],: \n안'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='Records"\\[]', max_size=8), inner, max_size=3),
    max_leaves=12,
)


def cut(data: bytes, size: int = 1 << 20) -> tuple[list[str], str | None]:
    """Elements, torn ones in angle brackets, and the fault. Each must stand where it says."""
    cutter = ElementCutter(NAMES)
    found = [element for at in range(0, len(data), size) for element in cutter.feed(data[at : at + size])]
    found += cutter.finish()
    assert all(data[element.offset : element.offset + element.length] == element.text for element in found)
    return [f"<{element.text.decode()}>" if element.is_torn else element.text.decode() for element in found], cutter.fault


@given(st.lists(VALUES, max_size=5), st.integers(1, 40), st.sampled_from([None, 1]), st.sampled_from(["Records", "records", ""]))
def test_the_elements_of_any_document_come_whole(items: list[object], size: int, indent: int | None, name: str):
    texts = [json.dumps(item, ensure_ascii=False, indent=indent) for item in items]
    array = "[" + " , ".join(texts) + "\n]"
    data = f'{{"a": [1, {{"b": 2}}], "{name}" : {array}, "z": ["}}"]}}' if name else array

    assert cut(data.encode(), size) == (texts, None)


@pytest.mark.parametrize(
    "data,elements,fault",
    [
        (b"", [], None),
        (b" \n ", [], None),
        (b"[]", [], None),
        (b'\xef\xbb\xbf{"Records": []}\n', [], None),
        (b'{"Records":[{"a":1}]}{"Records":[{"a":2}]}\n', ['{"a":1}', '{"a":2}'], None),
        (b'{"a":1}\n{"a":[2,"Records"]}', ['{"a":1}', '{"a":[2,"Records"]}'], None),
        (b'{"Records":{"a":1}}', ['{"Records":{"a":1}}'], None),
        (b'{"x":{"Records":[1]}}', ['{"x":{"Records":[1]}}'], None),
        (b"[1,,{},]", ["1", "", "{}", ""], None),
        (b'[{"a":1},{"b"', ['{"a":1}', '<{"b">'], "json: the document ends inside element 2"),
        (b'[{"a":1},{"b":"x, ', ['{"a":1}', '<{"b":"x,>'], "json: the document ends inside element 2"),
        (b'{"Records":[{"a":1},', ['{"a":1}'], "json: the document ends before its array does"),
        (b'{"Records":[{"a":1}],"z"', ['{"a":1}'], "json: the document ends before its array does"),
        (b'{"Reco', ['<{"Reco>'], "json: the document ends inside element 1"),
        (b"[1]]{}", ["1", "{}"], "json: a bracket closes what is not open"),
        (b"junk [1]", ["1"], "json: bytes that are no document, before offset 5"),
        (b"[1] junk", ["1"], "json: bytes that are no document"),
        (b"3", [], "json: bytes that are no document"),
    ],
)
def test_what_is_not_whole_is_told_and_the_rest_kept(data: bytes, elements: list[str], fault: str | None):
    for size in (1, 3, 1000):
        assert cut(data, size) == (elements, fault)


def test_an_element_that_is_too_long_is_told_by_its_beginning_and_length_within_bounded_memory():
    long = b'"' + b"x" * (LINE_BYTES + 10) + b'"'
    cutter = ElementCutter(NAMES)
    data = b"[1," + long + b" ,2]"

    one, two, three = [element for at in range(0, len(data), 1 << 20) for element in cutter.feed(data[at : at + (1 << 20)])]

    assert (one.text, two.is_long, len(two.text), two.offset, three.text) == (b"1", True, RAW_BYTES, 3, b"2")
    assert two.length == len(long) + 1  # the space after it too: its end is not kept
