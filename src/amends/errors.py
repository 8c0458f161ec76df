"""Coded errors: what went wrong, where, what was expected, and what to do next.

A bad line of evidence is data (a reject); an answer of "no" is a result. Only a bad file, map, rule, command or machine raises.
The codes of a room stand in its own `errors.py`; `docs/errors.md` is made from them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

# What would move the cursor, colour, hide or turn round what a reader sees: C0, DEL and C1 controls, the separators of lines and
# paragraphs, the marks of direction (Unicode 16, "Bidi_Control"), halves of surrogate pairs, which no output can hold.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str, *, keep: str = "") -> str:
    """A text from outside with its control characters as escapes, so that it can be printed; but for those of `keep`."""
    return _UNSEEN.sub(lambda found: found[0] if found[0] in keep else _escape(ord(found[0])), text)


def _escape(number: int) -> str:
    """A byte of a file name that is no UTF-8 (PEP 383), or another character."""
    return f"\\x{number - 0xDC00:02x}" if 0xDC80 <= number <= 0xDCFF else f"\\u{number:04x}"


def is_text(text: str) -> bool:
    """Can it be written as UTF-8? A file's name, or a word of the command line, need not be."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of error: three letters for the room, three digits, never reused."""

    id: str
    meaning: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where it stands: a file (or a command's argument), a 1-based line and column where they are known."""

    source: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        line = f", line {self.line}" if self.line is not None else ""
        column = f", column {self.column}" if self.column is not None else ""
        return f"{self.source}{line}{column}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault at one place; equal by value, so that tests and the desk can compare them.

    `expected` never holds a person's data, a credential or the raw line.
    """

    code: Code
    at: Place | None
    expected: str
    next_step: str

    def as_json(self) -> dict[str, object]:
        place = self.at
        return {
            "code": self.code.id,
            "message": self.code.meaning,
            "source": place.source if place else None,
            "line": place.line if place else None,
            "column": place.column if place else None,
            "expected": self.expected,
            "next": self.next_step,
        }

    def __str__(self) -> str:
        where = f"{visible(str(self.at))}: " if self.at else ""
        told = {"expected": visible(self.expected), "next": visible(self.next_step)}
        return "\n".join(
            [f"{self.code.id}  {where}{self.code.meaning}", *(f"{'':9}{name:8}  {said}" for name, said in told.items())]
        )


class AmendsError(Exception):
    """What the terminal, `--json` and the desk show in the same words. Carries one or more findings."""

    exit_status: ClassVar[int] = 4

    def __init__(self, code: Code, *, expected: str, at: Place | None = None, next_step: str | None = None) -> None:
        self.findings: tuple[Finding, ...] = (Finding(code, at, expected, next_step or code.next_step),)
        super().__init__(str(self.findings[0]))

    @property
    def code(self) -> Code:
        return self.findings[0].code

    @classmethod
    def of(cls, findings: Sequence[Finding]) -> AmendsError:
        """One error for many faults of one map, rule file or notice; `findings` is not empty."""
        error = cls.__new__(cls)
        error.findings = tuple(findings)
        Exception.__init__(error, str(error))
        return error

    def __str__(self) -> str:
        return "\n".join(str(finding) for finding in self.findings)


class UsageError(AmendsError):
    """The command line is wrong."""

    exit_status = 2


class InputError(AmendsError):
    """A file, map, rule or configuration that was given is bad."""

    exit_status = 3


class OperationError(AmendsError):
    """Something else failed: a full disk, a lock, a missing extra. `permanent` where trying again cannot help."""

    exit_status = 4

    def __init__(
        self,
        code: Code,
        *,
        expected: str,
        at: Place | None = None,
        next_step: str | None = None,
        permanent: bool = False,
    ) -> None:
        super().__init__(code, expected=expected, at=at, next_step=next_step)
        self.permanent = permanent


NOT_A_CASE = Code("CAS-001", "this is not a case folder", "make one: amends new CASE --company NAME --tz ZONE")
CASE_EXISTS = Code("CAS-002", "the folder is not empty", "name a new folder, or open the case that is there")
BAD_SETTINGS = Code("CAS-003", "amends.toml cannot be used", "mend this place in amends.toml and run the command again")
CASE_LOCKED = Code("CAS-004", "another command is writing to this case", "wait for it to end, then run this again")
NO_RIGHTS = Code("CAS-005", "the file or folder cannot be read or written", "check its owner and mode, then run this again")
DISK_FULL = Code("CAS-006", "the disk is full", "free some space, then run this again; finished work is kept")
UNKNOWN_ZONE = Code("CAS-007", "unknown time zone", "give a name of the IANA time zone database, such as Asia/Seoul")
SECRET_MISSING = Code("CAS-008", "the case's key is missing", "put back secrets/hmac.key from where the case's secrets are kept")
BAD_CASE_PATH = Code("CAS-009", "the name of the case folder is not text", "rename the folder, or name it from within its parent")
BAD_YAML = Code("DOC-001", "the file is not YAML that can be read as text", "mend this place; keys once, no anchors, no tags")
BAD_VALUE = Code("DOC-002", "a value is not what it must be", "mend this place and run the command again")
UNKNOWN_KEY = Code("DOC-003", "a key that has no meaning here", "remove it, or correct its spelling")
MISSING_KEY = Code("DOC-004", "a key is missing", "add it")
