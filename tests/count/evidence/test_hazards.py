"""What servers, disks and attackers put into logs: good lines, the hazard, good lines. Nothing is lost, nothing is read wrong."""

from __future__ import annotations

import gzip
import hashlib
import io

import pytest

from amends.count.evidence.blocks import iter_parsed
from amends.count.evidence.formats import nginx
from amends.count.evidence.plain import PlainBytes
from amends.count.evidence.reader import TextReader

GOOD = 200  # lines on both sides
MIB = 1024 * 1024


def good(number: int, *, client: str = "9.9.9.9", agent: str = "Mozilla/5.0 (X11)", path: str = "", user: str = "s1") -> bytes:
    target = path or f"/api/members/{number}/profile"
    stamp = f"24/Jun/2025:00:00:{number % 60:02d} +0000"
    return f'{client} - {user} [{stamp}] "GET {target} HTTP/1.1" 200 {number} "-" "{agent}"'.encode()


BAD = good(9001)
# The bytes of the hazard; then what must come of its lines: a target, or "reject" and the reason.
HAZARDS: dict[str, tuple[bytes, list[str]]] = {
    "nginx writes a quote as x22": (good(9001, agent="evil\\x22 200 1 \\x22-"), ["/api/members/9001/profile"]),
    "apache escapes quotes": (good(9001, agent='evil \\" quoted \\" agent'), ["/api/members/9001/profile"]),
    "backslash at the end": (good(9001, agent="trailing \\\\"), ["/api/members/9001/profile"]),
    "raw quote in a field": (good(9001, agent='evil " raw'), ["reject shape"]),
    "raw quote at the start of a field": (good(9001, agent='"evil start'), ["reject shape"]),
    "quote that is not closed": (BAD[:-1], ["reject shape"]),
    "two lines glued": (BAD + BAD, ["reject shape"]),
    "line feed in a field": (BAD.replace(b"X11", b"X\n11"), ["reject shape", "reject address"]),
    "torn line": (BAD[:60], ["reject request"]),
    "torn in its time": (BAD[:25], ["reject time"]),
    "binary garbage": (bytes(range(128, 256)) * 3, ["reject utf8"]),
    "invalid UTF-8 in the agent": (BAD.replace(b"X11", b"\xff\xfe\xc3\x28"), ["reject utf8"]),
    "invalid UTF-8 in the path": (BAD.replace(b"/profile", b"/\xe2\x28\xa1"), ["reject utf8"]),
    "good UTF-8": (BAD.replace(b"/profile", "/주소".encode()), ["/api/members/9001/주소"]),
    "NULs in front": (b"\0" * 300 + BAD, ["reject nul"]),
    "NUL in a field": (BAD.replace(b"X11", b"X\x0011"), ["reject nul"]),
    "lone CR in a field": (BAD.replace(b"X11", b"X\r11"), ["/api/members/9001/profile"]),
    "CRLF": (BAD + b"\r", ["/api/members/9001/profile"]),
    "unicode line ends": (good(9001, agent="a\u2028b\u0085c\x0bd\x0ce"), ["/api/members/9001/profile"]),
    "other control bytes": (BAD.replace(b"X11", b"X\x0111"), ["/api/members/9001/profile"]),
    "IPv6": (good(9001, client="2001:db8::1"), ["/api/members/9001/profile"]),
    "IPv6 with zone, and unix": (
        good(9001, client="fe80::1%eth0") + b"\n" + good(9002, client="unix:"),
        ["/api/members/9001/profile", "/api/members/9002/profile"],
    ),
    "an address that is none": (good(9001, client="9.9.9.9.9"), ["reject address"]),
    "empty lines": (b"\n\n" + BAD + b"\n \t", ["reject empty", "reject empty", "/api/members/9001/profile", "reject empty"]),
    "user with a space": (good(9001, user="john smith"), ["/api/members/9001/profile"]),
    "user with a bracket": (good(9001, user="jo [hn"), ["reject time"]),
    "no request": (b'9.9.9.9 - - [24/Jun/2025:00:00:00 +0000] "-" 400 0 "-" "-"', ["None"]),
    "TLS bytes": (b'9.9.9.9 - - [24/Jun/2025:00:00:00 +0000] "\\x16\\x03\\x01" 400 157 "-" "-"', ["\\x16\\x03\\x01"]),
    "HTTP/0.9": (BAD.replace(b" HTTP/1.1", b""), ["/api/members/9001/profile"]),
    "raw spaces in the path": (good(9001, path="/api/members/9001/a b c"), ["/api/members/9001/a b c"]),
    "a protocol within the path": (good(9001, path="/a HTTP/1.1 /b"), ["/a HTTP/1.1 /b"]),
    "another format": (BAD[: BAD.index(b' "-"')], ["reject number"]),
    "more fields": (BAD + b' "-" 0.001 rt=0.2', ["reject shape"]),
    "a line of JSON": (b'{"remote_addr":"9.9.9.9","status":200}', ["reject address"]),
    "30 February": (BAD.replace(b"24/Jun", b"30/Feb"), ["reject time"]),
    "a clock before 1970": (BAD.replace(b"24/Jun/2025", b"31/Dec/1969"), ["reject time"]),
    "a clock that was not set": (BAD.replace(b"24/Jun/2025", b"01/Jan/1970"), ["/api/members/9001/profile"]),
    "a clock of 2100": (BAD.replace(b"24/Jun/2025", b"01/Jan/2100"), ["reject time"]),
    "the last hour of the calendar": (BAD.replace(b"24/Jun/2025:00:00:01 +0000", b"31/Dec/9999:23:59:59 -1200"), ["reject time"]),
    "leap second": (BAD.replace(b"00:00:01", b"23:59:60"), ["/api/members/9001/profile"]),
    "status of four digits": (BAD.replace(b'" 200 ', b'" 2000 '), ["reject status"]),
    "size that is no number": (BAD.replace(b" 9001 ", b" 9e9 "), ["reject number"]),
    "size of 20 digits": (BAD.replace(b" 9001 ", b" 99999999999999999999 "), ["reject number"]),
    "a line of 3 MiB": (good(9001, path="/" + "a" * (3 * MIB)), ["/" + "a" * (3 * MIB)]),
    "a line of 40 MiB": (good(9001, path="/" + "a" * (40 * MIB)), ["reject too long"]),
}


def read(stream: io.BytesIO | PlainBytes) -> tuple[list[str], list[str], list[tuple[int, int, int]]]:
    """By line: targets of events and reasons of rejects; the targets alone; and (line, offset, length) of each reject."""
    outcome: dict[int, str] = {}
    places = []
    lines = 0
    for parsed in iter_parsed(stream, TextReader(nginx.parse_log_format(nginx.COMBINED))):
        assert parsed.lines == parsed.events.num_rows + parsed.rejects.num_rows
        lines += parsed.lines
        outcome |= {row["line"]: str(row["target"]) for row in parsed.events.to_pylist()}
        for row in parsed.rejects.to_pylist():
            outcome[row["line"]] = f"reject {row['reason']}"
            places.append((row["line"], row["offset"], row["length"]))
    assert sorted(outcome) == list(range(1, lines + 1))
    return [outcome[line] for line in sorted(outcome)], [text for text in outcome.values() if text.startswith("/")], places


BEFORE = [good(number) for number in range(GOOD)]
AFTER = [good(number) for number in range(GOOD, 2 * GOOD)]
TARGETS = [f"/api/members/{number}/profile" for number in range(2 * GOOD)]


@pytest.mark.parametrize("name", HAZARDS)
def test_a_hazard_costs_no_good_line_and_is_told(name: str) -> None:
    hazard, wanted = HAZARDS[name]
    log = b"\n".join([*BEFORE, hazard, *AFTER]) + b"\n"

    outcome, _, places = read(io.BytesIO(log))

    assert outcome[:GOOD] + outcome[GOOD + len(wanted) :] == TARGETS
    assert outcome[GOOD : GOOD + len(wanted)] == wanted
    for _, offset, length in places:
        assert log[offset + length : offset + length + 1] == b"\n"
        assert offset == 0 or log[offset - 1 : offset] == b"\n"


def test_a_byte_order_mark_belongs_to_no_field_and_counts_in_offsets() -> None:
    log = b"\xef\xbb\xbf" + b"\n".join([*BEFORE, b"torn", *AFTER])

    outcome, _, places = read(io.BytesIO(log))

    assert outcome == [*TARGETS[:GOOD], "reject address", *TARGETS[GOOD:]]
    assert places == [(GOOD + 1, log.index(b"torn"), 4)]


def test_a_rejected_first_line_keeps_its_byte_order_mark() -> None:
    _, _, places = read(io.BytesIO(b"\xef\xbb\xbftorn\n" + BEFORE[0]))

    assert places == [(1, 0, 7)]


def test_a_last_line_without_its_line_feed_is_read() -> None:
    assert read(io.BytesIO(b"\n".join(BEFORE)))[0] == TARGETS[:GOOD]


def test_a_last_line_that_is_torn_is_a_reject() -> None:
    outcome, _, places = read(io.BytesIO(b"\n".join([*BEFORE, BAD[:58]])))

    assert outcome == [*TARGETS[:GOOD], "reject request"]
    assert places == [(GOOD + 1, sum(len(line) + 1 for line in BEFORE), 58)]


PACKED = gzip.compress(b"\n".join(BEFORE) + b"\n")


def test_a_gzip_file_that_is_cut_gives_its_lines_and_its_fault() -> None:
    source = PlainBytes(io.BytesIO(PACKED[: len(PACKED) * 6 // 10]))

    _, targets, places = read(source)

    assert targets == TARGETS[: len(targets)]
    assert len(targets) > GOOD // 4
    assert len(places) <= 1
    assert source.fault == "gzip: the file ends inside member 1"


def test_a_gzip_file_with_junk_after_it_gives_all_lines_and_its_fault() -> None:
    source = PlainBytes(io.BytesIO(PACKED + b"junk"))

    assert read(source)[0] == TARGETS[:GOOD]
    assert source.fault == "gzip: bytes that are no member after member 1"
    assert source.stored_sha256 == hashlib.sha256(PACKED + b"junk").hexdigest()


def test_two_gzip_members_are_one_log() -> None:
    source = PlainBytes(io.BytesIO(PACKED + gzip.compress(b"\n".join(AFTER))))

    assert read(source)[0] == TARGETS
    assert source.fault is None
