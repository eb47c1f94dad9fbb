"""Who is let in, where nobody is led to, and what the environment may say."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest
from flask import Flask, g, redirect, session
from flask.ctx import RequestContext
from flask_babel import Babel
from werkzeug.test import TestResponse

from directory.errors import UnavailableError
from directory.model import Attachment, Locale
from directory.rights import DIRECTORY_RIGHTS, MANAGEMENT, Rights
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from webapp.errors import NotAdministratorError, SignedOutError
from webapp.http.context import EXTENSION, TOKENS, Parts
from webapp.http.guards import (
    Access,
    access,
    access_of,
    choose_locale,
    current_locale,
    install,
    install_first,
    own_path,
    read_actor,
    to_sign_in,
)
from webapp.identity.actor import Actor
from webapp.identity.oidc import Tokens
from webapp.identity.sessions import KEYCLOAK_SESSION, PERSON, LostSession
from webapp.settings import Settings

TOO_MUCH = Rights({MANAGEMENT: DIRECTORY_RIGHTS | {"impersonation"}})
FIRST = Tokens("first access", "first refresh", "identity", 1000.0)
SECOND = Tokens("second access", "second refresh", "identity", 2000.0)
ADMINISTRATOR = Actor("anne", a_profile(locale=Locale.EN), (an_attachment("acme", administrator=True),))
MEMBER = Actor("chloe", a_profile(), (an_attachment("acme"),))


@dataclass
class OneIdentity:
    """An identity provider at which one person has signed in; `trouble` is raised instead of naming him."""

    actor_: Actor = ADMINISTRATOR
    gives: Tokens = FIRST
    trouble: Exception | None = None
    asked_with: list[Tokens] = field(default_factory=list)

    def actor(self, tokens: Tokens) -> tuple[Actor, Tokens]:
        self.asked_with.append(tokens)
        if self.trouble:
            raise self.trouble
        return self.actor_, self.gives


@pytest.fixture
def identity() -> OneIdentity:
    return OneIdentity()


@pytest.fixture
def reached() -> list[str]:
    """Who came as far as a view: its name and the person's."""
    return []


@pytest.fixture
def bare(identity: OneIdentity, directory: FakeDirectory, reached: list[str]) -> Flask:
    """An application of nothing but the guards, with a view for each level of access."""
    app = Flask("bare")
    app.secret_key = "for tests only"
    app.testing = True
    made: Any = Parts(settings=None, directory=directory, database=None, identity=identity, roster=None)  # type: ignore[arg-type]
    app.extensions[EXTENSION] = made

    def view() -> str:
        reached.append(g.actor.id if g.actor else "nobody")
        return "in"

    install_first(app)
    for level in Access:
        name = level.name.lower()
        route = app.route(f"/{name}", endpoint=name, methods=["GET", "POST"])
        route(access(level)(lambda: view()))
    app.register_error_handler(SignedOutError, lambda _error: to_sign_in())
    app.add_url_rule("/login", "session.login", access(Access.PROBE)(lambda: "the sign-in"))
    install(app)
    return app


Ask = Callable[..., TestResponse]


@pytest.fixture
def ask(bare: Flask) -> Ask:
    """Ask for a path, with Keycloak's tokens in the session or without."""

    def ask(path: str, tokens: Tokens | None = FIRST, method: str = "GET") -> TestResponse:
        client = bare.test_client()
        if tokens:
            with client.session_transaction() as kept:
                kept.update({TOKENS: asdict(tokens), PERSON: "anne", KEYCLOAK_SESSION: "sid"})
        return client.open(path, method=method)

    return ask


class TestWhoIsLetIn:
    """Refused unless allowed."""

    @pytest.mark.parametrize(
        ("path", "who"),
        [("/probe", "nobody"), ("/public", "anne"), ("/signed_in", "anne"), ("/administrator", "anne")],
    )
    def test_an_administrator(self, path: str, who: str, ask: Ask, reached: list[str]):
        """Everywhere; a view for machines looks nobody up."""
        assert ask(path).status_code == 200
        assert reached == [who]

    def test_a_member(self, ask: Ask, identity: OneIdentity, reached: list[str]):
        """Everywhere but where administrators are; the refusal names him, for the log."""
        identity.actor_ = MEMBER
        assert ask("/signed_in").status_code == 200
        with pytest.raises(NotAdministratorError, match="chloe"):
            ask("/administrator")
        assert reached == ["chloe"]

    @pytest.mark.parametrize("attachments", [(), (an_attachment("acme"), an_attachment("globex", external=True))])
    def test_who_administers_nothing(self, attachments: tuple[Attachment, ...], ask: Ask, identity: OneIdentity):
        """However many companies he is at."""
        identity.actor_ = Actor("chloe", a_profile(), attachments)
        with pytest.raises(NotAdministratorError):
            ask("/administrator")

    @pytest.mark.parametrize("path", ["/signed_in", "/administrator"])
    @pytest.mark.parametrize("ended", [True, False])
    def test_nobody(self, path: str, ended: bool, ask: Ask, identity: OneIdentity, reached: list[str]):
        """Never signed in, or ended at Keycloak: to the sign-in, and the view does not run."""
        identity.trouble = SignedOutError("over")
        answer = ask(path, FIRST if ended else None)
        assert (answer.status_code, answer.location) == (302, f"/login?next={path}")
        assert reached == []

    @pytest.mark.parametrize("path", ["/probe", "/public"])
    def test_nobody_where_everybody_may_be(self, path: str, ask: Ask, reached: list[str]):
        assert ask(path, None).status_code == 200
        assert reached == ["nobody"]

    @pytest.mark.parametrize("path", ["/probe", "/nothing-here"])
    def test_who_asks_is_looked_up_where_pages_are(self, path: str, ask: Ask, identity: OneIdentity):
        """On the page of what does not exist too: its menu is the person's. Not for machines."""
        ask(path)
        assert identity.asked_with == ([] if path == "/probe" else [FIRST])

    def test_without_keycloak(self, ask: Ask, identity: OneIdentity, reached: list[str]):
        """What is for everybody opens, to nobody; what is not says that it cannot."""
        identity.trouble = UnavailableError("down")
        assert ask("/public").status_code == 200
        assert reached == ["nobody"]
        for path in ("/signed_in", "/administrator"):
            with pytest.raises(UnavailableError, match="down"):
                ask(path)

    @pytest.mark.parametrize(
        ("method", "back"),
        [("GET", "?next=/signed_in?a%3D1"), ("HEAD", "?next=/signed_in?a%3D1"), ("POST", "?next=/signed_in")],
    )
    def test_the_sign_in_leads_back_to_pages_only(self, method: str, back: str, ask: Ask, bare: Flask):
        """What was posted is not done by coming back: its page is opened anew."""
        answer = ask("/signed_in?a=1", None, method)
        assert (answer.status_code, answer.location) == (302, f"/login{back}")


class TestTheSession:
    """What is kept of Keycloak's tokens."""

    @pytest.fixture
    def asking(self, bare: Flask) -> Iterator[RequestContext]:
        with bare.test_request_context("/signed_in") as context:
            session.update({TOKENS: asdict(FIRST), PERSON: "anne", KEYCLOAK_SESSION: "sid", "other": "stays"})
            yield context

    def test_tokens_that_are_still_good_stay(self, asking: RequestContext):
        session.modified = False
        assert read_actor()
        assert g.actor is ADMINISTRATOR
        assert session[TOKENS] == asdict(FIRST)
        assert not session.modified

    def test_renewed_tokens_replace_the_old(self, asking: RequestContext, identity: OneIdentity):
        identity.gives = SECOND
        assert read_actor()
        assert session[TOKENS] == asdict(SECOND)

    def test_an_ended_session_is_emptied_of_the_person(self, asking: RequestContext, identity: OneIdentity):
        """Keycloak is not asked about it again, and nothing else of the session is lost."""
        identity.trouble = SignedOutError("over")
        assert not read_actor()
        assert dict(session) == {"other": "stays"}
        assert not read_actor()
        assert identity.asked_with == [FIRST]


class TestBeforeAnybody:
    """The portal does not work while it does not know with what rights, or for whom."""

    @pytest.fixture
    def lost(self, bare: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        """The database of sessions cannot be read."""
        monkeypatch.setattr(bare.session_interface, "open_session", lambda *_: LostSession(sid="x"))
        monkeypatch.setattr(bare.session_interface, "save_session", lambda *_: None)

    @pytest.mark.parametrize("path", ["/public", "/signed_in", "/administrator", "/nothing-here"])
    def test_without_sessions(self, path: str, lost: None, bare: Flask, reached: list[str]):
        with pytest.raises(UnavailableError, match=r"^the database of sessions cannot be read$"):
            bare.test_client().get(path)
        assert reached == []

    def test_machines_are_answered_without_sessions(self, lost: None, bare: Flask):
        assert bare.test_client().get("/probe").status_code == 200

    @pytest.mark.parametrize("path", ["/signed_in", "/administrator"])
    def test_with_too_many_rights(self, path: str, ask: Ask, directory: FakeDirectory, reached: list[str]):
        """Asked before the first page of somebody."""
        directory.own = TOO_MUCH
        with pytest.raises(UnavailableError, match="impersonation"):
            ask(path)
        assert reached == []

    @pytest.mark.parametrize("path", ["/public", "/nothing-here"])
    def test_what_is_for_everybody_is_closed_once_that_is_known(
        self, path: str, ask: Ask, directory: FakeDirectory, reached: list[str]
    ):
        """Not before: nothing is done with the account for it. Open again when it is mended; machines always."""
        directory.own = TOO_MUCH
        assert ask(path).status_code in {200, 404}
        with pytest.raises(UnavailableError, match="impersonation"):
            ask("/signed_in")
        with pytest.raises(UnavailableError, match="impersonation"):
            ask(path)
        assert ask("/probe").status_code == 200
        directory.own = Rights({MANAGEMENT: DIRECTORY_RIGHTS})
        assert ask(path).status_code in {200, 404}


class TestDeclared:
    """Every view says whom it is for."""

    def test_silent_views_stop_the_start(self):
        """All of them named, in order."""
        app = Flask("silent")
        for name in ("beta", "alpha"):
            app.add_url_rule(f"/{name}", name, lambda: "x")
        app.add_url_rule("/gamma", "gamma", access(Access.PUBLIC)(lambda: "x"))
        with pytest.raises(RuntimeError, match=r"^these views do not declare their access: alpha, beta$"):
            install(app)

    def test_a_view_added_later_is_not_opened(self, bare: Flask, ask: Ask, reached: list[str]):
        bare.view_functions["public"] = lambda: reached.append("silent") or "in"
        with pytest.raises(RuntimeError, match=r"^public does not declare its access$"):
            ask("/public")
        assert reached == []

    @pytest.mark.parametrize("level", list(Access))
    def test_what_was_declared_is_told(self, level: Access, bare: Flask):
        assert access_of(bare, level.name.lower()) is level

    def test_static_files_are_for_everybody(self, bare: Flask):
        """And looked up for nobody."""
        assert access_of(bare, "static") is Access.PROBE


class TestWhichLanguage:
    """The person's, else the one chosen before signing in, else the browser's, else French."""

    def chosen(
        self, bare: Flask, header: str | None, chosen: str | None = None, actor: Actor | None = None
    ) -> str:
        headers = {} if header is None else {"Accept-Language": header}
        with bare.test_request_context("/", headers=headers):
            if chosen is not None:
                session["locale"] = chosen
            g.actor = actor
            return choose_locale()

    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            (None, "fr"),
            ("en", "en"),
            ("EN-us", "en"),
            ("fr", "fr"),
            ("de", "fr"),
            ("en-GB-oed,fr;q=0.5", "en"),
            ("fr-CA,en;q=0.9", "fr"),
            ("de,en;q=0.4,fr;q=0.3", "en"),
            ("de,fr;q=0.4,en;q=0.3", "fr"),
            ("en;q=0,de", "fr"),
        ],
    )
    def test_of_the_browser(self, header: str | None, expected: str, bare: Flask):
        """The first that the portal speaks, whatever the region; one that is refused is not taken."""
        assert self.chosen(bare, header) == expected

    @pytest.mark.parametrize(("chosen", "expected"), [("en", "en"), ("fr", "fr"), ("de", "fr"), ("", "fr")])
    def test_what_was_chosen_wins_over_the_browser(self, chosen: str, expected: str, bare: Flask):
        """Unless the portal does not speak it."""
        assert self.chosen(bare, "en" if expected == "fr" and chosen == "fr" else None, chosen) == expected

    @pytest.mark.parametrize("locale", list(Locale))
    def test_the_persons_wins_over_both(self, locale: Locale, bare: Flask):
        other = "fr" if locale is Locale.EN else "en"
        person = Actor("anne", a_profile(locale=locale), ())
        assert self.chosen(bare, other, other, person) == locale.value

    def test_before_the_guard_has_looked(self, bare: Flask):
        """A page that says what went wrong before is in the browser's."""
        with bare.test_request_context("/", headers={"Accept-Language": "en"}):
            assert choose_locale() == "en"

    @pytest.mark.parametrize("locale", list(Locale))
    def test_the_language_of_an_answer(self, locale: Locale, bare: Flask):
        """French where there is no request that could say."""
        Babel(bare, locale_selector=lambda: locale.value)
        with bare.test_request_context("/"):
            assert current_locale() is locale
        assert current_locale() is Locale.FR


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "https://evil.example",
        "http:evil.example",
        "//evil.example",
        "///evil.example",
        "////evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "/ /evil.example",
        "/users\r\nLocation: https://evil.example",
        "/users\x00",
        "/users\x7f",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "users",
        "@evil.example",
        "?next=/users",
        "#users",
        ".//evil.example",
        "https:///evil.example",
        "//evil.example@portal.test",
        "//[::1",
        "/users\x01",
    ],
)
def test_elsewhere_is_nowhere(target: str | None):
    """Every spelling that a browser could take for another site, or that is no path, is as good as none."""
    assert own_path(target) is None


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/users",
        "/users?sort=-email&page=2",
        "/users/new?email=a%40b.example",
        "/help#create",
        "/users?next=//evil.example",
        "/users?q=http://x",
        "/users?q=é",
        "/users?q=wow!",
        "/usersX",
        "/@evil.example",
        "/%5Cevil.example",
        "/%2F%2Fevil.example",
        "/..//evil.example",
    ],
)
def test_own_paths_stay_as_they_are(target: str):
    """A path of the portal, whatever its query says."""
    assert own_path(target) == target


def test_empty_query_is_dropped():
    assert own_path("/users?") == "/users"


@pytest.mark.parametrize("target", ["/..//evil.example", "/@evil.example", "/%5Cevil.example", "/help#create"])
def test_redirect_header_names_a_path(target: str):
    """What is left over ends as a path in the header too."""
    with Flask("bare").test_request_context("/"):
        location = redirect(own_path(target) or "/").location
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


class TestSettings:
    """What the environment says, judged at the start."""

    GIVEN = {  # noqa: RUF012
        "client_portal_secret": "s",
        "client_portal_directory_secret": "s",
        "secret_key": "0123456789abcdef",
    }

    @pytest.mark.parametrize("missing", list(GIVEN))
    def test_secrets_have_no_default(self, missing: str, monkeypatch: pytest.MonkeyPatch):
        """The one that is missing is named."""
        monkeypatch.delenv(missing.upper(), raising=False)
        given = {name: value for name, value in self.GIVEN.items() if name != missing}
        with pytest.raises(ValueError, match=missing):
            Settings(**given)  # type: ignore[arg-type]

    @pytest.mark.parametrize("name", ["portal_url", "service_url", "keycloak_url"])
    @pytest.mark.parametrize("value", ["portal.test", "ftp://portal.test", "https://", "/users", "localhost:8000"])
    def test_addresses_are_addresses(self, name: str, value: str):
        with pytest.raises(ValueError, match=name):
            Settings(**self.GIVEN, **{name: value})  # type: ignore[arg-type]

    @pytest.mark.parametrize("zone", ["", "Paris", "Europe/Nowhere", "../etc/passwd"])
    def test_unknown_time_zone_is_named(self, zone: str):
        with pytest.raises(ValueError, match="portal_timezone"):
            Settings(**self.GIVEN, portal_timezone=zone)  # type: ignore[arg-type]

    def test_short_key_is_none(self):
        with pytest.raises(ValueError, match="secret_key"):
            Settings(**{**self.GIVEN, "secret_key": "short"})  # type: ignore[arg-type]

    def test_slash_at_the_end_is_dropped(self):
        assert Settings(**self.GIVEN, portal_url="https://p.test/").portal_url == "https://p.test"  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("inner", "public", "origin"),
        [
            ("http://keycloak:8080", "", "http://keycloak:8080"),
            ("http://keycloak:8080", "https://sso.example", "https://sso.example"),
            ("http://keycloak:8080/auth", "https://sso.example/auth", "https://sso.example"),
        ],
    )
    def test_browsers_meet_keycloak_at(self, inner: str, public: str, origin: str):
        """The address of forms that may lead there."""
        settings = Settings(**self.GIVEN, keycloak_url=inner, keycloak_public_url=public)  # type: ignore[arg-type]
        assert settings.sign_in_origin == origin

    @pytest.mark.parametrize(("url", "secure"), [("https://p.test", True), ("http://p.test", False)])
    def test_secure(self, url: str, secure: bool):
        assert Settings(**self.GIVEN, portal_url=url).secure is secure  # type: ignore[arg-type]

    def test_secrets_do_not_show(self):
        """Neither when printed nor in an error."""
        settings = Settings(**{**self.GIVEN, "client_portal_secret": "hush-hush"})  # type: ignore[arg-type]
        assert "hush-hush" not in repr(settings)
        assert "hush-hush" not in str(settings)

    def test_are_read_from_the_environment(self, monkeypatch: pytest.MonkeyPatch):
        for name, value in {**self.GIVEN, "portal_url": "https://env.test", "session_idle_minutes": "5"}.items():
            monkeypatch.setenv(name.upper(), value)
        settings = Settings()  # type: ignore[call-arg]
        assert (settings.portal_url, settings.session_idle_minutes) == ("https://env.test", 5)
