"""The tables against the classes they are tables of, so that an upgrade of Keycloak shows what is new.

`representations-26.7.json` says how it was made.
"""

import json
from pathlib import Path

import pytest

from provisioner.representation import REALM, Leaf, ListOf, MapOf, Object, OneOf, Shape, Text

CLASSES = json.loads((Path(__file__).parent / "representations-26.7.json").read_text(encoding="utf-8"))["classes"]
NAMES = {
    "Realm": "RealmRepresentation",
    "Client": "ClientRepresentation",
    "ClientScope": "ClientScopeRepresentation",
    "ProtocolMapper": "ProtocolMapperRepresentation",
    "Role": "RoleRepresentation",
    "Roles": "RolesRepresentation",
    "Composites": "RoleRepresentation$Composites",
    "ScopeMapping": "ScopeMappingRepresentation",
    "ClientProfiles": "ClientProfilesRepresentation",
    "ClientProfile": "ClientProfileRepresentation",
    "ClientPolicyExecutor": "ClientPolicyExecutorRepresentation",
    "ClientPolicies": "ClientPoliciesRepresentation",
    "ClientPolicy": "ClientPolicyRepresentation",
    "ClientPolicyCondition": "ClientPolicyConditionRepresentation",
    "AuthorizationSettings": "ResourceServerRepresentation",
    "AuthorizationPolicy": "PolicyRepresentation",
    "AuthorizationResource": "ResourceRepresentation",
    "AuthorizationScope": "ScopeRepresentation",
    "AuthenticationFlow": "AuthenticationFlowRepresentation",
    "AuthenticationExecution": "AuthenticationExecutionExportRepresentation",
    "AuthenticatorConfig": "AuthenticatorConfigRepresentation",
    "RequiredAction": "RequiredActionProviderRepresentation",
    "IdentityProvider": "IdentityProviderRepresentation",
    "IdentityProviderMapper": "IdentityProviderMapperRepresentation",
    "User": "UserRepresentation",
    "Credential": "CredentialRepresentation",
    "FederatedIdentity": "FederatedIdentityRepresentation",
    "Group": "GroupRepresentation",
    "Organization": "OrganizationRepresentation",
    "OrganizationDomain": "OrganizationDomainRepresentation",
    "Component": "ComponentExportRepresentation",
    "UserProfile": "UPConfig",
    "UserProfileAttribute": "UPAttribute",
    "UserProfileGroup": "UPGroup",
    "UserProfileRequired": "UPAttributeRequired",
    "UserProfilePermissions": "UPAttributePermissions",
    "UserProfileSelector": "UPAttributeSelector",
}
PARTS = {
    "OrganizationMember": "UserRepresentation",
    "OrganizationIdentityProvider": "IdentityProviderRepresentation",
}
"""Of these an organization takes the name and leaves the rest out."""
BESIDES = {"Realm": {"userProfile"}, "OrganizationMember": {"membershipType"}}
"""Keys that the class does not have: our own, or the subclass's."""


def objects() -> dict[str, Object]:
    """Every table that a realm file can lead to."""
    found: dict[str, Object] = {}
    waiting: list[Shape] = [REALM]
    while waiting:
        shape = waiting.pop()
        match shape:
            case Object():
                if shape.name not in found:
                    found[shape.name] = shape
                    waiting.extend(shape.keys.values())
            case ListOf(item) | MapOf(item):
                waiting.append(item)
            case _:
                pass
    return found


def type_of(shape: Shape) -> str:
    match shape:
        case Object(name):
            return {**NAMES, **PARTS}[name]
        case ListOf(item):
            return f"List<{type_of(item)}>"
        case MapOf(item):
            return f"Map<{type_of(item)}>"
        case OneOf() | Text() | Leaf.STR | Leaf.SECRET:
            return "String"
        case Leaf.BOOL:
            return "Boolean"
        case Leaf.INT:
            return "Integer"
        case _:
            return "Object"


def plain(java: str) -> str:
    """The type without what JSON does not show."""
    for written, meant in (("boolean", "Boolean"), ("int", "Integer"), ("long", "Integer"), ("Long", "Integer")):
        java = meant if java == written else java
    return "String" if java.startswith("Enum<") else java


def test_every_class_has_its_table():
    assert set(NAMES.values()) == set(CLASSES)
    assert objects().keys() == NAMES.keys() | PARTS.keys()


@pytest.mark.parametrize("name", [*NAMES, *PARTS])
def test_every_property_is_known(name):
    table = objects()[name]
    known = {*table.keys, *table.ignored, *table.unmanaged, *table.remarked}
    assert known == CLASSES[{**NAMES, **PARTS}[name]].keys() | BESIDES.get(name, set())


@pytest.mark.parametrize("name", NAMES)
def test_every_type_is_right(name):
    properties = CLASSES[NAMES[name]]
    for key, shape in objects()[name].keys.items():
        java = plain(properties.get(key, "none"))
        if java not in ("none", "JsonNode") and "Organization" not in name:
            assert (key, type_of(shape)) == (key, java)


@pytest.mark.parametrize("name", [*NAMES, *PARTS])
def test_no_key_is_said_twice(name):
    table = objects()[name]
    assert not table.keys.keys() & table.ignored
    assert not table.keys.keys() & {*table.unmanaged, *table.remarked}
    assert not table.ignored & {*table.unmanaged, *table.remarked}
    assert not table.unmanaged.keys() & table.remarked.keys()
    assert set(table.required) <= {*table.keys}


def test_every_enum_has_all_its_values():
    for name, table in objects().items():
        for key, shape in table.keys.items():
            java = CLASSES.get(NAMES.get(name, ""), {}).get(key, "")
            if java.startswith("Enum<"):
                assert isinstance(shape, OneOf)
                assert set(shape.values) == set(java.removeprefix("Enum<").removesuffix(">").split(","))
