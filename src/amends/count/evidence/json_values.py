"""Members of JSON lines as columns: flattening, and for each kind of column what a value must be.

Each reader takes one value a row (None: absent or null) and returns an Arrow column; a row whose value does not fit is put
into `faults` with the name of the column, and never silently becomes null. Rows of one plain type go through Arrow at once,
the rest one by one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.count.evidence.arrow import Column, column
from amends.count.evidence.json_times import Faults, Number, decimal

MOST_DEPTH = 64  # deeper than any schema of logs; far from what the parser's own stack can hold
MOST_TOOK_US = 2**63
MOST = 10**15  # as for text logs: at most 15 digits
NONE_TEXTS = ("", "-")  # what servers write for a variable without a value
_NONE_TEXTS = column(NONE_TEXTS, pa.string())

type Flat = dict[str, object]
type Values = Sequence[object] | Column
"""Values of JSON; or an Arrow array of texts, in which a number or a truth stands as it was written."""


class Unfit(ValueError):
    """A line that is JSON, but not one flat-able object; its text is the reason."""


NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Unfit)


def flat_object(value: object, text: bytes) -> Flat:
    """The members by dotted name, nulls left out. Raises: Unfit with the reason.

    Duplicate names are found by counting: each name of the text is followed by a colon, so more `":` than names asks for a
    closer look.
    """
    if type(value) is not dict:
        raise Unfit("not an object")
    flat: Flat = {}
    members = _flatten(value, "", flat, 1)
    spaced = b'" ' in text or b"\t" in text or b"\r" in text[:-1]
    if (spaced or text.count(b'":') != members) and _has_twice(text):
        raise Unfit("duplicate member")
    return flat


def reason_of(line: bytes, error: Exception) -> str:
    """Why a line is not one JSON object."""
    if isinstance(error, Unfit):
        return str(error)
    if isinstance(error, RecursionError):
        return "nested"
    if not line.strip(b" \t\r"):
        return "empty"
    if b"\0" in line:
        return "nul"
    try:
        line.decode()
    except UnicodeDecodeError:
        return "utf8"
    return "json"


def _flatten(members: Mapping[str, object], prefix: str, flat: Flat, depth: int) -> int:
    """Fills `flat`; how many names there are, in lists too."""
    if depth > MOST_DEPTH:
        raise Unfit("nested")
    number = len(members)
    for name, value in members.items():
        kind = type(value)
        if kind is dict and value:
            number += _flatten(value, f"{prefix}{name}.", flat, depth + 1)  # type: ignore[arg-type]
            continue
        if value is None:
            continue
        if kind is list:
            number += _names_in(value, depth + 1)
        dotted = prefix + name
        if dotted in flat:
            raise Unfit("duplicate member")
        flat[dotted] = value
    return number


def _names_in(value: object, depth: int) -> int:
    if depth > MOST_DEPTH:
        raise Unfit("nested")
    if isinstance(value, list):
        return sum(_names_in(item, depth + 1) for item in value)
    if isinstance(value, dict):
        return len(value) + sum(_names_in(item, depth + 1) for item in value.values())
    return 0


def _has_twice(text: bytes) -> bool:
    """Whether any object of the text has a name twice, as json.loads sees it."""

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Unfit("duplicate member")
        return found

    try:
        json.loads(text, object_pairs_hook=members)
    except Unfit:
        return True
    return False


def as_text(value: object) -> str:
    """A member as `extra` keeps it: text as it is, everything else as JSON."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return value
    return _json(value)


def _json(value: object) -> str:
    """Compact JSON, numbers as they were written."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(_json(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_json(name)}:{_json(item)}" for name, item in value.items()) + "}"
    return _ENCODE(value)


_ENCODE = json.JSONEncoder(ensure_ascii=False).encode


def texts(values: Values, name: str, faults: Faults) -> Column:
    """Text, numbers as they were written, truth as `true` and `false`; a list or an object does not fit."""
    if isinstance(values, pa.Array):
        logged: Column = values
    else:
        if not set(map(type, values)) <= {str, type(None)}:
            values = [_text_of(value, row, name, faults) for row, value in enumerate(values)]
        logged = column(values, pa.string())
    present: Column = pc.if_else(pc.is_in(logged, _NONE_TEXTS), pa.scalar(None, pa.string()), logged)
    return present


def listed(values: Values) -> Sequence[object]:
    found: Sequence[object] = values.to_pylist() if isinstance(values, pa.Array) else values
    return found


def addresses(values: Values, name: str, faults: Faults) -> Column:
    """An address or host name: no spaces, quotes or commas."""
    logged = texts(values, name, faults)
    fits: Column = pc.match_substring_regex(logged, r"^[0-9A-Za-z.:%_\-\[\]/]{1,255}$")
    for row in np.flatnonzero(~fits.fill_null(True).to_numpy(zero_copy_only=False)).tolist():
        faults.setdefault(row, name)
    return logged


def statuses(values: Values, name: str, faults: Faults) -> Column:
    """A whole number of three digits, or fewer; also as text."""
    return _whole(values, name, faults, most=1_000, kind=pa.uint16())


def integers(values: Values, name: str, faults: Faults) -> Column:
    """A whole number of at most 15 digits, not negative; also as text."""
    return _whole(values, name, faults, most=MOST, kind=pa.int64())


def completions(values: Values, name: str, faults: Faults) -> Column:
    """Truth, or nginx's `$request_completion`: `OK`, and empty where the answer was cut."""
    values = listed(values)
    known = {"OK": True, "": False, "true": True, "false": False}
    found: list[bool | None] = []
    for row, value in enumerate(values):
        fits = value is None or isinstance(value, bool) or (isinstance(value, str) and value in known)
        if not fits:
            faults.setdefault(row, name)
        found.append(known[value] if isinstance(value, str) and fits else bool(value) if fits and value is not None else None)
    return column(found, pa.bool_())


def durations(values: Values, microseconds: int | None, name: str, faults: Faults) -> Column:
    """A time taken, in microseconds rounded down; `microseconds` of one unit, None for nanoseconds."""
    if not isinstance(values, pa.Array) and set(map(type, values)) <= {str, int, Number}:
        values = column([str(value) for value in values], pa.string())
    if isinstance(values, pa.Array) and _all(pc.match_substring_regex(values, _PLAIN_DECIMAL)):
        number_of = values.cast(pa.decimal128(18, 9))
        if microseconds is None:
            return pc.divide(number_of.cast(pa.int64(), safe=False), 1_000)
        return pc.multiply(number_of, pa.scalar(microseconds, pa.decimal128(7, 0))).cast(pa.int64(), safe=False)
    found: list[int | None] = []
    for row, value in enumerate(listed(values)):
        if value is None or value in NONE_TEXTS:
            found.append(None)
            continue
        number = decimal(value)
        took = None if number is None else int(number * microseconds) if microseconds else int(number / 1_000)
        if took is None or took >= MOST_TOOK_US:
            faults.setdefault(row, name)
            took = None
        found.append(took)
    return column(found, pa.int64())


def requests(values: Sequence[object], faults: Faults) -> tuple[list[object], list[object]]:
    """Method and target of a whole request line; text without that form is a target without a method, as in text logs."""
    methods: list[object] = []
    targets: list[object] = []
    for row, value in enumerate(values):
        if value is not None and not isinstance(value, str):
            faults.setdefault(row, "request")
            value = None
        parts = _REQUEST.fullmatch(value) if value else None
        methods.append(parts["method"] if parts else None)
        targets.append(parts["target"] if parts else value)
    return methods, targets


_PLAIN_DIGITS = r"^\d{1,15}$"
_PLAIN_DECIMAL = r"^\d{1,9}(\.\d{1,9})?$"
_REQUEST = re.compile(r"(?P<method>[^ ]+) (?P<target>.*) HTTP/[0-9.]+", re.DOTALL)


def _whole(values: Values, name: str, faults: Faults, *, most: int, kind: pa.DataType) -> Column:
    if isinstance(values, pa.Array):
        if _all(pc.match_substring_regex(values, _PLAIN_DIGITS)):
            whole: Column = values.cast(pa.int64())
            if not len(whole) or pc.max(whole).as_py() < most:
                return whole.cast(kind)
        values = values.to_pylist()
    if set(map(type, values)) == {int}:
        try:
            numbers = np.array(values, dtype=np.int64)
        except OverflowError:
            numbers = None
        if numbers is not None and (not len(numbers) or (numbers.min() >= 0 and numbers.max() < most)):
            return column(numbers).cast(kind)
    found: list[int | None] = []
    for row, value in enumerate(values):
        if value is None or value in NONE_TEXTS:
            found.append(None)
            continue
        number = _whole_of(value, most)
        if number is None:
            faults.setdefault(row, name)
        found.append(number)
    return column(found, kind)


def _whole_of(value: object, most: int) -> int | None:
    if isinstance(value, bool | Number) or not isinstance(value, int | str):
        return None
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        return None
    number = int(value)
    return number if 0 <= number < most else None


_DIGITS = re.compile(r"\d{1,15}", re.ASCII)


def _text_of(value: object, row: int, name: str, faults: Faults) -> str | None:
    if value is None or type(value) is str:
        return value
    if isinstance(value, list | dict):
        faults.setdefault(row, name)
        return None
    return as_text(value)


# Columns that give the time taken, with the microseconds of a unit; None: nanoseconds.
TOOK: dict[str, int | None] = {"took_us": 1, "took_ms": 1_000, "took_s": 1_000_000, "took_ns": None}

COLUMN_READERS: dict[str, Callable[[Values, str, Faults], Column]] = {
    "request_id": texts,
    "client": addresses,
    "method": texts,
    "target": texts,
    "status": statuses,
    "sent": integers,
    "length": integers,
    "complete": completions,
    "agent": texts,
}


def _all(truths: Column) -> bool:
    return bool(truths.false_count == 0 and truths.null_count == 0)
