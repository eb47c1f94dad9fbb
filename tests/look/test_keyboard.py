"""By keyboard alone: the whole story, where the focus is after each step, and that it can be seen."""

from collections.abc import Callable

import pytest

from tests.look.gallery import Gallery
from tests.look.keyboard import Keyboard, creates_modifies_and_detaches
from tests.look.pages import PAGES
from tests.look.world import World

pytestmark = pytest.mark.browser

DESCRIBED = """() => {
  const one = document.activeElement;
  const around = [one, one.closest('fieldset'), one.closest('[role=radiogroup]')].filter(Boolean);
  const ids = around.flatMap(some => (some.getAttribute('aria-describedby') ?? '').split(' ')).filter(Boolean);
  return ids.flatMap(id => [...document.getElementById(id).querySelectorAll('p')])
    .map(p => p.lastChild.textContent.trim());
}"""
"""What a screen reader adds to the name of the control that has the focus: its errors, without « Erreur : »."""


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
def test_whole_story(javascript: bool, make_gallery: Callable[..., Gallery], rich_world: World):
    """Create, see pending, modify, check, confirm, detach, see gone; every stop on the way can be seen."""
    gallery = make_gallery(javascript=javascript)
    keys = Keyboard(gallery.show(PAGES["users"]))
    creates_modifies_and_detaches(keys, "emile.zola@acme.example", "Acme Énergie")
    assert keys.unseen == []
    assert rich_world.directory.mails[-1] == "emile.zola@acme.example"
    rich_world.reset()


def test_first_stop_leads_past_the_menu(gallery: Gallery):
    """« Aller au contenu », and the next stop is in the page itself."""
    page = gallery.show(PAGES["users"])
    keys = Keyboard(page)
    keys.press("Tab")
    assert keys.here.classes == "skip-link"
    assert keys.here.marked
    keys.press("Enter")
    assert keys.here.tag == "main"
    keys.press("Tab")
    assert keys.here.words == "Ajouter un utilisateur"


@pytest.mark.parametrize("name", [name for name in PAGES if name.endswith("-wrong")])
def test_wrong_form_shows_what_and_where(name: str, gallery: Gallery):
    """The summary has the focus; each message in it leads to its field, which says itself what is wrong."""
    page = gallery.show(PAGES[name])
    keys = Keyboard(page)
    keys.is_led_to("#error-summary")
    assert keys.here.marked
    assert page.title().startswith("Erreur")
    links = page.locator(".error-summary a").all()
    assert links
    for link in links:
        message, target = link.inner_text(), str(link.get_attribute("href")).removeprefix("#")
        link.press("Enter")
        assert page.evaluate("document.activeElement.id") == target
        assert [said for said in page.evaluate(DESCRIBED) if message.endswith(said)], message
        if page.evaluate("document.activeElement.matches('input:not([type=radio])')"):
            assert page.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"


@pytest.mark.parametrize(
    "name", ["new-done", "new-mail-not-sent", "modify-done", "resend-done", "profile-saved", "import-result"]
)
def test_what_was_done_has_the_focus(name: str, gallery: Gallery):
    """After each step that did something, the words that say so."""
    keys = Keyboard(gallery.show(PAGES[name]))
    keys.is_led_to(".banner")
    assert keys.here.words
