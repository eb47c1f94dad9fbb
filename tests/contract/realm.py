"""The stack's realm as the tests of the directory want it: addresses, raw calls as an administrator, mails."""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import requests

from directory.encoding import company_group
from directory.keycloak_gateway.directory import KeycloakDirectory
from directory.model import Company
from sandbox.content import REALM, SERVICE_ACCOUNT
from sandbox.mail_catcher import Behaviour, MailCatcher
from sandbox.stack import Stack
from tests.administrator import Token, ask

BEHAVIOURS = {"ok": Behaviour.ACCEPT, "refuse": Behaviour.REFUSE, "silent": Behaviour.SILENT}


class Admin:
    """Raw calls below the realm's admin address, as the administrator of the server."""

    def __init__(self, url: str, realm: str) -> None:
        self._realm = f"{url}/admin/realms/{realm}"
        self._http = requests.Session()
        self._http.trust_env = False  # never through the proxy of a test of faults
        self._token = Token(url)

    def _call(self, method: str, path: str, **options: Any) -> requests.Response:
        self._http.headers["Authorization"] = f"Bearer {self._token()}"
        return ask(self._http, method, f"{self._realm}{path}", **options)

    get = functools.partialmethod(_call, "GET")
    post = functools.partialmethod(_call, "POST")
    put = functools.partialmethod(_call, "PUT")
    delete = functools.partialmethod(_call, "DELETE")


class Mail:
    """The mails that left, newest first, and how the mail server behaves."""

    def __init__(self, catcher: MailCatcher) -> None:
        self._catcher = catcher

    def messages(self) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = requests.get(f"{self._catcher.url}/api/messages", timeout=10).json()
        return answer

    def clear(self) -> None:
        requests.delete(f"{self._catcher.url}/api/messages", timeout=10).raise_for_status()

    @property
    def behaviour(self) -> str:
        return next(word for word, value in BEHAVIOURS.items() if value is self._catcher.behaviour)

    @behaviour.setter
    def behaviour(self, word: str) -> None:
        self._catcher.behaviour = BEHAVIOURS[word]


class Realm:
    """What a test of the directory needs to know of the realm."""

    realm = REALM
    directory_client_id = SERVICE_ACCOUNT
    portal_client_id = "portal"

    def __init__(self, stack: Stack) -> None:
        self.url = stack.keycloak.url
        self.portal_url = stack.portal_url
        self.directory_client_secret = stack.secrets.client_portal_directory_secret
        self.mail = Mail(stack.mail)
        self.admin = Admin(self.url, self.realm)

    def directory(self, url: str = "", secrets: Callable[[], Sequence[str]] | None = None) -> KeycloakDirectory:
        """The portal's directory on this realm; at another address or with other secrets if they are given."""
        return KeycloakDirectory(
            url or self.url,
            self.realm,
            self.directory_client_id,
            secrets or (lambda: [self.directory_client_secret]),
            portal_client_id=self.portal_client_id,
            redirect_uri=f"{self.portal_url}/",
        )

    @contextmanager
    def tokens_living(self, seconds: int) -> Iterator[dict[str, Any]]:
        """During the block, each token of the service account is good for so long; its client, as it was."""
        (client,) = self.admin.get("/clients", params={"clientId": self.directory_client_id}).json()
        address = f"/clients/{client['id']}"
        attributes = {**client.get("attributes", {}), "access.token.lifespan": str(seconds)}
        self.admin.put(address, json={**client, "attributes": attributes}).raise_for_status()
        try:
            yield client
        finally:
            kept = {
                **attributes,
                "access.token.lifespan": client.get("attributes", {}).get("access.token.lifespan", ""),
            }
            secret = self.directory_client_secret
            self.admin.put(address, json={**client, "attributes": kept, "secret": secret}).raise_for_status()

    def add_company(self, company: Company) -> None:
        """The company's group with its subgroups, as operations would make them."""
        group = company_group(company)
        children = group.pop("subGroups")
        made = self.admin.post("/groups", json=group)
        made.raise_for_status()
        key = made.headers["Location"].rsplit("/", 1)[1]
        for child in children:
            self.admin.post(f"/groups/{key}/children", json=child).raise_for_status()
