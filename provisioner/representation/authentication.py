"""Authentication: flows, required actions, identity providers."""

from provisioner.representation.shape import (
    NAME,
    SETTINGS,
    Leaf,
    ListOf,
    Object,
    OneOf,
    Shape,
    because,
    keys,
    names,
)

_EXECUTION = Object(
    "AuthenticationExecution",
    {
        **keys(NAME, "authenticator authenticatorConfig flowAlias"),
        "requirement": OneOf(("REQUIRED", "ALTERNATIVE", "CONDITIONAL", "DISABLED")),
        "priority": Leaf.INT,
        **keys(Leaf.BOOL, "authenticatorFlow autheticatorFlow userSetupAllowed"),
    },
)

FLOW = Object(
    "AuthenticationFlow",
    {
        **keys(NAME, "id alias description providerId"),
        **keys(Leaf.BOOL, "topLevel builtIn"),
        "authenticationExecutions": ListOf(_EXECUTION),
    },
    required=("alias",),
)

AUTHENTICATOR_CONFIG = Object(
    "AuthenticatorConfig", {"alias": NAME, "config": SETTINGS}, required=("alias",), ignored=names("id")
)

REQUIRED_ACTION = Object(
    "RequiredAction",
    {
        **keys(NAME, "alias name providerId"),
        **keys(Leaf.BOOL, "enabled defaultAction"),
        "priority": Leaf.INT,
        "config": SETTINGS,
    },
    required=("alias",),
)

IDENTITY_PROVIDER = Object(
    "IdentityProvider",
    {
        **keys(NAME, "alias displayName providerId firstBrokerLoginFlowAlias postBrokerLoginFlowAlias"),
        "organizationId": Leaf.STR,
        **keys(
            Leaf.BOOL,
            "enabled trustEmail storeToken addReadTokenRoleOnCreate authenticateByDefault linkOnly hideOnLogin",
        ),
        "config": SETTINGS,
    },
    required=("alias",),
    ignored=names("internalId types updateProfileFirstLoginMode"),
    unmanaged=because(
        "the form before Keycloak 2: set it in the flow of a first login", "updateProfileFirstLogin"
    ),
)

IDENTITY_PROVIDER_MAPPER = Object(
    "IdentityProviderMapper",
    {**keys(NAME, "name identityProviderAlias identityProviderMapper"), "config": SETTINGS},
    required=("name", "identityProviderAlias"),
    ignored=names("id"),
)

FLOW_BINDINGS = (
    "browserFlow registrationFlow directGrantFlow resetCredentialsFlow clientAuthenticationFlow"
    " dockerAuthenticationFlow firstBrokerLoginFlow"
)

AUTHENTICATION_KEYS: dict[str, Shape] = {
    "authenticationFlows": ListOf(FLOW, by=("alias",)),
    "authenticatorConfig": ListOf(AUTHENTICATOR_CONFIG, by=("alias",), repeats=True),
    "requiredActions": ListOf(REQUIRED_ACTION, by=("alias",)),
    **keys(NAME, FLOW_BINDINGS),
    "identityProviders": ListOf(IDENTITY_PROVIDER, by=("alias",)),
    "identityProviderMappers": ListOf(IDENTITY_PROVIDER_MAPPER, by=("identityProviderAlias", "name")),
}
"""The keys of a realm file for these."""
