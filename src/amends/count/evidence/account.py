"""The account of a case's lines: every source with its equation, why lines were rejected, what the logs do not cover."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amends.case import Case
from amends.count.evidence.acquisitions import Acquisition, by_source
from amends.count.evidence.clocks import Clocks, clocks
from amends.count.evidence.coverage import Coverage, coverage
from amends.count.evidence.examples import Rejected, rejected
from amends.count.evidence.sources import Source, as_json, sources
from amends.count.evidence.view import events_table
from amends.engine import Engine
from amends.units import Balance

PARTS = ("lines", "events", "rejects", "repeats")


@dataclass(frozen=True, slots=True)
class LineAccount:
    """The lines of all sources, why some were rejected, what the logs do not cover, how sources were taken, how clocks stood."""

    sources: tuple[Source, ...]
    rejected: tuple[Rejected, ...]
    coverage: Coverage
    acquired: Mapping[str, Acquisition]  # by source
    clocks: tuple[Clocks, ...]

    @property
    def balance(self) -> Balance:
        total = {part: sum(getattr(source, part) for source in self.sources) for part in PARTS}
        return Balance(
            given=total["lines"], done=total["events"], left={"rejects": total["rejects"], "repeats": total["repeats"]}
        )

    @property
    def is_whole(self) -> bool:
        """Every equation closes and no source has a fault."""
        return self.balance.closes and all(source.balance.closes and source.fault is None for source in self.sources)

    def as_json(self) -> dict[str, Any]:
        window, balance = self.coverage.window, self.balance
        return {
            "sources": [as_json(source) | {"acquired": self._acquired(source.sha256)} for source in self.sources],
            "total": {"lines": balance.given, "events": balance.done, **balance.left},
            "rejected": [one.as_json() for one in self.rejected],
            "gaps": [gap.as_json() for gap in self.coverage.gaps],
            "window": window.as_json() if window else None,
            "coverage": self.coverage.share,
            "assumes": list(self.coverage.assumes),
            "clocks": [one.as_json() for one in self.clocks],
        }

    def _acquired(self, sha256: str) -> dict[str, Any] | None:
        return self.acquired[sha256].as_json(sha256) if sha256 in self.acquired else None


def account_of_lines(case: Case, engine: Engine, *, covered: Coverage | None = None) -> LineAccount:
    """Ask the case for its account; one pass over the times of the events, unless what they cover is known."""
    known = sources(case)
    return LineAccount(
        sources=tuple(known),
        rejected=tuple(rejected(case, engine, known)),
        coverage=covered or coverage(case, engine),
        acquired=by_source(case),
        clocks=tuple(clocks(known, events_table(case), engine)),
    )
