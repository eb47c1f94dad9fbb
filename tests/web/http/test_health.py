"""What machines ask."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from flask import Flask

import webapp.blueprints.health
from directory.errors import UnavailableError
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
        """A database that was not migrated is none; the answer says what to run."""
        with database.transaction() as connection:
            connection.exec_driver_sql("DROP TABLE alembic_version")
        page = visitor.get("/readyz")
        assert (page.status, page.body) == (503, "migrations: run `portal database upgrade`\n")

    def test_not_ready_without_a_database(self, app: Flask, visitor: Browser, database: Database):
        """Named as what it is, without its address."""
        app.testing = False
        path = Path(str(database.engine.url.database))
        database.engine.dispose()
        path.unlink()
        path.mkdir()
        page = visitor.get("/readyz")
        assert (page.status, page.body) == (503, "database: no answer\n")

    @pytest.mark.parametrize("ahead", [600.0, -600.0])
    def test_not_ready_when_the_clocks_differ(
        self, ahead: float, visitor: Browser, directory: FakeDirectory, caplog: pytest.LogCaptureFixture
    ):
        """Ten minutes: the answer names the clock, the log says which way and what breaks."""
        directory.clock_ahead = ahead
        page = visitor.get("/readyz")
        assert (page.status, page.body) == (503, "clock: not Keycloak's, sign-ins are refused\n")
        assert ("600 s ahead of" if ahead > 0 else "600 s behind") in caplog.text

    def test_ready_when_the_clocks_differ_a_little(self, visitor: Browser, directory: FakeDirectory):
        directory.clock_ahead = 30.0
        assert visitor.get("/readyz").status == 200

    def test_not_ready_once_the_secret_is_wrong(
        self, visitor: Browser, directory: FakeDirectory, caplog: pytest.LogCaptureFixture
    ):
        """It asks for a token of its own each time: the one at hand may have outlived its secret."""
        refused = UnavailableError("Keycloak did not sign in the client portal-directory: 401")
        directory.fail("sign_in", error=refused)
        assert visitor.get("/readyz").body == "keycloak: no answer\n"
        assert "did not sign in the client portal-directory" in caplog.text

    def test_one_thread_waits_for_keycloak_and_the_others_answer(
        self, app: Flask, client_for: ClientFor, directory: FakeDirectory, monkeypatch: pytest.MonkeyPatch
    ):
        """A Keycloak that hangs takes one thread, however often it is asked whether the portal is ready."""
        asked, answer = Event(), Event()

        def hang() -> float:
            asked.set()
            assert answer.wait(30)
            return 0.0

        client_for().get("/readyz")
        monkeypatch.setattr(directory, "sign_in", hang)
        monkeypatch.setattr(webapp.blueprints.health, "READY_FOR", 0.0)
        with ThreadPoolExecutor(1) as others:
            first = others.submit(client_for().get, "/readyz")
            assert asked.wait(30)
            assert client_for().get("/readyz").status == 200, "the last answer"
            answer.set()
            assert first.result().status == 200

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

    @pytest.mark.slow
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

    @pytest.mark.slow
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
