"""The directory on the real server, with every request it makes written down."""

import threading
from collections.abc import Callable

import pytest
import requests

from directory.gateway import Directory
from sandbox.stack import Stack
from tests.contract.realm import Realm
from tests.contract.worlds import RealWorld


@pytest.fixture(scope="session")
def keycloak_realm(stack: Stack) -> Realm:
    return Realm(stack)


@pytest.fixture(scope="module")
def world(keycloak_realm: Realm) -> RealWorld:
    return RealWorld(keycloak_realm)


@pytest.fixture(scope="module")
def directory(world: RealWorld) -> Directory:
    return world.directory


class Watch:
    """What a piece of work asks of the server: method and path below the realm, and how often it signs in."""

    def __init__(self, realm: Realm) -> None:
        self._realm = f"{realm.url}/admin/realms/{realm.realm}"
        self._lock = threading.Lock()
        self._seen: list[str] = []
        self.sign_ins = 0

    def note(self, request: requests.PreparedRequest) -> None:
        path = str(request.url).removeprefix(self._realm).partition("?")[0]
        with self._lock:
            if path.endswith("/protocol/openid-connect/token"):
                self.sign_ins += 1
            else:
                self._seen.append(f"{request.method} {path}")

    def __call__(self, work: Callable[[], object]) -> list[str]:
        """The requests of the work but sign-ins, in order."""
        self._seen, self.sign_ins = [], 0
        work()
        return self._seen


@pytest.fixture
def calls_of(keycloak_realm: Realm, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """`calls_of(work)`: the requests that were really sent, by any thread."""
    watch = Watch(keycloak_realm)
    send = requests.Session.send

    def noting(self, request, **options):
        watch.note(request)
        return send(self, request, **options)

    monkeypatch.setattr(requests.Session, "send", noting)
    return watch
