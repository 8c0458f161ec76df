"""The statements of the engine against a slow definition in plain Python, on small random events and maps."""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from amends.case import Case, create_case
from amends.count.datamap.load import parse
from amends.count.datamap.model import DataMap
from amends.count.datamap.target import key_values, matched
from amends.count.evidence.schema import EVENTS
from amends.count.scope.evidence import Evidence
from amends.count.scope.measure import Counted, measure
from amends.count.scope.misuse import parse_misuse
from amends.engine import Table, open_engine
from amends.units import Period

START = datetime(2026, 3, 1, tzinfo=UTC)
SOURCES = ("aa" * 32, "bb" * 32)

MAP = b"""
version: 1
subjects:
  account: {label: {en: account}}
  contact: {label: {en: contact}}
endpoints:
  - id: profile
    request: GET /p/{id}
    disclosed_when: {status: [200], min_sent: 40}
    discloses:
      - {subject: account, key: path.id, fields: [user.name]}
      - {subject: account, key: path.id, fields: [user.date_of_birth], valid: {from: 2026-03-01T00:00:10Z}}
  - id: me
    request: GET /me
    discloses:
      - {subject: account, key: account, fields: [user.contact.email]}
      - {subject: contact, key: account, fields: [user.name], join: {table: lookups/book.csv, on: o, give: c, from: f, to: t}}
  - id: search
    request: GET /s
    disclosed_when: {status: [200, 206]}
    discloses:
      - {subject: account, key: query.ids, split: ",", rows: {from: query.limit, default: 2, most: 3}, fields: [user.name]}
      - {subject: account, key: account, fields: [user.contact.email]}
  - id: nobody
    request: GET /n
    discloses:
      - {subject: contact, key: unknown, rows: [2, 5], fields: [user.name]}
  - {id: health, request: GET /health, discloses: []}
"""
BOOK = """o,c,f,t
1,c1,,2026-03-01T00:00:10Z
1,c2,2026-03-01T00:00:10Z,
2,c1,2026-03-01T00:00:20Z,
2,7,2026-03-01T00:00:20Z,
007,c9,,
"""
BOOK_ROWS = [
    ("1", "c1", None, 10),
    ("1", "c2", 10, None),
    ("2", "c1", 20, None),
    ("2", "7", 20, None),
    ("007", "c9", None, None),
]
MISUSE = b"""
- id: by-address
  author: a
  at: 2026-03-02T00:00:00Z
  reason: r
  where: {client: [203.0.113.0/30, "2001:db8::/32"], time: {from: 2026-03-01T00:00:03Z, to: 2026-03-01T00:00:30Z}}
- id: by-token
  author: a
  at: 2026-03-02T00:00:00Z
  reason: r
  where: {principal: [bad]}
  except: {account: ["9"]}
"""
IDS = ["1", "2", "007", "9", "1e0", "12345678901234567", "123456789012345678", "x-y", "-"]
TARGETS = [
    *(f"/p/{id}" for id in IDS),
    "/me",
    "/s",
    "/s?ids=1,2",
    "/s?ids=1,1,-,&ids=2",
    "/s?ids=1,2,9&limit=1",
    "/s?ids=1,2,9&limit=99",
    "/n",
    "/health",
    "/else",
]

rows = st.fixed_dictionaries(
    {
        "at": st.integers(0, 40),
        "source": st.integers(0, 1),
        "target": st.sampled_from(TARGETS),
        "account": st.sampled_from([None, "1", "2", "007", "9", "-", ""]),
        "client": st.sampled_from(["203.0.113.1", "203.0.113.9", "2001:db8::5", "2001:db9::5"]),
        "principal": st.sampled_from(["bad", "good"]),
        "method": st.sampled_from(["GET", "GET", "GET", "HEAD"]),
        "status": st.sampled_from([200, 200, 200, 203, 206, 304, 404, None]),
        "sent": st.sampled_from([None, 10, 500]),
        "complete": st.sampled_from([None, None, True, False]),
    }
)


def grade(row: dict[str, Any], endpoint: str) -> str:
    """What the docstring of `outcomes.py` says, for the statuses of the map above; a 304 is looked at apart."""
    statuses = {"profile": [200], "search": [200, 206]}.get(endpoint, [200, 203])
    min_sent = 40 if endpoint == "profile" else None
    met = min_sent is not None and row["sent"] is not None and row["sent"] >= min_sent
    if endpoint == "health" or row["method"] != "GET":
        return "nothing"
    if row["status"] is None:
        return "possible"
    if row["status"] in statuses:
        if min_sent is not None and row["sent"] is not None and row["sent"] < min_sent:
            return "possible"
        return "possible" if row["complete"] is False and not met else "whole"
    if row["status"] == 206:
        return "whole" if met else "possible"
    return "304" if row["status"] == 304 else "nothing"


def in_misuse(row: dict[str, Any]) -> bool:
    by_address = row["client"] in ("203.0.113.1", "2001:db8::5") and 3 <= row["at"] < 30
    return by_address or (row["principal"] == "bad" and row["account"] != "9")


def contacts(key: str, at: int) -> tuple[list[str], bool]:
    """The ids in the book, and whether they were there at that time."""
    mine = [row for row in BOOK_ROWS if row[0] == key]
    then = [c for _, c, since, until in mine if (since is None or at >= since) and (until is None or at < until)]
    return (then, True) if then else ([c for _, c, _, _ in mine], False)


class Definition:
    """Exposure and equations, event by event."""

    def __init__(self, events: list[dict[str, Any]], map: DataMap) -> None:
        self.views: dict[tuple[str, str], list[tuple[bool, Any, set[str]]]] = defaultdict(list)
        self.outcomes = {"disclosing": 0, "possible": 0}
        self.unnamed: dict[str, int] = defaultdict(int)
        self.events = 0
        mapped = [(row, matched(map, method=row["method"], target=row["target"], columns=row)) for row in events]
        ids = [map.endpoints[match.endpoint].id if match else None for _, match in mapped]
        for (row, match), endpoint in zip(mapped, ids, strict=True):
            if not in_misuse(row):
                continue
            self.events += 1
            if match is None or endpoint is None:
                continue
            grade_ = grade(row, endpoint)
            if grade_ == "304":
                before = [
                    in_misuse(other)
                    for (other, _), other_endpoint in zip(mapped, ids, strict=True)
                    if other_endpoint == endpoint
                    and grade(other, endpoint) == "whole"
                    and (other["target"], other["principal"]) == (row["target"], row["principal"])
                    and other["at"] < row["at"]
                ]
                grade_ = "nothing" if any(before) else "possible"
            if grade_ == "nothing":
                continue
            self.outcomes["disclosing" if grade_ == "whole" else "possible"] += 1
            self.answer(row, match, endpoint, is_whole=grade_ == "whole")

    def answer(self, row: dict[str, Any], match: Any, endpoint: str, *, is_whole: bool) -> None:
        shown: dict[tuple[str, str], list[tuple[bool, set[str]]]] = defaultdict(list)
        account = [row["account"]] if row["account"] not in (None, "", "-") else []
        if endpoint == "profile":
            fields = {"user.name"} | ({"user.date_of_birth"} if row["at"] >= 10 else set())
            key = match.parameters["id"]
            if key == "-":
                self.unnamed["account"] += 1
            else:
                shown["account", key].append((is_whole, fields))
        if endpoint == "me":
            self.unnamed["account"] += not account
            self.unnamed["contact"] += 0 if account else 2
            for key in account:
                shown["account", key].append((is_whole, {"user.contact.email"}))
                found, is_then = contacts(key, row["at"])
                self.unnamed["contact"] += 0 if found else 2
                for contact in found:
                    shown["contact", contact].append((is_whole and is_then, {"user.name"}))
        if endpoint == "search":
            query = parse(MAP, folder=Path())
            rule = query.endpoint("search").discloses[0]
            keys = {key for key in key_values(match, rule.key, split=",", columns={}) if key != "-"}
            limit = 1 if "limit=1" in row["target"] else 3 if "limit=" in row["target"] else 2
            self.unnamed["account"] += 0 if keys else limit
            for key in keys:
                shown["account", key].append((is_whole and len(keys) <= limit, {"user.name"}))
            self.unnamed["account"] += not account
            for key in account:
                shown["account", key].append((is_whole, {"user.contact.email"}))
        if endpoint == "nobody":
            self.unnamed["contact"] += 5
        place = (row["at"], SOURCES[row["source"]], row["line"])
        for subject, parts in shown.items():
            sure = set().union(*(fields for is_sure, fields in parts if is_sure), set())
            unsure = set().union(*(fields for is_sure, fields in parts if not is_sure), set())
            self.views[subject].append((bool(sure), place, sure | {f"?{field}" for field in unsure}))

    def exposure(self) -> list[dict[str, Any]]:
        found = []
        for (kind, subject), views in sorted(self.views.items()):
            sure = {field for _, _, fields in views for field in fields if not field.startswith("?")}
            unsure = {field[1:] for _, _, fields in views for field in fields if field.startswith("?")} - sure
            deciding = [place for is_sure, place, _ in views if is_sure] or [place for _, place, _ in views]
            found.append(
                {
                    "kind": kind,
                    "subject": subject,
                    "fields": sure,
                    "fields_possible": unsure,
                    "first": START + timedelta(seconds=min(deciding)[0]),
                    "last": START + timedelta(seconds=max(deciding)[0]),
                    "views": sum(is_sure for is_sure, _, _ in views),
                    "views_possible": sum(not is_sure for is_sure, _, _ in views),
                    "evidence": {"source": min(deciding)[1], "line": min(deciding)[2]},
                }
            )
        return found


def counted(
    case: Case, events: list[dict[str, Any]], map: DataMap, folder: Path, *, memory_bytes: int
) -> tuple[Counted, list[dict[str, Any]]]:
    from amends.case import keyed_hash

    key = case.key()
    full = [
        {
            **{name: row[name] for name in ("line", "client", "account", "method", "target", "status", "sent", "complete")},
            "source": SOURCES[row["source"]],
            "time": START + timedelta(seconds=row["at"]),
            "server": "web-1",
            "layer": "app",
            "principal": keyed_hash(key, row["principal"]),
            "principal_kind": "tok",
        }
        for row in events
    ]
    with open_engine(spill=folder / "spill", memory_bytes=memory_bytes, threads=1) as engine:
        engine.register("events", pa.Table.from_pylist(full, schema=EVENTS))
        window = Period(START, START + timedelta(days=1))
        evidence = Evidence(Table.named("events"), None, (), window, True, {})
        misuse = parse_misuse(MISUSE, map=map, case=case)
        result = measure(
            evidence, map, misuse, (), zone=case.settings.zone, engine=engine,
            exposure=folder / "exposure.parquet", views=folder / "views.parquet",
        )  # fmt: skip
    return result, pq.read_table(folder / "exposure.parquet").to_pylist()


@given(st.lists(rows, min_size=1, max_size=25))
def test_the_exposure_equals_its_definition(events: list[dict[str, Any]]):
    folder = Path(tempfile.mkdtemp())
    try:
        case = create_case(folder / "case", company="Shop", zone="Asia/Seoul")
        (case.path / "lookups" / "book.csv").write_text(BOOK)
        map = parse(MAP, folder=case.path)
        events = [{**row, "line": number + 1} for number, row in enumerate(events)]
        wanted = Definition(events, map)

        result, found = counted(case, events, map, folder, memory_bytes=1 << 28)

        for row in found:
            for name in ("fields", "fields_possible"):
                row[name] = {key for place, key in enumerate(map.fields) if row[name] >> place & 1}
        assert found == wanted.exposure()
        assert result.account.disclosing == wanted.outcomes["disclosing"]
        assert result.account.possible == wanted.outcomes["possible"]
        assert result.account.events == wanted.events
        assert result.account.events_balance.closes
        assert result.account.disclosures_balance.closes
        assert {kind: most for kind, most in result.uncounted.unnamed.items() if most} == {
            k: n for k, n in wanted.unnamed.items() if n
        }
    finally:
        shutil.rmtree(folder)
