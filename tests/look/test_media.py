"""Paper, the reader's own colours, and still pictures: what does not hang on colour, movement or a screen."""

import re

import pytest
from playwright.sync_api import Page

from tests.look.gallery import Gallery
from tests.look.pages import PAGES
from tests.look.reflow import MOVING

pytestmark = pytest.mark.browser

SHOWN = """selector => [...document.querySelectorAll(selector)]
  .filter(one => one.checkVisibility() && one.getBoundingClientRect().height > 1)
  .map(one => one.outerHTML.slice(0, 80))"""
OUTLINED = """selector => [...document.querySelectorAll(selector)].map(one => {
  const style = getComputedStyle(one);
  return ['Top', 'Bottom', 'InlineStart'].some(side => parseFloat(style[`border${side}Width`]) > 0
    && style[`border${side}Style`] !== 'none');
})"""
PAPER = (
    "users",
    "modify-review",
    "journal",
    "import-result",
    "profile",
    "help-create",
    "personal-data",
    "new-done",
)
SAID = ("new-done", "new-mail-not-sent", "new-wrong", "modify-done", "modify-conflict", "users", "import-result")
STATES = {
    "users": ".badge-status",
    "import-result": ".badge-status",
    "modify": ".attach-box",
    "users-page-2": ".pager [aria-current]",
}


def background(page: Page) -> list[int]:
    """The colour behind the page, as three numbers."""
    return [
        int(number)
        for number in re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))[:3]
    ]


@pytest.mark.parametrize("name", PAPER)
def test_paper_has_the_words_and_nothing_to_click(name: str, gallery: Gallery):
    """White whatever the screen is; no menu, no button, no search; the heading, the table and the name stay."""
    page = gallery.show(PAGES[name])
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(SHOWN, "nav, button, .button, .filters, .skip-link, .site-tools") == []
    assert page.evaluate(SHOWN, "h1")
    assert page.evaluate(SHOWN, ".brand")
    assert background(page) == [255, 255, 255]
    assert page.evaluate("document.scrollingElement.scrollWidth <= document.scrollingElement.clientWidth")


def test_paper_says_of_when_it_is_and_whose_companies_all_are(gallery: Gallery):
    """What is closed on the screen is open on paper."""
    page = gallery.show(PAGES["users-fifty-companies"])
    page.emulate_media(media="print")
    assert page.evaluate(SHOWN, ".print-only")
    assert page.locator("details.chips-more li").first.is_visible()


def test_something_moves_for_who_asked_for_no_stillness(gallery: Gallery):
    """Else the pages' being still (`tests.look.reflow`) would prove nothing."""
    page = gallery.show(PAGES["users"])
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(MOVING) > 0


class TestColour:
    """No state is told by colour alone."""

    @pytest.mark.parametrize("name", ["users", "import-result", "users-fifty-companies"])
    def test_every_badge_has_words(self, name: str, gallery: Gallery):
        badges = gallery.show(PAGES[name]).locator(".badge-status").all_inner_texts()
        assert badges
        assert all(badge.strip() for badge in badges)

    @pytest.mark.parametrize("name", SAID)
    def test_every_banner_says_its_kind(self, name: str, gallery: Gallery):
        """« Fait », « À noter », « Il y a un problème »: a word stands before the message."""
        kinds = gallery.show(PAGES[name]).locator(".banner-kind, .error-summary-title").all_inner_texts()
        assert kinds
        assert all(kind.strip() for kind in kinds)

    def test_wrong_field_says_so(self, gallery: Gallery):
        page = gallery.show(PAGES["new-details-wrong"])
        for field in page.locator(".field-wrong .field-error").all():
            assert field.inner_text().startswith("Erreur")

    def test_place_in_the_menu_is_underlined_and_named(self, gallery: Gallery):
        page = gallery.show(PAGES["users"])
        page.emulate_media(forced_colors="active")
        assert page.get_attribute(".site-nav [aria-current]", "aria-current") == "page"
        widths = page.evaluate(
            """() => ['.site-nav [aria-current]', '.site-nav .nav-item:not([aria-current])'].map(one =>
                 getComputedStyle(document.querySelector(one)).borderBottomColor)"""
        )
        assert widths[0] != widths[1]

    @pytest.mark.parametrize(("name", "what"), STATES.items())
    def test_states_have_edges_in_the_readers_own_colours(self, name: str, what: str, gallery: Gallery):
        """`forced-colors`: backgrounds are gone, so an edge or the control itself has to say it."""
        page = gallery.show(PAGES[name])
        page.emulate_media(forced_colors="active")
        if what == ".attach-box":
            assert page.locator(what).first.evaluate("one => getComputedStyle(one).appearance") != "none"
        else:
            assert all(page.evaluate(OUTLINED, what))

    def test_focus_is_seen_in_the_readers_own_colours(self, gallery: Gallery):
        page = gallery.show(PAGES["users"])
        page.emulate_media(forced_colors="active")
        for control in ("#q", ".site-nav a", "main .button", "tbody a"):
            page.focus(control)
            page.keyboard.press("Shift+Tab")
            page.keyboard.press("Tab")
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", control
