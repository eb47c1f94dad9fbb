"""What the portal and the sample service take for the end of a sign-in, by plain HTTP on the real Keycloak."""

import base64
import hashlib
import html
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

import sandbox.service.app as sample_service
import webapp.app as portal
from sandbox.service.settings import Settings as ServiceSettings
from tests.keycloak.provisioner.realms import PORTAL_URL, TestRealm
from webapp.settings import Settings

pytestmark = pytest.mark.keycloak
PASSWORD = "a-Password-of-16"
SERVICE_URL = "http://localhost:8001"
CHANGED = "changed-on-the-way-changed-on-the-way-changed"


@dataclass
class Site:
    """A relying party in this process: where it is, a page that needs somebody, its cookie.

    `leads_on`: whether it opens a page to who is signed in and brings an answer again.
    """

    app: Flask
    url: str
    page: str
    cookie: str
    leads_on: bool

    def visitor(self) -> "Visitor":
        return Visitor(self, self.app.test_client())


@dataclass
class Visitor:
    """A browser at the site, and its way to Keycloak and back by hand."""

    site: Site
    client: FlaskClient

    def asks(self) -> dict[str, str]:
        """What the site sends it to Keycloak with."""
        answer = self.client.get("/login", base_url=self.site.url)
        self.keycloak = answer.location.partition("?")[0]
        return query_of(answer.location)

    def signs_in(self, email: str, **changed: str | None) -> dict[str, str]:
        """What it would bring back; `changed` is tampered with on the way there, none leaves a parameter out.

        Keycloak lets a person sign in once at a time (`allow-concurrent-requests` of its brute force detector). It
        may answer a sign-in a moment before that is over, and refuses the next one then as
        `user_temporarily_disabled` (seen once, on a machine at its limit): that is repeated.
        """
        brought = self._signs_in(email, **changed)
        if brought is None:
            time.sleep(1)
            brought = self._signs_in(email, **changed)
        assert brought is not None, "Keycloak shows a page instead of leading back"
        return brought

    def _signs_in(self, email: str, **changed: str | None) -> dict[str, str] | None:
        asked = self.asks() | changed
        page = requests.get(self.keycloak, params=asked, allow_redirects=False, timeout=30)
        if page.is_redirect:
            return query_of(page.headers["Location"])
        action = re.search(r'<form[^>]*action="([^"]+)"', page.text)
        assert action
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in page.cookies)
        entered = requests.post(
            html.unescape(action[1]),
            data={"username": email, "password": PASSWORD},
            headers={"Cookie": cookies},
            allow_redirects=False,
            timeout=30,
        )
        return query_of(entered.headers["Location"]) if entered.is_redirect else None

    def comes_back(self, brought: dict[str, str]) -> int:
        return self.client.get("/login/callback", base_url=self.site.url, query_string=brought).status_code

    @property
    def is_signed_in(self) -> bool:
        return self.client.get(self.site.page, base_url=self.site.url).status_code == 200

    @property
    def cookie(self) -> str:
        found = self.client.get_cookie(self.site.cookie, domain="localhost")
        return found.value if found else ""

    @cookie.setter
    def cookie(self, value: str) -> None:
        self.client.set_cookie(self.site.cookie, value, domain="localhost")


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def the_portal(realm: TestRealm, folder: Path) -> Iterator[Site]:
    settings = Settings(
        portal_url=PORTAL_URL,
        keycloak_url=realm.url,
        keycloak_realm=realm.name,
        client_portal_secret="portal-secret",
        client_portal_directory_secret="directory-secret",
        database_url=f"sqlite:///{folder / 'portal.sqlite'}",
        secret_key="a key for tests only",
    )
    app = portal.create_app(settings)
    database = app.extensions["attache"].database
    database.upgrade()
    yield Site(app, PORTAL_URL, "/profile", "attache", leads_on=True)
    database.engine.dispose()


def the_service(realm: TestRealm, folder: Path) -> Iterator[Site]:
    told = {"KEYCLOAK_URL": realm.url, "KEYCLOAK_REALM": realm.name, "SERVICE_URL": SERVICE_URL}
    app = sample_service.create_app(
        ServiceSettings.from_environment(told | {"CLIENT_SAMPLE_SERVICE_SECRET": "service-secret"})
    )
    yield Site(app, SERVICE_URL, "/favourites", "sample_service_session", leads_on=False)
    app.extensions["favourites"].close()


@pytest.fixture(scope="module", params=[the_portal, the_service], ids=lambda make: make.__name__)
def site(
    request: pytest.FixtureRequest, shared_realm: TestRealm, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    yield from request.param(shared_realm, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def anne(shared_realm: TestRealm) -> str:
    email = f"anne.{secrets.token_hex(4)}@acme.example"
    shared_realm.add_person(email, "/acme", credentials=[{"type": "password", "value": PASSWORD}])
    return email


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def test_its_own_answer_signs_in_under_a_new_id(site: Site, anne: str):
    """And the cookie of before, which somebody may have planted, is worth nothing (fixation)."""
    visitor = site.visitor()
    brought = visitor.signs_in(anne)
    before = visitor.cookie
    assert before
    assert visitor.comes_back(brought) == 302
    assert visitor.is_signed_in
    assert visitor.cookie != before
    thief = site.visitor()
    thief.cookie = before
    assert not thief.is_signed_in


def test_keycloak_names_itself(site: Site, anne: str, shared_realm: TestRealm):
    """It says that it always does (RFC 9207), and it does: so an answer without a name is nobody's."""
    realm = f"{shared_realm.url}/realms/{shared_realm.name}"
    published = requests.get(f"{realm}/.well-known/openid-configuration", timeout=10).json()
    assert published["authorization_response_iss_parameter_supported"] is True
    assert site.visitor().signs_in(anne)["iss"] == realm


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": None},
        {"iss": "http://evil.example/realms/portal"},
        {"state": None},
        {"state": CHANGED},
        {"code": None},
        {"code": CHANGED},
    ],
    ids=str,
)
def test_an_answer_that_was_changed(site: Site, anne: str, changes: dict[str, str | None]):
    """400, and nobody is signed in."""
    visitor = site.visitor()
    told = visitor.signs_in(anne) | changes
    assert visitor.comes_back({name: value for name, value in told.items() if value is not None}) == 400
    assert not visitor.is_signed_in


def test_an_answer_that_comes_twice(site: Site, anne: str):
    """The second time it signs nobody in; the portal leads on who is signed in already (« Back »)."""
    visitor, thief = site.visitor(), site.visitor()
    brought = visitor.signs_in(anne)
    assert visitor.comes_back(brought) == 302
    assert visitor.comes_back(brought) == (302 if site.leads_on else 400)
    asked = thief.asks()
    assert thief.comes_back(brought | {"state": asked["state"]}) == 400
    assert not thief.is_signed_in


def test_an_answer_in_another_browser(site: Site, anne: str):
    """Neither with the state it was given (login CSRF), nor its code with that browser's own state (injection)."""
    for own_state in (False, True):
        attacker, victim = site.visitor(), site.visitor()
        brought, asked = attacker.signs_in(anne), victim.asks()
        assert victim.comes_back(brought | ({"state": asked["state"]} if own_state else {})) == 400
        assert not victim.is_signed_in


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": None},
        {"nonce": CHANGED},
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": challenge_of(CHANGED)},
        {"code_challenge": CHANGED, "code_challenge_method": "plain"},
    ],
    ids=str,
)
def test_a_question_that_was_changed(site: Site, anne: str, changed: dict[str, str | None]):
    """A nonce or a proof key that is not the site's own does not sign in, though Keycloak did its part."""
    visitor = site.visitor()
    assert visitor.comes_back(visitor.signs_in(anne, **changed)) == 400
    assert not visitor.is_signed_in
