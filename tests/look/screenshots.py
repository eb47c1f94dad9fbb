"""`make screenshots`: every page in both languages, both colour schemes, on a desktop and on a phone, as files.

`python -m tests.look.screenshots FOLDER [NAME...]` writes `FOLDER/<locale>/<scheme>-<device>/<name>.webp`, whole
pages, for all views of the table or those named.
"""

import base64
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import FloatRect, Page, sync_playwright

from sandbox.browser import find_or_get
from tests.browser.camera import TO_WEBP
from tests.chromium import FLAGS
from tests.look.gallery import DESKTOP, PHONE, Gallery
from tests.look.pages import PAGES
from tests.look.world import serve

LOCALES = ("fr", "en")
SCHEMES = ("light", "dark")
DEVICES = {"desktop": DESKTOP, "phone": PHONE}
QUALITY = 0.7
HIGHEST = 12_000
"""Pixels; WebP has no more than 16,383."""


def take(page: Page, dark_room: Page, target: Path) -> None:
    """The whole page, as WebP; of a very long one the beginning."""
    width, height = page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
    whole: FloatRect = {"x": 0, "y": 0, "width": width, "height": min(height, HIGHEST)}
    shot = page.screenshot(animations="disabled", caret="hide", full_page=True, clip=whole)
    png = base64.b64encode(shot).decode()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(base64.b64decode(dark_room.evaluate(TO_WEBP, [png, QUALITY])))


def take_all(folder: Path, names: Iterable[str]) -> int:
    """Every picture of these views; how many there are."""
    count = 0
    with TemporaryDirectory() as database, serve(Path(database)) as world, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_or_get(), args=list(FLAGS))
        gallery, dark_room = Gallery(world, chromium), chromium.new_page()
        for name in names:
            for locale in LOCALES:
                page = gallery.show(PAGES[name], locale)
                for device, size in DEVICES.items():
                    page.set_viewport_size({"width": size["width"], "height": size["height"]})
                    for scheme in SCHEMES:
                        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                        take(page, dark_room, folder / locale / f"{scheme}-{device}" / f"{name}.webp")
                        count += 1
            sys.stdout.write(f"{count} pictures: {name}\n")
        gallery.close()
        chromium.close()
    return count


def main(arguments: list[str]) -> None:
    take_all(Path(arguments[0]), arguments[1:] or PAGES)


if __name__ == "__main__":
    main(sys.argv[1:])
