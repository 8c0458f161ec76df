"""`--memory 4GB`: how much of the machine the engine may take."""

from __future__ import annotations

import re

from amends.count.scope.errors import BAD_MEMORY
from amends.errors import Place, UsageError

UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
AMOUNT = re.compile(r"(\d{1,12})(?:\.(\d{1,3}))? *([A-Za-z]{0,3})", re.ASCII)
LEAST, MOST = 64 * 2**20, 2**50


def parse_memory(text: str | None) -> int | None:
    """Bytes; None for None. Raises: SCO-009 for what is no amount, less than 64 MiB or more than 1 PiB."""
    if text is None:
        return None
    match = AMOUNT.fullmatch(text.strip())
    unit = UNITS.get(match[3].upper()) if match else None
    if match is None or unit is None:
        raise UsageError(BAD_MEMORY, at=Place("--memory"), expected="a number and a unit, such as 4GB or 512MiB")
    whole, fraction = match[1], match[2] or "0"
    amount: int = int(whole) * unit + int(fraction) * unit // int(10 ** len(fraction))
    if not LEAST <= amount <= MOST:
        raise UsageError(BAD_MEMORY, at=Place("--memory"), expected="64MiB or more, and at most 1024TiB")
    return amount
