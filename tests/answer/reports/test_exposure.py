"""The exposure report: what it says, what it may never do."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from amends.answer.reports.exposure import exposure_report
from amends.case import open_case
from amends.cli.frame import main
from amends.count.scope.gaps import Missing
from amends.count.scope.layers import NO_EDGE

from .conftest import Reported, reported

HOSTILE = '</script><img src=x onerror="alert(1)">{{ 7*7 }}\u202e'
# without the background networking a browser looks for its maker's hosts at every start
BROWSER_ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Browser:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=BROWSER_ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, shop: Reported, tmp_path: Path) -> Page:
    """The report as a browser shows it; any request beside the file itself fails the test."""
    file = tmp_path / "report.html"
    file.write_text(shop.page, encoding="utf-8")
    opened = browser.new_page(viewport={"width": 390, "height": 800})
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(file.as_uri())
    yield opened
    opened.close()
    assert asked == [file.as_uri()]


def test_the_same_case_gives_the_same_bytes(shop: Reported) -> None:
    again = reported(open_case(shop.case.path))

    assert again.page == shop.page


def test_every_bound_of_every_known_unit_stands_on_the_page(shop: Reported) -> None:
    bounds = [unit[name] for unit in shop.data["units"].values() for name in ("lower", "upper", "ceiling")]

    assert all(f"{number:,}" in shop.page for number in bounds if number is not None)


def test_every_field_of_the_map_stands_on_the_page(shop: Reported) -> None:
    assert all(f"<code>{key}</code>" in shop.page for key in shop.scope.inputs.map.fields)


def test_where_people_are_not_known_no_number_stands_in_for_them(shop: Reported) -> None:
    scope = replace(shop.scope, counted=replace(shop.scope.counted, people=None))
    page = exposure_report(scope, shop.lines, shop.case.settings)

    section = re.search(r"Natural persons.*?</h3>(.*?)<h3>", page, re.DOTALL)

    assert section
    assert "Not known" in section[1]
    assert not re.search(r"\d", section[1])


def test_every_gap_and_every_source_stands_on_the_page(shop: Reported) -> None:
    assert shop.lines.coverage.gaps
    assert all(source.sha256 in shop.page for source in shop.lines.sources)
    assert shop.page.count('<rect class="gap"') == len(shop.lines.coverage.gaps)


def test_a_gap_of_cacheable_endpoints_stands_on_the_page_with_their_ids(shop: Reported) -> None:
    missing = Missing("edge", "edge", shop.scope.gathered.evidence.window, NO_EDGE, frozenset([0, 1]))
    scope = replace(shop.scope, counted=replace(shop.scope.counted, missing=(missing,)))
    first, second = (endpoint.id for endpoint in shop.scope.inputs.map.endpoints[:2])

    page = exposure_report(scope, shop.lines, shop.case.settings)

    assert f"edge (edge): {first}, {second}" in page


def test_an_equation_that_does_not_close_is_said_loudly(shop: Reported) -> None:
    first, *rest = shop.lines.sources
    wrong = replace(shop.lines, sources=(replace(first, lines=first.lines + 1), *rest))

    assert "THE ACCOUNT DOES NOT CLOSE" in exposure_report(shop.scope, wrong, shop.case.settings)
    assert "THE ACCOUNT DOES NOT CLOSE" not in shop.page


def test_hostile_names_are_text_and_nothing_else(shop: Reported) -> None:
    settings = replace(shop.case.settings, company=HOSTILE)
    first, *rest = shop.lines.sources
    lines = replace(shop.lines, sources=(replace(first, path=HOSTILE, server=HOSTILE, fault=HOSTILE), *rest))

    page = exposure_report(shop.scope, lines, settings)

    assert "<img" not in page
    assert "<script" not in page
    assert "{{ 7*7 }}" in page  # as it was: no template is made of data


def test_the_first_language_is_the_cases(shop: Reported) -> None:
    english = replace(shop.case.settings, languages=("en",))

    assert '<html lang="en">' in exposure_report(shop.scope, shop.lines, english)
    assert '<html lang="ko">' in exposure_report(shop.scope, shop.lines, replace(english, languages=("ko", "en")))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_each_language_shows_itself_alone_and_is_accessible(page: Page, language: str) -> None:
    page.check(f"#{language}")

    shown = {"en": "How many", "ko": "얼마나 많은가"}
    assert page.get_by_role("heading", name=shown[language], exact=True).is_visible()
    assert [text for key, text in shown.items() if page.get_by_text(text, exact=True).is_visible()] == [shown[language]]
    violations = Axe().run(page).response["violations"]
    assert [(rule["id"], node["html"]) for rule in violations for node in rule["nodes"]] == []


def test_a_phone_need_not_scroll_sideways(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_it_prints(page: Page) -> None:
    assert page.pdf().startswith(b"%PDF")


def test_the_verb_writes_once_and_replaces_only_when_told(
    shop: Reported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case, out = str(shop.case.path), tmp_path / "page.html"

    assert main(["report", case, "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == shop.page
    assert main(["report", case, "--out", str(out)]) == 0  # the same bytes: nothing is lost
    out.write_text("other")
    assert main(["report", case, "--out", str(out)]) == 2
    assert "CLI-005" in capsys.readouterr().err
    assert main(["report", case, "--out", str(out), "--force"]) == 0
    assert out.read_text(encoding="utf-8") == shop.page


def test_without_a_name_it_stands_under_reports(shop: Reported, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(shop.case.path)]) == 0

    assert str(shop.case.reports / f"exposure-{shop.scope.run[:12]}.html") in capsys.readouterr().out
