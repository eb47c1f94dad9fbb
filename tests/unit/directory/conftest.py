"""Settings of the property-based tests, and nothing slow in the others."""

from types import SimpleNamespace

import httpx
import pytest
from hypothesis import settings

# A busy machine is no failure of the code.
settings.register_profile("attache", deadline=None)
settings.load_profile("attache")


@pytest.fixture(autouse=True, scope="session")
def _without_the_asynchronous_half():
    """The library makes asynchronous clients too, never used, that read certificates for 50 ms each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx, "AsyncClient", lambda **_: SimpleNamespace(auth=None))
        yield
