"""A draft of datamap.yaml as text. It parses as a map, but each line that says `confirm` is a guess that a person must settle."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from amends.count.datamap.drafts.recognised import category
from amends.count.datamap.target import METHODS, NAME, PARAMETER, TemplateError, parse_template
from amends.errors import visible

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}", re.ASCII)  # needs no quotes in YAML
WORDS = {"true", "false", "null", "yes", "no", "on", "off"}  # to other readers of YAML no texts
NAMES_SHOWN = 8
SINGLE_ROWS, LISTED_ROWS = 1, 100  # the most subjects of an answer, where nothing says it
PAGE_SIZES = ("limit", "size", "page_size", "pageSize", "per_page", "perPage", "count", "first", "take")


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an answer: its name, and the format of its text where that is described."""

    name: str
    form: str | None = None


@dataclass(frozen=True, slots=True)
class Drafted:
    """One endpoint as a source of a draft knows it. `members` of its successful answers, `queries` of its requests with the
    greatest value of each, where that is described; `said`: what a person should know.
    """

    method: str
    path: str
    id: str = ""
    statuses: tuple[int, ...] = ()
    members: tuple[Member, ...] = ()
    queries: tuple[tuple[str, int | None], ...] = ()
    is_list: bool = False
    said: str = ""
    fields: dict[str, list[str]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for member in self.members:
            if key := category(member.name, member.form):
                self.fields.setdefault(key, []).append(member.name)


def as_yaml(endpoints: Sequence[Drafted], *, origin: str) -> str:
    """The text of a draft. `origin`: what it was made from, in words."""
    lines = [
        f'# A draft, made from {visible(origin)}. What follows "confirm" is a guess: somebody who knows the code settles it,',
        "# and takes the mark away. Endpoints whose answers nobody is recognised in are comments until then.",
        "# Then let it be datamap.yaml, and hold it against the logs: amends datamap check CASE",
        "version: 1",
        "subjects:",
        "  account: {label: {en: customer account}}  # confirm: whose data these are; other kinds, such as contact",
    ]
    ids: set[str] = set()
    blocks = [line for endpoint in endpoints for line in _endpoint(endpoint, ids)]
    is_empty = all(line.startswith("  #") for line in blocks)
    return "\n".join([*lines, "endpoints: []" if is_empty else "endpoints:", *blocks]) + "\n"


def _endpoint(endpoint: Drafted, ids: set[str]) -> Iterator[str]:
    path, names = _named(endpoint.path)
    fault = _fault(endpoint.method, path)
    if fault:
        yield f"  # left out: {visible(endpoint.method)} {visible(path)}: {fault}"
        return
    if endpoint.said:
        yield f"  # {visible(endpoint.said)}"
    id = _text(_free(_id(endpoint.id) or _id(f"{endpoint.method.lower()} {path}"), ids))
    request = _text(f"{endpoint.method} {path}")
    if not endpoint.fields:  # "gives nothing" is for a person to say: until then check lists it as not named
        yield f"  # - id: {id}"
        yield f"  #   request: {request}"
        yield f"  #   discloses: []  # confirm: {_nothing(endpoint)}"
        return
    yield f"  - id: {id}"
    yield f"    request: {request}"
    if endpoint.statuses:
        yield f"    disclosed_when: {{status: [{', '.join(str(status) for status in endpoint.statuses)}]}}"
    key, why = _key(path, names, is_list=endpoint.is_list)
    yield "    discloses:"
    yield "      - subject: account  # confirm"
    yield f"        key: {key}  # confirm: {why}"
    if key == "unknown":
        yield f"        rows: {_rows(endpoint)}"
    yield "        fields:"
    for category_key, members in endpoint.fields.items():
        yield f"          - {category_key}  # confirm: {_listed(members)}"
    if unknown := [member.name for member in endpoint.members if not category(member.name, member.form)]:
        yield f"        # confirm: nobody's data in {_listed(unknown)}"


def _fault(method: str, path: str) -> str | None:
    """Why the map's syntax cannot say this request."""
    if method not in METHODS:
        return "no method that is registered"
    if not path.isprintable():
        return "a path with characters that cannot be seen"
    try:
        parse_template(path, strict=False)
    except TemplateError as error:
        return str(error)
    return None


def _named(path: str) -> tuple[str, list[str]]:
    """The path with names that a template may have, each once."""
    names: list[str] = []

    def renamed(found: re.Match[str]) -> str:
        if not re.search(r"\w", found[1]):  # `{...}`: more than one segment, which no template can say
            return found[0]
        name = re.sub(r"\W", "_", found[1], flags=re.ASCII)
        name = name if NAME.fullmatch(name) else f"_{name}"
        names.append(_free(name, set(names)))
        return f"{{{names[-1]}}}"

    return PARAMETER.sub(renamed, path), names


def _key(path: str, names: Sequence[str], *, is_list: bool) -> tuple[str, str]:
    """Where the id of the person stands, and why that is likely."""
    if is_list and path.endswith("}"):
        return "unknown", "the answer is a list: whose, the request does not say"
    if re.search(r"/(me|self|my|mypage|profile)(/|$)", path) and not names:
        return "account", "the path speaks of whoever asks"
    if len(names) == 1 and not is_list:
        return f"path.{names[0]}", "the one parameter of the path"
    if names:
        return f"path.{names[0]}", "the first parameter of the path; a join may be needed"
    return "unknown", "the request does not say whose"


def _rows(endpoint: Drafted) -> str:
    for name, most in endpoint.queries:
        if name in PAGE_SIZES:
            asked = f"{{from: {_text(f'query.{name}')}, most: {most or LISTED_ROWS}}}"
            return f"{asked}  # confirm: the most that the server gives"
    most = LISTED_ROWS if endpoint.is_list else SINGLE_ROWS
    return f"[0, {most}]  # confirm: the fewest and the most people in one answer"


def _nothing(endpoint: Drafted) -> str:
    if not endpoint.members:
        return "what its answers hold is not known here"
    return f"nobody's data in {_listed([member.name for member in endpoint.members])}"


def _listed(names: Iterable[str]) -> str:
    distinct = [visible(name) for name in dict.fromkeys(names)]
    more = f" and {len(distinct) - NAMES_SHOWN} more" if len(distinct) > NAMES_SHOWN else ""
    return ", ".join(distinct[:NAMES_SHOWN]) + more


def _id(text: str) -> str:
    """The words of a text as one name."""
    return "-".join(re.findall(r"[A-Za-z0-9_.]+", text))[:64]


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number where it is taken; it is taken then."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free


def _text(text: str) -> str:
    """A text in YAML: plain where that is safe, else in JSON's quotes, which YAML 1.2 reads alike."""
    is_plain = PLAIN.fullmatch(text) and text.lower() not in WORDS
    return text if is_plain else json.dumps(text, ensure_ascii=False)
