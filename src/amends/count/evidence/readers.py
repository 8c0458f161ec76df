"""The reader of one source: a format by its name, within a wrapper or not."""

from __future__ import annotations

from amends.count.evidence.errors import BAD_BLOCK
from amends.count.evidence.formats import formats
from amends.count.evidence.schema import Reader, StreamReader
from amends.count.evidence.settings import Reading
from amends.count.evidence.wrapped import HOST, WrappedReader
from amends.count.evidence.wrappers import WRAPPERS
from amends.errors import InputError, Place


def reader_of(form: str, wrapper: str | None, reading: Reading) -> Reader:
    """Raises: what the format raises for its settings; EVI-001 for a wrapper around a format that is not read line by line."""
    reader = formats()[form].reader(reading)
    if wrapper is None:
        return reader
    if isinstance(reader, StreamReader):
        at = Place(f"wrapper = {wrapper!r}")
        raise InputError(BAD_BLOCK, at=at, expected=f'wrapper = "none" for format {form!r}, which is not read line by line')
    return WrappedReader(reader, WRAPPERS[wrapper], with_host=reading.server == HOST)
