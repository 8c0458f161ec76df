"""Canonical JSON (RFC 8785): one value, one text, so that a hash over it means something.

Numbers are whole and within 2**53 (RFC 8785, section 3.2.2.3 with I-JSON, RFC 7493, section 2.2); fractions are written as text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

type Value = str | int | bool | Sequence[Value] | Mapping[str, Value] | None

MOST = 2**53 - 1


def canonical_json(value: Value) -> bytes:
    """The UTF-8 bytes of `value`. Raises: TypeError for floats, ValueError for what JSON cannot hold exactly."""
    return _text(value).encode("utf-8")


def _text(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        if abs(value) > MOST:
            raise ValueError("a number above 2**53 - 1 is not exact in JSON: write it as text")
        return str(int(value))
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Mapping):
        # RFC 8785, section 3.2.3: members are sorted by their UTF-16 code units
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(f"{_string(name)}:{_text(item)}" for name, item in members) + "}"
    if isinstance(value, list | tuple):  # bytes are sequences too, but have no JSON form
        return "[" + ",".join(_text(item) for item in value) + "]"
    raise TypeError(f"{type(value).__name__} has no canonical JSON form here")


def _string(text: str) -> str:
    text.encode("utf-8")  # a lone surrogate has no UTF-8 form (RFC 8785, section 3.2.2.2): UnicodeEncodeError is a ValueError
    # json.dumps escapes as the RFC asks, except DEL, which it leaves as it is, as the RFC does too
    return json.dumps(text, ensure_ascii=False)
