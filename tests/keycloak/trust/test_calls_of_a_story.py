"""What the portal asks of Keycloak while people do everything with it: these calls and no others.

Its account could reset the password of a member, or delete him: fine-grained permissions cannot tell that from
inviting and attaching (`docs/adr/0009-reads-by-role.md`). So what it really asks is written down here.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest

from tests.keycloak.trust.conftest import ANNE, BRUNO
from tests.keycloak.trust.installation import Installation, Person, at, new_address
from tests.keycloak.trust.recorder import Call
from tests.waiting import until

pytestmark = pytest.mark.timeout(600)  # the whole story is told before the first test

ID = "[0-9a-f-]{36}"
SESSION = "[A-Za-z0-9_-]+"
ALLOWED: Sequence[tuple[str, str]] = (
    ("GET", "/admin/R/users"),
    ("GET", f"/admin/R/users/{ID}"),
    ("GET", f"/admin/R/users/{ID}/groups"),
    ("GET", f"/admin/R/users/{ID}/sessions"),
    ("GET", "/admin/R/users/profile"),
    ("GET", "/admin/R/groups"),
    ("GET", "/admin/R/groups/count"),
    ("GET", f"/admin/R/groups/{ID}/children"),
    ("GET", f"/admin/R/groups/{ID}/members"),
    ("GET", "/admin/R/group-by-path/[a-z0-9-]+(/administrators|/externals)?"),
    ("POST", "/admin/R/users"),
    ("PUT", f"/admin/R/users/{ID}"),
    ("DELETE", f"/admin/R/users/{ID}"),
    ("PUT", f"/admin/R/users/{ID}/execute-actions-email"),
    ("PUT", f"/admin/R/users/{ID}/groups/{ID}"),
    ("DELETE", f"/admin/R/users/{ID}/groups/{ID}"),
    ("GET", r"/R/\.well-known/openid-configuration"),
    ("POST", "/R/protocol/openid-connect/token"),
    ("GET", "/R/protocol/openid-connect/userinfo"),
    ("GET", "/R/protocol/openid-connect/certs"),
    ("GET", "/R/account/"),
    ("POST", "/R/account/"),
    ("GET", "/R/account/sessions/devices"),
    ("DELETE", f"/R/account/sessions/{SESSION}"),
)
"""Every kind of call, `R` for the realm's address. A new one is added by who has thought about its rights."""
FORBIDDEN = (
    "reset-password",
    "impersonation",
    "role-mappings",
    "credentials",
    "logout",
    "disable-credential-types",
)


@pytest.fixture(scope="module")
def story(installation: Installation) -> list[Call]:
    """People do everything the portal offers; what it asked of Keycloak since its start, for other tests too."""
    anne = Person(installation)
    anne.comes_in(ANNE)
    wrong, right, cancelled, emile = (new_address() for _ in range(4))

    for email in (wrong, cancelled, emile):
        assert anne.invites(email, **at("globex", "administrator", "external")).status_code == 303
    installation.forget_mails_of_last_minute()
    ids = {email: installation.realm.id_of(email) for email in (wrong, cancelled, emile)}
    assert anne.post(f"/users/{ids[emile]}/activation", {}).status_code == 303
    assert anne.post(f"/users/{ids[wrong]}/email", {"email": right}).status_code == 303
    assert anne.post(f"/users/{ids[cancelled]}/cancellation", {}).status_code == 303
    assert Person(installation).activates(
        installation.activation_links(emile)[0], "un-mot-de-passe-bien-long-2026"
    )

    _attach_and_detach(anne, installation, ids[emile])
    _import(anne)
    _pages(anne, ids[emile])
    _oneself(installation, emile, ids[emile])
    _never_of_an_active_one(anne, ids[emile])
    anne.post("/logout", {})
    return list(installation.recorder.calls)


def _attach_and_detach(anne: Person, installation: Installation, emile: str) -> None:
    """Roles at two companies, then at one; and somebody who has an account already."""
    path = f"/users/{emile}/attachments"
    for rows in (
        {**at("acme", "administrator"), **at("globex", "user", "external")},
        at("acme", "user", "external"),
        {**at("acme", "administrator"), **at("globex")},
    ):
        assert anne.post(path, rows).status_code == 200
        assert anne.post(path, {**rows, "confirm": "1"}).status_code == 303
    known = new_address()
    installation.add_active(known)
    assert anne.post("/users/new", {"email": known}).status_code == 200
    assert anne.post("/users/new", {"email": known, **at("acme"), "confirm": "1"}).status_code == 303
    user_id = installation.realm.id_of(known)
    assert anne.post(f"/users/{user_id}/attachments", {"confirm": "1"}).status_code == 303


def _import(anne: Person) -> None:
    """More lines than are done at once."""
    header = "email,last_name,first_name,title,locale,company,role,affiliation"
    lines = [f"{new_address()},Zola,Émile,m,fr,acme,user,external" for _ in range(22)]
    file = {"file": ("people.csv", "\n".join([header, *lines, ""]).encode(), "text/csv")}
    done = anne.post("/users/import", {"confirm": "1"}, files=file)
    assert done.status_code == 303, done.text
    page = done.headers["Location"]
    until(lambda: 'http-equiv="refresh"' not in anne.get(page).text, "imported", seconds=120)


def _pages(anne: Person, emile: str) -> None:
    """Whatever can be looked at."""
    for path in (
        *("/", "/users", "/users?q=zola&status=pending&sort=-email", "/users.csv", "/users/new", "/users/import"),
        *("/journal", "/journal.csv", "/help", "/profile", "/users/activations", "/readyz", "/users/import.csv"),
        f"/users/{emile}",
    ):
        assert anne.get(path).status_code in {200, 302}, path
    assert anne.post("/users/activations", {}).status_code == 303


def _oneself(installation: Installation, email: str, user_id: str) -> None:
    """« Mon profil », the language, leaving a company, signing out."""
    emile = Person(installation)
    assert emile.comes_in(email).status_code == 200
    fields = {"last_name": "Zola", "first_name": "Émilien", "title": "m", "locale": "en"}
    assert emile.post("/profile", fields).status_code == 303
    elsewhere = Person(installation)
    assert elsewhere.comes_in(email).status_code == 200
    assert "my-sessions" in elsewhere.get("/profile").text
    assert emile.post("/profile/sessions/ending", {}).status_code == 303
    assert elsewhere.get("/profile").status_code == 302, "the other session was ended"
    assert emile.get("/profile").status_code == 200
    assert emile.post("/language", {"locale": "fr"}).status_code == 303
    assert emile.post("/profile/companies/globex/leaving", {"confirm": "1"}).status_code in {200, 303}
    assert installation.account_of(email)["firstName"] == "Émilien"
    assert emile.post("/logout", {}).status_code == 303


def _never_of_an_active_one(anne: Person, user_id: str) -> None:
    """All that is for pending accounts, tried on an active one."""
    for path, fields in (
        (f"/users/{user_id}/activation", {}),
        (f"/users/{user_id}/email", {"email": new_address()}),
        (f"/users/{user_id}/cancellation", {}),
    ):
        assert anne.post(path, fields).status_code == 409


def kind_of(call: Call, realm: str) -> tuple[str, str] | None:
    """The line of the list that allows this call."""
    path = call.path.replace(f"/admin/realms/{realm}", "/admin/R").replace(f"/realms/{realm}", "/R")
    return next((kind for kind in ALLOWED if call.method == kind[0] and re.fullmatch(kind[1], path)), None)


def test_it_asks_nothing_else(installation: Installation, story: list[Call]):
    """A call of a new kind fails here."""
    assert [str(call) for call in story if kind_of(call, installation.realm.name) is None] == []


def test_everything_on_the_list_is_asked(installation: Installation, story: list[Call]):
    """So the list holds nothing without a use (a group is looked for by its path when a company has vanished)."""
    used = {kind_of(call, installation.realm.name) for call in story}
    assert [kind for kind in ALLOWED if kind not in used and "group-by-path" not in kind[1]] == []


@pytest.mark.parametrize("word", FORBIDDEN)
def test_it_never_asks(word: str, story: list[Call]):
    assert [str(call) for call in story if word in call.path.split("/")] == []


def changes(story: list[Call], method: str) -> list[Call]:
    """Those of the calls that change an account itself."""
    return [call for call in story if call.method == method and re.search(f"/users/{ID}$", call.path)]


def is_activated(account: dict[str, Any]) -> bool:
    return "UPDATE_PASSWORD" not in account["requiredActions"]


def test_it_deletes_nobody_who_was_activated(story: list[Call]):
    """Only the invitation that was cancelled."""
    deleted = [call for call in changes(story, "DELETE") if call.status == 204]
    assert deleted
    assert [call.account for call in deleted if call.account is None or is_activated(call.account)] == []


def test_it_changes_the_address_of_nobody_who_was_activated(story: list[Call]):
    """Nor whether he is enabled, what is required of him, or what his password is; of nobody."""
    written = [(call.account, json.loads(call.body)) for call in changes(story, "PUT")]
    assert len(written) > 3
    moved = [was for was, body in written if was is None or body.get("email", was["email"]) != was["email"]]
    assert moved
    assert [was for was in moved if was is None or is_activated(was)] == []
    keys = {key for _, body in written for key in body}
    assert keys.isdisjoint({"credentials", "requiredActions", "enabled", "emailVerified", "groups", "realmRoles"})


def test_what_it_makes_holds_no_more_than_it_should(story: list[Call]):
    """No password, no role, no verified address; groups of companies only."""
    made = [json.loads(call.body) for call in story if call.method == "POST" and call.path.endswith("/users")]
    assert len(made) >= 25
    for body in made:
        assert body.keys() <= {
            *("username", "email", "firstName", "lastName", "enabled", "attributes", "groups", "requiredActions"),
            "emailVerified",
        }
        assert not body.get("emailVerified")
        assert set(body["requiredActions"]) == {"UPDATE_PASSWORD", "VERIFY_EMAIL"}
        assert all(re.fullmatch("/(acme|globex)(/administrators|/externals)?", group) for group in body["groups"])


def test_every_mail_is_for_thirty_days_and_one_action(story: list[Call]):
    """Whatever a form says (Keycloak itself takes a negative life too)."""
    mails = [call for call in story if call.path.endswith("/execute-actions-email")]
    assert len(mails) > 25
    assert {tuple(call.query["lifespan"]) for call in mails} == {("2592000",)}
    assert {call.body for call in mails} == {b'["VERIFY_EMAIL"]'}
    assert all(call.account is not None and not is_activated(call.account) for call in mails)


def test_only_people_of_companies_join_and_leave(installation: Installation, story: list[Call]):
    """Their groups are those of companies."""
    groups = {
        installation.realm.group(f"/{company}{of}")
        for company in ("acme", "globex")
        for of in ("", "/administrators", "/externals")
    }
    joined = {call.path.rpartition("/")[2] for call in story if "/groups/" in call.path and "/users/" in call.path}
    assert joined
    assert joined <= groups


def test_the_others_are_still_there(installation: Installation, story: list[Call]):
    """The story touched nobody who was no part of it."""
    assert story
    bruno = installation.account_of(BRUNO)
    assert (bruno["enabled"], bruno["requiredActions"]) == (True, [])
