"""A full run on the real Keycloak, and nothing in the portal's log that opens a door or names a person."""

import json

import msgspec
import pytest
from sqlalchemy import create_engine, select

from sandbox.stack import Stack
from tests.browser.conftest import NewPerson
from tests.browser.people import NEW_PASSWORD, PASSWORD, new_address
from webapp.storage.database import sessions

pytestmark = pytest.mark.browser

ANNE = "anne.durand@acme.example"


def tokens_in_the_database(stack: Stack) -> set[str]:
    """Every token that the portal has in its sessions now."""
    engine = create_engine(stack.environment()["DATABASE_URL"])
    with engine.connect() as connection:
        kept = [msgspec.msgpack.decode(row) for row in connection.execute(select(sessions.c.data)).scalars()]
    engine.dispose()
    return {one["tokens"][name] for one in kept if "tokens" in one for name in one["tokens"] if "token" in name}


def test_log_of_a_full_run(new_person: NewPerson, stack: Stack) -> None:
    """Sign-in, a search for a person, an invitation, its activation, sign-out; and whatever ran here before."""
    anne, emile = new_person(), new_person()
    email = new_address()
    anne.signs_in(ANNE)
    anne.opens(f"/users?q={email}")
    anne.creates(email, acme=("user", "internal"))
    link = anne.activation_link(email)
    emile.activates(link)
    emile.signs_in(email, NEW_PASSWORD, path="/profile")
    tokens = tokens_in_the_database(stack)
    cookies = [one["value"] for person in (anne, emile) for one in person.page.context.cookies()]
    emile.page.get_by_role("button", name="Se déconnecter").click()

    said = (stack.folder / "portal.log").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in said.splitlines()]
    answered = [line for line in lines if line["logger"] == "webapp.requests"]
    assert {line["route"] for line in answered} >= {"/users", "/users/new", "/login/callback", "/logout"}
    assert all(line["request_id"] for line in answered)

    people = {person["email"] for person in stack.describe()["people"]} | {email}
    mails = {line for mail in anne.mails_to(email) for line in mail["text"].splitlines() if len(line) > 20}
    assert len(tokens) >= 6
    assert len(mails) > 2
    for kind, secrets in {
        "token": tokens,
        "cookie": {value for value in cookies if len(value) > 8},
        "secret": {value for value in stack.secrets.environment().values() if len(value) > 8},
        "password": {PASSWORD, NEW_PASSWORD},
        "link": {link, link.partition("key=")[2][:40]},
        "address": people,
        "mail": mails,
    }.items():
        assert not [secret for secret in secrets if secret in said], kind
