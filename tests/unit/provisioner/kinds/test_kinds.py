"""Every key that the tables accept ends in a resource: the kinds forget none."""

from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.kinds import client_policies
from provisioner.kinds.kind import Kind
from provisioner.kinds.realm_file import RealmFile
from provisioner.kinds.registry import FAMILIES
from provisioner.model.state import Address, RealmState, Resource, Source
from provisioner.representation import REALM, Leaf, ListOf, MapOf, Object, OneOf, Shape, Text

_DEEP = 7
MEANT_OTHERWISE = {
    "realm": "which realm the run is about",
    "keycloakVersion": "how the rest is understood",
    "id": "only looked up, where another place of the file refers to it",
    "path": "checked against the names",
    "priority": "the order of executions",
    "flowAlias": "resolved within the file",
    "authenticatorConfig": "resolved within the file",
    "serviceAccountClientId": "the user comes with its client",
    "organizationId": "resolved within the file",
}
"""Keys whose values do not appear in a resource."""
ELSEWHERE = {
    "organizations.groups": "refused: groups of an organization are not managed by the provisioner",
    "clients.authorizationSettings.resources.scopes": "only names count: the scopes stand beside the resources",
}
"""Places where this holds for all keys inside."""


class Tokens:
    """Creates a document with every key of a table and a unique value for each leaf."""

    def __init__(self) -> None:
        self.places: dict[str, tuple[str, ...]] = {}

    def document(self, shape: Shape, place: tuple[str, ...] = ()) -> Any:
        match shape:
            case Leaf.BOOL:
                return True
            case Leaf.INT:
                return int(self._token(place, "7{:06}"))
            case OneOf(values):
                return values[0]
            case ListOf(item):
                return [self.document(item, place)]
            case MapOf(value):
                return {"any": self.document(value, place)}
            case Object():
                inner = shape.keys if len(place) < _DEEP else {key: shape.keys[key] for key in shape.required}
                return {key: self.document(each, (*place, key)) for key, each in inner.items()}
            case Leaf() | Text():
                return self._token(place, "token{:06}")

    def _token(self, place: tuple[str, ...], pattern: str) -> str:
        token = pattern.format(len(self.places))
        self.places[token] = place
        return token


def _consistent(document: dict[str, Any]) -> None:
    """Make the references in the document valid."""
    document["registrationEmailAsUsername"] = False
    document["components"] = {"org.keycloak.storage.UserStorageProvider": document["components"]["any"]}
    flow = document["authenticationFlows"][0]
    execution = flow["authenticationExecutions"][0]
    execution["authenticatorConfig"] = document["authenticatorConfig"][0]["alias"]
    del execution["flowAlias"]
    del document["users"][0]["serviceAccountClientId"]
    del document["clients"][0]["authorizationSettings"]["resources"][0]["uri"]  # the old form of uris
    for mapping in (document["scopeMappings"][0], document["clientScopeMappings"]["any"][0]):
        del mapping["clientScope"]
    document["identityProviderMappers"][0]["identityProviderAlias"] = document["identityProviders"][0]["alias"]


def _seen(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for key, inner in value.items():
                yield str(key)
                yield from _seen(inner)
        case list() | tuple():
            for inner in value:
                yield from _seen(inner)
        case _:
            yield str(value)


@pytest.fixture(scope="module")
def forgotten() -> set[str]:
    tokens = Tokens()
    document = tokens.document(REALM)
    _consistent(document)
    collected: list[str] = []
    file = RealmFile(
        "portal", document, Source("a"), lambda *problem: collected.append(str(problem)), lambda _: None
    )
    resources = [resource for family in FAMILIES for resource in family.desired(file)]
    text = "\n".join(each for found in resources for each in _seen((found.address.names, found.fields)))
    asked = "\n".join(_seen(document))
    return {".".join(place) for token, place in tokens.places.items() if token in asked and token not in text}


def test_every_key_ends_in_a_resource(forgotten):
    left = {place for place in forgotten if place.rpartition(".")[2] not in MEANT_OTHERWISE}
    assert {place for place in left if not any(place.startswith(each) for each in ELSEWHERE)} == set()


@pytest.mark.slow
def test_executors_are_exported_in_their_order():
    """Not in the order of the keys of an object, which an export sorts."""
    named = {name: {"executor": name, "configuration": {}} for name in ("consent", "pkce", "uris")}
    fields = {"executors": named, "order": "uris, pkce, consent"}
    collected: dict[str, Any] = {}
    found = RealmState.of("portal", [Resource(Address(Kind.CLIENT_PROFILE, ("careful",)), fields)])
    client_policies.represent(found, collected)
    (profile,) = collected["clientProfiles"]["profiles"]
    assert [each["executor"] for each in profile["executors"]] == ["uris", "pkce", "consent"]
    assert "order" not in profile
