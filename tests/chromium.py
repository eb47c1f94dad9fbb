"""The real browser of the tests: one, however many folders of tests ask for it."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Error, FloatRect, Page, expect, sync_playwright

from sandbox.browser import find_or_get

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 20_000
"""Milliseconds to wait for an element on a busy machine."""
CAPTURES = 3


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium, until the end of the block; Playwright allows one such block at a time."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_or_get(), args=list(FLAGS))
        yield browser
        browser.close()


def picture(page: Page, whole: FloatRect | None = None) -> bytes:
    """PNG of what the page shows; of this part of it, which may be higher than the window, when it is given.

    Now and then Chromium answers "Unable to capture screenshot" and takes the same picture a moment later
    (MarketSquare/robotframework-browser#5237; seen here once in some hundred pictures): it is asked again.
    """
    for _ in range(CAPTURES - 1):
        try:
            return _capture(page, whole)
        except Error as error:
            if "Unable to capture screenshot" not in error.message:
                raise
    return _capture(page, whole)


def _capture(page: Page, whole: FloatRect | None) -> bytes:
    return page.screenshot(animations="disabled", caret="hide", full_page=whole is not None, clip=whole)
