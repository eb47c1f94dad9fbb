"""Somebody who has only a keyboard: he tabs until he is where he wants to be, and has to see where that is."""

import re
from dataclasses import dataclass, field

from playwright.sync_api import Page, expect

MOST_STOPS = 120
HERE = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  const words = one.labels?.length ? [...one.labels].map(label => label.textContent).join(' ')
    : one.getAttribute('aria-label') ?? one.textContent;
  return {
    words: words.replace(/\\s+/g, ' ').trim(),
    tag: one.tagName.toLowerCase(),
    name: one.getAttribute('name') ?? '',
    classes: one.className,
    checked: one.checked ?? false,
    marked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    visible: one.checkVisibility({visibilityProperty: true}) && one.getBoundingClientRect().height > 0,
  };
}"""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the focus is."""

    words: str
    tag: str
    name: str
    classes: str
    checked: bool
    marked: bool
    visible: bool


@dataclass
class Keyboard:
    """The keys, and a note of every stop that could not be seen."""

    page: Page
    unseen: list[Stop] = field(default_factory=list)

    @property
    def here(self) -> Stop:
        return Stop(**self.page.evaluate(HERE))

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def types(self, words: str) -> None:
        self.page.keyboard.type(words)

    def opens(self, key: str = "Enter") -> None:
        """A key that leads to another page."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def tabs_to(self, words: str, tag: str = "") -> Stop:
        """The next stop whose words begin so; in vain after so many stops."""
        met = []
        for _ in range(MOST_STOPS):
            self.press("Tab")
            stop = self.here
            met.append(stop.words[:40])
            if stop.tag != "body" and not (stop.marked and stop.visible):
                self.unseen.append(stop)
            if re.match(re.escape(words), stop.words) and tag in {"", stop.tag}:
                return stop
        raise AssertionError(f"never came to {words!r}, only to {met}")

    def fills(self, name: str, words: str) -> None:
        """The field of that name."""
        for _ in range(MOST_STOPS):
            if self.here.name == name:
                return self.types(words)
            self.press("Tab")
        raise AssertionError(f"never came to the field {name}")

    def is_led_to(self, selector: str) -> None:
        """Wait until the page has set the focus there: it does so when it is first drawn, maybe after `load`."""
        expect(self.page.locator(f"{selector}:focus")).to_have_count(1)

    def goes_on(self, words: str) -> None:
        """To that button or link, and press it."""
        self.tabs_to(words)
        self.opens()


def creates_modifies_and_detaches(keys: Keyboard, email: str, company: str) -> None:
    """From the list and back to it, in French: somebody new at the company, made administrator, detached."""
    keys.goes_on("Ajouter un utilisateur")
    keys.tabs_to("E-mail")
    keys.types(email)
    keys.opens()
    keys.tabs_to("Nom")
    keys.types("Zola")
    keys.tabs_to("Prénom")
    keys.types("Émile")
    keys.tabs_to("M.")
    keys.press("Space")
    keys.tabs_to(f"Rattachement – {company}")
    keys.press("Space")
    assert keys.here.checked
    keys.goes_on("Continuer")
    keys.goes_on("Créer le compte")
    keys.is_led_to(".banner")
    assert "Émile Zola" in keys.here.words
    keys.tabs_to("Nom, prénom ou e-mail")  # whatever else is on the list, and however long it is
    keys.types(email)
    keys.opens()
    assert "En cours d’activation" in keys.page.inner_text(f"tr:has-text('{email}')").replace("'", "’")
    keys.goes_on(f"Modifier – Émile Zola, {email}")
    keys.tabs_to(f"Utilisateur – {company}")
    keys.press("ArrowRight")
    assert keys.here.words.startswith("Administrateur")
    keys.goes_on("Continuer")
    assert "Administrateur" in keys.page.inner_text(".difference")
    keys.goes_on("Confirmer")
    keys.is_led_to(".banner")
    keys.goes_on(f"Modifier – Émile Zola, {email}")
    assert keys.tabs_to(f"Rattachement – {company}").checked
    keys.press("Space")
    keys.goes_on("Continuer")
    keys.goes_on("Confirmer")
    keys.is_led_to(".banner")
    assert email not in keys.page.inner_text("main")
