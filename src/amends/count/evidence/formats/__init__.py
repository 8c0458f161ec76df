"""Log formats, one file each: the folder is scanned, so that adding a format is adding one file.

A format module has `NAME`, `TIME_IS` (what its stamps mean unless the block says otherwise), `IS_GENERIC` (it gives way where a
more special format knows the sample too), `recognise(sample)`, which says in words why a sample of plain bytes is this format
(None: it is not), and `reader(reading)`, which makes a LineReader.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Protocol, cast

from amends.count.evidence.schema import LineReader
from amends.count.evidence.settings import Reading


class Format(Protocol):
    NAME: str
    TIME_IS: str
    IS_GENERIC: bool

    def recognise(self, sample: bytes) -> str | None: ...

    def reader(self, reading: Reading) -> LineReader: ...


@cache
def formats() -> dict[str, Format]:
    """All formats by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (cast(Format, importlib.import_module(f"{__name__}.{name}")) for name in names)
    return {module.NAME: module for module in modules}
