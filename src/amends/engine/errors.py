"""Errors of the engine."""

from __future__ import annotations

from amends.errors import Code

OUT_OF_MEMORY = Code(
    "ENG-001", "the step does not fit into the memory it was given", "run it again with a larger --memory, such as --memory 6GB"
)
UNREADABLE = Code(
    "ENG-003",
    "a table cannot be read to its end",
    "mend the row: as many columns as the first row, quotes that close, UTF-8 (RFC 4180); then run this again",
)
ENGINE_FAILED = Code(
    "ENG-002",
    "a file of the case could not be read or written by the engine",
    "run amends sources CASE --verify, then this again",
)
