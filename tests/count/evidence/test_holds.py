"""Preservation orders: written down, released, held against what the logs cover; each new loss is told once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from amends.case import Case, create_case
from amends.cli.frame import main
from amends.count.evidence.coverage import Coverage, Gap
from amends.count.evidence.errors import BAD_ORDER, NO_SUCH_ORDER, ORDER_EXISTS
from amends.count.evidence.holds import Order, Release, held, orders, release_order, set_order, tell_losses
from amends.errors import InputError, UsageError
from amends.record import queued
from amends.units import Period

START = datetime(2026, 3, 1, tzinfo=UTC)


def hours(first: float, last: float) -> Period:
    return Period(START + timedelta(hours=first), START + timedelta(hours=last))


def order(id: str = "PIPC-17", period: Period | None = None, *servers: str) -> Order:
    return Order(id, "PIPC", START, period or hours(0, 24), servers, "j.kim", "letter")


def covered(*gaps: Period, window: Period | None = None) -> Coverage:
    lost = tuple(Gap("web-1", "app", period, "missing rotation") for period in gaps)
    return Coverage(window or hours(0, 24), lost, lost, 0.9, {}, pa.table({}), ())


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return create_case(tmp_path / "case", company="Shop", zone="Asia/Seoul")


def test_an_order_is_read_as_it_was_written_and_the_record_is_told_without_its_author(case: Case) -> None:
    set_order(case, order(), now=START)

    assert orders(case) == [order()]
    (entry,) = queued(case)
    assert (entry.type, entry.body["hold"], entry.body["what"]) == ("commitment", "PIPC-17", "set")
    assert "j.kim" not in json.dumps(entry.body)


def test_a_released_order_stays_in_the_list_and_holds_nothing(case: Case) -> None:
    set_order(case, order(), now=START)

    release_order(case, "PIPC-17", Release(START, "j.kim", "closed"))

    (kept,) = orders(case)
    assert kept.released == Release(START, "j.kim", "closed")
    assert held(case, covered(hours(1, 2))) == []
    with pytest.raises(UsageError) as error:
        release_order(case, "PIPC-17", Release(START, "j.kim", "again"))
    assert error.value.code == NO_SUCH_ORDER


def test_an_id_is_given_once_and_can_name_a_file(case: Case) -> None:
    set_order(case, order(), now=START)

    for id, code in (("PIPC-17", ORDER_EXISTS), ("../x", BAD_ORDER), ("", BAD_ORDER), ("a/b", BAD_ORDER)):
        with pytest.raises(UsageError) as error:
            set_order(case, order(id), now=START)
        assert error.value.code == code


@pytest.mark.parametrize("text", ["{", "[]", '{"id": 1}', "[" * 100_000, "null"])
def test_an_order_that_was_changed_by_hand_is_told_with_its_file(case: Case, text: str) -> None:
    case.holds.mkdir()
    (case.holds / "x.json").write_text(text, "utf-8")

    with pytest.raises(InputError) as error:
        orders(case)
    assert error.value.code == BAD_ORDER


def test_what_is_lost_within_the_order_is_told_and_what_the_window_does_not_show_beside_it(case: Case) -> None:
    set_order(case, order(period=hours(-5, 12)), now=START)

    (found,) = held(case, covered(hours(10, 14), hours(20, 21)))

    assert [gap.period for gap in found.lost] == [hours(10, 12)]
    assert found.outside == (hours(-5, 0),)


def test_an_order_for_other_servers_is_not_touched(case: Case) -> None:
    set_order(case, order("x", None, "web-2"), now=START)

    (found,) = held(case, covered(hours(10, 14)))

    assert found.lost == ()


def test_a_loss_is_told_to_the_record_once_and_again_when_it_changes(case: Case) -> None:
    set_order(case, order(), now=START)

    def told(*gaps: Period) -> int:
        return len(tell_losses(case, held(case, covered(*gaps)), now=START))

    assert [told(), told(hours(1, 2)), told(hours(1, 2)), told(hours(1, 3)), told(), told()] == [0, 1, 0, 1, 1, 0]
    bodies = [entry.body for entry in queued(case) if entry.type == "evidence"]
    assert [len(body["lost"]) for body in bodies] == [1, 1, 0]  # type: ignore[arg-type]


def test_the_commands_set_list_verify_and_release(case: Case, capsys: Any, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    line = '203.0.113.7 - - [01/Mar/2026:{:02}:{:02}:00 +0000] "GET / HTTP/1.1" 200 5 "-" "-"\n'
    log.write_text("".join(line.format(hour, minute) for hour in (0, 1, 2, 9, 10) for minute in range(60)), "utf-8")
    assert main(["ingest", str(case.path), str(log), "--server", "web-1"]) == 0
    given = ["--by", "PIPC", "--author", "j.kim", "--reason", "letter"]
    period = ["--from", "2026-03-01T00:00:00Z", "--to", "2026-03-02T00:00:00Z"]
    assert main(["hold", "set", str(case.path), "P-1", *given, *period]) == 0
    assert main(["hold", "set", str(case.path), "P-2", *given, *period[2:], *period[:2]]) == 0
    capsys.readouterr()

    assert main(["sources", str(case.path)]) == 0
    assert "LOST in part" in capsys.readouterr().out
    assert main(["sources", str(case.path), "--verify", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["holds"][0]
    assert [(gap["start"], gap["end"]) for gap in found["lost"]] == [("2026-03-01T02:59:00Z", "2026-03-01T09:00:00Z")]
    assert main(["hold", "release", str(case.path), "P-1", "--author", "j.kim", "--reason", "closed"]) == 0
    assert main(["hold", "release", str(case.path), "P-2", "--author", "j.kim", "--reason", "closed"]) == 0
    assert main(["sources", str(case.path), "--verify"]) == 0
    capsys.readouterr()
    assert main(["hold", "list", str(case.path)]) == 0
    assert "closed" in capsys.readouterr().out


@pytest.mark.parametrize(
    "given",
    [["--from", "2026-03-02T00:00:00Z", "--to", "2026-03-01T00:00:00Z"], ["--from", "2026-03-02", "--to", "2026-03-03"]],
)
def test_a_period_that_is_none_is_refused(case: Case, given: list[str]) -> None:
    words = ["hold", "set", str(case.path), "P-1", "--by", "PIPC", "--author", "j.kim", "--reason", "letter"]

    assert main([*words, *given]) == 2
