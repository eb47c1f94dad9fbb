"""How much of the list is seen at once: the first person on a phone's first screen, rows that are equally high."""

import pytest
from playwright.sync_api import Page

from tests.look.gallery import DESKTOP, PHONE, Gallery
from tests.look.pages import PAGES, View

HIGHEST = 120
"""Pixels of an active person's card on a phone."""
LINE = 130
"""Pixels of a line of the journal on a phone."""
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


@pytest.mark.browser
def test_a_line_of_the_journal_is_small_on_a_phone(gallery: Gallery):
    """With two companies at most; the median line, for a long name takes more room."""
    page = gallery.show(View("journal", "anne", "/journal"))
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    found = page.locator("main tbody tr").evaluate_all(
        "rows => rows.map(one => one.getBoundingClientRect().height)"
    )
    assert found
    assert sorted(found)[len(found) // 2] <= LINE


@pytest.mark.browser
def test_what_goes_on_is_in_sight_with_fifty_companies(gallery: Gallery):
    """From the top of the page and from its middle, on a desktop and on a phone."""
    page = gallery.show(PAGES["modify-fifty-companies"])
    for size in (DESKTOP, PHONE):
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        for share in (0, 0.5):
            page.evaluate("share => scrollTo(0, document.scrollingElement.scrollHeight * share)", share)
            place = page.locator("main .form-actions button").first.bounding_box()
            assert place is not None
            assert 0 <= place["y"] <= size["height"] - place["height"], (size, share)


@pytest.mark.browser
def test_the_review_of_fifty_equal_changes_fits_two_screens(gallery: Gallery):
    page = gallery.show(PAGES["modify-fifty-companies-review"])
    assert page.evaluate("document.scrollingElement.scrollHeight") <= 2 * DESKTOP["height"]
