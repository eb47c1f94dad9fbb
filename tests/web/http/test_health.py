"""What machines ask."""

import pytest
from flask import Flask

import webapp.blueprints.health
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.conftest import ClientFor
from webapp.storage.database import Database


@pytest.fixture
def app(own_app: Flask) -> Flask:
    return own_app


class TestProbes:
    """Nobody is looked up for them, signed in or not."""

    def test_live(self, visitor: Browser, directory: FakeDirectory):
        """Alive whatever Keycloak does."""
        directory.down = True
        page = visitor.get("/livez")
        assert (page.status, page.body) == (200, "ok\n")
        assert directory.calls == []

    def test_ready(self, visitor: Browser):
        page = visitor.get("/readyz")
        assert (page.status, page.body) == (200, "ok\n")

    def test_not_ready_without_keycloak(self, visitor: Browser, directory: FakeDirectory):
        """503, and it says what lacks."""
        directory.down = True
        page = visitor.get("/readyz")
        assert (page.status, page.body) == (503, "keycloak: no answer\n")

    def test_not_ready_without_tables(self, visitor: Browser, database: Database):
        """A database that was not migrated is none."""
        with database.transaction() as connection:
            connection.exec_driver_sql("DROP TABLE alembic_version")
        page = visitor.get("/readyz")
        assert (page.status, page.body) == (503, "database: no answer\n")

    def test_ready_is_asked_once_in_a_while(
        self, visitor: Browser, directory: FakeDirectory, monkeypatch: pytest.MonkeyPatch
    ):
        """However often it is asked, Keycloak is asked once in five seconds."""
        for _ in range(20):
            visitor.get("/readyz")
        assert len(directory.called("check")) == 1
        monkeypatch.setattr(webapp.blueprints.health, "READY_FOR", 0.0)
        directory.down = True
        assert visitor.get("/readyz").status == 503

    @pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
    def test_signed_in_or_not(self, path: str, browser: Browser, directory: FakeDirectory):
        """A cookie changes nothing."""
        assert browser.get(path).status == 200

    @pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
    def test_post_is_not_it(self, path: str, browser: Browser):
        assert browser.post(path).status == 405


class TestMetrics:
    """Figures, for this machine only."""

    def test_counts_by_endpoint_never_by_address(self, browser: Browser):
        """No id of a person becomes a label."""
        browser.get("/users")
        browser.get("/users/5b7a1a6e-0000-4000-8000-000000000000/attachments")
        body = browser.get("/metrics").body
        assert 'attache_requests_total{endpoint="users.index",method="GET",status="200"} 1.0' in body
        assert 'attache_requests_total{endpoint="attachments.edit",method="GET",status="404"} 1.0' in body
        assert "5b7a1a6e" not in body

    def test_invented_methods_are_counted_as_one(self, visitor: Browser):
        """Whoever invents methods must not make figures without end."""
        for number in range(5):
            visitor.open("/help", method=f"INVENTED{number}")
        body = visitor.get("/metrics").body
        assert "INVENTED" not in body
        assert 'method="other"' in body

    @pytest.mark.parametrize("address", ["10.0.0.7", "192.168.1.4", "203.0.113.9"])
    def test_hidden_from_other_machines(self, address: str, visitor: Browser):
        """As if it did not exist."""
        assert visitor.get("/metrics", environ_overrides={"REMOTE_ADDR": address}).status == 404

    @pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
    def test_hidden_behind_a_proxy_of_this_machine(self, header: str, visitor: Browser):
        """A proxy beside the portal asks from the loopback, for everybody."""
        assert visitor.get("/metrics", headers={header: "203.0.113.9"}).status == 404


def test_help_says_in_both_languages_what_the_origin_said(client_for: ClientFor):
    """Every heading of the help page of the origin has its section, among those of what goes beyond it."""
    french = client_for().get("/help")
    headings = [heading.text for section in french.main.all("section") for heading in section.all("h2")]
    origin = [
        "Description",
        "Créer un compte utilisateur",
        "Renvoyer une demande d’activation de compte",
        "Modifier un rôle ou interne/externe",
        "Détacher le compte d’un utilisateur",
        "Rattacher le compte d’un utilisateur",
        "Mon profil",
        "Une seule connexion",
    ]
    assert [heading for heading in headings if heading in origin] == origin
    assert "30 jours" in french.main.text
    english = client_for(None, {"Accept-Language": "en"}).get("/help")
    assert len(english.main.all("section")) == len(french.main.all("section"))
    assert "30 days" in english.main.text
