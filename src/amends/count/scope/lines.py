"""Lines as they were logged, read back from the stored bytes of a source, plain or compressed, by their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Set

from amends.case import Case
from amends.count.evidence.plain import open_plain
from amends.count.evidence.records import texts_at
from amends.count.evidence.sources import sources
from amends.count.evidence.store import statements


def read_lines(case: Case, wanted: Mapping[str, Set[int]]) -> dict[tuple[str, int], bytes]:
    """The bytes of these lines by (source, line), without line feed; one whose bytes are no longer there is left out.

    Cost: each source is decoded up to the last line that is wanted of it.
    """
    stored = {statement.sha256: statement.stored(case) for statement in statements(case)}
    forms = {source.sha256: source.format for source in sources(case)}
    found: dict[tuple[str, int], bytes] = {}
    for source, numbers in sorted(wanted.items()):
        path = stored.get(source)
        if path is None or not path.is_file():
            continue
        with open_plain(path) as plain:
            found |= {(source, number): line for number, line in texts_at(plain, forms.get(source), numbers)}
    return found
