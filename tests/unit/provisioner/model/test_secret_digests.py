"""Secrets that the server masks are recognised by a salted digest."""

from provisioner.kinds.kind import Kind
from provisioner.kinds.registry import KINDS
from provisioner.model import secret_digests
from provisioner.model.changes import Action
from provisioner.model.rules import MASK
from provisioner.model.state import Address, RealmState, Record, Resource
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


def test_an_invalid_digest_matches_no_secret():
    assert not secret_digests.matches("", "")
    assert not secret_digests.matches("s3cret", "s3cret")


def test_a_masked_secret_is_recognised_by_its_digest():
    known = {secret_digests.key(SMTP, ("smtpServer", "password")): secret_digests.digest("s3cret")}
    assert plan(RealmState.of("portal", [realm("s3cret")]), observed(realm(MASK), known)).changes == ()


def test_a_different_secret_is_one_update_without_the_mask():
    known = {secret_digests.key(SMTP, ("smtpServer", "password")): secret_digests.digest("s3cret")}
    (change,) = plan(RealmState.of("portal", [realm("rotated")]), observed(realm(MASK), known)).changes
    assert change.action is Action.UPDATE
    assert change.after == {"smtpServer": {"password": "rotated"}}


def test_a_masked_secret_without_a_digest_is_sent_once():
    (change,) = plan(RealmState.of("portal", [realm("s3cret")]), observed(realm(MASK), {})).changes
    assert change.after == {"smtpServer": {"password": "s3cret"}}


def test_a_digest_of_another_field_does_not_match():
    known = {secret_digests.key(SMTP, ("password",)): secret_digests.digest("s3cret")}
    assert plan(RealmState.of("portal", [realm("s3cret")]), observed(realm(MASK), known)).writes


def test_secrets_in_lists_of_one():
    desired = Resource(COMPONENT, {"config": {"bindCredential": ["s3cret"], "vendor": ["ad"]}})
    ((name, secret),) = secret_digests.secrets_of(desired, KINDS[desired.address.kind].rule)
    assert (name, secret) == (secret_digests.key(COMPONENT, ("config", "bindCredential")), "s3cret")
    shown = Resource(COMPONENT, {"config": {"bindCredential": [MASK], "vendor": ["ad"]}})
    found = plan(RealmState.of("portal", [desired]), observed(shown, {name: secret_digests.digest(secret)}))
    assert found.changes == ()


def test_kinds_with_unmasked_secrets_have_no_digests():
    client = Resource(Address(Kind.CLIENT, ("portal",)), {"secret": "s3cret"})
    assert list(secret_digests.secrets_of(client, KINDS[client.address.kind].rule)) == []
