"""A real browser in front of the world: shows any view of the table, in a language."""

import time

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Frame, Page, Response

from tests.chromium import PATIENCE
from tests.look.pages import VISITOR, View
from tests.look.world import HOST, World

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
RENEWS_ITSELF = "[data-renew]"
HAS_DATA_PICTURE = """() => [...document.querySelectorAll('*')]
  .flatMap(one => ['', '::before', '::after'].map(part => getComputedStyle(one, part || null)))
  .flatMap(style => [style.backgroundImage, style.listStyleImage, style.maskImage])
  .some(image => image.includes('url("data:'))"""


class Gallery:
    """One window for each actor and language, kept; `show` leads it to a view, the world being as it was at first.

    `complaints` is what the browser had to say about the view that is shown: errors of scripts, and whatever the
    headers stopped.
    """

    def __init__(self, world: World, chromium: Browser, *, javascript: bool = True) -> None:
        self.world = world
        # Not about:blank: for a page with another Cross-Origin-Opener-Policy than the last one Chromium starts a
        # new process, which took a fifth of the time of all views.
        self._nothing = f"{world.site}/livez"
        self._chromium = chromium
        self._javascript = javascript
        self._windows: dict[tuple[str, str], Page] = {}
        self.complaints: list[str] = []
        self._touched = False

    def show(self, view: View, locale: str = "fr") -> Page:
        """The actor's window with that view in it, at the size of a desktop, in light colours."""
        if self._touched:
            for window in self._windows.values():
                if window.locator(RENEWS_ITSELF).count():
                    window.goto(self._nothing)  # else it cuts off the way to the next one
            self.world.reset()
        self._touched = bool(view.steps)
        self.world.speaks(locale)
        page = self._window(view.actor, locale)
        self._sign_in(page.context, view.actor)
        page.set_viewport_size({"width": DESKTOP["width"], "height": DESKTOP["height"]})
        page.emulate_media(media="screen", color_scheme="light", reduced_motion="reduce", forced_colors="none")
        self.complaints.clear()
        answers: list[int] = []
        opened: list[Frame] = []

        def note(response: Response) -> None:
            if response.request.is_navigation_request():
                answers.append(response.status)

        def count(frame: Frame) -> None:
            opened.append(frame)

        page.on("response", note)
        page.on("framenavigated", count)
        page.goto(self.world.site + view.path.format(**self.world.ids))
        for step in view.steps:
            step(page, self.world)
        _wait_for_the_last(page, answers, opened)
        page.remove_listener("response", note)
        page.remove_listener("framenavigated", count)
        assert answers[-1] == view.status, f"{view.name}: {answers}"
        assert page.get_attribute("html", "lang") == locale
        return page

    def lasting_complaints(self, page: Page) -> list[str]:
        """`complaints` without pictures that no element of the page has once all its styles are there.

        Now and then (3 of some 1,500 pages) Chromium applies Bootstrap's sheet a moment before ours, and asks for
        its picture of a select, which the headers stop.
        """
        if not self.complaints or page.evaluate(HAS_DATA_PICTURE):
            return self.complaints
        return [each for each in self.complaints if "'data:image/" not in each]

    def close(self) -> None:
        """All windows."""
        for page in self._windows.values():
            page.context.close()

    def _window(self, actor: str, locale: str) -> Page:
        if (actor, locale) not in self._windows:
            page = self._context(locale).new_page()
            page.on("console", self._listen)
            page.on("pageerror", lambda error: self.complaints.append(str(error)))
            self._windows[actor, locale] = page
        return self._windows[actor, locale]

    def _listen(self, message: ConsoleMessage) -> None:
        # That an answer has a status of 400 or more is what many views are about.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def _context(self, locale: str) -> BrowserContext:
        context = self._chromium.new_context(java_script_enabled=self._javascript, locale=locale)
        context.set_default_timeout(PATIENCE)
        return context

    def _sign_in(self, context: BrowserContext, actor: str) -> None:
        """Give the window the actor's session, which the view before may have lost."""
        if actor != VISITOR:
            cookie = {"name": "attache", "value": self.world.cookies[actor], "domain": HOST, "path": "/"}
            context.add_cookies([cookie])  # type: ignore[list-item]


def _wait_for_the_last(page: Page, answers: list[int], opened: list[Frame]) -> None:
    """Wait until the page shows the last answer, with its styles.

    A click returns before the page changes. Whoever looked then would see the page before, or one without styles.
    """
    deadline = time.monotonic() + PATIENCE / 1000
    while len(opened) < sum(not 300 <= status < 400 for status in answers):
        assert time.monotonic() < deadline, f"{page.url} was answered and not shown: {answers}"
        page.wait_for_timeout(20)
    page.wait_for_load_state()
