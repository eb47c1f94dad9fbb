"""What a person cannot change about himself, and whom an administrator cannot reach: on the real server."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.mail_catcher import MailCatcher
from tests.keycloak.provisioner.signing_in import sign_in
from tests.keycloak.trust.installation import PASSWORD, Installation, Person, at, new_address, new_person
from tests.waiting import until

INJECTED = "Zola\r\nBcc: thief@evil.example\r\nX-Injected: yes\r\n\r\nHello"


@pytest.fixture
def member(installation: Installation) -> str:
    """The address of a plain, active user of Acme."""
    email = new_address()
    installation.add_active(email, "/acme", attributes={"title": ["m"], "locale": ["fr"]})
    return email


class AccountApi:
    """A member with his own token, at the account API of the server."""

    def __init__(self, installation: Installation, email: str) -> None:
        realm = installation.realm
        secret = realm.environment["CLIENT_PORTAL_SECRET"]
        callback = f"{installation.url}/login/callback"
        tokens = sign_in(realm, "portal", secret, callback, email, PASSWORD)
        self._url = f"{realm.url}/realms/{realm.name}"
        self._headers = {"Authorization": f"Bearer {tokens['access_token']}", "Accept": "application/json"}

    def read(self) -> dict[str, Any]:
        answer: dict[str, Any] = requests.get(f"{self._url}/account/", headers=self._headers, timeout=30).json()
        return answer

    def write(self, **changes: object) -> int:
        body = {**self.read(), **changes}
        return requests.post(f"{self._url}/account/", headers=self._headers, json=body, timeout=30).status_code

    def userinfo(self) -> dict[str, Any]:
        answer: dict[str, Any] = requests.get(
            f"{self._url}/protocol/openid-connect/userinfo", headers=self._headers, timeout=30
        ).json()
        return answer


@pytest.fixture
def api(installation: Installation, member: str) -> AccountApi:
    return AccountApi(installation, member)


@pytest.mark.parametrize(
    "name", ["company_role", "attachment", "activationSentAt", "invitation", "kind", "role", "groups"]
)
def test_he_gives_himself_no_attribute(installation: Installation, member: str, api: AccountApi, name: str):
    """Above all not `attachment`, which tokens are made of."""
    mine = api.read().get("attributes") or {}
    api.write(attributes={**mine, name: ["acme:administrator"]})
    assert set(installation.account_of(member)["attributes"]) <= {"title", "locale"}
    assert api.userinfo()["attachments"] == ["acme:user"]
    assert "acme:administrator" not in str(api.userinfo())


def test_what_is_his_he_may_write(installation: Installation, member: str, api: AccountApi):
    """So that the refusals above are no broken call."""
    mine = api.read().get("attributes") or {}
    assert api.write(firstName="Émilien", attributes={**mine, "title": ["mme"]}) == 204
    account = installation.account_of(member)
    assert (account["firstName"], account["attributes"]["title"]) == ("Émilien", ["mme"])


@pytest.mark.parametrize("field", ["email", "username"])
def test_he_keeps_his_address(installation: Installation, member: str, api: AccountApi, field: str):
    """Whatever the status says; the value counts."""
    api.write(**{field: new_address()})
    account = installation.account(installation.realm.id_of(member))
    assert account is not None
    assert (account["email"], account["username"]) == (member, member)
    assert api.userinfo()["email"] == member


def test_the_portal_takes_no_other_address_either(installation: Installation, member: str, somebody: Person):
    """Nor anything else that is not on the form."""
    somebody.comes_in(member)
    forged = {
        "email": new_address(),
        "username": "x",
        "enabled": "false",
        "groups": "/globex",
        "attachment": "x:y",
    }
    before = installation.account_of(member)
    fields = {"last_name": "Martin", "first_name": "Paula", "title": "m", "locale": "fr"}
    assert somebody.post("/profile", {**fields, **forged}).status_code == 303
    after = installation.account_of(member)
    assert after == {**before, "firstName": "Paula"}
    groups = installation.realm.admin.get(f"users/{after['id']}/groups").json()
    assert [group["path"] for group in groups] == ["/acme"]


@pytest.mark.parametrize("groups", [("/operators",), ("/operators", "/acme")], ids=["outside", "in a company"])
@pytest.mark.parametrize("listed", [True, False], ids=["before the last apply", "since the last apply"])
def test_an_operator_is_as_unknown_as_nobody_and_cannot_be_attached(
    anne: Person, installation: Installation, groups: tuple[str, ...], listed: bool
):
    """Attached, they would obey the portal; so they are neither found, nor joined, nor mailed, nor changed.

    Whether a deny list of Keycloak's names them or not.
    """
    email = new_address()
    operator = installation.add_active(email, *groups, lastName="Hidden")
    if listed:
        assert installation.realm.apply().complete
    before = installation.account(operator)
    looked_up = anne.post("/users/new", {"email": email})
    unknown = anne.post("/users/new", {"email": new_address()})
    assert looked_up.status_code == unknown.status_code == 200
    assert "Hidden" not in looked_up.text
    assert email not in anne.get("/users").text

    assert anne.invites(email, **at("acme", "administrator")).status_code in {409, 422}
    for path in ("attachments", "activation", "email", "cancellation"):
        assert anne.post(f"/users/{operator}/{path}", {**at("acme"), "confirm": "1"}).status_code == 404
    assert installation.account(operator) == before
    now = installation.realm.admin.get(f"users/{operator}/groups").json()
    assert {group["path"] for group in now} == set(groups)
    assert [mail for mail in installation.mail.store.all() if email in mail.to] == []
    touched = [call for call in installation.recorder.calls if operator in call.path and call.method != "GET"]
    assert [str(call) for call in touched] == []


@pytest.fixture
def raw(mail: MailCatcher, monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, tuple[str, ...]]]:
    """Every mail from now on as it came over the wire, with whom it was for."""
    caught: list[tuple[bytes, tuple[str, ...]]] = []
    keep: Callable[..., Any] = mail.store.add

    def add(content: bytes, recipients: Any) -> Any:
        caught.append((content, tuple(recipients)))
        return keep(content, recipients)

    monkeypatch.setattr(mail.store, "add", add)
    return caught


def headers_of(content: bytes) -> list[bytes]:
    """The names of the headers of a mail, small letters."""
    head = content.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return [line.partition(b":")[0].lower() for line in head.split(b"\n") if not line[:1].isspace()]


class TestMailHeaders:
    """No field of a form adds a recipient or a header to a mail."""

    @pytest.mark.parametrize("field", ["email", "last_name", "first_name", "title", "locale"])
    def test_of_a_new_account(self, anne: Person, installation: Installation, raw, field: str):
        """Refused, or written into the one mail as text."""
        email = new_address()
        value = INJECTED.replace("Zola", email) if field == "email" else INJECTED
        answer = anne.post("/users/new", {**new_person(email), field: value})
        assert answer.status_code in {303, 422}
        self.nothing_was_added(anne, installation, raw, {email})
        if answer.status_code == 422:
            assert [mail for mail in raw if email in mail[1]] == []

    def test_of_a_corrected_address(self, anne: Person, installation: Installation, raw):
        email = new_address()
        assert anne.invites(email).status_code == 303
        installation.forget_mails_of_last_minute()
        user_id = installation.realm.id_of(email)
        value = INJECTED.replace("Zola", new_address())
        assert anne.post(f"/users/{user_id}/email", {"email": value}).status_code == 422
        self.nothing_was_added(anne, installation, raw, {email})

    @pytest.mark.parametrize("field", ["last_name", "first_name", "title", "locale"])
    def test_of_who_changes_his_own_name(
        self, anne: Person, installation: Installation, member: str, raw, field: str
    ):
        """Which then stands in the portal's own mails about him."""
        himself = Person(installation)
        himself.comes_in(member)
        fields = {"last_name": "Martin", "first_name": "Paul", "title": "m", "locale": "fr"}
        assert himself.post("/profile", {**fields, field: INJECTED}).status_code in {303, 422}
        path = f"/users/{installation.realm.id_of(member)}/attachments"
        assert anne.post(path, {**at("acme", "user", "external"), "confirm": "1"}).status_code == 303
        until(lambda: any(member in recipients for _, recipients in raw), "told", seconds=60)
        self.nothing_was_added(anne, installation, raw, {member})

    def nothing_was_added(self, anne: Person, installation: Installation, raw, expected: set[str]) -> None:
        administrators = {user["email"] for user in installation.administrators()}
        for content, recipients in raw:
            assert len(recipients) == 1
            assert set(recipients) <= expected | administrators
            names = headers_of(content)
            assert b"bcc" not in names
            assert b"x-injected" not in names
            assert names.count(b"to") == names.count(b"subject") == 1
