from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.count.evidence import kinds
from amends.count.evidence.kinds import NULL, Completion, Integer, Kind, Span
from amends.count.evidence.lanes import Lanes
from amends.count.evidence.schema import PAD

KINDS: dict[str, tuple[Kind, list[bytes]]] = {
    "address": (
        kinds.ADDRESS,
        [b"192.0.2.17", b"255.255.255.255", b"1.1.1.1", b"2001:db8::1", b"::", b"fe80::1%eth0", b"unix:", b"-"],
    ),
    "name": (kinds.ADDRESS_OR_NAME, [b"192.0.2.17", b"shop-1.example.com", b"localhost"]),
    "request": (
        kinds.REQUEST,
        [b"GET / HTTP/1.1", b"OPTIONS * HTTP/2.0", b"PROPFIND /a b HTTP/1.1", b"GET /", b"-", b"", b"x HTTP/1.1"],
    ),
    "status": (kinds.STATUS, [b"200", b"-", b"999", b"000"]),
    "integer": (kinds.INTEGER, [b"0", b"12345678", b"123456789", b"123456789012345", b"-"]),
    "sixteen digits": (Integer(most=16), [b"1234567890123456", b"12345678901234567"]),
    "scaled": (Integer(most=12, scale=1_000_000), [b"999999999999", b"1234567890123", b"-"]),
    "bytes": (Integer(dash=0), [b"-", b"17"]),
    "seconds": (
        kinds.SECONDS,
        [b"0.123", b"1234.567", b"12345.678", b"12345678901.123", b"123456789012.123", b"7", b"0.12", b"1.1234567", b"-"],
    ),
    "completion": (Completion(yes=(b"OK",), no=(b"",), unknown=(b"-",)), [b"OK", b"", b"-", b"NO"]),
    "target": (kinds.TARGET, [b"/a?b", b"/a?-", b"/a?", b"?-", b"-", b"?", b""]),
}
FLIPS = st.one_of(st.sampled_from(list(b'0123456789 .:-/%@AZ[`az{"\\')), st.integers(0, 255))


@st.composite
def values(draw: st.DrawFn) -> tuple[str, list[bytes]]:
    """Values of a kind, some of them with bytes changed, put in or taken out."""
    name = draw(st.sampled_from(sorted(KINDS)))
    texts = []
    for _ in range(draw(st.integers(1, 8))):
        text = bytearray(draw(st.sampled_from(KINDS[name][1])))
        for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
            place = draw(st.integers(0, len(text)))
            text[place : place + draw(st.integers(0, 2))] = bytes(draw(st.lists(FLIPS, max_size=2)))
        texts.append(bytes(text))
    return name, texts


def read(kind: Kind, texts: list[bytes]) -> list[tuple[object, ...] | None]:
    """The vector reading of each text as `strict` would give it; None where it leaves the text to `strict`."""
    lanes = Lanes(np.frombuffer(bytes(PAD) + b"\n".join(texts) + bytes(PAD), np.uint8).copy())
    end = np.cumsum([len(text) + 1 for text in texts]) - 1 + PAD
    start = end - np.array([len(text) for text in texts])
    good, outputs = kind.vector(lanes, start, end)
    rows: list[tuple[object, ...] | None] = []
    for row in range(len(texts)):
        if good is not None and not good[row]:
            rows.append(None)
            continue
        first = int(start[row])
        rows.append(
            tuple(
                (int(out.start[row]) - first, int(out.end[row]) - first) if isinstance(out, Span) else int(out[row])
                for out in outputs
            )
        )
    return rows


@given(values())
def test_what_the_vector_takes_is_what_the_definition_gives(drawn: tuple[str, list[bytes]]) -> None:
    kind, texts = KINDS[drawn[0]][0], drawn[1]

    taken = read(kind, texts)

    assert all(values is None or values == kind.strict(text, 0, len(text)) for values, text in zip(taken, texts, strict=True))


@pytest.mark.parametrize(
    "name, count",
    [("address", 4), ("request", 2), ("status", 3), ("integer", 5), ("seconds", 5), ("completion", 3), ("target", 7)],
)
def test_ordinary_values_are_taken_by_the_vector(name: str, count: int) -> None:
    assert sum(values is not None for values in read(*KINDS[name])) == count


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"9.9.9.9.9",
        b"9.9.9",
        b"9..9.9",
        b".9.9.9",
        b"1234.1.1.1",
        b"9.9.9.9 ",
        b"deadbeef",
        b"a:b",
        b"12:34",
        b"fe80::1%",
        b"host",
    ],
)
def test_what_is_no_address_is_refused(text: bytes) -> None:
    assert kinds.ADDRESS.strict(text, 0, len(text)) is None


@pytest.mark.parametrize(
    "text, method, target",
    [
        (b"GET /a HTTP/1.1", b"GET", b"/a"),
        (b"GET /a b HTTP/1.1", b"GET", b"/a b"),
        (b"GET /a HTTP/1.1 /b HTTP/1.0", b"GET", b"/a HTTP/1.1 /b"),
        (b"GET http://shop.example/a HTTP/1.1", b"GET", b"http://shop.example/a"),
        (b"GET /a", b"GET", b"/a"),
        (b"GET /a b", b"", b"GET /a b"),
        (b"G\\x22T /a HTTP/1.1", b"", b"G\\x22T /a HTTP/1.1"),
        (b"GET  HTTP/1.1", b"", b"GET  HTTP/1.1"),
        (b"-", b"", b"-"),
        (b"\\x16\\x03\\x01", b"", b"\\x16\\x03\\x01"),
    ],
)
def test_a_request_is_method_and_target_or_all_of_it_is_the_target(text: bytes, method: bytes, target: bytes) -> None:
    spans = kinds.REQUEST.strict(text, 0, len(text))

    assert spans is not None
    assert [text[slice(*span)] for span in spans if isinstance(span, tuple)] == [method, target]


@pytest.mark.parametrize(
    "kind, text, value",
    [
        (kinds.STATUS, b"404", 404),
        (kinds.STATUS, b"-", NULL),
        (kinds.INTEGER, b"-", NULL),
        (Integer(dash=0), b"-", 0),
        (kinds.SECONDS, b"1.234", 1_234_000),
        (kinds.SECONDS, b"1", 1_000_000),
        (kinds.SECONDS, b"0.000001", 1),
        (kinds.SECONDS, b"-", NULL),
    ],
)
def test_numbers_have_one_meaning(kind: Kind, text: bytes, value: int) -> None:
    assert kind.strict(text, 0, len(text)) == (value,)


@pytest.mark.parametrize(
    "kind, text",
    [
        (kinds.STATUS, b"20"),
        (kinds.STATUS, b"2000"),
        (kinds.STATUS, "٢٠٠".encode()),
        (kinds.INTEGER, b""),
        (kinds.INTEGER, b"-1"),
        (kinds.INTEGER, b"1" * 16),
        (kinds.SECONDS, b"1."),
        (kinds.SECONDS, b".1"),
        (kinds.SECONDS, b"1" * 12),
        (kinds.SECONDS, b"1,5"),
    ],
)
def test_what_is_no_number_is_refused(kind: Kind, text: bytes) -> None:
    assert kind.strict(text, 0, len(text)) is None
