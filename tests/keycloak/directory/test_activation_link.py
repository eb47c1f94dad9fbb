"""What is inside the link of an activation mail, and what ends its life."""

import base64
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from directory.model import Locale
from tests.builders import NOON, an_attachment
from tests.contract.worlds import a_new_address, a_new_profile


@pytest.fixture
def pending(world):
    return world.person(
        an_attachment(world.company()), password_required=True, profile=a_new_profile(locale=Locale.EN)
    )


def links_to(world, email: str) -> list[str]:
    """The links in the mails to the address, newest first."""
    mails = [message for message in world.realm.mail.messages() if email in message["to"]]
    return [re.search(r"https?://\S+/login-actions/action-token\S+", mail["text"]).group() for mail in mails]


def token_in(link: str) -> dict:
    (key,) = parse_qs(urlsplit(link).query)["key"]
    payload = key.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_it_lives_exactly_thirty_days_and_asks_for_no_password_itself(world, directory, pending):
    directory.send_activation(pending.id)

    (link,) = links_to(world, pending.email)
    token = token_in(link)
    assert token["exp"] - token["iat"] == 2_592_000
    assert token["rqac"] == ["VERIFY_EMAIL"]
    assert token["sub"] == pending.id
    assert token["reduri"] == f"{world.realm.portal_url}/"


def test_each_resend_is_a_new_link_with_thirty_new_days(world, directory, pending):
    directory.send_activation(pending.id)
    directory.send_activation(pending.id)

    newer, older = (token_in(link) for link in links_to(world, pending.email))
    assert newer["jti"] != older["jti"]
    assert newer["exp"] >= older["exp"]
    assert newer["exp"] - newer["iat"] == 2_592_000


def test_looking_at_it_as_mail_scanners_do_changes_nothing(world, directory, pending):
    directory.send_activation(pending.id)
    noted = directory.record_activation_sent(pending, NOON)
    (link,) = links_to(world, pending.email)

    for look in (requests.head, requests.get, requests.get):
        look(link, timeout=60)

    assert directory.user(pending.id) == noted
    assert world.realm.admin.get(f"/users/{pending.id}").json()["emailVerified"] is False


def test_a_corrected_address_ends_it(world, directory, pending):
    """Otherwise the person who got the mail by mistake could take the account over."""
    directory.send_activation(pending.id)
    (link,) = links_to(world, pending.email)
    alive = requests.get(link, timeout=60)

    directory.correct_email(pending, a_new_address())

    ended = requests.get(link, timeout=60)
    assert alive.status_code == 200
    assert ended.status_code == 400


def test_the_link_sent_to_a_corrected_address_works_even_if_the_old_one_was_confirmed(world, directory, pending):
    """Confirmed is not activated: the first address's owner may have clicked and gone away."""
    account = world.realm.admin.get(f"/users/{pending.id}").json()
    confirmed = {**account, "emailVerified": True, "requiredActions": ["UPDATE_PASSWORD"]}
    world.realm.admin.put(f"/users/{pending.id}", json=confirmed).raise_for_status()

    corrected = directory.correct_email(pending, a_new_address())
    directory.send_activation(pending.id)

    (link,) = links_to(world, corrected.email)
    assert requests.get(link, timeout=60).status_code == 200
    assert directory.user(pending.id).password_required
