"""How much of the list is seen at once: the first person on a phone's first screen, rows that are equally high."""

import pytest
from playwright.sync_api import Page

from tests.look.gallery import PHONE, Gallery
from tests.look.pages import View

HIGHEST = 120
"""Pixels of an active person's card on a phone."""
LIST = View("one-company", "bruno", "/users?company=borea")


def heights(page: Page) -> dict[str, float]:
    """Of each person's row, by the words of its status."""
    return dict(
        page.locator(".users-table tbody tr").evaluate_all(
            "rows => rows.map(one => [one.querySelector('th').innerText.split('\\n')[0],"
            " one.getBoundingClientRect().height])"
        )
    )


@pytest.mark.browser
def test_a_pending_row_is_as_high_as_any_other(gallery: Gallery):
    """On a desktop; of people with one company."""
    page = gallery.show(View("all", "anne", "/users"))
    found = heights(page)
    assert found["Morel Camille"] == found["Oriol Odette"] == found["Noir Édouard"] == found["Parti Renée"]


@pytest.mark.browser
def test_an_active_person_is_a_small_card_on_a_phone(gallery: Gallery):
    page = gallery.show(View("hebrew", "anne", "/users?q=hebrew"))
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    assert max(heights(page).values()) <= HIGHEST


@pytest.mark.browser
def test_the_first_person_is_on_the_first_screen_of_a_phone(gallery: Gallery):
    """Where no warning comes before."""
    page = gallery.show(View("many", "paul", "/users"))
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    page.evaluate("document.querySelectorAll('main .banner').forEach(one => one.remove())")
    place = page.locator(".users-table tbody th").first.bounding_box()
    assert place is not None
    assert place["y"] + place["height"] <= PHONE["height"]
