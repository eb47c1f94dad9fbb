"""Who has an activation mail, and what can be done with it: on the real server, page by page."""

import base64
import html
import json
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests

from tests.keycloak.trust.installation import PASSWORD, Installation, Person, new_address
from tests.waiting import until

OTHER_PASSWORD = "un-tout-autre-mot-de-passe-2026"
HREF = re.compile(r'\b(?:href|src|action)="([^"]+)"')
THIRTY_DAYS = 2_592_000


@pytest.fixture
def invited(anne: Person) -> str:
    """The address of somebody who has his mail and has done nothing with it."""
    email = new_address()
    assert anne.invites(email).status_code == 303
    return email


@pytest.fixture
def link(installation: Installation, invited: str) -> str:
    (link,) = installation.activation_links(invited)
    return link


def resend(anne: Person, installation: Installation, email: str, **fields: str) -> requests.Response:
    """« Renvoyer », an hour later."""
    installation.forget_mails_of_last_minute()
    return anne.post(f"/users/{installation.realm.id_of(email)}/activation", fields)


def is_of_last_month(installation: Installation, email: str) -> None:
    """From now on the account says that its mail has expired."""
    account = installation.account_of(email)
    long_ago = datetime.now(UTC) - timedelta(days=31)
    account["attributes"]["activationSentAt"] = [long_ago.isoformat(timespec="seconds")]
    installation.realm.admin.put(f"users/{account['id']}", account).raise_for_status()


def fetched(address: str, method: str = "GET") -> requests.Response:
    """As a mail scanner: no cookies, redirects followed."""
    return requests.request(method, address, timeout=60)


def links_on(page: requests.Response) -> list[str]:
    """Where the page leads, within the server."""
    found = [urljoin(page.url, html.unescape(address)) for address in HREF.findall(page.text)]
    return [address for address in found if "/login-actions/" in address]


def claims_of(link: str) -> dict[str, Any]:
    payload = key_of(link).split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def key_of(link: str) -> str:
    (key,) = parse_qs(urlsplit(link).query)["key"]
    return key


def may_sign_in(installation: Installation, email: str, password: str = PASSWORD) -> bool:
    try:
        return Person(installation).comes_in(email, password).status_code == 200
    except PermissionError:
        return False


def test_scanners_may_look_at_it_and_follow_its_links(installation: Installation, invited: str, link: str):
    """Nothing is used up and nothing set; then the person comes, and it works."""
    before = installation.account_of(invited)
    seen = [fetched(link, method) for method in ("HEAD", "GET", "GET", "GET")]
    further = {address for page in seen for address in links_on(page)}
    assert further, "Keycloak's page in between is there, with the link to press"
    beyond = {address for page in map(fetched, further) for address in links_on(page)}
    for address in beyond | further:
        fetched(address, "HEAD")
        fetched(address)
    assert installation.account_of(invited) == before
    assert before["requiredActions"] != []
    assert before["emailVerified"] is False

    assert Person(installation).activates(link, PASSWORD)
    assert may_sign_in(installation, invited)


def test_after_a_resend_either_link_works_but_only_once(
    anne: Person, installation: Installation, invited: str, link: str
):
    """The newer was used: the older one is as good as nothing, and so is the newer from then on."""
    assert resend(anne, installation, invited).status_code == 303
    newer, older = installation.activation_links(invited)
    assert older == link
    assert Person(installation).activates(newer, PASSWORD)
    active = installation.account_of(invited)

    for used in (older, newer):
        assert not Person(installation).activates(used, OTHER_PASSWORD)
    assert installation.account_of(invited) == active
    assert may_sign_in(installation, invited)
    assert not may_sign_in(installation, invited, OTHER_PASSWORD)
    assert resend(anne, installation, invited).status_code == 409
    assert len(installation.activation_links(invited)) == 2


def test_an_abandoned_form_can_be_opened_again(installation: Installation, invited: str, link: str):
    """Who closed the page before choosing has not lost his link."""
    abandoned = Person(installation)
    page = abandoned.http.get(link, timeout=60)
    for address in (one for one in links_on(page) if "kc_locale" not in one):
        assert "password-new" in abandoned.http.get(address, timeout=60).text
    assert Person(installation).activates(link, PASSWORD)
    assert may_sign_in(installation, invited)


def test_a_corrected_address_ends_the_link_to_the_old_one(
    anne: Person, installation: Installation, invited: str, link: str
):
    """Whoever got the mail by mistake has nothing."""
    right = new_address()
    user_id = installation.realm.id_of(invited)
    installation.forget_mails_of_last_minute()
    assert anne.post(f"/users/{user_id}/email", {"email": right}).status_code == 303

    assert fetched(link).status_code == 400
    assert not Person(installation).activates(link, OTHER_PASSWORD)
    assert installation.account(user_id)["requiredActions"] != []
    (new_link,) = installation.activation_links(right)
    assert Person(installation).activates(new_link, PASSWORD)
    assert may_sign_in(installation, right)


def test_an_expired_link_says_so_and_a_new_mail_works(anne: Person, installation: Installation, invited: str):
    """A link of one second stands for one of thirty days; the account says when the mail left."""
    user_id = installation.realm.id_of(invited)
    sent = installation.realm.directory().put(
        f"users/{user_id}/execute-actions-email", ["VERIFY_EMAIL"], lifespan="1", client_id="portal"
    )
    assert sent.status_code == 204
    link = installation.activation_links(invited)[0]
    assert claims_of(link)["exp"] - claims_of(link)["iat"] == 1
    is_of_last_month(installation, invited)

    until(lambda: fetched(link).status_code == 400, "the link has expired", seconds=60)
    assert "Ce lien ne fonctionne plus" in fetched(link).text
    assert not Person(installation).activates(link, PASSWORD)
    listed = anne.get("/users?status=expired")
    assert invited in listed.text
    assert "Expiré" in listed.text

    assert resend(anne, installation, invited).status_code == 303
    assert invited not in anne.get("/users?status=expired").text
    newest = installation.activation_links(invited)[0]
    assert claims_of(newest)["exp"] - claims_of(newest)["iat"] == THIRTY_DAYS
    assert Person(installation).activates(newest, PASSWORD)
    assert may_sign_in(installation, invited)


def test_all_that_have_expired_are_sent_again_at_once(anne: Person, installation: Installation):
    """« Renvoyer tous »: the portal's own process does it, and who began it is led to each result."""
    emails = [new_address() for _ in range(3)]
    for email in emails:
        assert anne.invites(email).status_code == 303
        is_of_last_month(installation, email)
    installation.forget_mails_of_last_minute()

    done = anne.post("/users/activations", {})
    assert (done.status_code, urlsplit(done.headers["Location"]).path) == (303, "/users/activations")
    results = anne.get("/users/activations").text
    assert [results.count(email) for email in emails] == [1, 1, 1]
    assert results.count("Envoyé, valable 30 jours") == results.count('<th scope="row">') >= 3
    for email in emails:
        newest, *_ = installation.activation_links(email)
        assert len(installation.activation_links(email)) == 2
        assert claims_of(newest)["exp"] - claims_of(newest)["iat"] == THIRTY_DAYS
    listed = anne.get("/users?status=expired").text
    assert not any(email in listed for email in emails)
    assert Person(installation).activates(newest, PASSWORD)


def test_a_disabled_account_is_neither_activated_nor_mailed(
    anne: Person, installation: Installation, invited: str, link: str
):
    """Operations have the last word."""
    account = installation.account_of(invited)
    installation.realm.admin.put(f"users/{account['id']}", {**account, "enabled": False}).raise_for_status()
    before = installation.account_of(invited)

    assert fetched(link).status_code == 400
    assert not Person(installation).activates(link, PASSWORD)
    assert resend(anne, installation, invited).status_code == 409
    assert installation.account_of(invited) == before
    assert len(installation.activation_links(invited)) == 1
    assert "Désactivé" in anne.get(f"/users?q={invited}").text


def altered(link: str, header: dict[str, str] | None = None, **claims: object) -> str:
    """The link with another header or other claims, and the signature that it had."""
    first, _, signature = key_of(link).split(".")
    if header is not None:
        first, signature = _coded(header), ""
    key = ".".join((first, _coded({**claims_of(link), **claims}), signature))
    return link.replace(key_of(link), key)


def _coded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def test_a_link_that_was_tampered_with_is_refused(
    anne: Person, installation: Installation, invited: str, link: str
):
    """Another life, another action, another person, no signature."""
    other = new_address()
    assert anne.invites(other).status_code == 303
    before = [installation.account_of(email) for email in (invited, other)]
    claims = claims_of(link)
    tampered = (
        altered(link, exp=claims["exp"] + THIRTY_DAYS),
        altered(link, exp=0),
        altered(link, rqac=["UPDATE_PASSWORD"]),
        altered(link, sub=before[1]["id"]),
        altered(link, {"alg": "none", "typ": "JWT"}),
        link.replace(key_of(link), key_of(link)[:-4]),
        link.replace(key_of(link), secrets.token_hex(40)),
    )
    for address in tampered:
        assert fetched(address).status_code == 400, address
        assert not Person(installation).activates(address, OTHER_PASSWORD)
    assert [installation.account_of(email) for email in (invited, other)] == before
    assert Person(installation).activates(link, PASSWORD), "the real one is as good as ever"


@pytest.mark.parametrize("lifespan", ["-1", "0", "1", "99999999999", "abc"])
def test_no_form_says_how_long_it_works(anne: Person, installation: Installation, invited: str, lifespan: str):
    """Thirty days, whatever is sent along."""
    assert resend(anne, installation, invited, lifespan=lifespan, exp=lifespan).status_code == 303
    longer = f"{installation.activation_links(invited)[0]}&lifespan={lifespan}"
    assert claims_of(longer)["exp"] - claims_of(longer)["iat"] == THIRTY_DAYS
    assert claims_of(longer)["rqac"] == ["VERIFY_EMAIL"]
