"""nginx access logs, for any `log_format` (ngx_http_log_module): the string alone, or the whole directive."""

from __future__ import annotations

import re
from dataclasses import replace

from amends.count.evidence import kinds, times
from amends.count.evidence.formats import formats
from amends.count.evidence.grammar import LineFormat, Literal, Standard, Variable, bad_format, line_format, named_fields
from amends.count.evidence.reader import TextReader
from amends.count.evidence.schema import Reader
from amends.count.evidence.settings import Reading
from amends.count.evidence.skeleton import NGINX, is_skeleton, json_columns
from amends.count.evidence.strict import StrictReader

NAME = "nginx"
TITLE = "nginx access log, any log_format"
SOURCE = "https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format"
TIME_IS = "end"  # $time_local is the moment at which the line is written, when the answer is done
SETTING = "log_format"
SAMPLE_LINES = 20

COMBINED = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'

# https://nginx.org/en/docs/varindex.html; of two that fill the same column, the first counts.
STANDARDS = (
    Standard("msec", kinds.EPOCH_SECONDS, ("time",)),
    Standard("time_iso8601", times.TIME_ISO8601, ("time",)),
    Standard("time_local", times.TIME_LOCAL, ("time",)),
    Standard("remote_addr", kinds.ADDRESS, ("client",)),
    Standard("request", kinds.REQUEST, ("method", "target")),
    Standard("request_method", kinds.TEXT, ("method",)),
    Standard("request_uri", kinds.TEXT, ("target",)),
    Standard("uri?args", kinds.TARGET, ("target",)),
    Standard("uri", kinds.TEXT, ("target",)),
    Standard("status", kinds.STATUS, ("status",)),
    Standard("body_bytes_sent", kinds.INTEGER, ("sent",)),
    Standard("sent_http_content_length", kinds.INTEGER, ("length",)),
    Standard("request_completion", kinds.Completion(yes=(b"OK",), no=(b"",), unknown=(b"-",)), ("complete",)),
    Standard("request_time", kinds.SECONDS, ("took_us",)),
    Standard("http_user_agent", kinds.TEXT, ("agent",)),
    Standard("request_id", kinds.TEXT, ("request_id",)),
    Standard("http_x_request_id", kinds.TEXT, ("request_id",)),
)
OWN_KINDS: dict[str, kinds.Kind] = {
    "remote_user": kinds.USER_NAME,
    "time_local": times.TimeText(times.TIME_LOCAL.pattern),
    "time_iso8601": times.TimeText(times.TIME_ISO8601.pattern),
    "http_x_forwarded_for": kinds.LIST,
    "proxy_add_x_forwarded_for": kinds.LIST,
}


def reader(reading: Reading) -> Reader:
    """The reader for the block's `log_format`; without one, nginx's own `combined`. One that writes JSON is read as JSON lines.

    Raises: EVI-002.
    """
    text = reading.log_format or COMBINED
    _, parts = _escape_and_parts(text)
    if is_skeleton(parts):
        columns = json_columns(parts, NGINX, source=SETTING) | dict(reading.columns)
        return formats()["json"].reader(replace(reading, format="json", log_format=None, columns=columns))
    return TextReader(parse_log_format(text))


def recognise(sample: bytes) -> str | None:
    """Most lines read as nginx's `combined`, and none shows the hand of Apache."""
    lines = [line for line in sample.removeprefix(b"\xef\xbb\xbf").split(b"\n")[:SAMPLE_LINES] if line.strip()]
    strict = StrictReader(parse_log_format(COMBINED))
    good = [line for line in lines if not isinstance(strict.read(line), str)]
    # nginx writes \x22 where Apache writes \", and never a host's name
    if 2 * len(good) <= len(lines) or any(b'\\"' in line for line in good) or any(map(_names_a_host, lines)):
        return None
    return f'{len(good)} of {len(lines)} lines read as the log_format "combined"'


def _names_a_host(line: bytes) -> bool:
    """Whether a line of an access log begins with a name where nginx writes an address."""
    client, _, rest = line.partition(b" ")
    return b":" not in client and re.search(rb"[g-zG-Z]", client) is not None and re.search(rb"\[\d\d/", rest) is not None


def parse_log_format(text: str) -> LineFormat:
    """A `log_format` as a checked grammar. Raises: EVI-002 with the column, where it is no such string or could not be read
    without guessing.
    """
    escape, parts = _escape_and_parts(text)
    # escape=none escapes nothing, so a backslash means itself
    return line_format(named_fields(_joined(parts), STANDARDS), escapes=escape != "none", source=SETTING)


def _escape_and_parts(text: str) -> tuple[str, list[Literal | Variable]]:
    escape, characters = _unquoted(text)
    if escape not in ("default", "json", "none"):
        raise bad_format(SETTING, None, "escape=default, escape=json or escape=none")
    return escape, _parts(characters)


_DIRECTIVE = re.compile(r"\s*log_format\s+\S+\s+")
_ESCAPE = re.compile(r"\s*escape=(\w+)\s+")

Character = tuple[str, int]  # with its 1-based column in the text as given


def _unquoted(text: str) -> tuple[str, list[Character]]:
    """The `escape` parameter, and the characters of the format with nginx's own quoting taken off."""
    at = 0
    if directive := _DIRECTIVE.match(text):
        at = directive.end()
    escape = "default"
    if parameter := _ESCAPE.match(text, at):
        escape, at = parameter.group(1), parameter.end()
    if at == 0 and not text.lstrip().startswith("'"):
        return escape, [(character, column) for column, character in enumerate(text.strip("\r\n"), start=1)]
    return escape, _quoted_words(text, at)


def _quoted_words(text: str, at: int) -> list[Character]:
    """The words '...' and "..." of a configuration, put together (ngx_conf_file.c: a backslash takes the meaning of a quote or
    a backslash).
    """
    characters: list[Character] = []
    while at < len(text) and text[at] != ";":
        quote = text[at]
        if quote.isspace():
            at += 1
            continue
        if quote == "#":
            at = text.find("\n", at) + 1 or len(text)
            continue
        if quote not in "'\"":
            raise bad_format(SETTING, at + 1, "words in quotes, and a semicolon after the last")
        begin, at = at, at + 1
        while at < len(text) and text[at] != quote:
            if text[at] == "\\" and text[at + 1 : at + 2] in ("'", '"', "\\"):
                at += 1
            characters.append((text[at], at + 1))
            at += 1
        if at >= len(text):
            raise bad_format(SETTING, begin + 1, "the quote that ends this word")
        at += 1
    return characters


_VARIABLE = re.compile(r"\$(?:\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))")


def _parts(characters: list[Character]) -> list[Literal | Variable]:
    text = "".join(character for character, _ in characters)
    parts: list[Literal | Variable] = []
    at = 0
    while at < len(text):
        if text[at] != "$":
            end = text.find("$", at)
            end = len(text) if end < 0 else end
            parts.append(Literal(text[at:end].encode()))
            at = end
            continue
        found = _VARIABLE.match(text, at)
        if not found:
            raise bad_format(SETTING, characters[at][1], "a variable's name after $")
        parts.append(_variable(found.group(1) or found.group(2), characters[at][1]))
        at = found.end()
    return parts


def _variable(name: str, place: int) -> Variable:
    kind = OWN_KINDS.get(name, kinds.LIST if name.startswith("upstream_") else kinds.TEXT)
    return Variable(f"${name}", name, name, kind, place)


def _joined(parts: list[Literal | Variable]) -> list[Literal | Variable]:
    """`$uri?$args` and `$uri$is_args$args` are one target."""
    joined: list[Literal | Variable] = []
    for part in parts:
        joined.append(part)
        tail = tuple(one.key if isinstance(one, Variable) else one.text for one in joined[-3:])
        if tail in (
            ("uri", b"?", "args"),
            ("uri", b"?", "query_string"),
            ("uri", "is_args", "args"),
            ("uri", "is_args", "query_string"),
        ):
            uri = joined[-3]
            assert isinstance(uri, Variable)
            joined[-3:] = [replace(uri, key="uri?args", kind=kinds.TARGET)]
    return joined
