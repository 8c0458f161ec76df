"""Errors of the simulated world."""

from __future__ import annotations

from amends.errors import Code

OUT_NOT_EMPTY = Code(
    "SIM-001", "the folder for the simulated world is not empty", "name a new folder, or give --force to replace a world"
)
NOT_A_WORLD = Code(
    "SIM-002", "the folder holds something that is not a simulated world", "name another folder; this one is left as it is"
)
BAD_SIZE = Code("SIM-003", "no world of this size can be made", "give other numbers for --members, --lines or --seed")
UNKNOWN_ATTACKER = Code("SIM-004", "unknown attacker", "name some of fast, slow and forged, joined by commas, or none")
BAD_VARIANT = Code("SIM-005", "these wishes for a world contradict each other", "change the variant as it says")
UNKNOWN_COLUMN = Code("SIM-006", "a column of this schema cannot be filled", "make it nullable, or name it as events do")
