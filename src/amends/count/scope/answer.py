"""A run as one JSON object (design, section 5): the shape that other programs rely on, and more beside it."""

from __future__ import annotations

from typing import Any

from amends.count.scope.bounds import unit_of
from amends.count.scope.gaps import Missing
from amends.count.scope.outcomes import NOTHING, POSSIBLE, WORDS
from amends.count.scope.people import PEOPLE
from amends.count.scope.run import Scope
from amends.count.scope.uncounted import FieldParts
from amends.units import Balance, Count, Unit, rfc3339

NO_IDENTITIES = "no identity table says which accounts and contacts are one person; accounts are not people"
NO_MEMBERSHIP = "no identity table says which contacts have an account of their own"
UNKNOWN = dict.fromkeys(("confirmed", "lower", "upper", "ceiling"))


def as_json(scope: Scope) -> dict[str, Any]:
    """The answer of `amends scope --json`."""
    counted, gathered = scope.counted, scope.gathered
    named = counted.named
    return {
        "run": scope.run,
        "final": not scope.not_final,
        "not_final_because": list(scope.not_final),
        "window": gathered.evidence.window.as_json(),
        "coverage": gathered.coverage.share,
        "assumes": list(counted.assumes),
        "units": units(scope),
        "non_members": non_members(scope),
        "identity": identity(scope),
        "terms": [
            {"name": term.name, "unit": term.unit, "count": term.count, "because": term.because}
            for bounds in counted.every_bounds
            for term in bounds.terms
        ],
        "fields": fields(scope),
        "unmapped": [shape.as_json() for shape in scope.unmapped],
        "remainder": remainder(scope),
        "first": rfc3339(named.first) if named.first else None,
        "last": rfc3339(named.last) if named.last else None,
        "gaps": gaps(scope),
        "would_change": [change.as_json() for change in counted.would_change],
        "holds": [loss.as_json() for loss in counted.losses],
        "selectors": [
            {"id": selector.id, "events": events}
            for selector, events in zip(scope.inputs.misuse.selectors, counted.by_selector, strict=True)
        ],
        "misuse": {"sha256": scope.inputs.misuse.sha256, "signatures": 0},
        "datamap": scope.inputs.map.sha256,
        "account": {
            "events": balance_json(counted.account.events_balance),
            "disclosures": balance_json(counted.account.disclosures_balance),
        },
        "warnings": list(scope.warnings),
        "exposure": scope.exposure.name,
    }


def gaps(scope: Scope) -> list[dict[str, Any]]:
    """Time that no log covers. Where it is missing for some endpoints or selectors alone, their ids stand beside it."""
    return [_gap(missing, scope) for missing in scope.counted.missing]


def restrictions(missing: Missing, scope: Scope) -> dict[str, list[str]]:
    """The endpoints and the selectors of which alone a gap is one, by their ids; empty: it is one of all."""
    found = {}
    if missing.endpoints is not None:
        found["endpoints"] = [scope.inputs.map.endpoints[index].id for index in sorted(missing.endpoints)]
    if missing.selectors is not None:
        found["selectors"] = [scope.inputs.misuse.selectors[number].id for number in sorted(missing.selectors)]
    return found


def _gap(missing: Missing, scope: Scope) -> dict[str, Any]:
    return missing.as_json() | restrictions(missing, scope)


def units(scope: Scope) -> dict[str, dict[str, Any]]:
    """Every unit by itself; none is added to another."""
    counted = scope.counted
    found: dict[str, dict[str, Any]] = {bounds.unit: bounds.as_json() for bounds in counted.bounds.values()}
    if PEOPLE not in found:
        found[PEOPLE] = counted.people.people.as_json() if counted.people else {**UNKNOWN, "because": NO_IDENTITIES}
    return found | {counted.views.unit: counted.views.as_json()}


def non_members(scope: Scope) -> dict[str, Any]:
    """People who are exposed and have no account."""
    found = scope.counted.people
    return found.non_members.as_json() if found else {**UNKNOWN, "because": NO_MEMBERSHIP}


def identity(scope: Scope) -> dict[str, Any] | None:
    """What the tables of identities say beside the bounds of people."""
    found = scope.counted.people
    if found is None:
        return None
    return {"conflicts": found.conflicts, "too_common": found.too_common, "without_row": dict(found.without_row)}


def count_of(scope: Scope, kind: str) -> Count | None:
    """One kind's bounds as a Count; None for a kind whose unit is the case's own."""
    bounds = scope.counted.bounds[kind]
    if bounds.unit not in {unit.value for unit in Unit}:
        return None
    return Count(
        unit=Unit(bounds.unit),
        lower=bounds.lower,
        upper=bounds.upper,
        ceiling=bounds.ceiling,
        coverage=scope.gathered.coverage.share,
        assumes=scope.counted.assumes,
        because=bounds.because,
    )


def fields(scope: Scope) -> dict[str, dict[str, Any]]:
    """Per field: bounds of the first kind of the map that has it, and under `by_unit` those of every kind."""
    found: dict[str, dict[str, Any]] = {}
    for place, key in enumerate(scope.inputs.map.fields):
        by_unit = {unit_of(kind): field_bounds(scope, kind, place) for kind in kinds_of_field(scope, key)}
        unit, first = next(iter(by_unit.items()))
        found[key] = {"unit": unit, **first, "by_unit": by_unit}
    return found


def kinds_of_field(scope: Scope, key: str) -> list[str]:
    """The kinds of whom some endpoint gives this field, in the order of the map."""
    rules = [rule for endpoint in scope.inputs.map.endpoints for rule in endpoint.discloses]
    return [kind for kind in scope.inputs.map.subjects if any(rule.subject == kind and key in rule.fields for rule in rules)]


def field_bounds(scope: Scope, kind: str, place: int) -> dict[str, int]:
    """Confirmed, lower and upper of one field of one kind, the upper one cut as the kind's own is."""
    counted = scope.counted
    confirmed, possible = counted.named.fields.get((kind, place), (0, 0))
    parts = counted.uncounted.by_field.get((kind, place), FieldParts())
    lower = max(confirmed, parts.largest)
    upper = confirmed + possible + parts.unnamed + parts.unread + parts.gap
    return {"confirmed": confirmed, "lower": lower, "upper": max(min(upper, counted.bounds[kind].upper), lower)}


def remainder(scope: Scope) -> dict[str, Any]:
    """What is not in the exposure, by name: answers without a subject, lines that could not be read."""
    counted = scope.counted
    left = counted.uncounted
    return {
        "unnamed_answers": dict(left.unnamed_answers),
        "unread_lines": left.unread_lines,
        "unread_places": [
            {"source": source, "name": scope.gathered.names.get(source), "line": line} for source, line in left.unread_places
        ],
        "possible_events": {
            WORDS[outcome]: events
            for outcome, events in sorted(counted.account.outcomes.items())
            if POSSIBLE <= outcome < NOTHING
        },
        "joins": [
            {
                "table": join.table,
                "validity": join.validity.value,
                "disclosures": join.given,
                "other_day": join.other_day,
                "without_row": join.without_row,
            }
            for join in counted.joins
        ],
        "gap_terms": [
            {
                "kind": kind,
                "selector": scope.inputs.misuse.selectors[term.selector].id,
                "endpoint": scope.inputs.map.endpoints[term.endpoint].id,
                "server": term.server,
                "hours": term.hours,
                "rate": term.rate,
                "proven": term.proven,
                "most": term.most,
            }
            for kind, gap in left.gap.items()
            for term in gap.terms
        ],
    }


def balance_json(balance: Balance) -> dict[str, Any]:
    return {"given": balance.given, "done": balance.done, "left": dict(balance.left), "closes": balance.closes}
