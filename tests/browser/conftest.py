"""A real Chromium on the real stack."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from sandbox.stack import Stack
from tests.browser.people import Person
from tests.chromium import PATIENCE

NewPage = Callable[..., Page]
NewPerson = Callable[..., Person]


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[NewPage]:
    """A page of a browser of its own; without JavaScript unless asked for."""
    contexts: list[BrowserContext] = []

    def make(locale: str = "fr-FR", *, javascript: bool = False) -> Page:
        context = chromium.new_context(
            locale=locale, java_script_enabled=javascript, viewport={"width": 1280, "height": 900}
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def new_person(new_page: NewPage, stack: Stack) -> NewPerson:
    """Somebody with a page of his own, on the stack that all tests share."""
    return lambda *arguments, **options: Person(new_page(*arguments, **options), stack)


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where the pictures of the guide go: `PICTURES`, else below `var/`, which git ignores."""
    folder = Path(os.environ.get("PICTURES", "var/pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
