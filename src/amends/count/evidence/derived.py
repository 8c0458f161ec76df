"""What stands within a logged column: a cookie, a pair of `name=value`, a claim of a JSON Web Token.

Written after the column's name, each step on what the one before found: `http_cookie:cookie:sid`, `tail:pair:uid`,
`http_authorization:jwt:sub`, `http_cookie:cookie:access:jwt:jti`. A claim is decoded and never trusted: no signature is checked,
so a forged token says whatever its maker wrote. What is not there is null.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from amends.count.evidence.arrow import Column, texts

SPLIT = re.compile(r":(?=(?:cookie|pair|jwt):)")
JOSE_HEADER = ("alg", "kid", "typ", "cty", "jku", "x5t")  # RFC 7515, section 4.1; other names are claims of the payload
MOST_TOKEN = 16_384  # characters; what servers take as a header is shorter


def _cookie(text: str, name: str) -> str | None:
    """The first cookie of this name (RFC 6265, section 4.2.1)."""
    pairs = (pair.strip().partition("=") for pair in text.split(";"))
    return next((value.strip('"') for key, sign, value in pairs if sign and key == name), None)


def _pair(text: str, name: str) -> str | None:
    """The value after the first `name=`, up to a space or one of `; , & #`."""
    found = re.search(rf"(?:^|[\s;,&?]){re.escape(name)}=\"?([^\s;,&#\"]*)", text)
    return found[1] if found else None


def _claim(text: str, name: str) -> str | None:
    """A text or a whole number of a token's header or payload (RFC 7519, RFC 7515)."""
    parts = text.removeprefix("Bearer ").removeprefix("bearer ").strip().split(".")
    if len(parts) < 2 or len(text) > MOST_TOKEN:
        return None
    part = parts[0] if name in JOSE_HEADER else parts[1]
    try:
        said: Any = json.loads(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    value = said.get(name) if isinstance(said, dict) else None
    return str(value) if isinstance(value, str) or type(value) is int else None


STEPS: Mapping[str, Callable[[str, str], str | None]] = {"cookie": _cookie, "pair": _pair, "jwt": _claim}


@dataclass(frozen=True, slots=True)
class Derived:
    """A logged column, and the steps to what stands within it; without steps the column itself."""

    column: str
    steps: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> Derived:
        """From the form of the settings. Raises: ValueError where a step names nothing."""
        column, *steps = SPLIT.split(text)
        parted = tuple((kind, name) for kind, _, name in (step.partition(":") for step in steps))
        if not column or not all(name for _, name in parted):
            raise ValueError(f"a step to nothing: {text}")
        return cls(column, parted)

    @property
    def is_decoded(self) -> bool:
        """Does the value stand in the bytes of its line in another form than its own?"""
        return any(kind == "jwt" for kind, _ in self.steps)

    def of(self, values: Column) -> Column:
        """The values within those of the column; each distinct one is read once."""
        encoded: Any = values.dictionary_encode()
        return texts([self._value(text) for text in encoded.dictionary.to_pylist()]).take(encoded.indices)

    def _value(self, text: str | None) -> str | None:
        for kind, name in self.steps:
            text = STEPS[kind](text, name) if text else None
        return text or None
