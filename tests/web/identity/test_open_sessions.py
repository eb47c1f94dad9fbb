"""Where one is signed in, on « Mon profil »: seen by oneself only, and ended for good."""

import pytest

from directory.model import User
from tests.web.browser import Browser
from tests.web.conftest import ClientFor
from tests.web.fake_identity import FakeIdentity


@pytest.fixture
def laptop(client_for: ClientFor, member: User) -> Browser:
    return client_for(member)


@pytest.fixture
def phone(client_for: ClientFor, member: User) -> Browser:
    return client_for(member)


def test_each_is_listed_and_this_one_is_marked(laptop: Browser, phone: Browser):
    """With the device, since when, and for which services; only the other ones can be ended."""
    page = laptop.get("/profile")
    section = page.html.one("section", **{"aria-labelledby": "my-sessions"})
    heads = [head.text for head in section.all("h3")]
    assert heads == ["Firefox sur Linux – cette session", "Firefox sur Linux"]
    assert len(section.all("form")) == 1
    assert "Attaché" in section.text


def test_ended_one_is_nobodys_at_once(laptop: Browser, phone: Browser, identity: FakeIdentity, member: User):
    """Its next request leads to the sign-in, and Keycloak knows it no more; this one goes on."""
    assert phone.get("/profile").status == 200
    (form,) = laptop.get("/profile").html.one("section", **{"aria-labelledby": "my-sessions"}).all("form")
    done = laptop.post(form["action"])
    assert (done.status, done.location) == (303, "/profile")
    assert len(identity.sessions_of(member)) == 1
    assert phone.get("/profile").status == 302
    assert "terminée" in laptop.get("/profile").banners[0]


def test_cookie_of_an_ended_one_is_worth_nothing(laptop: Browser, phone: Browser, client_for: ClientFor):
    """Not even as a copy, and not for pages that everybody may open."""
    copy = client_for()
    copy.cookie = phone.cookie
    assert laptop.post("/profile/sessions/ending").status == 303
    assert copy.get("/help").html.all("form", action="/logout") == []


def test_all_others_at_once(laptop: Browser, client_for: ClientFor, member: User, identity: FakeIdentity):
    """One button when there are several; the answer says how many."""
    others = [client_for(member) for _ in range(3)]
    page = laptop.get("/profile")
    assert page.html.all("form", action="/profile/sessions/ending")
    done = laptop.post("/profile/sessions/ending")
    assert "3" in laptop.follow(done).banners[0]
    assert [other.get("/profile").status for other in others] == [302, 302, 302]
    assert len(identity.sessions_of(member)) == 1


def test_somebody_elses_does_not_exist(
    laptop: Browser, browser: Browser, identity: FakeIdentity, administrator: User, member: User
):
    """404 for the session of another person, of nobody, and for the present one; nothing is ended."""
    foreign, own = identity.sessions_of(administrator)[0], identity.sessions_of(member)[0]
    for session_id in (foreign, own, "0123"):
        assert laptop.post(f"/profile/sessions/{session_id}/ending").status == 404
    assert browser.get("/profile").status == 200
    assert laptop.get("/profile").status == 200
    assert foreign not in laptop.get("/profile").body
