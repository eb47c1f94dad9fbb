"""Fixtures of all unit tests of the provisioner."""

from types import SimpleNamespace

import httpx
import pytest


@pytest.fixture(autouse=True, scope="session")
def _without_the_asynchronous_half():
    """Avoid asynchronous clients of the library, which are never used and read certificates for 50 ms each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx, "AsyncClient", lambda **_: SimpleNamespace(auth=None))
        yield
