"""Keycloak's pages, the activation mail, the sample service: axe finds nothing, no page is wider than a phone."""

import pytest
from playwright.sync_api import Browser, Page

from sandbox.stack import Stack
from tests.look.axe import colour_violations, violations
from tests.look.keycloak_screens import walk

pytestmark = pytest.mark.browser

DESKTOP, NARROWEST = 1280, 320
"""CSS pixels; the second is WCAG 2.2, 1.4.10."""
SCREENS = 22


@pytest.mark.parametrize("locale", ["fr", "en"])
def test_every_screen(stack: Stack, chromium: Browser, locale: str) -> None:
    """From the sign-in of somebody unknown to the choice between two second factors, by day and by night."""
    seen: dict[str, list[str]] = {}

    def judge(name: str, _locale: str, page: Page) -> None:
        found = seen.setdefault(name, [])
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_timeout(100)  # Keycloak's script takes the scheme over
            judged = violations if scheme == "light" else colour_violations
            found += [f"{scheme}: {violation}" for violation in judged(page)]
        page.set_viewport_size({"width": NARROWEST, "height": 640})
        if (width := page.evaluate("document.documentElement.scrollWidth")) > NARROWEST:
            found.append(f"{width} pixels wide on a screen of {NARROWEST}")
        page.set_viewport_size({"width": DESKTOP, "height": 900})

    walk(stack, chromium, locale, judge)
    assert {name: found for name, found in seen.items() if found} == {}
    assert len(seen) == SCREENS
