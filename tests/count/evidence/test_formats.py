"""How the folder of formats is scanned, how other packages join, and who wins where two know a file."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from amends.count.evidence import detect
from amends.count.evidence import formats as package
from amends.count.evidence.errors import BAD_PLUGIN
from amends.count.evidence.formats import json_lines
from amends.count.evidence.settings import Reading
from amends.errors import AmendsError

LINE = b'{"@timestamp":"2025-11-18T10:00:00Z","shop":"a"}\n'


def plugin(name: str = "shop", **others: object) -> SimpleNamespace:
    """A format of JSON lines that a package of the shop would bring."""
    return SimpleNamespace(
        **{
            "NAME": name,
            "TITLE": "Shop's own log",
            "SOURCE": "https://shop.example/log",
            "TIME_IS": "start",
            "recognise": lambda sample: "the shop's own" if b'"shop"' in sample else None,
            "reader": json_lines.reader,
        }
        | others
    )


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch):
    """Install packages by their entry points: name to what it loads."""

    def install(**loaded: object) -> None:
        class Point(EntryPoint):
            def load(self) -> object:
                found = loaded[self.name]
                if isinstance(found, Exception):
                    raise found
                return found

        monkeypatch.setattr(package, "entry_points", lambda group: [Point(name, f"{name}.log", group) for name in loaded])
        package.formats.cache_clear()

    yield install
    monkeypatch.undo()
    package.formats.cache_clear()


def test_a_format_of_another_package_joins_by_its_entry_point(installed):
    installed(shop=plugin())

    choice = detect.recognise(LINE, Reading(), name="a.log")

    assert (choice.format, choice.why) == ("shop", "taken for shop: the shop's own")


def test_a_makers_format_wins_over_a_generic_one_and_says_why(installed):
    installed(a_generic=plugin("a_generic", IS_GENERIC=True), shop=plugin())

    assert [name for name, form in package.formats().items() if form.recognise(LINE)] == ["json", "a_generic", "shop"]
    assert detect.recognise(LINE, Reading(), name="a.log").format == "shop"


@pytest.mark.parametrize(
    "loaded,expected",
    [
        (ImportError("no such module"), "a module that can be imported"),
        (plugin("nginx"), "a name other than 'nginx', which is taken"),
        (plugin(TIME_IS="noon"), "NAME, TITLE, SOURCE, TIME_IS, recognise and reader"),
        (plugin(SOURCE=None), "NAME, TITLE, SOURCE, TIME_IS, recognise and reader"),
    ],
)
def test_an_entry_point_that_gives_no_format_is_named(installed, loaded: object, expected: str):
    installed(shop=loaded)

    with pytest.raises(AmendsError) as caught:
        package.formats()

    assert caught.value.code == BAD_PLUGIN
    assert (caught.value.findings[0].expected, str(caught.value.findings[0].at)) == (expected, "amends.formats: shop = shop.log")
