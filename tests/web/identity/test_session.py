"""Signing in and out, and what a session is worth before, during and after."""

import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, flash
from joserfc.jwk import RSAKey
from sqlalchemy import select, update

import webapp.identity.sessions
from directory.errors import UnavailableError
from directory.model import User
from tests.fakes import FakeDirectory
from tests.web.browser import PORTAL, Browser, form_of
from tests.web.conftest import ClientFor
from tests.web.fake_identity import EVENT, ISSUER, KEY, FakeIdentity
from webapp.app import create_app
from webapp.settings import Settings
from webapp.storage.database import Database, locks, sessions
from webapp.storage.locks import take_once

ELSEWHERE = [
    "https://evil.example",
    "http:evil.example",
    "https:/evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example/%2f..",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\r\nLocation: https://evil.example",
    "/users\nSet-Cookie: a=b",
    " //evil.example",
    "/ /evil.example",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "evil.example",
    "@evil.example",
    "login",
    "/\x00/evil.example",
    "",
]
"""What is no path of the portal, though some browser may take it for one or for more."""


class TestSignIn:
    """`/login` leads to Keycloak, `/login/callback` brings back."""

    def test_leads_to_keycloak_and_back_to_the_page(self, visitor: Browser, administrator: User):
        """The page one wanted is opened after the sign-in."""
        wanted = visitor.get("/users?sort=-email")
        back = visitor.sign_in(administrator, wanted.location or "")
        assert (back.status, back.location) == (302, "/users?sort=-email")
        assert visitor.follow(back).status == 200

    def test_leads_home_without_a_wish(self, visitor: Browser, administrator: User):
        """Nothing wanted: where the person's work is."""
        assert visitor.sign_in(administrator).location == "/"

    def test_return_address_is_the_portals_own(self, visitor: Browser):
        """Whatever the request's host says, Keycloak is told the configured address."""
        away = visitor.get("/login", headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "1"})
        assert away.status == 302
        assert f"redirect_uri={PORTAL.replace(':', '%3A').replace('/', '%2F')}%2Flogin%2Fcallback" in (
            away.location or ""
        )

    @pytest.mark.slow
    @pytest.mark.parametrize("target", ELSEWHERE)
    def test_leads_to_no_other_site(self, target: str, visitor: Browser, administrator: User):
        """An address of elsewhere in `next` is as good as none, after a sign-in and without one."""
        query = urlencode({"next": target})
        away = visitor.get(f"/login?{query}")
        assert (away.location or "").startswith(ISSUER)
        assert visitor.sign_in(administrator, f"/login?{query}").location == "/"
        assert visitor.get(f"/login?{query}").location == "/"

    @pytest.mark.slow
    @pytest.mark.parametrize("target", ELSEWHERE)
    def test_nor_does_the_language(self, target: str, browser: Browser):
        """The form on every page says where one was; nobody is led elsewhere by it."""
        answer = browser.post("/language", {"locale": "en", "next": target})
        assert (answer.status, answer.location) == (303, "/")

    def test_who_is_signed_in_goes_straight_on(self, browser: Browser):
        """No second sign-in."""
        assert browser.get("/login?next=/profile").location == "/profile"
        assert browser.get("/login").location == "/"

    @pytest.mark.parametrize(
        "query", [{}, {"state": "x"}, {"code": "x"}, {"code": "x", "state": "x"}, {"error": "access_denied"}]
    )
    def test_return_nobody_asked_for(self, query: dict[str, str], visitor: Browser, administrator: User):
        """400 with a way to sign in; nobody is signed in by it."""
        visitor.get("/login")
        page = visitor.get("/login/callback", query_string=query)
        assert page.status == 400
        assert "/login" in [link["href"] for link in page.main.all("a")]
        assert visitor.get("/users").status == 302

    def test_code_is_good_for_one_browser(
        self, client_for: ClientFor, identity: FakeIdentity, administrator: User
    ):
        """A return address planted in somebody else's browser signs him in as nobody (login CSRF)."""
        mine, theirs = client_for(), client_for()
        state = (mine.get("/login").location or "").rpartition("state=")[2]
        theirs.get("/login")
        planted = {"code": identity.code_for(administrator), "state": state}
        assert theirs.get("/login/callback", query_string=planted).status == 400
        assert theirs.get("/users").status == 302

    def test_keycloak_down(self, visitor: Browser, identity: FakeIdentity, administrator: User):
        """503 with `Retry-After`, at both ends."""
        state = (visitor.get("/login").location or "").rpartition("state=")[2]
        identity.down = True
        for page in (
            visitor.get("/login"),
            visitor.get(
                "/login/callback", query_string={"code": identity.code_for(administrator), "state": state}
            ),
        ):
            assert page.status == 503
            assert int(page.headers["Retry-After"]) > 0


class TestCookie:
    """The browser holds a random id and nothing else."""

    def test_is_new_after_the_sign_in(self, visitor: Browser, administrator: User):
        """An id planted before the sign-in is worth nothing after it (fixation)."""
        visitor.get("/help")
        before = visitor.cookie
        assert before
        visitor.sign_in(administrator)
        after = visitor.cookie
        assert after
        assert after != before
        visitor.cookie = before
        assert visitor.get("/users").status == 302

    def test_of_somebody_elses_choice_is_not_taken(self, visitor: Browser):
        """An id that the portal did not give is replaced."""
        visitor.cookie = "chosen-by-somebody-else"
        visitor.get("/help")
        assert visitor.cookie != "chosen-by-somebody-else"

    def test_holds_no_token_and_no_name(self, client_for: ClientFor, administrator: User):
        """Tokens never leave the server: not in a cookie, not in a page."""
        browser = client_for(administrator)
        secrets = ("access-", "refresh-", "id-", administrator.id, administrator.email)
        for path in ("/users", "/profile", "/help"):
            page = browser.get(path)
            cookies = " ".join(page.headers.getlist("Set-Cookie")) + browser.cookie
            assert not any(secret in cookies for secret in secrets)
            assert "refresh-" not in page.body
            assert "access-" not in page.body

    def test_is_kept_as_a_digest(self, browser: Browser, database: Database):
        """A copy of the database signs nobody in."""
        with database.engine.connect() as connection:
            rows = connection.execute(select(sessions.c.id, sessions.c.data)).all()
        assert [row.id for row in rows] == [sha256(browser.cookie.encode()).hexdigest()]
        assert browser.cookie.encode() not in rows[0].data

    def test_attributes(self, visitor: Browser):
        """Out of reach of scripts and of other sites' forms."""
        (cookie,) = visitor.get("/help").headers.getlist("Set-Cookie")
        parts = {part.strip().lower() for part in cookie.split(";")}
        assert {"httponly", "samesite=lax", "path=/"} <= parts
        assert not any(part.startswith("domain") for part in parts)

    def test_attributes_over_tls(self, settings: Settings, directory: FakeDirectory, identity: FakeIdentity):
        """With TLS the name itself says that it is for this host only."""
        tls = settings.model_copy(update={"portal_url": "https://portal.test"})
        app = create_app(tls, directory=directory, identity=identity)
        response = app.test_client().get("/help", base_url="https://portal.test")
        cookie = response.headers["Set-Cookie"]
        assert cookie.startswith("__Host-attache=")
        assert "Secure" in cookie
        assert "Path=/" in cookie
        assert response.headers["Strict-Transport-Security"]
        app.extensions["attache"].database.engine.dispose()


class TestSignOut:
    """Here first, then the single sign-on session at Keycloak."""

    def test_leads_to_keycloaks_end_session_address(self, browser: Browser):
        """303 there, with the id token as a hint, and back to the portal."""
        done = browser.submit(form_of(browser.get("/users").html.one("form", action="/logout")))
        assert done.status == 303
        location = done.location or ""
        assert location.startswith(f"{ISSUER}/protocol/openid-connect/logout?")
        assert "id_token_hint=id-" in location
        assert "post_logout_redirect_uri=http%3A%2F%2Fportal.test%2F" in location
        assert browser.get("/users").status == 302

    def test_says_so_once(self, browser: Browser) -> None:
        """The page that the browser comes back to says that the session is over; the next page does not."""
        browser.post("/logout")
        said = [element.text for element in browser.get("/").main.all("div", **{"class": "banner-text"})]
        assert said == ["Votre session est fermée."]
        assert browser.get("/").main.all("div", **{"class": "banner-text"}) == []

    def test_replayed_cookie_is_nobodys(self, client_for: ClientFor, administrator: User):
        """A cookie copied before signing out is worth nothing after it."""
        browser, copy = client_for(administrator), client_for()
        copy.cookie = browser.cookie
        assert copy.get("/users").status == 200
        browser.post("/logout")
        assert copy.get("/users").status == 302
        assert copy.get("/help").html.all("form", action="/logout") == []

    def test_request_under_way_does_not_bring_the_session_back(
        self, app: Flask, client_for: ClientFor, administrator: User
    ):
        """A slow page that ends after the sign-out, and writes its session, leaves it ended."""
        browser = client_for(administrator)
        other = browser.tab()
        page: Callable[..., Any] = app.view_functions["users.index"]

        def slow() -> Any:
            assert other.post("/logout").status == 303
            flash("late", "info")
            return page()

        slow.access = page.access  # type: ignore[attr-defined]
        app.view_functions["users.index"] = slow
        browser.get("/users")
        app.view_functions["users.index"] = page
        copy = client_for()
        copy.cookie = browser.cookie
        assert copy.get("/users").status == 302
        assert browser.get("/users").status == 302

    def test_of_nobody(self, visitor: Browser):
        """Signing out twice is no error."""
        assert visitor.post("/logout").status == 303

    def test_get_does_not_sign_out(self, browser: Browser):
        """A picture on another site cannot sign anybody out."""
        assert browser.get("/logout").status == 405
        assert browser.get("/users").status == 200

    def test_keycloak_down(self, browser: Browser, identity: FakeIdentity, monkeypatch: pytest.MonkeyPatch):
        """Without Keycloak the session ends here all the same."""

        def unreachable(*_: object) -> str:
            raise UnavailableError("down")

        monkeypatch.setattr(identity, "sign_out_address", unreachable)
        assert browser.post("/logout").status == 503
        assert browser.get("/users").status == 302


class TestEnd:
    """A session ends when it is not used, and at the latest after the absolute time."""

    @pytest.fixture
    def later(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
        """Let minutes pass, for sessions only."""
        passed = [0.0]
        monkeypatch.setattr(webapp.identity.sessions, "now", lambda: time.time() + passed[0])

        def later(minutes: float) -> None:
            passed[0] += minutes * 60

        return later

    def test_idle(self, browser: Browser, later: Callable[[float], None]):
        """Thirty minutes without a request."""
        later(29)
        assert browser.get("/users").status == 200
        later(29)
        assert browser.get("/users").status == 200, "a request prolongs it"
        later(31)
        assert browser.get("/users").status == 302

    @pytest.mark.slow
    def test_absolute(self, browser: Browser, later: Callable[[float], None]):
        """Ten hours, however busy."""
        for _ in range(29):
            later(20)
            assert browser.get("/help").html.all("form", action="/logout")
        later(21)
        assert browser.get("/users").status == 302

    def test_ended_sessions_are_removed(self, browser: Browser, visitor: Browser, database: Database):
        """A new session sweeps out the ended ones."""
        with database.transaction() as connection:
            connection.execute(update(sessions).values(expires_at=time.time() - 1))
        visitor.get("/help")
        with database.engine.connect() as connection:
            assert len(connection.execute(select(sessions.c.id)).all()) == 1

    def test_machines_get_no_session(self, visitor: Browser, database: Database):
        """Probes leave nothing behind."""
        for path in ("/livez", "/readyz", "/metrics"):
            assert visitor.get(path).headers.getlist("Set-Cookie") == []
        with database.engine.connect() as connection:
            assert connection.execute(select(sessions.c.id)).all() == []

    def test_renewed_tokens_are_kept(self, browser: Browser, identity: FakeIdentity):
        """The provider renews at every request and refuses the token before: two requests in a row work."""
        identity.renews = True
        assert [browser.get("/users").status for _ in range(3)] == [200, 200, 200]


class TestBackChannel:
    """Keycloak says that a session is over: every check of the specification, by a token that fails it alone."""

    @pytest.fixture
    def sid(self, browser: Browser, identity: FakeIdentity, administrator: User) -> str:
        (sid,) = identity.sessions_of(administrator)
        return sid

    def test_ends_the_session(self, sid: str, browser: Browser, visitor: Browser, identity: FakeIdentity):
        """200, and the person's next request leads to the sign-in. No token of a form is needed."""
        page = visitor.post("/backchannel-logout", {"logout_token": identity.logout_token(sid)}, token=False)
        assert (page.status, page.body) == (200, "")
        assert page.headers["Cache-Control"] == "no-store"
        assert browser.get("/users").status == 302

    def test_ends_that_session_only(
        self, sid: str, browser: Browser, client_for: ClientFor, identity: FakeIdentity, administrator: User
    ):
        """The same person's other session, and other people's, live on."""
        other = client_for(administrator)
        browser.post("/backchannel-logout", {"logout_token": identity.logout_token(sid)}, token=False)
        assert browser.get("/users").status == 302
        assert other.get("/users").status == 200

    def test_person_without_a_session_ends_all_of_his(
        self,
        sid: str,
        browser: Browser,
        client_for: ClientFor,
        identity: FakeIdentity,
        administrator: User,
        member: User,
    ):
        """A token may name the person alone: all his sessions end, and nobody else's."""
        second, other = client_for(administrator), client_for(member)
        token = identity.logout_token("", sid=None, sub=administrator.id)
        assert other.post("/backchannel-logout", {"logout_token": token}, token=False).status == 200
        assert browser.get("/users").status == 302
        assert second.get("/users").status == 302
        assert other.get("/profile").status == 200

    def test_session_of_another_person(self, sid: str, browser: Browser, identity: FakeIdentity, member: User):
        """A token that names somebody's session and another person ends neither's."""
        token = identity.logout_token(sid, sub=member.id)
        assert browser.post("/backchannel-logout", {"logout_token": token}, token=False).status == 200
        assert browser.get("/users").status == 200

    def test_counts_once(
        self, browser: Browser, client_for: ClientFor, identity: FakeIdentity, administrator: User
    ):
        """Sent again it is refused and ends nothing, not even what was signed in since."""
        token = identity.logout_token("", sid=None, sub=administrator.id)
        assert browser.post("/backchannel-logout", {"logout_token": token}, token=False).status == 200
        since = client_for(administrator)
        again = browser.post("/backchannel-logout", {"logout_token": token}, token=False)
        assert again.status == 400
        assert '"error": "invalid_request"' in again.body
        assert since.get("/users").status == 200

    def test_what_was_taken_is_forgotten_after_its_end(
        self, browser: Browser, database: Database, identity: FakeIdentity, administrator: User
    ):
        """The list of tokens does not grow: one that is over is refused for that."""
        with database.transaction() as connection:
            take_once(connection, "logout token of yesterday", time.time() - 1)
        token = identity.logout_token("", sid=None, sub=administrator.id)
        browser.post("/backchannel-logout", {"logout_token": token}, token=False)
        with database.engine.connect() as connection:
            (row,) = connection.execute(select(locks.c.expires_at)).all()
        assert row.expires_at > time.time()

    def test_unknown_session(self, browser: Browser, sid: str, identity: FakeIdentity):
        """A session that is not here is over already: 200."""
        page = browser.post("/backchannel-logout", {"logout_token": identity.logout_token("gone")}, token=False)
        assert page.status == 200
        assert browser.get("/users").status == 200

    @pytest.mark.parametrize("aud", ["portal", ["portal"], ["other", "portal"]])
    def test_audiences(self, aud: object, sid: str, browser: Browser, identity: FakeIdentity):
        """One audience or several, among them this client."""
        token = identity.logout_token(sid, aud=aud)
        assert browser.post("/backchannel-logout", {"logout_token": token}, token=False).status == 200

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "changes",
        [
            {"iss": "http://evil.test/realms/portal"},
            {"iss": None},
            {"aud": "other"},
            {"aud": ["other"]},
            {"aud": None},
            {"iat": None},
            {"iat": int(time.time()) + 3600},
            {"exp": None},
            {"exp": int(time.time()) - 3600},
            {"events": None},
            {"events": {}},
            {"events": {"http://schemas.openid.net/event/other": {}}},
            {"events": EVENT},
            {"jti": None},
            {"jti": ""},
            {"sid": None},
            {"sid": ""},
            {"nonce": "n"},
            {"typ": "JWT"},
            {"typ": ""},
            {"key": RSAKey.generate_key(2048, {"kid": KEY.kid})},
        ],
        ids="-".join,
    )
    def test_refused(self, changes: dict[str, Any], sid: str, browser: Browser, identity: FakeIdentity):
        """400 with the error of the specification, and the session lives on."""
        page = browser.post(
            "/backchannel-logout", {"logout_token": identity.logout_token(sid, **changes)}, token=False
        )
        assert page.status == 400
        assert '"error": "invalid_request"' in page.body
        assert page.headers["Cache-Control"] == "no-store"
        assert browser.get("/users").status == 200

    @pytest.mark.parametrize(
        "fields", [{}, {"logout_token": ""}, {"logout_token": "a.b.c"}, {"logout_token": "x" * 9999}]
    )
    def test_no_token_at_all(self, fields: dict[str, str], sid: str, browser: Browser):
        """What is no token is refused in the same words."""
        assert browser.post("/backchannel-logout", fields, token=False).status == 400
        assert browser.get("/users").status == 200

    def test_unsigned(self, sid: str, browser: Browser, identity: FakeIdentity):
        """`alg: none` is no signature."""
        header = urlsafe_b64encode(b'{"alg":"none","typ":"logout+jwt"}').rstrip(b"=").decode()
        payload = identity.logout_token(sid).split(".")[1]
        assert (
            browser.post("/backchannel-logout", {"logout_token": f"{header}.{payload}."}, token=False).status
            == 400
        )
        assert browser.get("/users").status == 200

    def test_signed_with_the_public_key_as_a_secret(self, sid: str, browser: Browser, identity: FakeIdentity):
        """The oldest trick: HS256 with what everybody knows."""
        header = urlsafe_b64encode(b'{"alg":"HS256","typ":"logout+jwt"}').rstrip(b"=").decode()
        signed = f"{header}.{identity.logout_token(sid).split('.')[1]}"
        digest = hmac.digest(KEY.as_pem(private=False), signed.encode(), "sha256")
        token = f"{signed}.{urlsafe_b64encode(digest).rstrip(b'=').decode()}"
        assert browser.post("/backchannel-logout", {"logout_token": token}, token=False).status == 400
        assert browser.get("/users").status == 200

    def test_keycloak_down(self, sid: str, browser: Browser, identity: FakeIdentity):
        """Its keys cannot be read: 503, so that it says so again."""
        token = identity.logout_token(sid)
        identity.down = True
        page = browser.post("/backchannel-logout", {"logout_token": token}, token=False)
        assert page.status == 503

    def test_get_is_not_it(self, browser: Browser):
        assert browser.get("/backchannel-logout").status == 405


def test_secret_key_does_not_reach_a_page(browser: Browser, settings: Settings, tmp_path: Path):
    """Nor any other secret of the settings."""
    for path in ("/users", "/profile", "/help", "/nothing-here", "/readyz", "/metrics"):
        body = browser.get(path).body
        assert settings.secret_key.get_secret_value() not in body
        assert settings.client_portal_secret.get_secret_value() not in body
        assert str(tmp_path) not in body
