"""What the exposure cannot name: unnamed answers, unreadable lines, gaps; by kind and field, each as the most that it can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from amends.count.datamap.model import Join
from amends.count.scope.ceilings import Ceiling
from amends.count.scope.chosen import Ground
from amends.count.scope.disclosures import UNNAMED
from amends.count.scope.evidence import Evidence
from amends.count.scope.facets import Facet
from amends.count.scope.gaps import GapBasis, GapSum, GapTerm, gap_sum, rates_of_new, rates_of_views
from amends.count.scope.joins import Lookup
from amends.count.scope.new_subjects import NewSubjects
from amends.count.scope.outcomes import NOTHING, POSSIBLE
from amends.count.scope.population import Members
from amends.count.scope.sift import ANSWERS
from amends.count.scope.unread import Looked, Unread, unread
from amends.engine import Engine, Query
from amends.engine.query import BOOL, I64, TEXT, U64

MOST_TOLD = 3  # terms of a gap in words
MOST_SHOWN = 20  # places of unreadable lines that an answer lists; all are counted


@dataclass(frozen=True, slots=True)
class FieldParts:
    """What may be added for one field of one kind."""

    unnamed: int = 0
    largest: int = 0
    unread: int = 0
    gap: int = 0


@dataclass(frozen=True, slots=True)
class Views:
    """Answers: whole ones in the layer that is counted, and the most that there can have been."""

    confirmed: int
    possible: int
    unread: int
    gap: GapSum
    gap_words: str
    gap_basis: GapBasis | None  # None: nothing is missing


@dataclass(frozen=True, slots=True)
class Uncounted:
    """The most subjects by kind, and by (kind, field's place in the map). `largest`: rows that one whole answer surely held."""

    unnamed: Mapping[str, int]
    unnamed_answers: Mapping[str, int]  # by reason
    largest: Mapping[str, int]
    unread: Mapping[str, int]
    unread_lines: int
    passed_over: int  # unreadable lines that do not count because they hold no listed value
    unread_places: tuple[tuple[str, int], ...]
    gap: Mapping[str, GapSum]
    gap_words: Mapping[str, str]
    gap_basis: Mapping[str, GapBasis]  # by kind; empty: nothing is missing
    views: Views
    by_field: Mapping[tuple[str, int], FieldParts] = field(default_factory=dict)


def unnamed_rows(ground: Ground) -> Query:
    """Unnamed answers by kind, fields and reason: how many, the most rows of all, the largest certain number of rows of one."""
    where = "where not is_shadow" if ground.has_layers else ""
    return Query(
        columns={"kind": I64, "fields": U64, "reason": TEXT, "answers": I64, "most": I64, "largest": I64},
        sql=f"""
            select kind::BIGINT as kind, fields, reason, count(*) as answers, sum(most)::BIGINT as most,
                coalesce(max(case when is_whole then least end), 0) as largest
            from {UNNAMED}
            {where}
            group by all
            order by all
        """,
    )


def answers(ground: Ground) -> Query:
    """Answers that disclosed, and those that may have: in the outermost layer, and in all (each request once, as far as is
    known).
    """
    shadow = "is_shadow" if ground.has_layers else "false"
    layer = "layer" if ground.has_layers else "0"
    return Query(
        columns={"layer": I64, "is_whole": BOOL, "all_answers": I64, "answers": I64},
        sql=f"""
            select {layer}::BIGINT as layer, outcome < {POSSIBLE} as is_whole, sum(events)::BIGINT as all_answers,
                coalesce(sum(case when not {shadow} then events end), 0)::BIGINT as answers
            from {ANSWERS}
            where outcome < {NOTHING}
            group by all
            order by all
        """,
    )


def uncounted(
    evidence: Evidence,
    ground: Ground,
    lookups: Mapping[Join, Lookup],
    ceilings: tuple[Ceiling, ...],
    members: Mapping[str, Members],
    new: Mapping[str, NewSubjects],
    *,
    engine: Engine,
) -> Uncounted:
    kinds = list(ground.map.subjects)
    by_field: dict[tuple[str, int], dict[str, int]] = {}
    unnamed: dict[str, int] = {}
    largest: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for row in engine.rows(unnamed_rows(ground)):
        kind = kinds[row["kind"]]
        unnamed[kind] = unnamed.get(kind, 0) + row["most"]
        largest[kind] = max(largest.get(kind, 0), row["largest"])
        reasons[row["reason"]] = reasons.get(row["reason"], 0) + row["answers"]
        for place in _places(row["fields"]):
            part = by_field.setdefault((kind, place), {})
            part["unnamed"] = part.get("unnamed", 0) + row["most"]
            part["largest"] = max(part.get("largest", 0), row["largest"])
    looked = _unread(evidence, ground, lookups, engine=engine)
    lines = looked.lines
    _add_unread(lines, by_field)
    bases = {kind: _basis(kind, ground, ceilings, new[kind], engine=engine) for kind in kinds} if evidence.missing else {}
    gap = {
        kind: gap_sum(bases[kind].terms(evidence.missing), members.get(kind), engine=engine) if bases else GapSum()
        for kind in kinds
    }
    _add_gaps(gap, ground, by_field)
    return Uncounted(
        unnamed=unnamed,
        unnamed_answers=reasons,
        largest=largest,
        unread={kind: sum(line.most.get(kind, 0) for line in lines) for kind in kinds},
        unread_lines=len(lines),
        passed_over=looked.passed_over,
        unread_places=tuple((line.source, line.line) for line in lines[:MOST_SHOWN]),
        gap=gap,
        gap_words={kind: _gap_words(found, ground) for kind, found in gap.items()},
        gap_basis=bases,
        views=_views(evidence, ground, lines, engine=engine),
        by_field={key: FieldParts(**parts) for key, parts in by_field.items()},
    )


def _places(mask: int) -> list[int]:
    return [place for place in range(mask.bit_length()) if mask >> place & 1]


def widest(facet: Facet, lookups: Mapping[Join, Lookup]) -> int:
    """The most subjects in one answer of a facet: what the map says, else what its table says, else one."""
    if facet.rows is not None:
        return facet.rows.most
    return max(lookups[facet.join].widest, 1) if facet.join is not None else 1


def _unread(evidence: Evidence, ground: Ground, lookups: Mapping[Join, Lookup], *, engine: Engine) -> Looked:
    if evidence.rejects is None:
        return Looked()
    most = {facet: widest(facet, lookups) for facet in ground.facets}
    return unread(
        evidence.rejects, evidence.events, map=ground.map, facets=ground.facets, selectors=ground.selection.selectors,
        widest=most, clear=evidence.clear, decoded=evidence.decoded, engine=engine,
    )  # fmt: skip


def _add_unread(lines: Sequence[Unread], by_field: dict[tuple[str, int], dict[str, int]]) -> None:
    for line in lines:
        for kind, most in line.most.items():
            for place in _places(line.fields[kind]):
                part = by_field.setdefault((kind, place), {})
                part["unread"] = part.get("unread", 0) + most


def _basis(kind: str, ground: Ground, ceilings: tuple[Ceiling, ...], new: NewSubjects, *, engine: Engine) -> GapBasis:
    proven = [ceiling for ceiling in ceilings if ceiling.kind in (None, kind)]
    return GapBasis(ground.selection.selectors, rates_of_new(kind, ground, new, engine=engine), proven)


def _add_gaps(gap: Mapping[str, GapSum], ground: Ground, by_field: dict[tuple[str, int], dict[str, int]]) -> None:
    for kind, found in gap.items():
        for term in found.terms:
            mask = 0
            for facet in ground.facets:
                if facet.endpoint == term.endpoint and facet.kind == kind:
                    mask |= facet.mask
            for place in _places(mask):
                part = by_field.setdefault((kind, place), {})
                part["gap"] = part.get("gap", 0) + term.most


def _gap_words(gap: GapSum, ground: Ground) -> str:
    """The widest terms in words; all of them stand in the JSON."""
    listed = sorted(gap.terms, key=lambda term: -term.most)
    words = [_term_words(term, ground) for term in listed[:MOST_TOLD]]
    if len(listed) > MOST_TOLD:
        words.append(f"and {len(listed) - MOST_TOLD:,} more")
    if gap.is_cut:
        words.append(f"all together cut to the population of that time, {gap.most:,}")
    return "; ".join(words)


def _term_words(term: GapTerm, ground: Ground) -> str:
    """`selector x endpoint x server: 58 an hour x 27 h`, and what made it less."""
    of = ground.selection.selectors[term.selector].id, ground.map.endpoints[term.endpoint].id, term.server or "server not named"
    proven = f" + {term.proven:,} proven" if term.proven else ""
    cut = f", cut to the population of that time, {term.most:,}" if term.is_cut else ""
    return f"{' x '.join(of)}: {term.rate:,} an hour x {term.hours:,} h{proven}{cut}"


def _views(evidence: Evidence, ground: Ground, lines: Sequence[Unread], *, engine: Engine) -> Views:
    rows = engine.rows(answers(ground))
    outermost = min((row["layer"] for row in rows), default=0)
    confirmed = sum(row["all_answers"] for row in rows if row["layer"] == outermost and row["is_whole"])
    every = sum(row["answers"] for row in rows)
    basis = GapBasis(ground.selection.selectors, rates_of_views(ground, engine=engine)) if evidence.missing else None
    gap = gap_sum(basis.terms(evidence.missing), None, engine=engine) if basis is not None else GapSum()
    unread = sum(line.answers for line in lines)
    return Views(confirmed, every - confirmed, unread, gap, _gap_words(gap, ground), basis)
