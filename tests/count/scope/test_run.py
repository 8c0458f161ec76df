"""Scope over a whole case, from raw lines: the run's name and bytes, export, look-ups, the selection's file, the command line."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from amends.case import Case, create_case, open_case
from amends.cli.errors import FILE_EXISTS
from amends.cli.frame import main
from amends.count.evidence.ingest import ingest
from amends.count.scope.answer import count_of
from amends.count.scope.claims import Claim, Verdict, claimed_key, judge
from amends.count.scope.comparing import difference, run_of
from amends.count.scope.errors import BAD_CLAIM, BAD_EXPORT, BAD_MEMORY, NO_SUCH_RUN
from amends.count.scope.export import export, guarded
from amends.count.scope.memory import parse_memory
from amends.count.scope.run import scope
from amends.engine import open_engine
from amends.errors import UsageError
from amends.record import queued
from amends.units import Unit

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TOML = """
[case]
company = "Shop"
zone = "Asia/Seoul"
window = {from = 2026-03-01T00:01:00Z, to = 2026-03-01T00:05:01Z}

[[evidence]]
match = "*.log*"
server = "web-1"
format = "nginx"
log_format = '$remote_addr [$time_local] "$request" $status $body_bytes_sent uid=$uid tok=$tok'
principal = ["tok"]
account = "uid"
"""
MAP = """
version: 1
subjects:
  account: {label: {en: account}}
endpoints:
  - id: profile
    request: GET /p/{id}
    discloses:
      - {subject: account, key: path.id, fields: [user.name, user.contact.email]}
"""
MISUSE = """# the first judgement
- {id: one, author: a, at: 2026-03-02T00:00:00Z, reason: r, where: {principal: [bad]}}
"""


def line(minute: int, target: str, *, tok: str = "bad", status: int = 200) -> str:
    return f'203.0.113.7 [01/Mar/2026:00:{minute:02}:00 +0000] "GET {target} HTTP/1.1" {status} 100 uid=- tok={tok}\n'


LINES = [line(1, "/p/1"), line(2, "/p/=cmd"), line(3, "/p/2", tok="good"), line(4, "/p/3", status=206), line(5, "/other")]


def make(folder: Path, *, lines: list[str] | None = None, reverse: bool = False, in_place: bool = False) -> Case:
    """A case with two sources of one server, the second one packed."""
    create_case(folder, company="Shop", zone="Asia/Seoul")
    (folder / "amends.toml").write_text(TOML)
    (folder / "datamap.yaml").write_text(MAP)
    (folder / "misuse.yaml").write_text(MISUSE)
    logs = folder.parent / f"{folder.name}-logs"
    logs.mkdir()
    lines = LINES if lines is None else lines
    (logs / "a.log").write_text("".join(lines[:3]))
    (logs / "b.log.gz").write_bytes(gzip.compress("".join(lines[3:]).encode(), mtime=0))
    case = open_case(folder)
    for path in sorted(logs.iterdir(), reverse=reverse):
        ingest(case, [str(path)], now=NOW, workers=1, in_place=in_place)
    return case


def run(case: Case, *, threads: int = 1) -> Any:
    with open_engine(spill=case.spill, memory_bytes=1 << 28, threads=threads) as engine:
        return scope(case, engine=engine, now=NOW)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make(tmp_path_factory.mktemp("scope") / "case")


def test_the_same_inputs_give_the_same_run_and_bytes_whatever_the_key_and_the_order(tmp_path: Path):
    first, second = make(tmp_path / "first"), make(tmp_path / "second", reverse=True)

    one, other = run(first), run(second, threads=2)

    assert first.key() != second.key()
    assert one.run == other.run
    assert one.exposure.read_bytes() == other.exposure.read_bytes()
    assert one.views.read_bytes() == other.views.read_bytes()
    for scoped in (one, other):
        export(scoped.exposure, scoped.inputs.map, tmp_path / f"{id(scoped)}.csv")
    assert (tmp_path / f"{id(one)}.csv").read_bytes() == (tmp_path / f"{id(other)}.csv").read_bytes()


def test_a_changed_selection_is_another_run(tmp_path: Path):
    case = make(tmp_path / "case")
    before = run(case).run
    case.misuse_file.write_text(MISUSE.replace("[bad]", "[bad, worse]"))

    assert run(case).run != before


def test_names_of_files_that_tell_of_a_gap_make_another_run(tmp_path: Path):
    runs = []
    for older in ("a.log.1", "a.log.2"):
        case = create_case(tmp_path / f"case-{older}", company="Shop", zone="Asia/Seoul")
        for name, text in (("amends.toml", TOML), ("datamap.yaml", MAP), ("misuse.yaml", MISUSE)):
            (case.path / name).write_text(text)
        case = open_case(case.path)
        for name, text in (("a.log", line(4, "/p/1")), (older, line(1, "/p/2"))):
            (tmp_path / name).write_text(text)
            ingest(case, [str(tmp_path / name)], now=NOW, workers=1)
        runs.append(run(case))

    assert [len(one.counted.missing) for one in runs] == [0, 1]
    assert runs[0].run != runs[1].run
    assert [one.counted.bounds["account"].upper for one in runs] == [2, 4]


def test_a_new_run_is_queued_once_with_totals_only(tmp_path: Path):
    case = make(tmp_path / "case")
    run(case)
    run(case)

    entries = [entry for entry in queued(case) if entry.type == "exposure"]

    assert len(entries) == 1
    assert entries[0].body["units"]["accounts"]["confirmed"] == 2
    assert "=cmd" not in json.dumps(entries[0].body)


def test_no_unfinished_file_stays_where_a_run_fails(tmp_path: Path):
    case = make(tmp_path / "case")
    shutil.rmtree(case.events)

    with pytest.raises(Exception, match="EVI"):
        run(case)

    assert not case.exposure.exists() or list(case.exposure.iterdir()) == []


def test_evidence_that_was_left_in_place_must_be_what_was_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    case = make(tmp_path / "case", in_place=True)
    run(case)
    log = tmp_path / "case-logs" / "a.log"
    log.write_text(log.read_text().replace("/p/1", "/p/9"))

    for words in (["scope", str(case.path)], ["who", str(case.path), "1", "--raw"], ["report", str(case.path)]):
        assert main(words) == 3
        assert capsys.readouterr().err.startswith("EVI-020")


def test_what_a_running_engine_spilled_is_not_taken_for_unfinished_work(tmp_path: Path):
    case = make(tmp_path / "case")
    dead = case.path / ".partial-spill-4194305"  # above the largest process id (proc(5), pid_max)
    dead.mkdir()
    case.spill.mkdir()

    with case.lock():
        assert case.spill.is_dir()
        assert not dead.exists()


def test_an_export_cannot_start_a_formula_and_parquet_keeps_the_id(case: Case, tmp_path: Path):
    scoped = run(case)
    export(scoped.exposure, scoped.inputs.map, tmp_path / "x.csv")
    export(scoped.exposure, scoped.inputs.map, tmp_path / "x.parquet")

    rows = list(csv.DictReader((tmp_path / "x.csv").read_text().splitlines()))

    assert [row["subject"] for row in rows] == ["1", "3", "'=cmd"]
    assert [row["grade"] for row in rows] == ["confirmed", "possible", "confirmed"]
    assert rows[0]["fields"] == "user.name;user.contact.email"
    assert rows[0]["line"] == "1"
    assert pq.read_table(tmp_path / "x.parquet").column("subject").to_pylist() == ["1", "3", "=cmd"]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_every_beginning_of_a_formula_is_guarded(text: str):
    import pyarrow as pa

    assert guarded(pa.array([text, "1" + text])).to_pylist() == ["'" + text, "1" + text]


def test_scope_on_the_command_line_answers_in_the_shape_that_programs_rely_on(case: Case, tmp_path: Path, capsys: Any):
    status = main(["scope", str(case.path), "--json", "--export", str(tmp_path / "x.csv"), "--memory", "512MiB"])

    data = json.loads(capsys.readouterr().out)
    assert status == 0
    assert data["units"]["accounts"] == data["units"]["accounts"] | {"confirmed": 2, "lower": 2, "upper": 3}
    assert data["units"]["people"]["lower"] is None
    assert data["units"]["people"]["because"]
    assert data["non_members"]["lower"] is None
    assert data["non_members"]["because"]
    assert {term["name"] for term in data["terms"]} >= {"confirmed", "lower", "possible", "unnamed", "unread", "gap", "upper"}
    views = {term["name"]: term["count"] for term in data["terms"] if term["unit"] == "views"}
    assert (
        views["upper"]
        == data["units"]["views"]["upper"]
        == sum(views[name] for name in ("confirmed", "possible", "unread", "gap"))
    )
    assert data["fields"]["user.name"] == data["fields"]["user.name"] | {"confirmed": 2, "lower": 2, "upper": 3}
    assert data["final"] is False
    assert [shape["shape"] for shape in data["unmapped"]] == ["/other"]
    assert "unmapped endpoints gave nothing" in data["assumes"]
    assert data["account"]["events"]["closes"]
    assert data["window"] == {"start": "2026-03-01T00:01:00Z", "end": "2026-03-01T00:05:01Z"}


def test_scope_as_text_prints_the_sum_and_what_keeps_it_from_being_final(case: Case, capsys: Any):
    assert main(["scope", str(case.path)]) == 0

    out = capsys.readouterr().out
    assert "accounts: the sum" in out
    assert "(closes)" in out
    assert "draft: it has no signatures" in out


def test_an_export_is_not_overwritten_and_needs_a_known_ending(case: Case, tmp_path: Path, capsys: Any):
    (tmp_path / "x.csv").write_text("mine")

    assert main(["scope", str(case.path), "--export", str(tmp_path / "x.csv")]) == 2
    assert FILE_EXISTS.id in capsys.readouterr().err
    assert main(["scope", str(case.path), "--export", str(tmp_path / "x.xls")]) == 2
    assert BAD_EXPORT.id in capsys.readouterr().err
    assert (tmp_path / "x.csv").read_text() == "mine"


def test_an_endpoint_that_a_cache_may_answer_for_is_told_among_the_gaps(tmp_path: Path, capsys: Any):
    case = make(tmp_path / "case")
    case.datamap_file.write_text(MAP.replace("request: GET /p/{id}", "request: GET /p/{id}\n    cacheable: true"))

    assert main(["scope", str(case.path), "--json"]) == 0

    gap = json.loads(capsys.readouterr().out)["gaps"][-1]
    assert (gap["server"], gap["endpoints"]) == ("edge", ["profile"])
    assert (gap["start"], gap["end"]) == ("2026-03-01T00:01:00Z", "2026-03-01T00:05:01Z")


def test_a_cacheable_endpoint_has_each_gap_of_the_edge_though_the_layers_behind_it_are_covered(tmp_path: Path, capsys: Any):
    case = make(tmp_path / "case", lines=[line(minute, f"/p/{minute}") for minute in range(1, 6)] * 20)
    case.datamap_file.write_text(MAP.replace("request: GET /p/{id}", "request: GET /p/{id}\n    cacheable: true"))
    for number, minute in ((3, 1), (1, 5)):  # of the edge, the second file is not there
        log = tmp_path / f"edge.log.{number}"
        log.write_text(line(minute, "/p/1"))
        ingest(case, [str(log)], now=NOW, options={"server": "cdn-1", "layer": "edge"}, workers=1)

    assert main(["scope", str(case.path), "--json"]) == 0

    (gap,) = json.loads(capsys.readouterr().out)["gaps"]
    assert (gap["server"], gap["layer"], gap["endpoints"]) == ("cdn-1", "edge", ["profile"])
    assert (gap["start"], gap["end"]) == ("2026-03-01T00:01:00Z", "2026-03-01T00:05:00Z")
    assert gap["reason"] == "missing rotation: edge.log.2"


def test_a_count_of_accounts_carries_its_bounds_its_share_and_what_it_assumes(case: Case):
    scoped = run(case)

    count = count_of(scoped, "account")

    assert count is not None
    assert (count.unit, count.lower, count.upper) == (Unit.ACCOUNTS, 2, 3)
    assert count.coverage == scoped.gathered.coverage.share
    assert count.assumes == scoped.counted.assumes


@pytest.mark.parametrize("text,amount", [("4GB", 4 * 10**9), ("512MiB", 2**29), ("1.5GB", 1_500_000_000), (None, None)])
def test_memory_is_read_with_its_unit(text: str | None, amount: int | None):
    assert parse_memory(text) == amount


@pytest.mark.parametrize("text", ["", "much", "4 parsecs", "1KB", "-4GB"])
def test_memory_that_cannot_be_used_is_told(text: str):
    with pytest.raises(UsageError) as error:
        parse_memory(text)

    assert error.value.code is BAD_MEMORY


def test_who_shows_each_view_with_the_line_as_it_was_logged(case: Case, capsys: Any):
    assert main(["who", str(case.path), "3", "--raw", "--json", "--reason", "asked"]) == 0

    data = json.loads(capsys.readouterr().out)
    (subject,) = data["subjects"]
    (view,) = subject["views"]
    assert (subject["grade"], view["grade"], view["endpoint"]) == ("possible", "possible", "profile")
    assert (view["name"], view["line"], view["raw"]) == ("b.log.gz", 1, LINES[3].rstrip("\n"))
    assert data["reason"] == "asked"


def test_who_without_raw_shows_no_line(case: Case, capsys: Any):
    assert main(["who", str(case.path), "1"]) == 0

    out = capsys.readouterr().out
    assert "a.log" in out
    assert "tok=" not in out


def test_not_affected_comes_with_the_share_of_the_window(case: Case, capsys: Any):
    assert main(["who", str(case.path), "2"]) == 0

    assert "not seen within the misuse; the logs cover " in capsys.readouterr().out


def test_ids_are_read_from_standard_input(case: Case, capsys: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"1\n2\r\n\n")))

    assert main(["who", str(case.path), "-", "--json"]) == 0

    data = json.loads(capsys.readouterr().out)
    assert [(one["subject"], len(one["views"])) for one in data["subjects"]] == [("1", 1), ("2", 0)]


def test_adding_a_selector_keeps_what_stands_in_the_file(tmp_path: Path, capsys: Any):
    case = make(tmp_path / "case")
    reason = 'said "no": # so'

    arguments = ["--author", "b", "--reason", reason, "--client", "203.0.113.0/24", "--endpoint", "profile", "--id", "two"]
    assert main(["misuse", "add", str(case.path), *arguments, "--from", "2026-03-01T00:02:00Z"]) == 0
    assert main(["misuse", "list", str(case.path), "--json"]) == 0

    data = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert case.misuse_file.read_text().startswith(MISUSE)
    assert [(one["id"], one["events"]) for one in data["selectors"]] == [("one", 4), ("two", 3)]
    assert data["selectors"][1]["reason"] == reason
    assert data["events"] == 5


def test_a_new_selection_is_queued_by_its_hash_alone(tmp_path: Path, capsys: Any):
    case = make(tmp_path / "case")
    person = ["--author", "kim.minsu", "--reason", "asked for minsu", "--account", "1000042", "--id", "minsu"]

    assert main(["misuse", "add", str(case.path), *person, "--json"]) == 0

    data = json.loads(capsys.readouterr().out)
    (entry,) = [entry for entry in queued(case) if entry.type == "misuse"]
    assert (entry.state, entry.body) == ("sealed", {"sha256": data["sha256"], "selectors": 2})


def test_a_selector_that_cannot_be_read_is_not_written(tmp_path: Path, capsys: Any):
    case = make(tmp_path / "case")

    assert main(["misuse", "add", str(case.path), "--author", "b", "--reason", "r", "--endpoint", "nothing"]) == 3
    assert case.misuse_file.read_text() == MISUSE
    assert not [entry for entry in queued(case) if entry.type == "misuse"]
    assert main(["misuse", "add", str(case.path), "--author", "b", "--reason", "r"]) == 2


def test_a_selector_that_selects_nothing_is_a_warning(tmp_path: Path, capsys: Any):
    case = make(tmp_path / "case")
    case.misuse_file.write_text(MISUSE.replace("[bad]", "[nobody]"))

    assert main(["scope", str(case.path), "--json"]) == 0

    data = json.loads(capsys.readouterr().out)
    assert data["warnings"] == ["the selector one selects no event"]
    assert data["units"]["accounts"]["confirmed"] == 0


WIDE_MAP = (
    MAP
    + """
  - id: me
    request: GET /me
    discloses: [{subject: account, key: account, fields: [user.financial.bank_account, user.contact]}]
  - {id: other, request: GET /other, discloses: []}
"""
)


def judged(tmp_path: Path, text: str, *, lines: list[str], toml: str = TOML, map: str = WIDE_MAP) -> Claim:
    case = make(tmp_path / "case", lines=lines)
    (case.path / "datamap.yaml").write_text(map)
    (case.path / "amends.toml").write_text(toml)
    return judge(run(open_case(case.path)), text)


QUIET = [line(minute, f"/p/{minute}") for minute in range(1, 6)]


def test_a_claim_that_nothing_can_contradict_is_shown_with_what_it_leans_on(tmp_path: Path):
    claim = judged(tmp_path, "not-exposed:user.financial", lines=QUIET)

    assert (claim.verdict, claim.because) == (Verdict.SHOWN, ())
    assert claim.endpoints == ("me",)
    assert "no endpoint but me" in claim.leans_on[0]


def test_a_claim_of_what_came_back_is_false(tmp_path: Path):
    claim = judged(tmp_path, "not-exposed:user.contact", lines=QUIET)

    assert (claim.verdict, claim.because) == (Verdict.FALSE, ("user.contact.email of 5 accounts came back whole",))


@pytest.mark.parametrize(
    "lines, changes, because",
    [
        ([*QUIET[:4], line(5, "/me", status=206)], {}, "user.financial.bank_account of at most 1 accounts may have come back"),
        ([*QUIET[:4], line(5, "/unknown")], {}, "what 1 successful requests of the misuse gave is not mapped"),
        (QUIET, {"toml": TOML.replace("window = ", "# ")}, "amends.toml has no window"),
        (QUIET, {"toml": TOML.replace("00:05:01Z", "09:05:01Z")}, "of the window, and an endpoint gives it"),
        (QUIET, {"map": WIDE_MAP + "# confirm\n"}, "1 guesses of a draft in the map are not settled"),
    ],
)
def test_a_claim_is_not_shown_where_something_may_have_gone_unseen(
    tmp_path: Path, lines: list[str], changes: dict[str, str], because: str
):
    claim = judged(tmp_path, "not-exposed:user.financial", lines=lines, **changes)

    assert claim.verdict == Verdict.NOT_SHOWN
    assert any(because in reason for reason in claim.because)


def test_a_category_above_the_claimed_one_may_hold_it(tmp_path: Path):
    claim = judged(
        tmp_path, "not-exposed:user.contact.phone_number", lines=[*QUIET[:4], line(5, "/me").replace("uid=-", "uid=7")]
    )

    assert (claim.verdict, claim.because) == (Verdict.NOT_SHOWN, ("user.contact of at most 1 accounts may have come back",))


@pytest.mark.parametrize("text", ["", "not-exposed:", "not-exposed:user.nmae", "exposed:user.name"])
def test_another_claim_is_refused(text: str):
    with pytest.raises(UsageError) as caught:
        claimed_key(text)
    assert caught.value.code == BAD_CLAIM


def test_two_runs_differ_by_whose_exposure_came_went_or_changed(tmp_path: Path):
    case = make(
        tmp_path / "case", lines=[line(1, "/p/1"), line(2, "/p/2", status=206), line(3, "/p/3"), line(4, "/p/4"), line(5, "/p/5")]
    )
    first = run(case)
    (tmp_path / "more.log").write_text(line(5, "/p/2") + line(5, "/p/6"))
    ingest(case, [str(tmp_path / "more.log")], now=NOW, workers=1)
    (case.path / "misuse.yaml").write_text(MISUSE.replace("[bad]}", "[bad]}, except: {target: [/p/5]}"))
    second = run(case)

    with open_engine(spill=case.spill, memory_bytes=1 << 28, threads=1) as engine:
        found = difference(case, first.run, second.run, engine=engine)
        back = difference(case, second.run, first.run, engine=engine)

    wanted = {"only_before": 1, "only_now": 1, "became_confirmed": 1, "became_possible": 0, "more_or_fewer_fields": 0, "same": 3}
    assert found.by_kind == {"account": wanted}
    assert back.by_kind["account"]["became_possible"] == 1
    assert found.inputs == ("misuse", "sources: 1 more, 0 fewer")


def test_runs_under_two_maps_are_compared_by_subject_and_grade_alone(tmp_path: Path):
    case = make(tmp_path / "case")
    first = run(case)
    (case.path / "datamap.yaml").write_text(MAP.replace("user.name, ", "user.date_of_birth, "))
    second = run(case)

    with open_engine(spill=case.spill, memory_bytes=1 << 28, threads=1) as engine:
        found = difference(case, first.run, second.run, engine=engine)

    assert found.inputs == ("datamap",)
    assert found.by_kind["account"]["more_or_fewer_fields"] is None
    assert found.by_kind["account"]["same"] == len(pq.read_table(first.exposure))


def test_a_run_is_found_by_the_beginning_of_its_name(case: Case):
    name = run(case).run

    assert run_of(case, name[:12]) == name
    for prefix in ("", "zz", "../"):
        with pytest.raises(UsageError) as caught:
            run_of(case, prefix)
        assert caught.value.code == NO_SUCH_RUN


def test_claims_and_differences_are_told_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    case = make(tmp_path / "case", lines=QUIET)
    name = run(case).run

    status = main(["scope", str(case.path), "--claim", "not-exposed:user.contact.email", "--diff", name[:12]])

    told = capsys.readouterr().out
    assert status == 1
    assert "not-exposed:user.contact.email: false\n  user.contact.email of 5 accounts came back whole" in told
    assert f"since run {name[:16]}: the same inputs\n  account: 0 only before" in told
