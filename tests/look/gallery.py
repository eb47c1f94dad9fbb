"""A real browser in front of the world: shows any view of the table, in a language."""

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

from tests.look.pages import VISITOR, View
from tests.look.world import HOST, World

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE = 20_000


class Gallery:
    """One window for each actor and language, kept; `show` leads it to a view, the world being as it was at first.

    `complaints` is what the browser had to say about the view that is shown: errors of scripts, and whatever the
    headers stopped.
    """

    def __init__(self, world: World, chromium: Browser, *, javascript: bool = True) -> None:
        self.world = world
        self._chromium = chromium
        self._javascript = javascript
        self._windows: dict[tuple[str, str], Page] = {}
        self.complaints: list[str] = []
        self._touched = False

    def show(self, view: View, locale: str = "fr") -> Page:
        """The actor's window with that view in it, at the size of a desktop, in light colours."""
        if self._touched:
            for window in self._windows.values():
                window.goto("about:blank")  # else a page that renews itself cuts off the way to the next one
            self.world.reset()
        self._touched = bool(view.steps)
        self.world.speaks(locale)
        page = self._window(view.actor, locale)
        self._sign_in(page.context, view.actor)
        page.set_viewport_size({"width": DESKTOP["width"], "height": DESKTOP["height"]})
        page.emulate_media(media="screen", color_scheme="light", reduced_motion="reduce", forced_colors="none")
        self.complaints.clear()
        answers: list[int] = []

        def note(response: Response) -> None:
            if response.request.is_navigation_request():
                answers.append(response.status)

        page.on("response", note)
        page.goto(self.world.site + view.path.format(**self.world.ids))
        for step in view.steps:
            step(page, self.world)
        page.remove_listener("response", note)
        assert answers[-1] == view.status, f"{view.name}: {answers}"
        page.wait_for_load_state()  # of what the last step opened: without its styles, it would be judged bare
        assert page.get_attribute("html", "lang") == locale
        return page

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
