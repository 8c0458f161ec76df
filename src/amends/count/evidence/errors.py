"""Errors of the evidence room."""

from __future__ import annotations

from amends.errors import Code

BAD_BLOCK = Code("EVI-001", "an [[evidence]] block cannot be used", "mend this block in amends.toml and run the command again")
BAD_LOG_FORMAT = Code(
    "EVI-002", "the log format cannot be read", "copy the log_format or LogFormat string from the server's configuration"
)
UNKNOWN_FORMAT = Code(
    "EVI-003",
    "the format of this file was not recognised",
    "set format (and log_format) for it in an [[evidence]] block, or give --format",
)
NO_ZONE = Code("EVI-004", "time stamp without a zone", 'add zone = "Asia/Seoul" for this source in amends.toml')
NO_SUCH_COLUMN = Code("EVI-005", "a column that this format does not log", "name a column that stands in the log format")
BAD_PLUGIN = Code(
    "EVI-006", "a log format of another package cannot be used", "update or remove the package that declares this entry point"
)
CHANGED_SOURCE = Code(
    "EVI-020",
    "the bytes of a source are no longer those that were taken",
    "put the original file back, or ask who changed it; do not go on",
)
UNFINISHED = Code("EVI-021", "an ingestion runs, or was cut off", "wait for it, or run amends ingest CASE to finish it")
WORKER_DIED = Code("EVI-022", "a reading process ended without an answer", "free some memory, then run amends ingest CASE again")
NOT_READABLE = Code("EVI-023", "this can not be read as evidence", "give a file, a folder, or - for standard input")
NOTHING_TO_READ = Code("EVI-024", "there is nothing to read", "give a file or folder that holds logs")
NO_EVENTS_FILE = Code("EVI-025", "the events of a source are missing", "run amends ingest CASE: it reads the stored bytes again")
BAD_STATEMENT = Code(
    "EVI-026",
    "an acquisition statement cannot be read",
    "put it back from a copy, or give the same file to ingest again",
)
BAD_ORDER = Code(
    "EVI-030", "a preservation order cannot be used", "put its file back from a copy, or set it again under another id"
)
ORDER_EXISTS = Code("EVI-031", "a preservation order of this id is there", "amends hold list CASE shows all of them")
NO_SUCH_ORDER = Code("EVI-032", "no preservation order in force has this id", "amends hold list CASE shows all of them")
BAD_ACQUISITION = Code(
    "EVI-033",
    "an acquisition statement, its signature or its time stamp cannot be used",
    "mend this file, or have it signed again: docs/evidence.md, Custody",
)
