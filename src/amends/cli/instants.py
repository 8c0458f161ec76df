"""Instants and periods as options give them."""

from __future__ import annotations

from datetime import datetime

from amends.cli.errors import WRONG_COMMAND
from amends.errors import Place, UsageError
from amends.settings import period_of
from amends.units import Period


def period_given(start: str | None, end: str | None) -> Period:
    """`--from` and `--to`. Raises: CLI-001."""
    period = period_of(*map(_instant, (start, end)))
    if period is None:
        expected = "--from and --to together, such as 2025-04-14T00:00:00+09:00, the first before the second"
        raise UsageError(WRONG_COMMAND, at=Place("--from, --to"), expected=expected)
    return period


def instant_given(text: str, option: str) -> datetime:
    """Raises: CLI-001."""
    instant = _instant(text)
    if instant is None or instant.tzinfo is None:
        raise UsageError(WRONG_COMMAND, at=Place(option), expected="an instant such as 2025-11-18T23:00:00+09:00")
    return instant


def _instant(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text or "")
    except ValueError:
        return None
