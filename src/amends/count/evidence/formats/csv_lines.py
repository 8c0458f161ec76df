"""CSV (RFC 4180) whose first line names the columns: those of events, of ECS or of OCSF are known, `columns` maps others.

A file without such a line is read with its names in `log_format`, parted by commas.
"""

from __future__ import annotations

from amends.count.evidence.csv_reader import CsvReader, CsvTable, recognise_header
from amends.count.evidence.formats.json_lines import TABLE as OF_JSON
from amends.count.evidence.json_reader import JsonTable
from amends.count.evidence.settings import Reading

NAME = "csv"
TITLE = "CSV with the columns of events, of ECS or of OCSF, or with columns of your own"
SOURCE = "https://www.rfc-editor.org/rfc/rfc4180"
TIME_IS = "end"
IS_GENERIC = True

OWN = ("time", "request_id", "client", "account", "method", "target", "status", "sent", "length", "complete", "took_us", "agent")
NAMES = {name: tuple(dict.fromkeys((name, *OF_JSON.paths.get(name, ())))) for name in (*OWN, *OF_JSON.paths)}
TABLE = CsvTable(JsonTable(paths=NAMES, derived=OF_JSON.derived))


def recognise(sample: bytes) -> str | None:
    """The first line names a time and one more column that is known."""
    times = TABLE.members.paths["time"]
    others = {path for column, paths in TABLE.members.paths.items() if column != "time" for path in paths}
    for time in times:
        for other in sorted(others):
            if why := recognise_header(sample, (time, other), title="events"):
                return why
    return None


def reader(reading: Reading) -> CsvReader:
    return CsvReader(TABLE, reading)
