"""Secrets that the server masks are recognised by a salted digest."""

from provisioner.model import secret_digests
from provisioner.model.changes import Action
from provisioner.model.rules import MASK
from provisioner.model.state import Address, Kind, RealmState, Record, Resource
from provisioner.planning.plan import plan

SMTP = Address(Kind.REALM, ("portal",))
COMPONENT = Address(Kind.COMPONENT, ("org.keycloak.storage.UserStorageProvider", "ldap"))


def realm(password: str) -> Resource:
    return Resource(SMTP, {"smtpServer": {"host": "mail", "password": password}})


def observed(shown: Resource, known: dict[str, str]) -> RealmState:
    state = RealmState.of("portal", [shown])
    return RealmState("portal", state.resources, record=Record(digests=known))


def test_the_same_secret_has_another_digest_each_time_and_matches_both():
    one, other = secret_digests.digest("s3cret"), secret_digests.digest("s3cret")
    assert one != other
    assert secret_digests.matches("s3cret", one)
    assert secret_digests.matches("s3cret", other)
    assert not secret_digests.matches("s3cret ", one)


def test_what_is_no_digest_matches_nothing():
    assert not secret_digests.matches("", "")
    assert not secret_digests.matches("s3cret", "s3cret")


def test_a_masked_secret_is_known_by_its_digest():
    known = {secret_digests.key(SMTP, ("smtpServer", "password")): secret_digests.digest("s3cret")}
    assert plan(RealmState.of("portal", [realm("s3cret")]), observed(realm(MASK), known)).changes == ()


def test_another_secret_is_one_update_and_the_mask_is_not_in_it():
    known = {secret_digests.key(SMTP, ("smtpServer", "password")): secret_digests.digest("s3cret")}
    (change,) = plan(RealmState.of("portal", [realm("rotated")]), observed(realm(MASK), known)).changes
    assert change.action is Action.UPDATE
    assert change.after == {"smtpServer": {"password": "rotated"}}


def test_a_masked_secret_nobody_noted_is_sent_once():
    (change,) = plan(RealmState.of("portal", [realm("s3cret")]), observed(realm(MASK), {})).changes
    assert change.after == {"smtpServer": {"password": "s3cret"}}


def test_the_digest_of_another_field_does_not_count():
    known = {secret_digests.key(SMTP, ("password",)): secret_digests.digest("s3cret")}
    assert plan(RealmState.of("portal", [realm("s3cret")]), observed(realm(MASK), known)).writes


def test_secrets_in_lists_of_one():
    desired = Resource(COMPONENT, {"config": {"bindCredential": ["s3cret"], "vendor": ["ad"]}})
    ((name, secret),) = secret_digests.of(desired)
    assert (name, secret) == (secret_digests.key(COMPONENT, ("config", "bindCredential")), "s3cret")
    shown = Resource(COMPONENT, {"config": {"bindCredential": [MASK], "vendor": ["ad"]}})
    found = plan(RealmState.of("portal", [desired]), observed(shown, {name: secret_digests.digest(secret)}))
    assert found.changes == ()


def test_kinds_that_the_server_shows_have_none():
    client = Resource(Address(Kind.CLIENT, ("portal",)), {"secret": "s3cret"})
    assert list(secret_digests.of(client)) == []
