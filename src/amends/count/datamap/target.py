"""Targets: what a request target in a log means. This is the definition; `mapping.py` says the same in SQL, for many at once.

1. Fold the target (`folding.py`); an endpoint with `strict: true` sees it as it stands.
2. Cut it at the first `?` into path and query. A path starts with `/`; all else (`*`, `host:443`, TLS bytes) matches nothing.
3. A template matches a path with the same number of segments, where each literal is equal and each `{name}` finds one
   character at least. The method is equal; a HEAD request also matches GET's template (it discloses nothing: scope grades it).
   All columns of `when` hold one of their values.
4. Of those that match the more literal wins: segments are compared from the left, a literal before a part-literal (more literal
   characters first) before a whole parameter before none; then HEAD's own template before GET's, then more columns in `when`,
   then the order of the file.
5. A path parameter, a query's name and its value are percent-decoded as UTF-8 (`+` is a space in a query); what is not UTF-8
   then stays as written. Empty values name nobody and are left out; a name that stands twice gives all its values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from amends.count.datamap.folding import ON_PATH, ON_TARGET
from amends.count.datamap.model import DataMap, Endpoint, Key, Source

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY")  # IANA HTTP method registry
PARAMETER = re.compile(r"\{([^{}]*)\}")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Segment:
    """What stands between two slashes: a literal (`name` is None), or a parameter between two literals that may be empty."""

    before: str
    name: str | None = None
    after: str = ""

    def value(self, text: str) -> str | None:
        """What the parameter holds in this text, '' for a literal that is equal; None where they do not match."""
        if self.name is None:
            return "" if text == self.before else None
        if len(text) <= len(self.before) + len(self.after) or not (text.startswith(self.before) and text.endswith(self.after)):
            return None
        return text[len(self.before) : len(text) - len(self.after)]

    @property
    def rank(self) -> tuple[int, int]:
        """Lower is more literal."""
        if self.name is None:
            return 0, 0
        literal = len(self.before) + len(self.after)
        return (1, -literal) if literal else (2, 0)


@dataclass(frozen=True, slots=True)
class Template:
    """A path of segments."""

    segments: tuple[Segment, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(segment.name for segment in self.segments if segment.name is not None)

    @property
    def head(self) -> str:
        """The literal that its paths start with: all of it where nothing varies."""
        head = ""
        for segment in self.segments:
            head += "/" + segment.before
            if segment.name is not None:
                break
        return head

    @property
    def rank(self) -> tuple[tuple[int, int], ...]:
        return (*(segment.rank for segment in self.segments), (3, 0))

    @property
    def shape(self) -> str:
        return "".join("/" + s.before + (f"{{{s.name}}}" if s.name else "") + s.after for s in self.segments)

    def match(self, path: str) -> dict[str, str] | None:
        """The parameters as they stand in the path; None where it does not match."""
        if not path.startswith("/"):
            return None
        texts = path[1:].split("/")
        if len(texts) != len(self.segments):
            return None
        found: dict[str, str] = {}
        for segment, text in zip(self.segments, texts, strict=True):
            value = segment.value(text)
            if value is None:
                return None
            if segment.name is not None:
                found[segment.name] = value
        return found


@dataclass(frozen=True, slots=True)
class Folded:
    """A target's path and query; `path` is None where it has none. `steps` names what changed something, in order."""

    path: str | None
    query: str | None
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """An endpoint (by its place in the map), and what its keys are read from: raw path parameters, raw query."""

    endpoint: int
    parameters: Mapping[str, str]
    query: str | None


class TemplateError(ValueError):
    """Why a template cannot be used, in words that say what was expected."""


def as_written(target: str) -> Folded:
    """The target without any folding."""
    path, mark, query = target.partition("?")
    return Folded(path if path.startswith("/") else None, query if mark else None)


def fold(target: str) -> Folded:
    """The target after all steps."""
    steps = []
    for step in ON_TARGET:
        changed = step.text(target)
        if changed != target:
            steps.append(step.name)
        target = changed
    split = as_written(target)
    if split.path is None:
        return Folded(None, split.query, tuple(steps))
    path = split.path
    for step in ON_PATH:
        changed = step.text(path)
        if changed != path:
            steps.append(step.name)
        path = changed
    return Folded(path, split.query, tuple(steps))


def matched(map: DataMap, *, method: str | None, target: str | None, columns: Mapping[str, str | None]) -> Match | None:
    """The endpoint that a request went to. `columns` holds the event's columns as text, for `when`."""
    if method is None or target is None:
        return None
    folded, raw = fold(target), as_written(target)
    for index in ranked(map):
        endpoint = map.endpoints[index]
        seen = raw if endpoint.strict else folded
        if seen.path is None or not answers(endpoint, method) or not holds(endpoint, columns):
            continue
        parameters = template_of(endpoint).match(seen.path)
        if parameters is not None:
            return Match(index, parameters, seen.query)
    return None


def answers(endpoint: Endpoint, method: str) -> bool:
    return method in methods(endpoint)


def methods(endpoint: Endpoint) -> tuple[str, ...]:
    """The request methods that this endpoint's template stands for."""
    return ("GET", "HEAD") if endpoint.method == "GET" else (endpoint.method,)


def holds(endpoint: Endpoint, columns: Mapping[str, str | None]) -> bool:
    return all(columns.get(name) in values for name, values in endpoint.when.items())


def ranked(map: DataMap) -> list[int]:
    """Endpoints from the most literal to the least: the first that matches wins."""
    return sorted(range(len(map.endpoints)), key=lambda index: (rank(map.endpoints[index]), index))


def rank(endpoint: Endpoint) -> tuple[tuple[tuple[int, int], ...], bool, int]:
    """What decides between two templates, but for the order of the file; lower wins."""
    return template_of(endpoint).rank, endpoint.method == "GET", -len(endpoint.when)


def key_values(match: Match, key: Key, *, split: str | None, columns: Mapping[str, str | None]) -> tuple[str, ...]:
    """The ids that a key names in this request, in their order; empty where the log does not say.

    `principal` is given in `columns` as the hex digits of its keyed hash.
    """
    if key.source is Source.QUERY:
        values = query_values(match.query, key.name)
    else:
        single = _single_value(match, key, columns)
        values = () if single is None else (single,)
    if split is not None:
        values = tuple(part.strip(" ") for value in values for part in value.split(split))
    return tuple(value for value in values if value)


def _single_value(match: Match, key: Key, columns: Mapping[str, str | None]) -> str | None:
    if key.source is Source.UNKNOWN:
        return None
    if key.source is Source.PATH:
        return decoded(match.parameters[key.name])
    return columns.get(key.name if key.source is Source.COLUMN else key.source.value)


def query_values(query: str | None, name: str) -> tuple[str, ...]:
    """All values of a name in a query, decoded, empty ones too."""
    if query is None:
        return ()
    pairs = (pair.partition("=") for pair in query.split("&"))
    return tuple(decoded(value, plus=" ") for written, _, value in pairs if decoded(written, plus=" ") == name)


def decoded(text: str, *, plus: str = "+") -> str:
    """Percent-decoded as UTF-8; as written where the octets are not UTF-8."""
    try:
        return unquote_to_bytes(text.replace("+", plus)).decode("utf-8")
    except UnicodeDecodeError:
        return text


def template_of(endpoint: Endpoint) -> Template:
    return parse_template(endpoint.template, strict=endpoint.strict)


@lru_cache(maxsize=4096)
def parse_template(text: str, *, strict: bool = False) -> Template:
    """`/a/{x}/u-{y}.json` as segments. Raises TemplateError.

    Unless strict, its literals are written as folded targets are: other characters than ASCII as UTF-8 in percent-encoding.
    """
    if not text.startswith("/"):
        raise TemplateError("a path that starts with /")
    if "?" in text or "#" in text:
        raise TemplateError("a path alone, without ? and #; a query is read by query.NAME")
    if any(character.isspace() or not character.isprintable() for character in text):
        raise TemplateError("a path without white space and control characters")
    if not strict:
        text = _plain(text)
    template = Template(tuple(_segment(part) for part in text[1:].split("/")))
    if len(set(template.names)) < len(template.names):
        raise TemplateError("each parameter once")
    return template


def _plain(text: str) -> str:
    """A template as folded targets are written; its own trailing slash is ignored as theirs are."""
    parts = PARAMETER.split(text)  # literals at even places, names at odd ones
    literal = "".join(
        quote(part, safe="/%!$&'()*+,;=:@-._~{}[]|\\^`\"<>") if place % 2 == 0 else f"{{{part}}}"
        for place, part in enumerate(parts)
    )
    folded = fold(literal)
    if set(folded.steps) - {"percent", "trailing"} or folded.path is None:
        raise TemplateError("a path without //, dot segments and path parameters (or strict: true)")
    return folded.path


def _segment(text: str) -> Segment:
    before, *rest = PARAMETER.split(text)
    if "{" in "".join([before, *rest[1::2]]) or "}" in "".join([before, *rest[1::2]]):
        raise TemplateError("each { closed by a }")
    if not rest:
        return Segment(before)
    if len(rest) > 2:
        raise TemplateError("at most one {name} between two slashes")
    name, after = rest
    if not NAME.fullmatch(name):
        raise TemplateError("names of letters, digits and _")
    return Segment(before, name, after)


def can_share(a: Segment, b: Segment) -> bool:
    """Is there a text that both match?"""
    if a.name is None:
        return b.value(a.before) is not None
    if b.name is None:
        return a.value(b.before) is not None
    starts = a.before.startswith(b.before) or b.before.startswith(a.before)
    ends = a.after.endswith(b.after) or b.after.endswith(a.after)
    return starts and ends
