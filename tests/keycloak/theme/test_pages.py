"""Keycloak's pages: the portal's look, one language at a time, and what to do next on each."""

import json
import re
from base64 import b64decode
from urllib.parse import parse_qs, urljoin, urlsplit

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
        "to do": "Ce qu’il reste à faire",
        "second factor": "Second facteur\u00a0: application d’authentification",
        "sign-out": "Déconnexion",
        "error": "Cela n’a pas fonctionné",
        "broken": "Cette adresse ne fonctionne pas",
    },
    "en": {
        "sign-in": "Sign in",
        "forgotten": "Forgotten password",
        "guard": "Activate your account",
        "password": "Choose your password",
        "ready": "Your account is active",
        "gone": "This link no longer works",
        "to do": "What is left to do",
        "second factor": "Second factor: authenticator app",
        "sign-out": "Sign out",
        "error": "Something went wrong",
        "broken": "This address does not work",
    },
}
DEAD = {
    "expired": {
        "fr": (
            "Ce lien a dépassé sa durée de validité.",
            "Ouvrez le lien du plus récent.",
            "Demandez un nouveau message",
        ),
        "en": ("This link has expired.", "Open the link in the latest one.", "for a new message"),
    },
    "used": {
        "fr": ("Ce lien a déjà servi", "Votre compte est déjà actif", "remplacer un mot de passe oublié"),
        "en": ("This link was already used", "Is your account already active?", "replace a forgotten password"),
    },
    "cancelled": {
        "fr": (
            "L’invitation a été annulée, ou le compte a été supprimé.",
            "Adressez-vous à la personne qui vous invite",
        ),
        "en": ("The invitation was cancelled, or the account was deleted.", "Contact the person who invites you"),
    },
    "corrected": {
        "fr": (
            "L’adresse e-mail du compte a été corrigée",
            "Un nouveau message a été envoyé à l’adresse corrigée",
        ),
        "en": (
            "The e-mail address of the account was corrected",
            "A new message was sent to the corrected address",
        ),
    },
    "disabled": {
        "fr": ("Ce compte est désactivé. L’aide du portail indique qui contacter.",),
        "en": ("This account is disabled. The portal’s help says whom to contact.",),
    },
    "cut": {
        "fr": ("L’adresse ouverte est incomplète", "copiez l’adresse entière", "Demandez un nouveau message"),
        "en": ("The address you opened is incomplete", "copy the whole address", "for a new message"),
    },
}
"""What a page says of a link that cannot be used any more, and what it advises."""
TITLES_OF_DEAD = {"cut": "broken", "disabled": "error"}
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
def test_signing_in(shared_realm: TestRealm, language: str) -> None:
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
    assert {"fr": "un message arrivera", "en": "a message will arrive"}[language] in sent.one("body").text


@pytest.mark.parametrize(("asked", "browser"), [("en", "fr"), ("fr", "en")])
def test_the_portals_language_counts_before_the_browsers(
    shared_realm: TestRealm, asked: str, browser: str
) -> None:
    """As `ui_locales` says it."""
    Reader(asked, browser).opens("sign-in", sign_in(shared_realm, ui_locales=asked))


@pytest.mark.parametrize(("language", "browser"), [("fr", "en"), ("en", "fr"), ("fr", "fr"), ("en", "en")])
def test_activating(shared_realm: TestRealm, invite: Invite, language: str, browser: str) -> None:
    """In the person's language, whatever the browser's; three pages, the last of which leads to the portal."""
    mail = invite(language)
    reader = Reader(language, browser)
    guard = reader.opens("guard", link_in(mail))
    page = reader.presses("password", guard)
    hint = {"fr": "(12 caractères au moins)", "en": "(at least 12 characters)"}
    assert hint[language] in page.one("label", for_="password-new").text
    page = reader.presses("password", page, **{"password-new": "court", "password-confirm": "cour"})
    assert {"fr": "sont différents", "en": "do not match"}[language] in page.one("body").text
    page = reader.presses("password", page, **{"password-new": "court", "password-confirm": "court"})
    assert {"fr": "est trop court", "en": "is too short"}[language] in page.one("body").text
    page = reader.presses("ready", page, **{"password-new": PASSWORD, "password-confirm": PASSWORD})
    (onward,) = [a for a in page.all("a") if "pf-m-primary" in a["class"]]
    assert onward["href"] == f"{shared_realm.environment['PORTAL_URL']}/login"
    assert onward.text == {"fr": "Aller au portail", "en": "Go to the portal"}[language]

    used = Reader(browser).opens("gone", link_in(mail))
    (back,) = [a for a in used.all("a") if "pf-m-primary" in a["class"]]
    assert back["href"].startswith(shared_realm.environment["PORTAL_URL"])


def kill(realm: TestRealm, reader: Reader, link: str, how: str) -> str:
    """Make the link unusable in that way; its address afterwards."""
    address = parse_qs(urlsplit(link).query)["key"][0]
    claims = json.loads(b64decode(address.split(".")[1] + "==", altchars=b"-_"))
    account = f"users/{claims['sub']}"
    match how:
        case "used":
            Visitor().activates(link, PASSWORD)
        case "cancelled":
            assert realm.admin.delete(account).status_code == 204
        case "corrected":
            email = f"new-{claims['eml']}"
            person = {**realm.admin.get(account).json(), "email": email, "username": email}
            assert realm.admin.put(account, person).status_code == 204
        case "disabled":
            person = {**realm.admin.get(account).json(), "enabled": False}
            assert realm.admin.put(account, person).status_code == 204
        case "cut":
            link = link[: link.index(address) + len(address) - 8]
    until(lambda: reader.http.get(link, timeout=30).status_code == 400, "the link is dead", seconds=60)
    return link


@languages
@pytest.mark.parametrize("how", DEAD)
def test_a_link_that_is_dead_says_why_and_what_to_do(
    shared_realm: TestRealm, invite: Invite, language: str, how: str
) -> None:
    """For each way: what happened, whom to ask, and a way to the portal. No word of a wrong password: nobody typed
    one."""
    reader = Reader(language)
    link = kill(
        shared_realm, reader, link_in(invite(language, lifespan=1 if how == "expired" else 2_592_000)), how
    )
    page = reader.opens(TITLES_OF_DEAD.get(how, "gone"), link)
    for words in DEAD[how][language]:
        assert words in page.one("main").text
    assert not re.search("incorrect|wrong e-mail", page.one("main").text, re.I)
    (onward,) = page.all("a", id="backToApplication")
    assert onward["href"] == f"{shared_realm.environment['PORTAL_URL']}/"


@pytest.mark.parametrize("mark", [">", "»", ".", ")", "%20", '"'])
def test_a_sign_after_the_link_does_no_harm(invite: Invite, mark: str) -> None:
    """As mail programs take it into the link; without any script."""
    Reader("fr").opens("guard", link_in(invite()) + mark)


@languages
def test_the_end_of_an_activation_in_another_language(invite: Invite, language: str) -> None:
    """The language list of the last page shows the same good news, and the same way on."""
    reader = Reader(language)
    page = reader.presses("password", reader.opens("guard", link_in(invite(language))))
    ready = reader.presses("ready", page, **{"password-new": PASSWORD, "password-confirm": PASSWORD})
    other = {"fr": "en", "en": "fr"}[language]
    (address,) = [one["value"] for one in ready.all("option") if f"kc_locale={other}" in one["value"]]
    assert reader.answer is not None
    reader.language = other
    again = reader.opens("ready", urljoin(reader.answer.url, address))
    onward = [[a["href"] for a in one.all("a") if "pf-m-primary" in a["class"]] for one in (ready, again)]
    assert onward[0] == onward[1] != []


def test_where_somebody_else_is_signed_in(shared_realm: TestRealm, invite: Invite) -> None:
    """The page says who, what to do, and offers no language list, which would lead to an invalid request."""
    mail = invite()
    Visitor().activates(link_in(mail), PASSWORD)
    reader = Reader("fr")
    reader.signs_in(sign_in(shared_realm), mail.to[0], PASSWORD)
    page = reader.opens("error", link_in(invite()))
    assert f"déjà connecté avec un autre compte : {mail.to[0]}." in page.one("main").text
    assert "ouvrez de nouveau le lien du message" in page.one("main").text
    assert page.all("option") == []


@languages
def test_the_first_password_is_no_warning(invite: Invite, language: str) -> None:
    """No alert, no other devices to sign out: whoever activates an account has none."""
    reader = Reader(language)
    page = reader.presses("password", reader.opens("guard", link_in(invite(language))))
    assert page.all("div", class_="pf-v5-c-alert") == []
    assert [box for box in page.all("input") if box.attributes.get("type") == "checkbox"] == []
    assert {"fr": "pour activer votre compte", "en": "to activate your account"}[language] in page.one("main").text


@languages
def test_second_factor(invite: Invite, language: str) -> None:
    """What operations may ask for: named on the page before, then shown with a code or a key."""
    reader = Reader(language)
    page = reader.opens("to do", link_in(invite(language, actions=("CONFIGURE_TOTP",))))
    named = {"fr": "associer une application d’authentification", "en": "set up an authenticator app"}
    assert named[language] in page.one("main").text
    page = reader.presses("second factor", page)
    (manual,) = page.all("a", id="mode-manual")
    assert reader.answer is not None
    page = reader.opens("second factor", urljoin(reader.answer.url, manual["href"]))
    page = reader.presses("second factor", page, totp="", userLabel="")
    assert {"fr": "Saisissez le code", "en": "Enter the code"}[language] in page.one("main").text


@languages
def test_signing_out_and_errors(shared_realm: TestRealm, language: str) -> None:
    base = f"{shared_realm.url}/realms/{shared_realm.name}/protocol/openid-connect"
    reader = Reader(language)
    reader.opens("sign-out", f"{base}/logout")
    reader.opens("error", f"{base}/auth?client_id=nobody")


def test_its_files_are_its_own(shared_realm: TestRealm) -> None:
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


def test_other_realms_keep_keycloaks_own_theme(server_url: str) -> None:
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
