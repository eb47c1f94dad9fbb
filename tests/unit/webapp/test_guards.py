"""Nobody is led to another site, and the language is the reader's."""

import pytest
from flask import Flask, redirect

from webapp.guards import own_path
from webapp.settings import Settings


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
