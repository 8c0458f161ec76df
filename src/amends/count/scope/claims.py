"""Negative claims: that something was not exposed, and how far this run shows it.

"We found no evidence" is said of logs that nobody kept. Here a claim is false where the exposure holds what it denies, shown
where nothing that this run counts could hold it, and not shown in all other cases, each with its reasons.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from amends.count.datamap.categories import is_category
from amends.count.scope.answer import field_bounds, kinds_of_field
from amends.count.scope.bounds import unit_of
from amends.count.scope.errors import BAD_CLAIM
from amends.count.scope.run import Scope
from amends.errors import Place, UsageError

NOT_EXPOSED = "not-exposed:"


class Verdict(StrEnum):
    SHOWN = "shown"
    NOT_SHOWN = "not shown"
    FALSE = "false"


@dataclass(frozen=True, slots=True)
class Claim:
    """`because`: why it is not shown, or false. `endpoints`: those that the map says can give it. `leans_on`: what a shown claim
    stands on, beyond what can be counted.
    """

    text: str
    verdict: Verdict
    because: tuple[str, ...]
    endpoints: tuple[str, ...]
    leans_on: tuple[str, ...]
    coverage: float | None

    def as_json(self) -> dict[str, Any]:
        return {
            "claim": self.text,
            "verdict": self.verdict.value,
            "because": list(self.because),
            "endpoints": list(self.endpoints),
            "leans_on": list(self.leans_on),
            "coverage": self.coverage,
        }


def claimed_key(text: str) -> str:
    """The category that a claim denies. Raises: SCO-011 for another claim, or a category that nobody knows."""
    key = text.removeprefix(NOT_EXPOSED)
    if key == text or not is_category(key):
        raise UsageError(
            BAD_CLAIM, at=Place("--claim"), expected=f"{NOT_EXPOSED}KEY with a data category, such as user.financial"
        )
    return key


def judge(scope: Scope, text: str) -> Claim:
    """How far the run shows the claim. A category stands for all below it; one above it may hold it. Raises: SCO-011."""
    key = claimed_key(text)
    fields = [field for field in scope.inputs.map.fields if _is_below(field, key) or _is_below(key, field)]
    rules = [(endpoint.id, rule) for endpoint in scope.inputs.map.endpoints for rule in endpoint.discloses]
    endpoints = tuple(dict.fromkeys(id for id, rule in rules if not set(fields).isdisjoint(rule.fields)))
    exposed = _exposed(scope, fields, key)
    doubts = [*_open(scope, fields), *_blind(scope, has_endpoints=bool(endpoints))]
    verdict = Verdict.FALSE if exposed else Verdict.NOT_SHOWN if doubts else Verdict.SHOWN
    leans_on = (
        f"the map: that no endpoint but {', '.join(endpoints)} gives it" if endpoints else "the map: that no endpoint gives it",
        "the selection: that it holds all of the misuse",
    )
    return Claim(text, verdict, tuple(exposed or doubts), endpoints, leans_on, scope.gathered.coverage.share)


def _is_below(key: str, other: str) -> bool:
    """Is the category the other one, or a part of it?"""
    return key == other or key.startswith(other + ".")


def _exposed(scope: Scope, fields: list[str], key: str) -> list[str]:
    """What the exposure holds of the category itself."""
    found = []
    for field in fields:
        for kind in kinds_of_field(scope, field) if _is_below(field, key) else ():
            confirmed = field_bounds(scope, kind, scope.inputs.map.fields.index(field))["confirmed"]
            if confirmed:
                found.append(f"{field} of {confirmed:,} {unit_of(kind)} came back whole")
    return found


def _open(scope: Scope, fields: list[str]) -> list[str]:
    """What may hold it: cut answers, unnamed ones, unreadable lines, missing logs, or a category above it."""
    found = []
    for field in fields:
        for kind in kinds_of_field(scope, field):
            upper = field_bounds(scope, kind, scope.inputs.map.fields.index(field))["upper"]
            if upper:
                found.append(f"{field} of at most {upper:,} {unit_of(kind)} may have come back")
    return found


def _blind(scope: Scope, *, has_endpoints: bool) -> list[str]:
    """What this run could not see."""
    counted, reasons = scope.counted, []
    if has_endpoints and counted.missing:
        share = scope.gathered.coverage.share
        covered = f"logs cover {share:.2%} of the window" if share is not None else "part of the window has no logs"
        reasons.append(f"{covered}, and an endpoint gives it")
    if not scope.gathered.evidence.has_window:
        reasons.append("amends.toml has no window: what came before the first event is not known")
    if counted.account.unmapped_successes:
        reasons.append(f"what {counted.account.unmapped_successes:,} successful requests of the misuse gave is not mapped")
    if not scope.inputs.misuse.selectors:
        reasons.append("misuse.yaml selects nothing")
    if scope.inputs.map.doubt:
        reasons.append(scope.inputs.map.doubt)
    if not scope.closes:
        reasons.append("an equation of the room does not close")
    return reasons
