"""A real Chromium on the real stack."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from sandbox.stack import Stack
from tests.browser.people import Person
from tests.chromium import PATIENCE

NewPerson = Callable[..., Person]


@pytest.fixture
def new_person(chromium: Browser, stack: Stack) -> Iterator[NewPerson]:
    """Somebody with a browser of his own; without JavaScript unless asked for."""
    contexts: list[BrowserContext] = []

    def make(locale: str = "fr-FR", *, javascript: bool = False) -> Person:
        context = chromium.new_context(
            locale=locale, java_script_enabled=javascript, viewport={"width": 1280, "height": 900}
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return Person(context.new_page(), stack)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where the pictures of the guide go: `PICTURES`, else below `var/`, which git ignores."""
    folder = Path(os.environ.get("PICTURES", "var/pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
