"""Errors of the scope room."""

from __future__ import annotations

from amends.errors import Code

NO_MISUSE = Code(
    "SCO-001",
    "there is no misuse.yaml",
    "write the first selector: amends misuse add CASE --author NAME --reason TEXT --client ADDRESS",
)
BAD_TABLE = Code(
    "SCO-002", "a table that the data map names cannot be read", "put the table at this path, with the columns that the map names"
)
BAD_CONDITION = Code(
    "SCO-003", "a condition of a selector cannot be used", "see docs/scope.md for the conditions, and mend this place"
)
SELECTOR_TWICE = Code("SCO-004", "two selectors with one id", "give each selector an id of its own")
BAD_LIST = Code("SCO-005", "a list file of a selector cannot be used", "put a UTF-8 file with one value a line at this path")
BAD_CEILING = Code("SCO-006", "a [[ceiling]] block cannot be used", "mend this block in amends.toml and run the command again")
NO_EVENTS = Code("SCO-007", "there are no events to count", "bring in the logs first: amends ingest CASE FILE|FOLDER")
BAD_EXPORT = Code("SCO-008", "the export's file name has no known ending", "let the name end in .csv or .parquet")
BAD_MEMORY = Code("SCO-009", "an amount of memory that cannot be used", "write a number with its unit, such as --memory 4GB")
NO_CLEAR_PRINCIPALS = Code(
    "SCO-010",
    "a principal in clear cannot be looked up without the case's key",
    "write it as `hmac HEX`, or put back secrets/hmac.key",
)
BAD_CLAIM = Code(
    "SCO-011", "a claim that cannot be judged", "write --claim not-exposed:KEY with a data category, such as user.financial"
)
NO_SUCH_RUN = Code(
    "SCO-012",
    "no run of this case has this name",
    "give the beginning of a run's name, as scope printed it, or see CASE/exposure",
)
