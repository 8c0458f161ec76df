"""The exposure report: one HTML page, Korean and English, without network or script; it prints well.

It holds the account of lines, what the logs cover, the exposure by field and day, the bounds, and what is not known. Every number
comes from a run of scope and from the account of lines; the same case gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
from jinja2 import Environment, PackageLoader, StrictUndefined

import amends
from amends.answer.reports.figures import Bar, Mark, Strip, bounds_bar, coverage_strip, day_bars
from amends.answer.reports.phrasebook import both
from amends.answer.reports.words import Label, field_label, term_label, unit_words
from amends.count.evidence.account import PARTS, LineAccount
from amends.count.evidence.acquisitions import HASH_ONLY
from amends.count.evidence.calendar import calendar
from amends.count.evidence.clocks import Clocks
from amends.count.evidence.sources import Source
from amends.count.scope import answer
from amends.count.scope.people import NON_MEMBERS
from amends.count.scope.run import Scope
from amends.settings import Settings
from amends.units import Period

TICKS = 8  # dates under the coverage strip, at most


def exposure_report(scope: Scope, lines: LineAccount, settings: Settings) -> str:
    """The page of one run. `lines` is the account of the same case."""
    environment = Environment(
        loader=PackageLoader(__name__.rpartition(".")[0]), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("exposure.html").render(_page(scope, lines, settings))


def _page(scope: Scope, lines: LineAccount, settings: Settings) -> dict[str, Any]:
    """All that the page shows, section by section, as its template names it."""
    data, zone = answer.as_json(scope), settings.zone
    window = scope.gathered.evidence.window
    return {
        "company": settings.company,
        "first_language": "ko" if settings.languages[:1] == ("ko",) else "en",
        "zone": zone.key,
        "window": {"start": _instant(window.start, zone), "end": _instant(window.end, zone)},
        "covered": "?" if data["coverage"] is None else f"{data['coverage']:.2%}",
        "final": data["final"],
        "reasons": [both(reason) for reason in data["not_final_because"]],
        "warnings": [both(warning) for warning in data["warnings"]],
        "units": [_unit(name, bounds) for name, bounds in (data["units"] | {NON_MEMBERS: data["non_members"]}).items()],
        "sums": list(_sums_by_unit(data["terms"])),
        "fields": list(_fields(data["fields"])),
        **_days(scope, zone),
        **_lines(lines),
        **_coverage(scope, zone),
        "calendar": [{"server": _server(*key), "days": days} for key, days in _calendar(scope, zone)],
        "changes": [{"what": both(one["what"]), "off": _off(one["off"])} for one in data["would_change"]],
        "holds": list(_holds(scope, zone)),
        "remainder": list(_remainder(data["remainder"])),
        "unmapped": [{"name": f"{one['method'] or '-'} {one['shape']}", "count": _n(one["events"])} for one in data["unmapped"]],
        "assumes": [both(text) for text in data["assumes"]],
        "selectors": list(_selectors(scope, zone)),
        "run": scope.run,
        "version": amends.__version__,
    }


def _unit(name: str, bounds: Mapping[str, Any]) -> dict[str, Any]:
    """One unit's bounds, as text and as a figure; `because` says why there are none, or no ceiling."""
    words = unit_words(name)
    row = {"title": words.title, "is_known": bounds["lower"] is not None, "because": both(bounds.get("because", ""))}
    if not row["is_known"]:
        return row
    lower, upper, ceiling = bounds["lower"], bounds["upper"], bounds["ceiling"]
    low, high = words.number(lower), words.number(upper)
    marks = [
        Mark(lower, Label(f"at least {lower:,}", f"최소 {low.ko}")),
        Mark(upper, Label(f"up to {upper:,}, if the assumptions hold", f"가정이 맞으면 최대 {high.ko}")),
    ]
    if ceiling is not None:
        top = words.number(ceiling)
        marks.append(Mark(ceiling, Label(f"at most {ceiling:,}, whatever is assumed", f"가정과 무관하게 최대 {top.ko}")))
    figure = bounds_bar(*marks, title=f"{words.title.en}: {low.en} to {high.en}")
    return row | {
        "is_exact": lower == upper == ceiling,
        "confirmed": words.number(bounds["confirmed"]),
        "lower": low,
        "upper": high,
        "ceiling": words.number(ceiling) if ceiling is not None else None,
        "figure": figure,
    }


def _sums_by_unit(terms: Sequence[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """The printed sum of each unit."""
    for unit, own in groupby(terms, key=itemgetter("unit")):
        rows = [{"label": term_label(term["name"]), "count": _n(term["count"]), "because": both(term["because"])} for term in own]
        yield {"of": unit_words(unit).title, "terms": rows}


def _fields(fields: Mapping[str, Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """Every field of every unit; nobody's is left out, so that silence about a field cannot be taken for safety."""
    for key, field in fields.items():
        for unit, bounds in field["by_unit"].items():
            numbers = {name: _n(bounds[name]) for name in ("confirmed", "lower", "upper")}
            yield {"label": field_label(key), "key": key, "of": unit_words(unit).title, **numbers}


def _days(scope: Scope, zone: ZoneInfo) -> dict[str, Any]:
    """Answers by day and field. An answer with several fields is one in each of their columns, so columns are not added."""
    rows = pq.read_table(scope.views).to_pylist()
    columns = sorted({(row["kind"], row["field"]) for row in rows})
    by_day: dict[date, dict[tuple[str, str], int]] = {}
    for row in rows:
        by_day.setdefault(row["day"], {})[row["kind"], row["field"]] = row["views"] + row["views_possible"]
    named = scope.counted.named
    return {
        "first": _instant(named.first, zone) if named.first else None,
        "last": _instant(named.last, zone) if named.last else None,
        "day_columns": [{"kind": kind, "key": key, "label": field_label(key)} for kind, key in columns],
        "days": [
            {"day": day.isoformat(), "numbers": [_n(numbers.get(column, 0)) for column in columns]}
            for day, numbers in sorted(by_day.items())
        ],
        "days_figure": _days_figure(by_day) if by_day else "",
    }


def _days_figure(by_day: Mapping[date, Mapping[tuple[str, str], int]]) -> str:
    """The field that most answers held stands for the day; days without any are drawn as such."""
    first, last = min(by_day), max(by_day)
    days = [first + timedelta(days=past) for past in range((last - first).days + 1)]
    bars = [Bar(f"{day:%m-%d}", max(by_day.get(day, {}).values(), default=0)) for day in days]
    return day_bars(bars, title=f"answers by day, {first} to {last}")


def _lines(lines: LineAccount) -> dict[str, Any]:
    by_server: dict[str, list[Source]] = {}
    for source in sorted(lines.sources, key=lambda source: (source.path, source.sha256)):
        by_server.setdefault(source.server or "-", []).append(source)
    return {
        "servers": [{"name": name} | _sums(rows) for name, rows in sorted(by_server.items())],
        "clocks": list(_clocks(lines.clocks)),
        "total": _sums(lines.sources) | {"closes": lines.balance.closes},
        "rejects": [(one.reason, _n(one.lines)) for one in lines.rejected],
        "sources": [
            {"name": source.path, "sha256": source.sha256, "fault": source.fault, "taken": _taken(source, lines)}
            | _sums([source])
            for rows in by_server.values()
            for source in rows
        ],
    }


def _clocks(pairs: Iterable[Clocks]) -> Iterable[dict[str, Any]]:
    """How far two servers' clocks stood apart, phase by phase."""
    for pair in pairs:
        for phase in pair.phases:
            most = f"{phase.most.total_seconds():+.2f} s" if phase.most is not None else "?"
            yield {
                "inner": _server(*pair.inner),
                "outer": _server(*pair.outer),
                "days": f"{phase.first} ~ {phase.last}",
                "ahead": f"{phase.least.total_seconds():+.2f} ~ {most}",
                "requests": _n(phase.requests),
            }


def _taken(source: Source, lines: LineAccount) -> Label:
    """How a source was taken."""
    acquisition = lines.acquired.get(source.sha256)
    if acquisition is None:
        return both(HASH_ONLY)
    words = acquisition.words(source.sha256)
    return Label(words, words)


def _sums(rows: Sequence[Source]) -> dict[str, Any]:
    return {"files": _n(len(rows))} | {part: _n(sum(getattr(source, part) for source in rows)) for part in PARTS}


def _coverage(scope: Scope, zone: ZoneInfo) -> dict[str, Any]:
    """Every server's time, and every gap; that of some endpoints or selectors alone is named with these."""
    found, window = scope.gathered.coverage, scope.gathered.evidence.window
    gaps: dict[tuple[str | None, str], list[Period]] = {key: [] for key in found.shares}
    for gap in found.gaps:
        gaps[gap.server, gap.layer].append(gap.period)
    strips = [Strip(_server(*key), tuple(periods)) for key, periods in gaps.items()]
    return {
        "strip": coverage_strip(window, strips, title="coverage by server", ticks=_ticks(window, zone)),
        "gaps": [
            {
                "server": _server(gap.server, gap.layer, *chain(*answer.restrictions(gap, scope).values())),
                "start": _instant(gap.period.start, zone),
                "end": _instant(gap.period.end, zone),
                "reason": both(gap.reason),
            }
            for gap in scope.counted.missing
        ],
    }


def _calendar(scope: Scope, zone: ZoneInfo) -> Iterable[tuple[tuple[str | None, str], list[str]]]:
    """By server, a line a day with a sign an hour."""
    days = calendar(scope.gathered.coverage, zone=zone)
    for key, own in groupby(days, key=lambda day: (day.server, day.layer)):
        yield key, [f"{day.day.isoformat()}  {day.hours}" for day in own]


def _off(off: Mapping[str, int]) -> Label:
    """How far upper bounds fall, unit by unit."""
    words = [(unit_words(unit), number) for unit, number in off.items()]
    english = ", ".join(unit.number(number).en for unit, number in words)
    return Label(english, ", ".join(f"{unit.title.ko} {unit.number(number).ko}" for unit, number in words))


def _holds(scope: Scope, zone: ZoneInfo) -> Iterable[dict[str, Any]]:
    """Orders to preserve logs, what of them is missing, and what the bounds owe to that."""
    for loss in scope.counted.losses:
        order = loss.order
        yield {
            "id": order.id,
            "by": order.by,
            "at": _instant(order.at, zone),
            "start": _instant(order.period.start, zone),
            "end": _instant(order.period.end, zone),
            "lost": [
                f"{_server(gap.server, gap.layer)} {_instant(gap.period.start, zone)} ~ {_instant(gap.period.end, zone)}"
                for gap in loss.lost
            ],
            "off": _off(loss.off) if loss.off else None,
        }


def _server(server: str | None, layer: str, *alone: str) -> str:
    return f"{server or '-'} ({layer}){': ' if alone else ''}{', '.join(alone)}"


def _ticks(window: Period, zone: ZoneInfo) -> list[tuple[datetime, str]]:
    """Midnights of the case's zone, evenly spread over the window."""
    days = max(window.length // timedelta(days=1), 1)
    step = -(-days // TICKS)
    first = window.start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    midnights = [first + timedelta(days=past) for past in range(1, days + 1, step)]
    return [(midnight, f"{midnight:%m-%d}") for midnight in midnights if window.start <= midnight < window.end]


def _remainder(left: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """What went into the count and is in no row of the exposure, or in one as `possible` only."""
    for reason, number in left["unnamed_answers"].items():
        yield {"name": both(reason), "count": _n(number)}
    if left["unread_lines"]:
        yield {"name": both("unreadable lines that may belong to the misuse"), "count": _n(left["unread_lines"])}


def _selectors(scope: Scope, zone: ZoneInfo) -> Iterable[dict[str, Any]]:
    for selector, events in zip(scope.inputs.misuse.selectors, scope.counted.by_selector, strict=True):
        yield {
            "id": selector.id,
            "author": selector.author,
            "at": _instant(selector.at, zone),
            "reason": selector.reason,
            "events": _n(events),
        }


def _instant(instant: datetime, zone: ZoneInfo) -> str:
    """Civil time of the case's zone, with its offset, to the minute."""
    local = instant.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M} {local:%:z}"


def _n(number: int) -> str:
    return f"{number:,}"


def report_file(folder: Path, scope: Scope) -> Path:
    """Where the report of a run stands unless another place is asked for."""
    return folder / f"exposure-{scope.run[:12]}.html"
