"""Dirty lines as servers, disks and clients make them; each says what a careful reader must answer.

A spoiler is a function of the bytes of one line (without its line feed), of another line and of a generator. `takes` lines of the
log are replaced by what it returns: 0: a line of its own, put in between; 2: two lines become one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

NGINX, APACHE, JSON = "nginx", "apache", "json"
EVENT = "event"
REPEAT = "repeat"
LONGEST_LINE = 16 * 1024 * 1024  # a longer line is refused whole
LONG_PATH = 70_000

Spoiler = Callable[[bytes, bytes, np.random.Generator], bytes]


@dataclass(frozen=True, slots=True)
class Dirt:
    """One kind of dirty line. `expected`: `event`, or `reject:` and the family of its reason."""

    what: str
    expected: str
    takes: int
    spoil: Spoiler
    formats: tuple[str, ...] = (NGINX, APACHE, JSON)

    @property
    def is_event(self) -> bool:
        return self.expected == EVENT


def torn(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """The writer was killed: what had reached the disk, cut before the status; an address at its start is whole."""
    end = line.index(b'"url"') if line.startswith(b"{") else line.rindex(b" HTTP/1.1")
    return line[: int(rng.integers(60, max(end, 61)))]


def headless(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """The tail of a line whose head is lost; in the shop's own format it still holds the credential."""
    return line[line.index(b" HTTP/1.1") - 4 :]


def glued(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    return line + other


def with_nul(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A NUL between the brackets of the agent, where no value is hurt that a search would look for."""
    place = line.rindex(b"/", 0, line.rindex(b'"')) + 1
    return line[:place] + b"\0" + line[place:]


def after_nuls(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """What a journalling file system leaves after a crash: a run of NULs, then the next line."""
    return b"\0" * 300 + line


def not_utf8(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    place = line.rindex(b"/", 0, line.rindex(b'"')) + 1
    return line[:place] + b"\xc7\xd1\xb1\xdb" + line[place:]  # "한글" in CP949


def binary(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    return bytes([0xFE, *(rng.integers(0, 256, int(rng.integers(8, 200))).astype(np.uint8))]).replace(b"\n", b"\x0b")


def empty(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    return b""


def foreign(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    return b'2026/03/11 04:10:00 [error] 1187#1187: *5521 open() "/srv/www/favicon.ico" failed (2: No such file or directory)'


def thirtieth_of_february(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    spoilt = re.sub(rb"\[\d\d/[A-Z][a-z]{2}/", b"[30/Feb/", line, count=1)
    return re.sub(rb'(@timestamp":"\d{4})-\d\d-\d\d', rb"\1-02-30", spoilt, count=1)


def raw_quote(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    place = line.rindex(b"/", 0, line.rindex(b'"')) + 1
    return line[:place] + b'"' + line[place:]


def escaped_quote(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A quote in the agent as the server itself writes it: an honest event."""
    place = line.rindex(b"/", 0, line.rindex(b'"')) + 1
    mark = b"\\x22" if b" tok=" in line else b'\\"'
    return line[:place] + mark + line[place:]


def carriage_return(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Copied through a Windows machine: the line ends in CR LF. An honest event."""
    return line + b"\r"


def spaced_user(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A user name with a space, which servers log as it is. An honest event."""
    return line.replace(b" - - [", b" - kim min [", 1)


def tls_bytes(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A TLS hello sent to a plain port: an honest event without method and path."""
    return _bare(line, b"\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x01\\xFC\\x03\\x03", b"150")


def no_request(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A connection that closed before it asked anything: an honest event."""
    return _bare(line, b"-", b"0")


def long_request(line: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A scanner's endless path, refused by the server: long, and an honest event."""
    return _bare(line, b"GET /" + b"a" * LONG_PATH + b" HTTP/1.1", b"186").replace(b'" 400 ', b'" 414 ', 1)


def overlong(line: bytes, length: int) -> bytes:
    """A line of `length` bytes, nothing but its time to hold on to."""
    head = line[: line.index(b"]") + 3]
    return head + b"A" * (length - len(head))


KINDS = (
    Dirt("torn", "reject:torn", 1, torn),
    Dirt("headless", "reject:torn", 1, headless, (NGINX, APACHE)),
    Dirt("glued", "reject:glued", 2, glued),
    Dirt("nul", "reject:nul", 1, with_nul),
    Dirt("after-nuls", "reject:nul", 1, after_nuls),
    Dirt("not-utf8", "reject:utf8", 1, not_utf8),
    Dirt("binary", "reject:binary", 0, binary),
    Dirt("empty", "reject:empty", 0, empty),
    Dirt("other-format", "reject:other-format", 0, foreign),
    Dirt("30-february", "reject:time", 1, thirtieth_of_february),
    Dirt("raw-quote", "reject:quote", 1, raw_quote),
    Dirt("escaped-quote", EVENT, 1, escaped_quote),
    Dirt("carriage-return", EVENT, 1, carriage_return),
    Dirt("spaced-user", EVENT, 1, spaced_user, (NGINX,)),
    Dirt("tls-bytes", EVENT, 0, tls_bytes, (NGINX, APACHE)),
    Dirt("no-request", EVENT, 0, no_request, (NGINX, APACHE)),
    Dirt("long-request", EVENT, 0, long_request, (NGINX, APACHE)),
)
BY_NAME = {kind.what: kind for kind in KINDS}


def kinds_for(form: str) -> tuple[Dirt, ...]:
    return tuple(kind for kind in KINDS if form in kind.formats)


def keeping(form: str, *, listed: str) -> tuple[Dirt, ...]:
    """Kinds that spoil a line but leave the listed value in its bytes: an `address` at its start, or a `token` at its end."""
    names = {"address": ("torn", "nul", "30-february"), "token": ("headless", "nul", "not-utf8")}[listed]
    unsure = "torn" if form == JSON else ""  # there the address does not stand at the start
    return tuple(BY_NAME[name] for name in names if form in BY_NAME[name].formats and name != unsure)


def _bare(line: bytes, request: bytes, sent: bytes) -> bytes:
    """The line of a request that the server could not read, from the same address at the same time."""
    head = re.sub(rb"(\d - )\S+ \[", rb"\1- [", line[: line.index(b'"')], count=1)
    own = b" tok=" in line
    tail = b' "-" "-" uid=- tok=- iss=-' if own else b' "-" "-"'
    return head + b'"' + request + b'" 400 ' + (sent if own or sent != b"0" else b"-") + tail
