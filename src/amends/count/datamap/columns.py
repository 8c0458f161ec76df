"""The columns of events as the data map may name them."""

from __future__ import annotations

from collections.abc import Iterable

from amends.engine.query import BOOL, HASH, I64, TEXT, TIME, U16, U64, quoted_name, quoted_text

# The columns of the events view (design, section 4); tests hold them equal to the evidence room's schema.
EVENT_COLUMNS = {
    "source": TEXT,
    "line": U64,
    "time": TIME,
    "server": TEXT,
    "layer": TEXT,
    "request_id": TEXT,
    "client": TEXT,
    "principal": HASH,
    "principal_kind": TEXT,
    "account": TEXT,
    "issued": HASH,
    "method": TEXT,
    "target": TEXT,
    "status": U16,
    "sent": I64,
    "length": I64,
    "complete": BOOL,
    "took_us": I64,
    "agent": TEXT,
    "extra": "MAP(VARCHAR, VARCHAR)",
}


def every_column() -> str:
    """All columns of an event, for a select."""
    return ", ".join(quoted_name(name) for name in EVENT_COLUMNS)


def column_sql(name: str) -> str:
    """An event's column as text; null where the server did not log it."""
    if name not in EVENT_COLUMNS:
        return f"extra[{quoted_text(name)}]"
    if EVENT_COLUMNS[name] == HASH:
        return f"lower(hex({quoted_name(name)}))"
    return quoted_name(name) if EVENT_COLUMNS[name] == TEXT else f"{quoted_name(name)}::VARCHAR"


def listed(values: Iterable[str]) -> str:
    """Texts of the map as SQL literals."""
    return ", ".join(quoted_text(value) for value in values)


def is_success() -> str:
    """A request that may have been answered with data, as far as the log says. Never null."""
    return "((status is null or status between 200 and 299) and method is distinct from 'HEAD')"
