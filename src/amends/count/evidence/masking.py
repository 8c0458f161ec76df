"""Secrets in logs: which columns and query parameters hold credentials, and how they are kept out of events; mail addresses in
messages of databases (the literals of statements are taken out as a whole, by `sql_text.py`).

A parameter's value is masked (`token=***`); a column's value becomes a keyed hash, so that equal ones can still be seen to be
equal. Names are those that OAuth 2.0 (RFC 6749, RFC 6750 section 2.3), OpenID Connect and signed URLs of storage services
use, and what frameworks call a session.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from amends.count.evidence.arrow import Column, column

MASK = "***"

# Whole names or their ends: `token` stands for `access_token` and `X-Amz-Security-Token` too.
PARAMETERS = (
    r"[\w.-]*token",
    r"[\w.-]*passw(?:or)?d",
    r"[\w.-]*pwd",
    r"[\w.-]*secret",
    r"[\w.-]*api[_-]?key",
    r"key",
    r"code",
    r"sig",
    r"[\w.-]*signature",
    r"[\w.-]*credential",
    r"[\w.-]*session(?:[_-]?id)?",
    r"[\w.-]*sessid",
    r"sid",
    r"jwt",
    r"auth",
    r"authorization",
)
# The last three letters before the `=` of every name above: a first sieve that needs no regular expression.
TAILS = ("ken", "ord", "swd", "pwd", "ret", "key", "ode", "sig", "ure", "ial", "ion", "nid", "_id", "-id", "sid", "jwt", "uth")
PATTERN = rf"(?i)(^|[?&;#])({'|'.join(PARAMETERS)})=[^&;#\s]+"
REPLACEMENT = rf"\1\2={MASK}"

SECRET_COLUMN = re.compile(
    r"(^|[^a-z])(authorization|cookie\w*|passwd|password|pwd|secret|api_?key|sid|sessid|jwt)($|[^a-z])|token|session_?id|phpsessid",
    re.IGNORECASE,
)

# A server's messages quote what was wrong: `Key (email)=(kim@shop.example) already exists.`
MAIL = re.compile(r"[^\s@'\"(),;:=<>]{1,64}@[^\s@'\"(),;:=<>]{1,255}")

_SIEVE = np.array(sorted(int.from_bytes(tail.encode(), "little") | 0x202020 for tail in TAILS), dtype=np.uint32)


def is_secret_column(name: str) -> bool:
    """Whether a logged column holds credentials, by its name: `http_authorization`, `cookie_session`, `labels.refresh_token`."""
    return SECRET_COLUMN.search(name.replace("-", "_")) is not None


def mask_mail(text: str) -> str:
    """The text with mail addresses masked."""
    return MAIL.sub(MASK, text) if "@" in text else text


def mask_parameters(texts: Column) -> Column:
    """The texts with the values of secret query parameters masked.

    Cost: one pass over the bytes for `=`; the regular expression sees only the texts that the sieve lets through.
    """
    rows = _suspects(texts)
    if not len(rows):
        return texts
    masked: Column = pc.replace_substring_regex(texts.take(column(rows)), pattern=PATTERN, replacement=REPLACEMENT)
    chosen = np.zeros(len(texts), dtype=bool)
    chosen[rows] = True
    whole: Column = pc.replace_with_mask(texts, column(chosen), masked)
    return whole


def _suspects(texts: Column) -> npt.NDArray[np.int64]:
    """Rows with a `=` after one of TAILS, in order."""
    _, offset_buffer, data_buffer = texts.buffers()
    if data_buffer is None or len(texts) == 0:
        return np.empty(0, dtype=np.int64)
    offsets = np.frombuffer(offset_buffer, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(data_buffer, dtype=np.uint8)
    at = np.flatnonzero(data[offsets[0] : offsets[-1]] == ord("=")) + offsets[0]
    at = at[at >= 3]
    tails = (
        data[at - 3].astype(np.uint32) | (data[at - 2].astype(np.uint32) << 8) | (data[at - 1].astype(np.uint32) << 16)
    ) | 0x202020
    at = at[np.isin(tails, _SIEVE)]
    return np.unique(np.searchsorted(offsets, at, side="right") - 1)
