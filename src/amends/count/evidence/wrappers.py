"""What collectors put around the lines of any log: syslog, Docker's json-file, the Container Runtime Interface of Kubernetes.

A wrapper takes one physical line apart: the text within, and whether that text ends there. Docker and container runtimes split
a long line into several records, which belong together by their stream.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

NOT_WRAPPED = "wrapper"  # the reason of a line that is not of the wrapper


@dataclass(frozen=True, slots=True)
class Part:
    """The text within a line; `stream` and `is_end`: parts of one stream are one text up to that which ends it. `host`: who sent
    it, where that is told.
    """

    text: bytes
    stream: str = ""
    is_end: bool = True
    host: str | None = None


class Wrapper(Protocol):
    NAME: str
    TITLE: str

    def part(self, line: bytes) -> Part | None:
        """None: the line is not wrapped so."""
        ...


class Syslog:
    """RFC 3164 as it is sent or as it is kept in a file, with its own or with an ISO 8601 stamp; RFC 5424."""

    NAME = "syslog"
    TITLE = "syslog (RFC 3164, RFC 5424)"

    def part(self, line: bytes) -> Part | None:
        found = _RFC5424.fullmatch(line) or _RFC3164.fullmatch(line)
        if not found:
            return None
        host = found["host"].decode(errors="replace")
        return Part((found["text"] or b"").removeprefix(_BOM), host=None if host == "-" else host)


_BOM = b"\xef\xbb\xbf"  # RFC 5424, section 6.4: before a text in UTF-8
_STAMP = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)"
_RFC3164 = re.compile(
    rb"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|" + _STAMP + rb") (?P<host>[!-~]+)"
    rb" (?!\d)[^ :\[\]]{1,48}(?:\[[^ \]]{0,128}\])?: ?(?P<text>.*)",
    re.DOTALL,
)
_RFC5424 = re.compile(
    rb"<\d{1,3}>1 (?:-|" + _STAMP + rb") (?P<host>[!-~]{1,255}) [!-~]{1,48} [!-~]{1,128} [!-~]{1,32}"
    rb' (?:-|(?:\[[!-~]{1,32}(?: [!-~]{1,32}?="(?:[^"\\\]]|\\.)*+")*+\])++)(?: (?P<text>.*))?',
    re.DOTALL,
)


class _Logged(msgspec.Struct):
    """A record of Docker's json-file: https://docs.docker.com/engine/logging/drivers/json-file/"""

    log: str
    stream: str
    time: str


class Docker:
    """Docker's json-file: a text without its line feed goes on in the next record of its stream."""

    NAME = "docker"
    TITLE = "Docker's json-file"

    def __init__(self) -> None:
        self._decode = msgspec.json.Decoder(_Logged).decode

    def part(self, line: bytes) -> Part | None:
        try:
            logged = self._decode(line)
            text = logged.log.encode()
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return None
        is_end = text.endswith(b"\n")
        return Part(text[:-1] if is_end else text, logged.stream, is_end)


class Cri:
    """The Container Runtime Interface of Kubernetes (kubernetes/design-proposals, kubelet-cri-logging): F is a whole text, P a
    part.
    """

    NAME = "cri"
    TITLE = "the Container Runtime Interface of Kubernetes"

    def part(self, line: bytes) -> Part | None:
        found = _CRI.fullmatch(line)
        return Part(found[3] or b"", found[1].decode(), found[2] == b"F") if found else None


_CRI = re.compile(rb"(?a:" + _STAMP + rb") (stdout|stderr) ([FP])(?::[^ ]*)?(?: (.*))?", re.DOTALL)

WRAPPERS: dict[str, Wrapper] = {wrapper.NAME: wrapper for wrapper in (Syslog(), Docker(), Cri())}


def wrapper_of(lines: Sequence[bytes]) -> tuple[Wrapper, str] | None:
    """The wrapper of most of these lines, and why."""
    for wrapper in WRAPPERS.values():
        good = sum(wrapper.part(line.removesuffix(b"\r")) is not None for line in lines)
        if good and 2 * good > len(lines):
            return wrapper, f"{good} of {len(lines)} lines are wrapped by {wrapper.TITLE}"
    return None
