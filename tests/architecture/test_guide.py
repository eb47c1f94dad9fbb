"""The guide: every page leads to its task, every task has its text and its pictures in every language."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from directory.model import Locale
from tests.architecture.portal import PACKAGE, TEMPLATES, WRITTEN, rules
from tests.web.browser import Browser
from webapp.http.guards import Access
from webapp.wording.help_pages import EXPLAINED_BY, TASKS, task_of

PICTURES = PACKAGE / "static" / "help"
LARGEST = 60_000
"""Bytes of a picture: a guide that is slow to open is not opened."""
NO_PAGES = {"imports.result", "journal.export", "reviews.export", "transfers.export", "transfers.template"}
"""Views that answer with a file."""


def text_of(task: str, locale: Locale) -> Path:
    return TEMPLATES / "help" / locale.value / f"{task}.html"


def pictures_of(text: Path) -> dict[str, str]:
    """The pictures that a text shows, with their words."""
    found = re.findall(r"picture\('([\w-]+)', (?:'([^']*)'|\"([^\"]*)\")\)", text.read_text(encoding="utf-8"))
    assert len(found) == text.read_text(encoding="utf-8").count("picture("), text
    return {name: single or double for name, single, double in found}


def test_it_is_written_in_the_languages_that_are_promised() -> None:
    """Another one may wait."""
    assert {Locale.FR, Locale.EN} <= set(WRITTEN)


def test_every_page_is_explained() -> None:
    """Whoever adds a page says which task of the guide is about it."""
    pages = {rule.endpoint for rule in rules(None, Access.SIGNED_IN, Access.ADMINISTRATOR)} - NO_PAGES
    assert pages == set(EXPLAINED_BY)
    assert set(EXPLAINED_BY.values()) <= set(TASKS)
    assert task_of(None) is task_of("help.page") is None


@pytest.mark.parametrize("locale", WRITTEN)
@pytest.mark.parametrize("task", list(TASKS))
class TestTask:
    def test_has_pictures_with_words(self, task: str, locale: Locale) -> None:
        """At least one; each is there, small, and says in words what it shows."""
        pictures = pictures_of(text_of(task, locale))
        assert pictures
        for name, words in pictures.items():
            file = PICTURES / f"{name}.{locale.value}.webp"
            assert file.is_file(), f"{file.name} is not there: make pictures"
            assert file.read_bytes()[8:12] == b"WEBP"
            assert file.stat().st_size < LARGEST, file.name
            assert len(words) > 30, name

    def test_says_the_same_as_in_the_other_language(self, task: str, locale: Locale) -> None:
        """As many steps, headings, links and the same pictures."""
        mine, french = (text_of(task, one).read_text(encoding="utf-8") for one in (locale, Locale.FR))
        for part in ("<h2", "<ol", "<li", "<p>", "url_for"):
            assert mine.count(part) == french.count(part), part
        assert list(pictures_of(text_of(task, locale))) == list(pictures_of(text_of(task, Locale.FR)))

    def test_page(self, task: str, locale: Locale, client_for: Callable[..., Browser]) -> None:
        """Open to everybody, in his language; it leads to every other task."""
        browser: Browser = client_for()
        browser.post("/language", {"locale": locale.value})
        page = browser.get(f"/help/{task}")
        assert (page.status, page.lang) == (200, locale.value)
        with browser.app.test_request_context(headers={"Accept-Language": locale.value}):
            assert page.h1 == str(TASKS[task].title)
        contents = page.main.one("nav")
        assert [link["href"] for link in contents.all("a")] == ["/help", *(f"/help/{one}" for one in TASKS)]
        assert contents.one("a", **{"aria-current": "page"})["href"] == f"/help/{task}"


def test_no_picture_is_left_over() -> None:
    """What no text shows is deleted."""
    shown = {
        f"{name}.{locale.value}.webp"
        for locale in WRITTEN
        for task in TASKS
        for name in pictures_of(text_of(task, locale))
    }
    assert {file.name for file in PICTURES.iterdir()} == shown


@pytest.mark.parametrize("locale", WRITTEN)
def test_index_leads_to_every_task(locale: Locale, client_for: Callable[..., Browser]) -> None:
    """In a section of its own, which can be linked to."""
    browser: Browser = client_for()
    browser.post("/language", {"locale": locale.value})
    page = browser.get("/help")
    for task in TASKS:
        section = page.html.one("section", **{"aria-labelledby": task})
        assert section.one("h2")["id"] == task
        assert f"/help/{task}" in [link["href"] for link in section.all("a")]


@pytest.mark.parametrize("name", ["nothing", "fr", "Create", "page", "x" * 128])
def test_what_is_no_task_is_not_found(name: str, client_for: Callable[..., Browser]) -> None:
    assert client_for().get(f"/help/{name}").status == 404
