"""Nothing slow in tests that have no server."""

from types import SimpleNamespace

import httpx
import pytest


@pytest.fixture(autouse=True, scope="session")
def _without_the_asynchronous_half():
    """The library makes asynchronous clients too, never used, that read certificates for 50 ms each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx, "AsyncClient", lambda **_: SimpleNamespace(auth=None))
        yield
