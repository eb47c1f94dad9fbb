"""The portal's own mails in a browser: nothing that axe finds, nothing wider than a phone."""

import pytest
from playwright.sync_api import Browser

from tests.look.axe import colour_violations, violations
from tests.look.mails import mails_in
from tests.look.world import World

NARROWEST = {"width": 320, "height": 640}
"""CSS pixels: WCAG 2.2, 1.4.10."""


@pytest.mark.browser
@pytest.mark.parametrize("locale", ["fr", "en"])
def test_every_mail(rich_world: World, chromium: Browser, locale: str) -> None:
    """By day and by night, with the longest name and address there are."""
    page = chromium.new_page()
    page.set_viewport_size(NARROWEST)  # type: ignore[arg-type]
    found = {}
    for name, html in mails_in(rich_world, locale).items():
        page.set_content(html)
        assert page.get_attribute("html", "lang") == locale
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found[name, scheme] = violations(page) if scheme == "light" else colour_violations(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= NARROWEST["width"], name
    page.close()
    assert {key: what for key, what in found.items() if what} == {}
