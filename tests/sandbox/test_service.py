"""The sample service's pages, with single sign-on played by a fake."""

import re
import threading

import pytest
from flask import redirect

from sandbox.content import COMPANIES, DemoService, read_content
from sandbox.errors import SandboxError
from sandbox.service.app import create_app
from sandbox.service.datasets import PUBLIC, delivery_points
from sandbox.service.ended_session import EndedSession, LogoutTokenError
from sandbox.service.favourites import Favourites
from sandbox.service.person import Person
from sandbox.service.sessions import COOKIE, IDLE_SECONDS
from sandbox.service.settings import Settings
from sandbox.service.signing import own_path
from sandbox.service.sso import SignedOutError, SignInRefusedError, SsoUnavailableError, Tokens
from sandbox.service.wording import WORDS

SECRET = {"CLIENT_SAMPLE_SERVICE_SECRET": "secret"}
SETTINGS = Settings.from_environment(SECRET)
FILE = """
companies:
  - {id: acme, name: Acme, services: [data, flex, secret]}
  - {id: borea, name: Borea}
services:
  - {id: data, name: {fr: Données de comptage, en: Metering data}, description: {fr: Vos courbes, en: Your curves}}
  - {id: flex, name: {fr: Effacement}, url: "https://flex.example/"}
"""


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class FakeSso:
    """Keycloak as the pages see it: `claims` is what it says now, `readings` how often it was asked."""

    def __init__(self):
        self.claims = {"sub": "1", "name": "Léa Petit", "locale": "fr", "sid": "s1", "attachments": ["acme:user"]}
        self.refuses = self.down = False
        self.readings = 0

    def start(self, redirect_uri, locale):
        self._answer()
        return redirect(f"https://sso.example/?redirect_uri={redirect_uri}&ui_locales={locale}")

    def finish(self, arguments):
        self._answer()
        if arguments.get("state") != "mine":
            raise SignInRefusedError("state")
        return Person.from_claims(self.claims), Tokens("refresh-1", "id-1")

    def read_again(self, tokens):
        self._answer()
        self.readings += 1
        if self.refuses:
            raise SignedOutError("ended")
        return Person.from_claims(self.claims), Tokens("refresh-2", "id-2")

    def sign_out_address(self, tokens, return_to):
        return f"https://sso.example/logout?id_token_hint={tokens.id_token}&to={return_to}"

    def ended_session(self, logout_token):
        self._answer()
        if not logout_token:
            raise LogoutTokenError("not signed by the issuer")
        return EndedSession(logout_token, "1")

    def _answer(self):
        if self.down:
            raise SsoUnavailableError("down")


@pytest.fixture
def sso():
    return FakeSso()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def app(sso, clock):
    made = create_app(SETTINGS, sso, clock)
    yield made
    made.extensions["favourites"].close()


@pytest.fixture
def visitor(app):
    return app.test_client()


@pytest.fixture
def client(app):
    """Somebody signed in."""
    made = app.test_client()
    assert made.get("/login/callback?state=mine").status_code == 302
    return made


@pytest.fixture
def described(sso, tmp_path):
    """Somebody signed in where company files say what services are called."""
    (tmp_path / "companies.yaml").write_text(FILE, encoding="utf-8")
    made = create_app(Settings.from_environment({**SECRET, "SERVICE_COMPANIES": str(tmp_path)}), sso)
    client = made.test_client()
    assert client.get("/login/callback?state=mine").status_code == 302
    yield client
    made.extensions["favourites"].close()


def said(answer):
    """The words of the page, without its markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def post(client, path, **fields):
    page = client.get("/favourites").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
    return client.post(path, data={"csrf_token": token, **fields})


def test_public_data_are_for_everyone(visitor):
    """The home page needs nobody, shows a table and says that the figures are made up."""
    answer = visitor.get("/")
    assert answer.status_code == 200
    text = answer.get_data(as_text=True)
    assert "Production d’électricité par filière" in text
    assert "Données d’exemple" in text
    assert "1\u202f605,2" in text
    assert "Set-Cookie" not in answer.headers


def test_english_by_the_browser_french_by_the_person(visitor, client):
    """The person's own language goes before the browser's."""
    english = {"Accept-Language": "en-GB,en;q=0.9"}
    assert "Public data" in visitor.get("/", headers=english).get_data(as_text=True)
    assert "Données publiques" in client.get("/", headers=english).get_data(as_text=True)


@pytest.mark.parametrize("path", ["/favourites", "/downloads/production-par-filiere.csv", "/companies/acme/data"])
def test_who_is_not_signed_in_is_sent_to_sign_in(visitor, path):
    """And comes back to what he wanted."""
    answer = visitor.get(path)
    assert answer.status_code == 302
    assert answer.location == f"/login?next={path}"
    assert visitor.get(answer.location).location.startswith("https://sso.example/")
    assert visitor.get("/login/callback?state=mine").location == path


def test_posting_without_signing_in(visitor):
    """Sent to sign in; signing out when nobody is signed in leads home."""
    assert visitor.post("/favourites", data={"name": PUBLIC[0]}).location == "/login"
    assert visitor.post("/logout").location == "/"


@pytest.mark.parametrize("name", PUBLIC)
def test_downloads(client, name):
    """Real CSV files, under their name with and without its ending."""
    answer = client.get(f"/downloads/{name}.csv")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    assert f"filename={name}.csv" in answer.headers["Content-Disposition"]
    lines = answer.get_data(as_text=True).splitlines()
    assert len(lines) > 10
    assert len({line.count(",") for line in lines}) == 1
    assert client.get(f"/downloads/{name}").get_data() == answer.get_data()


@pytest.mark.parametrize("name", ["nothing.csv", "..%2fpages.py", "production-par-filiere.csv.csv"])
def test_unknown_downloads(client, name):
    """404, and no way to another file."""
    assert client.get(f"/downloads/{name}").status_code == 404


def test_company_data_for_those_attached_only(client, sso):
    """403 for another company, and for one that does not exist: the same."""
    answer = client.get("/companies/acme/data")
    assert answer.status_code == 200
    text = answer.get_data(as_text=True)
    assert delivery_points("acme")[0].number in text
    assert "Utilisateur" in text
    assert "Interne" in text
    assert client.get("/companies/borea/data").status_code == 403
    assert "pas de rattachement à cette société" in client.get("/companies/nowhere/data").get_data(as_text=True)


def test_services_have_names_in_the_persons_language(described):
    """The company's, with what they are for and where they are; the id of one that the files do not describe."""
    page = described.get("/companies/acme/data")
    words = said(page)
    assert "Services de la société Données de comptage – Vos courbes Effacement secret Points de" in words
    assert '<a href="https://flex.example/">Effacement</a>' in page.get_data(as_text=True)
    assert "Metering" not in words


def test_services_have_names_in_english(described, sso):
    """In English where there are English words, else in the others."""
    sso.claims["locale"] = "en"
    described.get("/login/callback?state=mine")
    words = said(described.get("/companies/acme/data"))
    assert "Services of the company Metering data – Your curves Effacement secret Delivery points" in words


def test_the_service_says_what_it_is_itself(described, client):
    """On the home page, to who is not signed in as well; without company files nothing is said."""
    assert "Données publiques Ce service : Données de comptage – Vos courbes Mes" in said(described.get("/"))
    english = described.application.test_client().get("/", headers={"Accept-Language": "en"})
    assert "Public data This service: Metering data – Your curves Downloads" in said(english)
    assert "Données publiques Mes sociétés" in said(client.get("/"))


def test_a_name_is_no_right(described, client, sso):
    """The files open no company to anybody; a company without services, or in no file, has no such list."""
    assert described.get("/companies/borea/data").status_code == 403
    assert "Données de comptage" not in said(described.get("/companies/borea/data"))
    sso.claims["attachments"] = ["borea:user", "nowhere:user"]
    described.get("/login/callback?state=mine")
    for company in ("borea", "nowhere"):
        assert "Services de la société" not in said(described.get(f"/companies/{company}/data"))
    assert "Services de la société" not in said(client.get("/companies/acme/data"))


def test_a_name_in_a_file_is_text(sso, tmp_path):
    """Markup in it is shown, not obeyed."""
    (tmp_path / "one.yaml").write_text("services: [{id: data, name: {fr: <b>Données}}]", encoding="utf-8")
    made = create_app(Settings.from_environment({**SECRET, "SERVICE_COMPANIES": str(tmp_path)}), sso)
    assert "&lt;b&gt;Données" in made.test_client().get("/").get_data(as_text=True)
    made.extensions["favourites"].close()


def test_the_demos_files_describe_every_service():
    """What the demo's companies have is called something in each language, this service as well."""
    content = read_content(COMPANIES, None)
    services = [one for company in content.companies for one in content.services_of(company.id)]
    assert content.service("data") in services
    assert all(one.names.keys() == one.descriptions.keys() == {"fr", "en"} for one in services)
    assert content.service("unknown") == DemoService("unknown")


@pytest.mark.parametrize("value", ["acme:administrator", "acme:external", "acme", "xacme:user", "acme:userx"])
def test_only_the_attachment_itself_opens_a_company(app, sso, value):
    """A role or an affiliation without the attachment gives nothing."""
    sso.claims["attachments"] = [value]
    client = app.test_client()
    client.get("/login/callback?state=mine")
    assert client.get("/companies/acme/data").status_code == 403


def test_attached_nowhere(app, sso):
    """Signs in all the same, and gets what is public."""
    del sso.claims["attachments"]
    client = app.test_client()
    client.get("/login/callback?state=mine")
    assert "rattachement à aucune société" in client.get("/").get_data(as_text=True)
    assert client.get(f"/downloads/{PUBLIC[0]}").status_code == 200
    assert client.get("/favourites").status_code == 200


def test_favourites_stay_with_the_person(app, client, sso):
    """Marked, shown, there again in another session and after being detached; taken away again."""
    assert post(client, "/favourites", name=PUBLIC[1]).status_code == 303
    sso.claims["attachments"] = []
    again = app.test_client()
    again.get("/login/callback?state=mine")
    assert "Retirer des favoris" in again.get("/favourites").get_data(as_text=True)
    assert post(again, "/favourites", name=PUBLIC[1], marked="no").status_code == 303
    assert "Retirer des favoris" not in again.get("/favourites").get_data(as_text=True)


def test_favourites_of_others(app, client, sso):
    """One person's favourites are nobody else's."""
    post(client, "/favourites", name=PUBLIC[1])
    sso.claims["sub"] = "2"
    other = app.test_client()
    other.get("/login/callback?state=mine")
    assert "Aucun favori" in other.get("/favourites").get_data(as_text=True)


def test_only_data_sets_can_be_marked(client):
    """An unknown one is 404."""
    assert post(client, "/favourites", name="nothing").status_code == 404


@pytest.mark.parametrize("path", ["/favourites", "/logout"])
def test_forms_need_their_token(client, path):
    """400 without, and nobody is signed out by a page elsewhere."""
    assert client.post(path, data={"name": PUBLIC[0]}).status_code == 400
    assert client.post(path, data={"name": PUBLIC[0], "csrf_token": "x"}).status_code == 400
    assert client.get("/favourites").status_code == 200


def test_rights_are_read_again_within_a_minute(client, sso, clock):
    """49 seconds on, the reading still counts; at 50 a detachment is felt, and so is coming back."""
    sso.claims["attachments"] = []
    clock.now += 49
    assert client.get("/companies/acme/data").status_code == 200
    assert sso.readings == 0
    clock.now += 1
    assert client.get("/companies/acme/data").status_code == 403
    sso.claims["attachments"] = ["acme:user"]
    clock.now += 50
    assert client.get("/companies/acme/data").status_code == 200
    assert sso.readings == 2


def test_a_session_that_keycloak_does_not_renew_ends(client, sso, clock):
    """A disabled account is signed out here too."""
    sso.refuses = True
    clock.now += 60
    assert client.get("/companies/acme/data").status_code == 302
    assert "Se connecter" in client.get("/").get_data(as_text=True)


def test_no_rights_while_keycloak_is_down(client, sso, clock):
    """Old rights are not used: 503 for private pages; public data stay, and all is well afterwards."""
    sso.down = True
    clock.now += 60
    answer = client.get("/companies/acme/data")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    home = client.get("/")
    assert home.status_code == 200
    assert "momentanément indisponible" in home.get_data(as_text=True)
    assert client.get("/login").status_code == 503
    sso.down = False
    assert client.get("/companies/acme/data").status_code == 200


def test_requests_at_the_same_time_read_once(app, client, sso, clock):
    """A refresh token is used by one request, the others wait for its answer."""
    clock.now += 60
    cookie = client.get_cookie(COOKIE).value
    statuses = []

    def ask():
        each = app.test_client()
        each.set_cookie(COOKIE, cookie)
        statuses.append(each.get("/companies/acme/data").status_code)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 8
    assert sso.readings == 1


def test_signing_in_gives_a_new_session(visitor):
    """A session prepared before signing in is worth nothing afterwards."""
    visitor.get("/login")
    before = visitor.get_cookie(COOKIE).value
    visitor.get("/login/callback?state=mine")
    after = visitor.get_cookie(COOKIE)
    assert after.value != before
    assert after.http_only
    assert after.same_site == "Lax"
    visitor.set_cookie(COOKIE, before)
    assert visitor.get("/favourites").status_code == 302


def test_a_sign_in_nobody_asked_for(visitor):
    """400 with a way to try again, and nobody is signed in."""
    answer = visitor.get("/login/callback?state=foreign")
    assert answer.status_code == 400
    assert 'href="/login"' in answer.get_data(as_text=True)
    assert visitor.get("/favourites").status_code == 302


def test_signing_out(client):
    """Here at once, then at Keycloak, which sends back here."""
    answer = post(client, "/logout")
    assert answer.status_code == 303
    assert answer.location == "https://sso.example/logout?id_token_hint=id-1&to=http://localhost:8001/"
    assert client.get("/favourites").status_code == 302


def test_back_channel_logout_ends_that_session_only(app, client, sso):
    """Keycloak says that a session ended: it ends here, the same person's other one does not."""
    sso.claims["sid"] = "s2"
    other = app.test_client()
    other.get("/login/callback?state=mine")
    answer = app.test_client().post("/backchannel-logout", data={"logout_token": "s1"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.get("/favourites").status_code == 302
    assert other.get("/favourites").status_code == 200


def test_back_channel_logout_with_a_bad_token(app, client):
    """400, and nobody is signed out."""
    answer = app.test_client().post("/backchannel-logout")
    assert answer.status_code == 400
    assert answer.json["error"] == "invalid_request"
    assert client.get("/favourites").status_code == 200


def test_an_idle_session_ends(client, clock):
    """Half an hour without a request."""
    clock.now += IDLE_SECONDS + 1
    assert client.get("/favourites").status_code == 302


@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/\nx"])
def test_signing_in_leads_nowhere_else(app, wanted):
    """`next` is a path of this service or nothing."""
    with app.test_request_context():
        assert own_path(wanted) == "/"


def test_headers(visitor):
    """No script, no style of others, no frame; the sign-out form may lead to Keycloak."""
    answer = visitor.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "form-action 'self' http://localhost:8080" in policy
    assert "frame-ancestors 'none'" in policy
    text = answer.get_data(as_text=True)
    assert "<script" not in text
    assert "style=" not in text


def test_errors_have_a_page(visitor, client):
    """In the person's language, without details."""
    assert "Page introuvable" in visitor.get("/nothing").get_data(as_text=True)
    assert visitor.delete("/").status_code == 405


def test_every_wording_is_in_both_languages():
    """No empty text."""
    for key, texts in WORDS.items():
        assert len(texts) == 2, key
        assert all(texts), key


def test_favourites_survive_a_restart(tmp_path):
    """With a file they are there again."""
    kept = Favourites(tmp_path / "folder" / "service.sqlite")
    kept.add("1", PUBLIC[0])
    kept.add("1", PUBLIC[0])
    kept.close()
    again = Favourites(tmp_path / "folder" / "service.sqlite")
    assert again.of("1") == {PUBLIC[0]}
    again.remove("1", PUBLIC[0])
    assert again.of("1") == set()
    again.close()


def test_a_missing_secret_is_named():
    """The service does not start without its client's secret."""
    with pytest.raises(SandboxError, match="CLIENT_SAMPLE_SERVICE_SECRET"):
        Settings.from_environment({})
