"""Apache HTTP Server access logs, for any `LogFormat` (mod_log_config, mod_logio): the string, a nickname, or the whole
directive.
"""

from __future__ import annotations

import re
from dataclasses import replace

from amends.count.evidence import kinds, times
from amends.count.evidence.errors import NO_ZONE
from amends.count.evidence.grammar import LineFormat, Literal, Standard, Variable, bad_format, line_format, named_fields
from amends.count.evidence.reader import TextReader
from amends.count.evidence.schema import TIME, LineReader
from amends.count.evidence.settings import Reading
from amends.count.evidence.strict import StrictReader
from amends.errors import InputError, Place

NAME = "apache"
TITLE = "Apache HTTP Server access log, any LogFormat"
SOURCE = "https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#formats"
TIME_IS = "start"  # %t is the moment at which the request was received
SETTING = "LogFormat"
SAMPLE_LINES = 20

# https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#examples, and httpd.conf as it is shipped
NICKNAMES = {
    "common": '%h %l %u %t "%r" %>s %b',
    "combined": '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"',
    "combinedio": '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I %O',
    "vhost_common": '%v %h %l %u %t "%r" %>s %b',
    "vhost_combined": '%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"',
}

CLF_BYTES = kinds.Integer(dash=0)  # %b writes "-" where no bytes were sent
EPOCH = "epoch "  # the key of a time that is one number; what follows is its conversion
STAMP = "stamp "  # the key of a time that strftime writes; what follows is its pattern
# %X: aborted before the answer was complete, or the connection kept alive or closed after it
COMPLETION = kinds.Completion(yes=(b"+", b"-"), no=(b"X",))

# Of two directives that fill the same column, the first counts. Keys: see _key.
STANDARDS = (
    Standard("client_a", kinds.ADDRESS, ("client",)),
    Standard("h", kinds.ADDRESS_OR_NAME, ("client",)),
    Standard("c a", kinds.ADDRESS, ("client",)),
    Standard("c h", kinds.ADDRESS_OR_NAME, ("client",)),
    Standard("r", kinds.REQUEST, ("method", "target")),
    Standard("m", kinds.TEXT, ("method",)),
    Standard("Uq", kinds.TEXT, ("target",)),
    Standard("U", kinds.TEXT, ("target",)),
    Standard(">s", kinds.STATUS, ("status",)),
    Standard("s", kinds.STATUS, ("status",)),
    Standard("B", kinds.INTEGER, ("sent",)),
    Standard("b", CLF_BYTES, ("sent",)),
    Standard("content-length o", kinds.INTEGER, ("length",)),
    Standard("X", COMPLETION, ("complete",)),
    Standard("us T", kinds.INTEGER, ("took_us",)),
    Standard("ms T", kinds.Integer(scale=1000), ("took_us",)),
    Standard("T", kinds.Integer(most=12, scale=1_000_000), ("took_us",)),
    Standard("user-agent i", kinds.TEXT, ("agent",)),
    Standard("unique_id e", kinds.TEXT, ("request_id",)),
    Standard("x-request-id i", kinds.TEXT, ("request_id",)),
    Standard("x-request-id o", kinds.TEXT, ("request_id",)),
    Standard("L", kinds.TEXT, ("request_id",)),
)
EPOCHS = {
    "usec": kinds.Integer(most=16, type=TIME),
    "msec": kinds.Integer(most=14, scale=1000, type=TIME),
    "sec": kinds.Integer(most=11, scale=1_000_000, type=TIME),
}
FRACTIONS = {"msec_frac": "%L", "usec_frac": "%N"}
# The column of a directive that fills none of LOGGED.
NAMES = {
    "h": "host",
    "l": "ident",
    "u": "user",
    "v": "server_name",
    "V": "server_name_asked",
    "p": "port",
    "A": "local_address",
    "a": "peer_address",
    "m": "request_method",
    "U": "path",
    "q": "query",
    "Uq": "request_target",
    "H": "protocol",
    "s": "status_first",
    ">s": "status_last",
    "b": "sent_or_dash",
    "B": "sent_body",
    "I": "bytes_in",
    "O": "bytes_out",
    "S": "bytes_both",
    "D": "took_us_logged",
    "T": "took_s",
    "X": "connection",
    "f": "file_name",
    "R": "handler",
    "k": "keepalive_requests",
    "P": "process",
    "L": "log_id",
    "r": "request",
}
FAMILIES = {"i": "", "o": "sent_", "C": "cookie_", "e": "env_", "n": "note_", "^ti": "trailer_", "^to": "sent_trailer_"}


def reader(reading: Reading) -> LineReader:
    """The reader for the block's `log_format`; without one, `combined`. Raises: EVI-002, EVI-004."""
    return TextReader(parse_log_format(reading.log_format or "combined", zone=reading.zone))


def recognise(sample: bytes) -> str | None:
    """Most lines read as `combined`, and at least one shows what nginx never writes: a host name, an ident, or an escaped
    quote.
    """
    lines = [line for line in sample.removeprefix(b"\xef\xbb\xbf").split(b"\n")[:SAMPLE_LINES] if line.strip()]
    strict = StrictReader(parse_log_format("combined"))
    good = [line for line in lines if not isinstance(strict.read(line), str)]
    if 2 * len(good) <= len(lines) or not any(_NOT_NGINX.match(line) for line in good):
        return None
    return f'{len(good)} of {len(lines)} lines read as the LogFormat "combined"'


_NOT_NGINX = re.compile(rb'[^ :]*[g-zG-Z][^ :]* |[^ ]+ (?!- )|.*\\"')


def parse_log_format(text: str, *, zone: str | None = None) -> LineFormat:
    """A `LogFormat` as a checked grammar; `zone` is that of stamps without an offset.

    Raises: EVI-002 with the column, where it is no such string or could not be read without guessing; EVI-004.
    """
    parts = _joined(_parts(_unquoted(NICKNAMES.get(text.strip(), text))))
    plain, clocks = _times(parts, zone)
    return line_format(named_fields(plain, (*clocks, *STANDARDS)), escapes=True, source=SETTING)


Character = tuple[str, int]  # with its 1-based column in the text as given

_DIRECTIVE = re.compile(r"\s*(?:LogFormat|TransferLog|CustomLog\s+(?:\"[^\"]*\"|\S+))\s+(?=\")", re.IGNORECASE)
_ESCAPES = {'"': '"', "\\": "\\", "t": "\t", "n": "\n", "r": "\r"}


def _unquoted(text: str) -> list[Character]:
    """The characters of the format, with the directive around it and the backslashes of the configuration taken off."""
    at = 0
    directive = _DIRECTIVE.match(text)
    is_quoted = directive is not None or (text.startswith('"') and '\\"' in text)
    if is_quoted:
        at = directive.end() + 1 if directive else 1
    characters: list[Character] = []
    while at < len(text):
        if is_quoted and text[at] == '"':
            return characters
        escaped = _ESCAPES.get(text[at + 1 : at + 2]) if text[at] == "\\" else None
        characters.append((escaped or text[at], at + 1))
        at += 2 if escaped else 1
    if is_quoted:
        raise bad_format(SETTING, len(text), "the quote that ends the format")
    return characters


_PIECE = re.compile(r"%(?:%|(?:!?\d{3}(?:,\d{3})*)?([<>]?)(?:\{([^}]*)\})?(\^t[io]|[A-Za-z]))")


def _parts(characters: list[Character]) -> list[Literal | Variable]:
    text = "".join(character for character, _ in characters)
    parts: list[Literal | Variable] = []
    at = 0
    while at < len(text):
        if text[at] != "%":
            end = text.find("%", at)
            end = len(text) if end < 0 else end
            parts.append(Literal(text[at:end].encode()))
            at = end
            continue
        found = _PIECE.match(text, at)
        if not found:
            expected = "a directive such as %h or %{Referer}i after %, or %% for a percent sign"
            raise bad_format(SETTING, characters[at][1], expected)
        parts += _piece(found, characters[at][1])
        at = found.end()
    return parts


def _piece(found: re.Match[str], place: int) -> list[Literal | Variable]:
    which, argument, letter = found.groups()
    name = found.group()
    if name == "%%":
        return [Literal(b"%")]
    if letter == "t":
        stamp = _time(name, argument, place)
        return [stamp] if argument else [Literal(b"["), stamp, Literal(b"]")]
    key, column = _key(name, which, argument, letter, place)
    kind: kinds.Kind = kinds.TEXT
    if letter == "u":
        kind = kinds.USER_NAME
    elif key == "x-forwarded-for i":
        kind = kinds.LIST
    return [Variable(name, key, column, kind, place)]


def _key(name: str, which: str, argument: str | None, letter: str, place: int) -> tuple[str, str]:
    """The key of a directive in STANDARDS, and the column that it gets where it fills none of them."""
    if letter in FAMILIES:
        if not argument:
            raise bad_format(SETTING, place, f"a name in braces, such as %{{NAME}}{letter}")
        return f"{argument.lower()} {letter}", FAMILIES[letter] + re.sub(r"[^a-z0-9]+", "_", argument.lower()).strip("_")
    if letter == "D" or (letter == "T" and argument == "us"):
        return "us T", "took_us_logged"
    if letter == "T":
        if argument not in (None, "s", "ms"):
            raise bad_format(SETTING, place, "%{us}T, %{ms}T or %{s}T")
        return ("ms T", "took_ms") if argument == "ms" else ("T", "took_s")
    if letter == "s":
        return (">s", NAMES[">s"]) if which == ">" else ("s", NAMES["s"])
    if letter not in NAMES:
        raise bad_format(SETTING, place, f"a directive of mod_log_config; {name} is none")
    if argument and letter in "ahpP":
        return f"{argument} {letter}", f"{NAMES[letter]}_{re.sub(r'[^a-z0-9]+', '_', argument.lower())}"
    return ("client_a" if letter == "a" else letter), NAMES[letter]


def _time(name: str, argument: str | None, place: int) -> Variable:
    pattern = re.sub(r"^(?:begin|end):", "", argument) if argument else times.TIME_LOCAL.pattern
    pattern = {"%s": "sec", "": times.TIME_LOCAL.pattern}.get(pattern, pattern)
    if pattern in EPOCHS:
        return Variable(name, EPOCH + pattern, "logged_time", kinds.TEXT, place)
    if pattern in FRACTIONS:
        return Variable(name, STAMP + FRACTIONS[pattern], "logged_time", kinds.TEXT, place)
    for conversion in ("%Z", "%L", "%N"):
        if conversion in pattern:
            raise bad_format(SETTING, place, f"a time without {conversion}, whose width is not fixed")
    try:
        expanded = times.expanded(pattern)
    except ValueError as error:
        raise bad_format(SETTING, place, f"a time of fixed width; {error} is not known here") from error
    return Variable(name, STAMP + expanded, "logged_time", kinds.TEXT, place)


def _joined(parts: list[Literal | Variable]) -> list[Literal | Variable]:
    """`%U%q` is one target; times that stand together (`%{%F}t %{%T}t.%{msec_frac}t`) are one stamp, where no conversion comes
    twice.
    """
    joined: list[Literal | Variable] = []
    for part in parts:
        before = joined[-1] if joined else None
        if isinstance(part, Variable) and part.key == "q" and isinstance(before, Variable) and before.key == "U":
            joined[-1] = replace(before, key="Uq", column=NAMES["Uq"])
        elif (stamp := _as_one_stamp(joined, part)) is not None:
            joined[-2 if isinstance(before, Literal) else -1 :] = [stamp]
        else:
            joined.append(part)
    return joined


def _as_one_stamp(joined: list[Literal | Variable], part: Literal | Variable) -> Variable | None:
    between = b""
    rest = joined
    if rest and isinstance(rest[-1], Literal):
        between, rest = rest[-1].text, rest[:-1]
    first = rest[-1] if rest else None
    if not (isinstance(first, Variable) and isinstance(part, Variable) and part.key.startswith(STAMP)):
        return None
    if first.key == f"{EPOCH}sec" and between == b"." and part.key[len(STAMP) :] in FRACTIONS.values():
        return replace(first, key=f"{EPOCH}sec.frac")
    conversions = [set(re.findall("%.", one.key)) for one in (first, part)]
    if not first.key.startswith(STAMP) or conversions[0] & conversions[1] or not between.isascii():
        return None
    return replace(first, key=first.key + between.decode().replace("%", "%%") + part.key[len(STAMP) :])


def _times(parts: list[Literal | Variable], zone: str | None) -> tuple[list[Literal | Variable], list[Standard]]:
    """The parts with the kinds of their times, and the standards for those, the most precise first."""
    clocks: list[tuple[int, Standard]] = []
    result: list[Literal | Variable] = []
    for part in parts:
        if isinstance(part, Variable) and part.key.startswith(STAMP):
            stamp = _stamp(part, zone)
            clocks.append((2 if "%L" in stamp.pattern or "%N" in stamp.pattern else 4, Standard(part.key, stamp, ("time",))))
            part = replace(part, kind=times.TimeText(stamp.pattern, stamp.zone))
        elif isinstance(part, Variable) and part.key.startswith(EPOCH):
            unit = part.key[len(EPOCH) :]
            kind = EPOCHS.get(unit, kinds.EPOCH_SECONDS)
            clocks.append(({"usec": 0, "msec": 1, "sec.frac": 1}.get(unit, 3), Standard(part.key, kind, ("time",))))
        result.append(part)
    return result, [standard for _, standard in sorted(clocks, key=lambda clock: clock[0])]


def _stamp(part: Variable, zone: str | None) -> times.TimeStamp:
    pattern = part.key[len(STAMP) :]
    conversions = set(re.findall("%.", pattern))
    if not ({"%Y", "%H", "%M", "%S"} <= conversions and conversions & {"%m", "%b"} and conversions & {"%d", "%e"}):
        raise bad_format(SETTING, part.place, f"a year, month, day, hour, minute and second in {part.name}")
    stamp = times.TimeStamp(pattern, None if "%z" in conversions else zone)
    if not stamp.has_zone and zone is None:
        raise InputError(
            NO_ZONE, at=Place(SETTING, column=part.place), expected="%z in the time, or the zone of the server's clock"
        )
    return stamp
