"""The real browser of the tests: one, however many folders of tests ask for it."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect, sync_playwright

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


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium, until the end of the block; Playwright allows one such block at a time."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_or_get(), args=list(FLAGS))
        yield browser
        browser.close()
