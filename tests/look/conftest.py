"""The portal on the directory in memory, looked at with a real Chromium; no Keycloak is needed."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.look.gallery import Gallery
from tests.look.world import World, serve
from tests.web.conftest import compiled_catalogues

__all__ = ["compiled_catalogues"]


@pytest.fixture(scope="session")
def rich_world(tmp_path_factory: pytest.TempPathFactory, compiled_catalogues: None) -> Iterator[World]:
    with serve(tmp_path_factory.mktemp("look")) as world:
        yield world


@pytest.fixture(scope="session")
def gallery(rich_world: World, chromium: Browser) -> Iterator[Gallery]:
    gallery = Gallery(rich_world, chromium)
    yield gallery
    gallery.close()


@pytest.fixture(scope="session")
def make_gallery(rich_world: World, chromium: Browser) -> Iterator[Callable[..., Gallery]]:
    """Other windows on the same world."""
    made: list[Gallery] = []

    def make(**options: bool) -> Gallery:
        made.append(Gallery(rich_world, chromium, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
