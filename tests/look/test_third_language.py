"""A third language needs its catalogue and its line in `directory.model.Locale`, and every text is in a catalogue.

The language is made up: every message of the code in brackets, with accents, and a third longer. Whatever a page
shows outside of brackets is a text that nobody could translate.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from playwright.sync_api import Browser, Page

from directory.model import Locale
from tests.architecture.test_catalogue import messages
from tests.look.gallery import PHONE, Gallery
from tests.look.pages import BAD_FILE, PAGES, View
from tests.look.world import COMPANIES, FILE, SERVICES, World, serve
from webapp.mail.messages import mails_of
from webapp.records.outbox import take_notice
from webapp.wording.labels import languages

CODE = "eo"
DEVICE = "Attaché"
"""What the identity provider of the tests calls the portal."""
PLACE = re.compile(r"(%\(\w+\)s|%%)")
ACCENTS = str.maketrans("aceinosuyACEINOSUY", "àçéîñøšúÿÀÇÉÎÑØŠÚŸ")


def in_brackets(message: str) -> str:
    """The message in the made-up language; its places stay."""
    words = "".join(part if PLACE.fullmatch(part) else part.translate(ACCENTS) for part in PLACE.split(message))
    return f"⟦{words}{' ~~~' * (len(message) // 12)}⟧"


@contextmanager
def third_language() -> Iterator[Locale]:
    """The enumeration with one line more."""
    one = str.__new__(Locale, CODE)
    one._name_, one._value_ = "EO", CODE
    Locale._member_map_["EO"] = one
    Locale._value2member_map_[CODE] = one
    Locale._member_names_.append("EO")
    yield one
    Locale._member_names_.remove("EO")
    del Locale._value2member_map_[CODE], Locale._member_map_["EO"]


def write_catalogue(folder: Path) -> None:
    """The catalogue, as a translator hands it in."""
    catalogue = Catalog(locale=CODE)
    for forms in messages().values():
        translated = tuple(in_brackets(form) for form in forms)
        catalogue.add(forms if len(forms) > 1 else forms[0], translated if len(forms) > 1 else translated[0])
    target = folder / CODE / "LC_MESSAGES" / "messages.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, catalogue)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, compiled_catalogues: None) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("third")
    write_catalogue(folder)
    with third_language(), serve(folder) as world:
        world.app.extensions["babel"].translation_directories.append(str(folder))
        yield world


@pytest.fixture(scope="module")
def gallery(world: World, chromium: Browser) -> Iterator[Gallery]:
    gallery = Gallery(world, chromium)
    yield gallery
    gallery.close()


OUTSIDE_TAGS = """() => {
  const data = 'bdi, code, time, [lang]:not(html)';
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const said = [document.title];
  while (texts.nextNode())
    if (!texts.currentNode.parentElement.closest(data)) said.push(texts.currentNode.data);
  for (const element of document.body.querySelectorAll('*'))
    for (const name of ['aria-label', 'alt', 'title', 'placeholder', 'data-label', 'data-one', 'data-other'])
      if (element.hasAttribute(name) && !element.closest(data)) said.push(element.getAttribute(name));
  return said.join(' ');
}"""
"""All words of a page and of its attributes, hidden ones too; not what is marked as data or another language."""


def outside_brackets(text: str) -> str:
    """What is left of a text when every message is taken away, with what was put into it."""
    depth, left = 0, []
    for character in text:
        depth += character == "⟦"
        left.append(" " if depth else character)
        depth -= character == "⟧"
    assert depth == 0, text
    return "".join(left)


def words(*texts: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{2,}", " ".join(texts)))


def data_of(world: World, view: View) -> set[str]:
    """What no catalogue can know: who and what is in the world, what was typed, the name of the product."""
    people = [f"{user.email} {user.profile.full_name}" for user in world.directory.people()]
    companies = [f"{one.id} {one.name} {' '.join(one.services)}" for one in COMPANIES]
    services = [text for one in SERVICES for _, text in (*one.names, *one.descriptions)]
    return words(
        *people,
        *companies,
        *services,
        *languages().values(),
        FILE,
        BAD_FILE,
        world.site,
        view.path,
        "Attaché",
        DEVICE,
    )


def untranslated(world: World, view: View, page: Page) -> set[str]:
    said = re.sub(r"SHA-256 [0-9a-f]+", "", outside_brackets(page.evaluate(OUTSIDE_TAGS)))
    return words(said) - data_of(world, view) - words(page.url)


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_every_text_is_in_the_catalogue(name: str, gallery: Gallery):
    """And has room on a phone, though a third longer."""
    view = PAGES[name]
    page = gallery.show(view, CODE)
    assert untranslated(gallery.world, view, page) == set()
    assert "⟦" in page.title() or view.path.startswith("/users/{"), "a person's page is called as the person is"
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.browser
def test_a_text_that_is_not_would_be_seen(gallery: Gallery):
    """A word on the page, and one that is only read aloud."""
    view = PAGES["profile"]
    page = gallery.show(view, CODE)
    page.evaluate("document.querySelector('h1').append('Forgotten')")
    page.evaluate("document.querySelector('main').setAttribute('aria-label', 'Overlooked')")
    assert untranslated(gallery.world, view, page) == {"Forgotten", "Overlooked"}


@pytest.mark.browser
def test_whole_texts_are_in_english_until_they_are_written(gallery: Gallery):
    """And say so to whoever reads them aloud; their pictures are those of their language."""
    texts = {"help": ".help", "help-create": ".help-text", "personal-data": ".prose", "accessibility": ".prose"}
    for name, place in texts.items():
        page = gallery.show(PAGES[name], CODE)
        assert page.get_attribute(place, "lang") == "en"
        for picture in page.locator(f"{place} img").all():
            assert str(picture.get_attribute("src")).endswith(".en.webp")


@pytest.mark.browser
def test_it_is_chosen_like_the_others(gallery: Gallery):
    """On every page by its own name, and in the profile; it is kept with the account."""
    page = gallery.show(PAGES["profile"], "fr")
    assert page.locator(f"main [value={CODE}]").count() == 1
    with page.expect_navigation():
        page.click(f".language-switch button[value={CODE}]")
    assert page.get_attribute("html", "lang") == CODE
    chloe = gallery.world.people["chloe"]
    assert gallery.world.directory.user(chloe.id).profile.locale.value == CODE


@pytest.mark.browser
def test_mails_are_in_it(gallery: Gallery):
    """To the person, and to the other administrators."""
    view, world = PAGES["modify-done"], gallery.world
    gallery.show(view, CODE)
    notice = take_notice(world.database)
    assert notice is not None
    with world.app.app_context():
        mails = mails_of(world.directory, world.parts.settings, notice)
    assert {mail.recipient for mail in mails} == {"chloe@acme.example", "bruno@acme.example"}
    for mail in mails:
        assert f'lang="{CODE}"' in mail.html
        markup = re.sub(r"<style.*?</style>|<[^>]*>", " ", mail.html, flags=re.S)
        for text in (mail.subject, mail.text, unescape(markup)):
            assert "⟦" in text
            assert words(outside_brackets(text)) - data_of(world, view) == set()
