"""The phrasebook: whatever the counting rooms say has its Korean sentence."""

from __future__ import annotations

from itertools import product

from amends.answer.reports.phrasebook import both, korean
from amends.count.scope.bounds import Circumstances, Parts, assumptions, bounds, view_bounds
from amends.count.scope.layers import NO_EDGE, UNSEEN_AT_EDGE

from .conftest import Reported

GAP = (
    "a x b x c: 1 an hour x 2 h; a x b x d: 1 an hour x 2 h + 7 proven; a x b x e: 1 an hour x 2 h, cut to the population of that"
    " time, 1; a x b x server not named: 1 an hour x 2 h + 3 proven, cut to the population of that time, 4; and 5 more; "
    "all together cut to the population of that time, 9"
)
UNDATED = "t.csv holds for all times, it has no dates (3 disclosures)"


def untranslated(*sentences: str) -> list[str]:
    return [sentence for sentence in sentences if korean(sentence) is None]


def test_every_term_and_assumption_has_its_korean() -> None:
    said: list[str] = []
    numbers = (0, 1_234)
    for possible, unread, largest, unmapped in product(numbers, repeat=4):
        for members, has_gap, has_window in product((None, 10, 10**6), (False, True), (False, True)):
            parts = Parts("account", 5, possible, 3, largest, unread, 2_000, GAP, True, members, members, 1)
            around = Circumstances(has_gap, has_window, unmapped, 7, unread, unread, 9, (UNDATED,))
            found = bounds(parts, around)
            said += [found.because, *(term.because for term in found.terms), *assumptions(around, {"account": parts})]
            said += [term.because for term in bounds(Parts("account", 5, 0), around).terms]
            views = view_bounds(5, possible, unread, 2_000, GAP, around)
            said += [views.because, *(term.because for term in views.terms)]

    assert untranslated(*said) == []


def test_what_a_real_run_says_has_its_korean(shop: Reported) -> None:
    data = shop.data
    said = [*data["not_final_because"], *data["warnings"], *data["assumes"], *data["remainder"]["unnamed_answers"]]
    said += [gap["reason"] for gap in data["gaps"]] + [unit.get("because", "no source") for unit in data["units"].values()]
    said += [term["because"] for term in data["terms"]] + [change["what"] for change in data["would_change"]]

    assert untranslated(*said) == []


def test_every_reason_of_a_gap_has_its_korean() -> None:
    assert untranslated(NO_EDGE, UNSEEN_AT_EDGE) == []


def test_numbers_are_carried_over() -> None:
    assert korean("one answer alone held at least 1,234, unnamed") == "대상을 밝히지 않는 응답 하나에만 최소 1,234이 들어 있었다"


def test_an_unknown_sentence_stays_english() -> None:
    assert both("something new").ko == "something new"


def test_braces_in_data_are_data() -> None:
    assert korean("the selector {0.__class__} selects no event") == "선택 {0.__class__}에 해당하는 이벤트가 없다"
