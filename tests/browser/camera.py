"""Pictures of the guide: one frame and one size for all, small enough to be kept with the code."""

import base64
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from tests.chromium import picture

WIDTH, HEIGHT = 1080, 675
"""The frame in which the guide shows them (`templates/macros/help.html`)."""
SCALE = 1.25
QUALITIES = (0.75, 0.6, 0.45, 0.3)
LARGEST = 60_000
"""Bytes of a picture; one that is full of small letters has to lose some quality."""
TO_WEBP = """async ([png, quality]) => {
  const image = new Image();
  image.src = 'data:image/png;base64,' + png;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext('2d').drawImage(image, 0, 0);
  return canvas.toDataURL('image/webp', quality).split(',')[1];
}"""


@dataclass
class Camera:
    """Writes `<name>.<locale>.webp`; `dark_room` is an empty page, with JavaScript, that turns PNG into WebP."""

    folder: Path
    locale: str
    dark_room: Page

    def takes(self, name: str, page: Page, show: str = "") -> None:
        """What the page shows now; `show` is what has to be in the picture, when that is further down."""
        page.evaluate("document.activeElement?.blur()")
        if show:
            page.locator(show).first.scroll_into_view_if_needed()
        png = base64.b64encode(picture(page)).decode()
        tries = (base64.b64decode(self.dark_room.evaluate(TO_WEBP, [png, quality])) for quality in QUALITIES)
        webp = next(picture for picture in tries if len(picture) < LARGEST)
        (self.folder / f"{name}.{self.locale}.webp").write_bytes(webp)
