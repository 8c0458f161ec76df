"""Log formats, one file each: the folder is scanned, so that adding a format is adding one file.

A format module has `NAME`, `TITLE` (maker and product), `SOURCE` (where the maker describes the grammar), `TIME_IS` (what its
stamps mean unless the block says otherwise), `recognise(sample)`, which says in words why a sample of plain bytes is this format
(None: it is not), and `reader(reading)`, which makes a Reader. `IS_GENERIC = True`: it yields where a maker's own format knows
the sample too. What several formats share stands beside this folder, never in it.

Another package joins by an entry point of the group `amends.formats` that names such a module or object.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points
from typing import Protocol, cast

from amends.count.evidence.errors import BAD_PLUGIN
from amends.count.evidence.schema import Reader
from amends.count.evidence.settings import TIMES, Reading
from amends.errors import OperationError, Place

GROUP = "amends.formats"


class Format(Protocol):
    NAME: str
    TITLE: str
    SOURCE: str
    TIME_IS: str

    def recognise(self, sample: bytes) -> str | None: ...

    def reader(self, reading: Reading) -> Reader: ...


@cache
def formats() -> dict[str, Format]:
    """All formats by name, ours first. Raises: EVI-006 for an entry point that gives none, or takes a name that is taken."""
    found: dict[str, Format] = {}
    for module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        form = cast(Format, importlib.import_module(f"{__name__}.{module}"))
        found[form.NAME] = form
    for place, form in _from_other_packages():
        if form.NAME in found:
            expected = f"a name other than {form.NAME!r}, which is taken"
            raise OperationError(BAD_PLUGIN, at=place, expected=expected, permanent=True)
        found[form.NAME] = form
    return found


def is_generic(form: Format) -> bool:
    """Whether the format is nobody's in particular, such as JSON lines."""
    return bool(getattr(form, "IS_GENERIC", False))


def _from_other_packages() -> Iterator[tuple[Place, Format]]:
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        place = Place(f"{GROUP}: {point.name} = {point.value}")
        try:
            form = point.load()
        except (ImportError, AttributeError) as error:
            raise OperationError(BAD_PLUGIN, at=place, expected="a module that can be imported", permanent=True) from error
        texts = [getattr(form, name, None) for name in ("NAME", "TITLE", "SOURCE")]
        is_whole = all(isinstance(text, str) and text for text in texts) and getattr(form, "TIME_IS", None) in TIMES
        if not is_whole or not callable(getattr(form, "recognise", None)) or not callable(getattr(form, "reader", None)):
            expected = "NAME, TITLE, SOURCE, TIME_IS, recognise and reader"
            raise OperationError(BAD_PLUGIN, at=place, expected=expected, permanent=True)
        yield place, form
