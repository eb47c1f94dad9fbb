"""`make screenshots`: every page in both languages, both colour schemes, on a desktop and on a phone, as files.

`python -m tests.look.screenshots FOLDER [NAME...]` writes `FOLDER/<locale>/<scheme>-<device>/<name>.webp`, whole
pages, for all views of the table, the portal's mails, and what Keycloak and the sample service show; or for those
named (`mails` and `keycloak` for the last two).
"""

import base64
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser, FloatRect, Page

from sandbox.ports import Ports
from sandbox.stack import Stack
from tests.browser.camera import TO_WEBP
from tests.chromium import launched, picture
from tests.look.gallery import DESKTOP, PHONE, Gallery
from tests.look.keycloak_screens import walk
from tests.look.mails import mails_in
from tests.look.pages import PAGES
from tests.look.world import serve

LOCALES = ("fr", "en")
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
DEVICES = {"desktop": DESKTOP, "phone": PHONE}
QUALITY = 0.7
HIGHEST = 12_000
"""Pixels; WebP has no more than 16,383."""


@dataclass
class Camera:
    """Takes a page as it stands there, once for each scheme and device; `count` is how many pictures there are."""

    folder: Path
    dark_room: Page
    count: int = 0

    def takes(self, name: str, locale: str, page: Page) -> None:
        for device, size in DEVICES.items():
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                self._take(page, self.folder / locale / f"{scheme}-{device}" / f"{name}.webp")
        sys.stdout.write(f"{self.count} pictures: {name} ({locale})\n")

    def _take(self, page: Page, target: Path) -> None:
        """The whole page, as WebP; of a very long one the beginning."""
        width, height = page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
        whole: FloatRect = {"x": 0, "y": 0, "width": width, "height": min(height, HIGHEST)}
        png = base64.b64encode(picture(page, whole)).decode()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(base64.b64decode(self.dark_room.evaluate(TO_WEBP, [png, QUALITY])))
        self.count += 1


def take_portal(folder: Path, chromium: Browser, names: Iterable[str], camera: Camera) -> None:
    """These views of the table."""
    with serve(folder) as world:
        gallery = Gallery(world, chromium)
        for name in names:
            for locale in LOCALES:
                camera.takes(name, locale, gallery.show(PAGES[name], locale))
        gallery.close()


def take_mails(folder: Path, chromium: Browser, camera: Camera) -> None:
    """Those of the portal itself."""
    window = chromium.new_page()
    with serve(folder) as world:
        for locale in LOCALES:
            for name, html in mails_in(world, locale).items():
                window.set_content(html)
                camera.takes(name, locale, window)
    window.close()


def take_outside(folder: Path, chromium: Browser, camera: Camera) -> None:
    """Keycloak's pages, its mail, and the sample service."""
    with Stack(folder, Ports.free()) as stack:
        for locale in LOCALES:
            walk(stack, chromium, locale, camera.takes)


BESIDES = {"mails": take_mails, "keycloak": take_outside}


def main(arguments: list[str]) -> None:
    target, names = Path(arguments[0]), arguments[1:]
    if unknown := set(names) - set(PAGES) - set(BESIDES):
        sys.exit(f"no such view: {', '.join(sorted(unknown))}; there are {', '.join([*PAGES, *BESIDES])}")
    with TemporaryDirectory() as folder, launched() as chromium:
        camera = Camera(target, chromium.new_page())
        take_portal(Path(folder), chromium, [name for name in names or PAGES if name in PAGES], camera)
        for name, take in BESIDES.items():
            if not names or name in names:
                take(Path(folder) / name, chromium, camera)


if __name__ == "__main__":
    main(sys.argv[1:])
