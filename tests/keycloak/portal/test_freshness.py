"""What Keycloak says now counts on the very next request: rights, accounts, sessions."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import pytest

from directory.encoding import Place, Subgroup, profile_representation
from tests.architecture.portal import example, rules
from tests.builders import a_profile
from tests.contract.worlds import a_new_address
from tests.keycloak.portal.signing_in import PASSWORD, sign_in
from tests.keycloak.portal.world import RealRequests, done
from tests.web.typed import a_row
from webapp.http.guards import Access

TRIALS = 100


@dataclass
class Holder:
    """An administrator of A with a session, both of which a test may end."""

    everybody: RealRequests
    id: str
    cookie: str
    token: str

    def ask(self, method: str, path: str, **fields: str) -> int:
        """The status of the answer to this person's browser."""
        options: dict[str, Any] = {"data": {**fields, "csrf_token": self.token}} if method == "POST" else {}
        headers = {"Cookie": f"attache={self.cookie}"}
        client = self.everybody.app.test_client(use_cookies=False)
        with client.open(path, method=method, base_url=self.everybody.site, headers=headers, **options) as answer:
            return int(answer.status_code)

    def enable(self, yes: bool) -> None:
        done(self.everybody.admin.put(f"/users/{self.id}", json={"enabled": yes}))


@pytest.fixture
def holder(everybody: RealRequests) -> Iterator[Holder]:
    """Signed in; gone after the test."""
    company = everybody.ids["A"]
    places = [Place(company).path, Place(company, Subgroup.ADMINISTRATORS).path]
    profile = a_profile(a_new_address("den.example"), last_name="Passing", first_name="Pia")
    user_id = everybody.world._create(
        {
            **profile_representation(profile, None),
            "enabled": True,
            "emailVerified": True,
            "credentials": [{"type": "password", "value": PASSWORD}],
            "groups": places,
        }
    )
    yield Holder(everybody, user_id, *sign_in(everybody.app, everybody.site, profile.email))
    if everybody.admin.get(f"/users/{user_id}").ok:
        done(everybody.admin.delete(f"/users/{user_id}"))


def shown(holder: Holder) -> set[int]:
    """What every page that needs a sign-in answers."""
    guarded = rules("GET", Access.SIGNED_IN, Access.ADMINISTRATOR)
    assert guarded
    return {holder.ask("GET", example(rule)) for rule in guarded}


def test_a_removed_right_is_gone_on_the_next_request(holder: Holder):
    """A hundred times of a hundred, for reading and for writing, whether the role was taken or all of it."""
    everybody, company = holder.everybody, holder.everybody.ids["A"]
    somebody = everybody.user_id("somebody of A")
    requests: list[tuple[str, str, dict[str, str]]] = [
        ("GET", "/users", {}),
        ("POST", f"/users/{somebody}/attachments", {**a_row(company, administrator=True), "confirm": "1"}),
        ("GET", f"/users/{somebody}/attachments", {}),
        ("GET", "/users.csv", {}),
        ("POST", f"/users/{everybody.user_id('pending of A')}/activation", {}),
        ("GET", "/journal.csv", {}),
        ("POST", "/users/activations", {}),
    ]
    places = [Place(company, Subgroup.ADMINISTRATORS), Place(company)]
    before = everybody.snapshot()
    refused = 0
    for number, (method, path, fields) in enumerate(islice(cycle(requests), TRIALS)):
        assert holder.ask("GET", "/users/new") == 200
        place = places[number % 2]
        everybody.world.leave(holder.id, place)
        refused += holder.ask(method, path, **fields) == 403
        everybody.world.join(holder.id, place)
    assert refused == TRIALS
    assert everybody.snapshot() == before


def test_a_disabled_account_is_shown_nothing_more(holder: Holder):
    """Every page leads to the sign-in; enabling the account again brings no session back."""
    assert holder.ask("GET", "/users") == 200
    holder.enable(False)
    assert shown(holder) == {302}
    holder.enable(True)
    assert shown(holder) == {302}


def test_a_disabled_account_does_nothing_more(holder: Holder):
    """The first request after it is a POST with the token of the session: nothing happens."""
    before = holder.everybody.snapshot()["groups"]
    holder.enable(False)
    row = a_row(holder.everybody.ids["A"], administrator=True)
    path = f"/users/{holder.everybody.user_id('somebody of A')}/attachments"
    assert holder.ask("POST", path, **row, confirm="1") == 401
    assert holder.everybody.snapshot()["groups"] == before


def test_a_session_that_operations_ended_shows_nothing_more(holder: Holder):
    """All sessions of the person were ended in Keycloak."""
    assert holder.ask("GET", "/users") == 200
    done(holder.everybody.admin.post(f"/users/{holder.id}/logout"))
    assert shown(holder) == {302}


def test_a_deleted_account_is_shown_nothing_more(holder: Holder):
    assert holder.ask("GET", "/users") == 200
    done(holder.everybody.admin.delete(f"/users/{holder.id}"))
    assert shown(holder) == {302}


def test_a_cookie_that_is_replayed_after_signing_out_is_worth_nothing(holder: Holder):
    """Nor does the page of a form from before help: its token belonged to the session."""
    assert holder.ask("GET", "/users") == 200
    assert holder.ask("POST", "/logout") == 303
    assert shown(holder) == {302}
    assert holder.ask("POST", "/profile", last_name="Back") == 401
