"""The private log of the case: who looked into it, with which command, when and why. It never becomes public.

An entry names the options that were given, not their values, which may be somebody's id; a reason stands as it was written.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from amends.case import Case, writing
from amends.record.queue import leave
from amends.units import rfc3339


def log_access(case: Case, *, verb: str, options: Sequence[str], reason: str | None, at: datetime) -> Path:
    """Leave one entry; the file that holds it. Raises: CAS-005, CAS-006."""
    entry = {"type": "access", "at": rfc3339(at), "actor": _actor(), "verb": verb, "options": list(options), "reason": reason}
    with writing(case.acts):
        return leave(case.acts, entry, at=at)


def _actor() -> str:
    """The user of this machine who runs the command."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
