"""Errors of the data map."""

from __future__ import annotations

from amends.errors import Code

UNKNOWN_FIELD = Code(
    "MAP-001",
    "an unknown data category",
    "use a key of the fideslang taxonomy, or put the case's own one under such a key: user.contact.address.door_code",
)
BAD_TEMPLATE = Code(
    "MAP-002", "a request template that cannot be used", "write it as METHOD /path/{name}, as docs/datamap.md shows"
)
ID_TWICE = Code("MAP-003", "two endpoints with one id", "give each endpoint an id of its own")
UNKNOWN_SUBJECT = Code("MAP-004", "a kind of subject that is not declared", "declare it under subjects, or correct its spelling")
BAD_KEY = Code(
    "MAP-005", "a key that cannot name a subject", "write path.NAME, query.NAME, column.NAME, account, principal or unknown"
)
TOO_MANY_FIELDS = Code("MAP-006", "more fields than a case can hold", "put fields that always go together under one key")
NO_TABLE = Code("MAP-007", "a table that the map names is missing", "put the file at this path in the case folder")
NO_COLUMN = Code(
    "MAP-008", "a table lacks a column that the map names", "correct the column's name in datamap.yaml, or add it to the table"
)
NO_MAP = Code("MAP-009", "the case has no data map", "write datamap.yaml into the case folder, as docs/datamap.md shows")
BAD_DESCRIPTION = Code(
    "MAP-010",
    "a file that no draft can be made from",
    "give OpenAPI 3 (JSON or YAML) with --openapi, an HTTP Archive with --har, or let it be made --from-logs",
)
