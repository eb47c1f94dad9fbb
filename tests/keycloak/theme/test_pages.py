"""Keycloak's pages: the portal's look, one language at a time, and what to do next on each."""

import re
from urllib.parse import urljoin

import pytest
import requests

from sandbox.mail_store import Mail
from sandbox.visitor import Visitor
from tests.keycloak.provisioner.realms import TestRealm
from tests.keycloak.theme.conftest import Invite
from tests.waiting import until
from tests.web.html import Element, parse

LINK = re.compile(r"https?://\S+/login-actions/action-token\?\S+")
RAW = re.compile(
    r"\$\{|\battache[A-Z]\w+|\brequiredAction\.|\b[a-z]+[A-Z][A-Za-z]+(?:Message|Title|Text)\b|\{\d\}"
)
UNREAD = re.compile(r"<(script|template)\b.*?</\1>", re.S)
TITLES = {"fr": "Votre compte Attaché", "en": "Your Attaché account"}
HEADINGS = {
    "fr": {
        "sign-in": "Connexion",
        "forgotten": "Mot de passe oublié",
        "guard": "Activez votre compte",
        "password": "Choisissez votre mot de passe",
        "ready": "Votre compte est actif",
        "gone": "Ce lien ne fonctionne plus",
        "to do": "Ce qu'il reste à faire",
        "second factor": "Second facteur\u00a0: application d'authentification",
        "sign-out": "Déconnexion",
        "error": "Cela n'a pas fonctionné",
    },
    "en": {
        "sign-in": "Sign in",
        "forgotten": "Forgotten password",
        "guard": "Activate your account",
        "password": "Choose your password",
        "ready": "Your account is active",
        "gone": "This link does not work any more",
        "to do": "What is left to do",
        "second factor": "Second factor: authenticator app",
        "sign-out": "Sign out",
        "error": "That did not work",
    },
}
EXPIRED = {
    "fr": (
        "Ce lien a expiré, a déjà servi ou n'est plus valable.",
        "Ouvrez le lien du plus récent.",
        "Demandez à un administrateur de votre société de vous envoyer un nouveau message (bouton « Renvoyer »).",
    ),
    "en": (
        "This link has expired, has been used already or is not valid any more.",
        "Open the link of the newest.",
        "Ask an administrator of your company to send you a new mail (the “Resend” button).",
    ),
}
PASSWORD = "un-mot-de-passe-bien-long-2026"


class Reader(Visitor):
    """Somebody who looks at each page on the way; his browser may ask for another language than his account."""

    def __init__(self, language: str, asks_for: str | None = None) -> None:
        super().__init__()
        self.language = language
        self.http.headers["Accept-Language"] = asks_for or language
        self.answer: requests.Response | None = None

    def sees(self, heading: str, answer: requests.Response) -> Element:
        """The page as it should be: theme, title, logo, language, no key where a word should be."""
        self.answer = answer
        html, _ = parse(UNREAD.sub("", answer.text))
        assert html.one("html")["lang"] == self.language
        assert html.one("h1").text == " ".join(HEADINGS[self.language][heading].split())
        assert html.one("title").text in (TITLES[self.language], html.one("h1").text)
        assert html.one("header").text == "Attaché"
        styles = [link["href"] for link in html.all("link", rel="stylesheet")]
        assert any(re.search(r"/resources/\w+/login/attache/css/attache\.css$", style) for style in styles)
        assert RAW.findall(html.one("body").text) == []
        return html

    def opens(self, heading: str, address: str) -> Element:
        return self.sees(heading, self.http.get(address, timeout=30))

    def presses(self, heading: str, page: Element, **fields: str) -> Element:
        """The form's button, or the way on."""
        assert self.answer is not None
        if not fields:
            onward = next(a for a in page.all("a") if "pf-m-primary" in a["class"])
            return self.opens(heading, urljoin(self.answer.url, onward["href"]))
        return self.sees(heading, self.http.post(page.one("form")["action"], data=fields, timeout=30))


def link_in(mail: Mail) -> str:
    return LINK.findall(mail.text)[0]


def sign_in(realm: TestRealm, **query: str) -> str:
    address = f"{realm.url}/realms/{realm.name}/protocol/openid-connect/auth"
    back = f"{realm.environment['PORTAL_URL']}/login/callback"
    asked = {"client_id": "portal", "response_type": "code", "scope": "openid", "redirect_uri": back}
    challenge = {"code_challenge": "a" * 43, "code_challenge_method": "S256"}
    return requests.Request("GET", address, params={**asked, **challenge, **query}).prepare().url or ""


languages = pytest.mark.parametrize("language", ["fr", "en"])


@languages
def test_signing_in(shared_realm: TestRealm, language: str):
    """With an address that is none, without a password, with the password forgotten."""
    reader = Reader(language)
    page = reader.opens("sign-in", sign_in(shared_realm))
    assert page.one("label", for_="username").text == {"fr": "Adresse e-mail", "en": "E-mail address"}[language]
    wrong = reader.presses("sign-in", page, username="nobody@acme.example", password="x")
    said = {"fr": "Adresse e-mail ou mot de passe incorrect.", "en": "Wrong e-mail address or password."}
    assert said[language] in wrong.one("body").text
    (forgotten,) = [a for a in wrong.all("a") if "reset-credentials" in a["href"]]
    assert reader.answer is not None
    page = reader.opens("forgotten", urljoin(reader.answer.url, forgotten["href"]))
    sent = reader.presses("sign-in", page, username="nobody@acme.example")
    assert {"fr": "un message arrivera", "en": "a mail will arrive"}[language] in sent.one("body").text


@pytest.mark.parametrize(("asked", "browser"), [("en", "fr"), ("fr", "en")])
def test_the_portals_language_counts_before_the_browsers(shared_realm: TestRealm, asked: str, browser: str):
    """As `ui_locales` says it."""
    Reader(asked, browser).opens("sign-in", sign_in(shared_realm, ui_locales=asked))


@pytest.mark.parametrize(("language", "browser"), [("fr", "en"), ("en", "fr"), ("fr", "fr"), ("en", "en")])
def test_activating(shared_realm: TestRealm, invite: Invite, language: str, browser: str):
    """In the person's language, whatever the browser's; three pages, the last of which leads to the portal."""
    mail = invite(language)
    reader = Reader(language, browser)
    guard = reader.opens("guard", link_in(mail))
    page = reader.presses("password", guard)
    hint = {"fr": "(12 caractères au moins)", "en": "(at least 12 characters)"}
    assert hint[language] in page.one("label", for_="password-new").text
    page = reader.presses("password", page, **{"password-new": "court", "password-confirm": "cour"})
    assert {"fr": "sont différents", "en": "differ"}[language] in page.one("body").text
    page = reader.presses("password", page, **{"password-new": "court", "password-confirm": "court"})
    assert {"fr": "est trop court", "en": "is too short"}[language] in page.one("body").text
    page = reader.presses("ready", page, **{"password-new": PASSWORD, "password-confirm": PASSWORD})
    (onward,) = [a for a in page.all("a") if "pf-m-primary" in a["class"]]
    assert onward["href"] == f"{shared_realm.environment['PORTAL_URL']}/login"
    assert onward.text == {"fr": "Aller au portail", "en": "Go to the portal"}[language]

    used = Reader(browser).opens("gone", link_in(mail))
    (back,) = [a for a in used.all("a") if "pf-m-primary" in a["class"]]
    assert back["href"].startswith(shared_realm.environment["PORTAL_URL"])


@languages
def test_a_link_that_has_expired_says_what_to_do(shared_realm: TestRealm, invite: Invite, language: str):
    """In words that are not those of a programmer."""
    link = link_in(invite(language, lifespan=1))
    reader = Reader(language)
    until(lambda: reader.http.get(link, timeout=30).status_code == 400, "the link has expired", seconds=60)
    page = reader.opens("gone", link)
    for words in EXPIRED[language]:
        assert " ".join(words.split()) in page.one("body").text


@languages
def test_a_link_that_is_broken(invite: Invite, language: str):
    Reader(language).opens("error", link_in(invite(language))[:-8])


@languages
def test_second_factor(invite: Invite, language: str):
    """What operations may ask for: named on the page before, then shown with a code or a key."""
    reader = Reader(language)
    page = reader.opens("to do", link_in(invite(language, actions=("CONFIGURE_TOTP",))))
    named = {"fr": "associer une application d'authentification", "en": "set up an authenticator app"}
    assert named[language] in page.one("main").text
    page = reader.presses("second factor", page)
    (manual,) = page.all("a", id="mode-manual")
    assert reader.answer is not None
    page = reader.opens("second factor", urljoin(reader.answer.url, manual["href"]))
    page = reader.presses("second factor", page, totp="", userLabel="")
    assert {"fr": "Tapez le code", "en": "Type the code"}[language] in page.one("main").text


@languages
def test_signing_out_and_errors(shared_realm: TestRealm, language: str):
    base = f"{shared_realm.url}/realms/{shared_realm.name}/protocol/openid-connect"
    reader = Reader(language)
    reader.opens("sign-out", f"{base}/logout")
    reader.opens("error", f"{base}/auth?client_id=nobody")


def test_its_files_are_its_own(shared_realm: TestRealm):
    """Style, fonts and logo come from Keycloak itself, from nowhere else."""
    page = requests.get(sign_in(shared_realm), timeout=30)
    (style,) = re.findall(r'href="([^"]+/login/attache/css/attache\.css)"', page.text)
    css = requests.get(urljoin(page.url, style), timeout=30)
    assert css.ok
    named = re.findall(r'url\("([^"]+)"\)', css.text)
    assert len(named) == 3
    for name in named:
        assert requests.get(urljoin(css.url, name), timeout=30).ok, name
    elsewhere = re.findall(r'(?:src|href)="https?://(?!localhost)[^"]*"', page.text)
    assert elsewhere == []


def test_other_realms_keep_keycloaks_own_theme(server_url: str):
    """Operations' console is as it was: the themes of the distribution are there beside ours."""
    console = requests.get(f"{server_url}/admin/master/console/", timeout=30)
    assert console.ok
    account = requests.get(f"{server_url}/realms/master/account/", timeout=30)
    assert account.ok
    query = {"client_id": "security-admin-console", "response_type": "code", "redirect_uri": console.url}
    challenge = {"code_challenge": "a" * 43, "code_challenge_method": "S256", "scope": "openid"}
    page = requests.get(
        f"{server_url}/realms/master/protocol/openid-connect/auth", params={**query, **challenge}, timeout=30
    )
    assert "/login/keycloak.v2/css/styles.css" in page.text
    assert "attache.css" not in page.text
