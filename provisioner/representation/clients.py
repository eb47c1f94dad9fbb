"""Clients, client scopes, mappers, roles and scope mappings."""

from provisioner.representation.authorization import RESOURCE_SERVER
from provisioner.representation.shape import (
    NAME,
    SETS,
    SETTINGS,
    STRING_LISTS,
    STRINGS,
    TEXTS,
    Leaf,
    ListOf,
    MapOf,
    Object,
    Shape,
    Text,
    because,
    keys,
    names,
)

TEMPLATES = "client templates are the form before Keycloak 4: use clientScopes"
APPLICATIONS = "the form before Keycloak 2: use the keys of clients"

PROTOCOL_MAPPER = Object(
    "ProtocolMapper",
    {
        **keys(NAME, "name protocol protocolMapper"),
        "consentText": Leaf.STR,
        "consentRequired": Leaf.BOOL,
        "config": SETTINGS,
    },
    required=("name", "protocolMapper"),
    ignored=names("id"),
)
_MAPPERS = ListOf(PROTOCOL_MAPPER, by=("name",))

CLIENT_SCOPE = Object(
    "ClientScope",
    {
        **keys(NAME, "name description protocol"),
        "attributes": TEXTS,
        "protocolMappers": _MAPPERS,
    },
    required=("name",),
    ignored=names("id"),
)

CLIENT = Object(
    "Client",
    {
        **keys(
            NAME,
            "id clientId name description type rootUrl adminUrl baseUrl clientAuthenticatorType protocol",
        ),
        **keys(
            Leaf.BOOL,
            "surrogateAuthRequired enabled alwaysDisplayInConsole bearerOnly consentRequired standardFlowEnabled"
            " implicitFlowEnabled directAccessGrantsEnabled serviceAccountsEnabled authorizationServicesEnabled"
            " publicClient frontchannelLogout fullScopeAllowed",
        ),
        **keys(Leaf.INT, "notBefore nodeReRegistrationTimeout"),
        **keys(SETS, "redirectUris webOrigins"),
        **keys(STRINGS, "defaultClientScopes optionalClientScopes defaultRoles"),
        "secret": Leaf.SECRET,
        "attributes": SETTINGS,
        "authenticationFlowBindingOverrides": TEXTS,
        "protocolMappers": _MAPPERS,
        "authorizationSettings": RESOURCE_SERVER,
    },
    required=("clientId",),
    ignored=names("access origin registeredNodes registrationAccessToken"),
    unmanaged={
        **because(TEMPLATES, "clientTemplate useTemplateConfig useTemplateMappers useTemplateScope"),
        **because("the form before Keycloak 2: use standardFlowEnabled", "directGrantsOnly"),
    },
)

_COMPOSITES = Object(
    "Composites",
    {"realm": STRINGS, "client": STRING_LISTS},
    unmanaged=because(APPLICATIONS, "application"),
)

ROLE = Object(
    "Role",
    {
        "name": NAME,
        "description": Leaf.STR,
        "attributes": MapOf(ListOf(Text(255))),
        "composites": _COMPOSITES,
    },
    required=("name",),
    ignored=names("id composite clientRole containerId scopeParamRequired"),
)
_ROLES = ListOf(ROLE, by=("name",))

ROLES = Object(
    "Roles",
    {"realm": _ROLES, "client": MapOf(_ROLES)},
    unmanaged=because(APPLICATIONS, "application"),
)

SCOPE_MAPPING = Object(
    "ScopeMapping",
    {**keys(NAME, "client clientScope"), "roles": STRINGS},
    required=("roles",),
    ignored=names("self"),
    unmanaged=because(TEMPLATES, "clientTemplate"),
)

_EXECUTOR = Object(
    "ClientPolicyExecutor", {"executor": NAME, "configuration": MapOf(Leaf.ANY)}, required=("executor",)
)
_CONDITION = Object(
    "ClientPolicyCondition", {"condition": NAME, "configuration": MapOf(Leaf.ANY)}, required=("condition",)
)
_BUILT_IN = because("Keycloak 14 and later do not read it", "builtin")
_PROFILE = Object(
    "ClientProfile",
    {"name": NAME, "description": Leaf.STR, "executors": ListOf(_EXECUTOR)},
    required=("name",),
    remarked=_BUILT_IN,
)
_POLICY = Object(
    "ClientPolicy",
    {
        "name": NAME,
        **keys(Leaf.STR, "description mode"),
        "enabled": Leaf.BOOL,
        "conditions": ListOf(_CONDITION),
        "profiles": STRINGS,
    },
    required=("name",),
    remarked=_BUILT_IN,
    renamed={"enable": "enabled"},
)
CLIENT_PROFILES = Object(
    "ClientProfiles", {"profiles": ListOf(_PROFILE, by=("name",))}, ignored=names("globalProfiles")
)
CLIENT_POLICIES = Object(
    "ClientPolicies", {"policies": ListOf(_POLICY, by=("name",))}, ignored=names("globalPolicies")
)

CLIENT_KEYS: dict[str, Shape] = {
    "clients": ListOf(CLIENT, by=("clientId",)),
    "clientScopes": ListOf(CLIENT_SCOPE, by=("name",)),
    **keys(STRINGS, "defaultDefaultClientScopes defaultOptionalClientScopes defaultRoles"),
    "roles": ROLES,
    "defaultRole": ROLE,
    "scopeMappings": ListOf(SCOPE_MAPPING),
    "clientScopeMappings": MapOf(ListOf(SCOPE_MAPPING)),
    "clientProfiles": CLIENT_PROFILES,
    "clientPolicies": CLIENT_POLICIES,
}
"""The keys of a realm file for these."""
