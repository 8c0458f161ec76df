"""Which format a file has: each format is asked whether it knows a sample; none, or two that disagree, is refused with the
reasons.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from amends.count.evidence.blocks import iter_parsed
from amends.count.evidence.errors import NO_SUCH_COLUMN, NO_ZONE, UNKNOWN_FORMAT
from amends.count.evidence.events import EventColumns
from amends.count.evidence.formats import Format, formats, is_generic
from amends.count.evidence.json_times import NO_ZONE_REASON
from amends.count.evidence.plain import open_plain
from amends.count.evidence.principals import KeyedHashes
from amends.count.evidence.readers import reader_of
from amends.count.evidence.schema import Parsed, Reader, StreamReader
from amends.count.evidence.settings import Reading
from amends.count.evidence.text_lines import BOM, sampled_lines
from amends.count.evidence.wrappers import WRAPPERS, Wrapper, wrapper_of
from amends.errors import InputError, Place

AUTO = "auto"
SAMPLE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Choice:
    """What a file is read as, within which wrapper, and why; no format where it holds no bytes that could be read."""

    format: str | None
    why: str
    wrapper: str | None = None


def choose(file: Path, reading: Reading, *, name: str) -> Choice:
    """The format of `file`, checked against its first lines: the settings must make a reader, and name columns that are there.

    Raises: EVI-001 for a wrapper that cannot be, EVI-002 for a bad log format, EVI-003 where it is not recognised, EVI-004 for
    stamps without a zone, EVI-005 for a column that is not logged.
    """
    sample = read_sample(file)
    choice = recognise(sample, reading, name=name) if reading.format == AUTO else _named(sample, reading, name=name)
    if choice.format is None:
        return choice
    reader = _reader(choice.format, choice.wrapper, reading, name)
    EventColumns(reader.columns, reading, source="", name=name, hashes=KeyedHashes(b""))
    for parsed in _first_of(file, reader) if getattr(reader, "needs_file", False) else _parsed(reader, sample):
        without = [
            row["line"] for row in parsed.rejects.select(["line", "reason"]).to_pylist() if row["reason"] == NO_ZONE_REASON
        ]
        if without:
            raise InputError(
                NO_ZONE, at=Place(name, line=without[0]), expected="an offset such as +09:00, or the zone of this source"
            )
    _check_roles(reader, reading, name)
    return choice


def read_sample(file: Path) -> bytes:
    """The first plain bytes, cut after a whole line where there is one."""
    sample = bytearray(SAMPLE_BYTES)
    with open_plain(file) as plain:
        view, size = memoryview(sample), 0
        while size < SAMPLE_BYTES and (count := plain.readinto(view[size:])):
            size += count
        view.release()
    end = sample.rfind(b"\n", 0, size) + 1 if size == SAMPLE_BYTES else size
    return bytes(sample[: end or size])


def recognise(sample: bytes, reading: Reading, *, name: str) -> Choice:
    """The one format that knows the sample, or what is wrapped in it. Raises: EVI-003."""
    if not sample:
        return Choice(None, "no bytes to read")
    wrapper, why = _wrapper(sample, reading)
    if wrapper:
        try:
            inner = _recognise(_unwrapped(sample, wrapper), reading, name=name)
            if reading.wrapper == AUTO and isinstance(_reader(str(inner.format), None, reading, name), StreamReader):
                return _recognise(sample, reading, name=name)
            return Choice(inner.format, f"{why}; within them {inner.why}", wrapper.NAME)
        except InputError as error:
            if reading.wrapper != AUTO or error.code != UNKNOWN_FORMAT:
                raise
    return _recognise(sample, reading, name=name)


def _wrapper(sample: bytes, reading: Reading) -> tuple[Wrapper | None, str]:
    """The wrapper that the settings name, or that the sample shows; and why."""
    if reading.wrapper == AUTO:
        return wrapper_of(sampled_lines(sample)) or (None, "")
    wrapper = WRAPPERS.get(reading.wrapper)
    return wrapper, f"wrapper {reading.wrapper} named in the settings"


def _unwrapped(sample: bytes, wrapper: Wrapper) -> bytes:
    """The texts of those lines that hold a whole one."""
    parts = [wrapper.part(line.removesuffix(b"\r")) for line in sample.removeprefix(BOM).split(b"\n")]
    return b"".join(part.text + b"\n" for part in parts if part and part.is_end)


def _claims(sample: bytes) -> dict[str, str]:
    return {known: why for known, form in formats().items() if (why := form.recognise(sample))}


def _makers(claims: Mapping[str, str]) -> dict[str, str]:
    """Those that are of a format of somebody's own."""
    return {known: why for known, why in claims.items() if not is_generic(formats()[known])}


def _recognise(sample: bytes, reading: Reading, *, name: str) -> Choice:
    claims = _claims(sample)
    claims = _makers(claims) or claims
    if not claims:
        raise InputError(UNKNOWN_FORMAT, at=Place(name), expected=f"lines of one of the formats {', '.join(formats())}")
    ranked = sorted(claims, key=_rank)
    if len(ranked) > 1 and not _agree([formats()[known] for known in ranked], reading, sample):
        raise InputError(
            UNKNOWN_FORMAT, at=Place(name), expected=f"lines of one format only; these read as {' and as '.join(sorted(claims))}"
        )
    chosen, others = ranked[0], ranked[1:]
    also = f"; {' and '.join(others)} would read it alike, but may mean another moment by its stamps" if others else ""
    return Choice(chosen, f"taken for {chosen}: {claims[chosen]}{also}")


def check_format(form: str, *, at: Place) -> None:
    """Raises: EVI-003 for a name that no format has."""
    if form != AUTO and form not in formats():
        raise InputError(UNKNOWN_FORMAT, at=at, expected=f"format as one of auto, {', '.join(formats())}")


def _named(sample: bytes, reading: Reading, *, name: str) -> Choice:
    """The format that the settings name; within a wrapper where they name that too, or where more lines can be read so."""
    check_format(reading.format, at=Place(name))
    wrapper, why = _wrapper(sample, reading)
    plain = Choice(reading.format, "named in the settings")
    if wrapper is None:
        return plain
    wrapped = Choice(reading.format, f"named in the settings; {why}", wrapper.NAME)
    if reading.wrapper != AUTO:
        return wrapped
    if isinstance(_reader(reading.format, None, reading, name), StreamReader):
        return plain
    return wrapped if _events(wrapped, sample, reading, name) > _events(plain, sample, reading, name) else plain


def _events(choice: Choice, sample: bytes, reading: Reading, name: str) -> int:
    """How many lines of the sample become events so."""
    assert choice.format is not None
    return sum(parsed.events.num_rows for parsed in _parsed(_reader(choice.format, choice.wrapper, reading, name), sample))


def _reader(form: str, wrapper: str | None, reading: Reading, name: str) -> Reader:
    try:
        return reader_of(form, wrapper, reading)
    except InputError as error:  # the place within the setting, and for which file
        raise InputError.of([replace(finding, at=finding.at or Place(name)) for finding in error.findings]) from error


def _check_roles(reader: Reader, reading: Reading, name: str) -> None:
    """Raises: EVI-005 for a column that a source which names its own columns does not name. Call it when the sample is read."""
    seen: Set[str] | None = getattr(reader, "seen", None)
    for role in reading.roles if seen is not None else ():
        if seen is not None and role not in seen:
            logged = ", ".join(sorted(seen))
            raise InputError(NO_SUCH_COLUMN, at=Place(name), expected=f"one of {logged}; {role!r} is not logged here")


def _rank(known: str) -> tuple[bool, str]:
    """Of formats that read alike, the one whose stamp is the end of an answer: nothing in the answer can be younger than it."""
    return formats()[known].TIME_IS != "end", known


def _agree(claiming: Iterable[Format], reading: Reading, sample: bytes) -> bool:
    """Whether all of them make the same events and rejects of the sample."""
    without_columns = replace(reading, principal=(), account=None, issued=None, forwarded=None)
    readings = [[_comparable(parsed) for parsed in _parsed(form.reader(without_columns), sample)] for form in claiming]
    return all(other == readings[0] for other in readings[1:])


def _comparable(parsed: Parsed) -> tuple[object, object]:
    shared = ("line", "time", "client", "method", "target", "status", "sent", "agent")
    events = parsed.events.select([name for name in shared if name in parsed.events.schema.names])
    return events.to_pydict(), parsed.rejects.column("line").to_pylist()


def _first_of(file: Path, reader: Reader) -> list[Parsed]:
    """What the reader makes of the beginning of a file whose first bytes alone say nothing."""
    with open_plain(file) as plain:
        return list(islice(iter_parsed(plain, reader), 1))


def _parsed(reader: Reader, sample: bytes) -> list[Parsed]:
    return list(iter_parsed(io.BytesIO(sample), reader))
