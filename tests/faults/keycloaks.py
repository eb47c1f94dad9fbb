"""The Keycloaks that a fault is tried on, both behind the proxy: the small one of `upstream`, and a real one."""

from typing import Protocol

from directory.keycloak_gateway.directory import KeycloakDirectory
from tests.builders import an_attachment
from tests.contract.realm import Realm
from tests.contract.worlds import RealWorld
from tests.faults.upstream import Upstream


class Keycloak(Protocol):
    """What a test knows of the one that it runs on."""

    company_id: str

    def directory(self) -> KeycloakDirectory:
        """As the portal makes it: with the time-outs of this moment."""

    def person(self) -> str:
        """Return the id of somebody at the company."""

    def made(self, email: str) -> list[str]:
        """Return the ids of the accounts with that address."""

    def mails(self, user_id: str) -> int:
        """How many mails left for the person."""


class SmallKeycloak:
    company_id = "acme"

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def directory(self) -> KeycloakDirectory:
        return KeycloakDirectory(
            self._upstream.url,
            "portal",
            "portal-directory",
            lambda: ["the-secret"],
            portal_client_id="portal",
            redirect_uri="http://localhost:8000/",
        )

    def person(self) -> str:
        return self._upstream.person()

    def made(self, email: str) -> list[str]:
        found = self._upstream.created.get(email)
        return [found] if found else []

    def mails(self, user_id: str) -> int:
        return self._upstream.mails.count(user_id)


class RealKeycloak:
    def __init__(self, world: RealWorld) -> None:
        self._world = world
        self._realm: Realm = world.realm
        self.company_id = world.company().id

    def directory(self) -> KeycloakDirectory:
        return self._realm.directory()

    def person(self) -> str:
        return self._world.person(an_attachment(self.company_id)).id

    def made(self, email: str) -> list[str]:
        query = {"email": email, "exact": "true"}
        return [account["id"] for account in self._realm.admin.get("/users", params=query).json()]

    def mails(self, user_id: str) -> int:
        email = self._realm.admin.get(f"/users/{user_id}").json()["email"]
        return self._world.mails_to(email)
