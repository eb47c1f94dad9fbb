"""Users, groups, organizations and the user profile."""

from provisioner.representation.authentication import IDENTITY_PROVIDER
from provisioner.representation.shape import (
    LENIENT_LISTS,
    NAME,
    STRING_LISTS,
    STRINGS,
    Leaf,
    ListOf,
    MapOf,
    Object,
    OneOf,
    Shape,
    Text,
    because,
    keys,
    names,
)

_GROUP_KEYS: dict[str, Shape] = {
    **keys(NAME, "id name"),
    **keys(Leaf.STR, "description path"),
    "attributes": MapOf(ListOf(Text(255))),
    "realmRoles": STRINGS,
    "clientRoles": STRING_LISTS,
}
GROUP = Object("Group", _GROUP_KEYS, required=("name",), ignored=names("parentId subGroupCount access"))
_GROUPS = ListOf(GROUP, by=("name",))
_GROUP_KEYS["subGroups"] = _GROUPS

_CREDENTIAL = Object(
    "Credential",
    {
        **keys(Leaf.STR, "type userLabel credentialData"),
        **keys(Leaf.SECRET, "value secretData hashedSaltedValue salt"),
        "temporary": Leaf.BOOL,
        "priority": Leaf.INT,
        # Written by Keycloak 6 and older, and accepted by 26.7.
        **keys(Leaf.STR, "device algorithm"),
        **keys(Leaf.INT, "hashIterations counter digits period"),
        "config": STRING_LISTS,
    },
    ignored=names("id createdDate"),
    unmanaged=because("users of a user federation are managed there", "federationLink"),
)
_FEDERATED_IDENTITY = Object(
    "FederatedIdentity",
    keys(NAME, "identityProvider userId userName"),
    required=("identityProvider", "userId"),
)
_VERIFIABLE = "credentials that the server issues belong to the user"
USER = Object(
    "User",
    {
        **keys(NAME, "id username firstName lastName email serviceAccountClientId"),
        **keys(Leaf.BOOL, "emailVerified enabled"),
        "attributes": LENIENT_LISTS,
        "credentials": ListOf(_CREDENTIAL),
        **keys(STRINGS, "requiredActions realmRoles groups"),
        "clientRoles": STRING_LISTS,
        "federatedIdentities": ListOf(_FEDERATED_IDENTITY, by=("identityProvider",)),
    },
    ignored=names(
        "self origin createdTimestamp notBefore totp disableableCredentialTypes access userProfileMetadata"
    ),
    remarked={
        **because("no request can set the consents of a user", "clientConsents"),
        **because(_VERIFIABLE, "verifiableCredentials issuedVerifiableCredentials"),
    },
    unmanaged={
        **because("users of a user federation are managed there", "federationLink"),
        **because("the form before Keycloak 2: use clientRoles", "applicationRoles"),
        **because("the form before Keycloak 2: use federatedIdentities", "socialLinks"),
    },
)

_DOMAIN = Object("OrganizationDomain", {"name": NAME, "verified": Leaf.BOOL}, required=("name",))
_MEMBER = Object(
    "OrganizationMember",
    {"username": NAME, "membershipType": OneOf(("UNMANAGED", "MANAGED"))},
    required=("username",),
    ignored=frozenset({*USER.keys, *USER.ignored, *USER.unmanaged, *USER.remarked}) - {"username"},
)
_MEMBER_PROVIDER = Object(
    "OrganizationIdentityProvider",
    {"alias": NAME},
    required=("alias",),
    ignored=frozenset({*IDENTITY_PROVIDER.keys, *IDENTITY_PROVIDER.ignored, *IDENTITY_PROVIDER.unmanaged})
    - {"alias"},
)
ORGANIZATION = Object(
    "Organization",
    {
        **keys(NAME, "id name alias"),
        **keys(Leaf.STR, "description redirectUrl"),
        "enabled": Leaf.BOOL,
        "attributes": STRING_LISTS,
        "domains": ListOf(_DOMAIN, by=("name",)),
        "members": ListOf(_MEMBER, by=("username",)),
        "identityProviders": ListOf(_MEMBER_PROVIDER, by=("alias",)),
        "groups": _GROUPS,
    },
)

_PROFILE_ATTRIBUTE = Object(
    "UserProfileAttribute",
    {
        **keys(NAME, "name displayName group"),
        "defaultValue": Leaf.STR,
        "validations": MapOf(MapOf(Leaf.ANY)),
        "annotations": MapOf(Leaf.ANY),
        "required": Object("UserProfileRequired", keys(STRINGS, "roles scopes")),
        "permissions": Object("UserProfilePermissions", keys(STRINGS, "view edit")),
        "selector": Object("UserProfileSelector", keys(STRINGS, "scopes")),
        "multivalued": Leaf.BOOL,
    },
    required=("name",),
)
_PROFILE_GROUP = Object(
    "UserProfileGroup",
    {**keys(Leaf.STR, "name displayHeader displayDescription"), "annotations": MapOf(Leaf.ANY)},
    required=("name",),
)
USER_PROFILE = Object(
    "UserProfile",
    {
        "attributes": ListOf(_PROFILE_ATTRIBUTE, by=("name",)),
        "groups": ListOf(_PROFILE_GROUP, by=("name",)),
        "unmanagedAttributePolicy": OneOf(("ENABLED", "ADMIN_VIEW", "ADMIN_EDIT")),
    },
)

PEOPLE_KEYS: dict[str, Shape] = {
    "users": ListOf(USER, by=("username",)),
    "groups": _GROUPS,
    "defaultGroups": STRINGS,
    "organizations": ListOf(ORGANIZATION, by=("name",)),
    "userProfile": USER_PROFILE,
}
"""The keys of a realm file for these."""
