"""Which keys a file may hold and what their values look like: Keycloak 26.7's representations as plain tables.

`REALM` is a RealmRepresentation, `COMPANIES` a company file. An object's `ignored` keys are written by the
server's export and mean nothing in a file (ids, mostly); its `not_yet` keys are real, but no kind manages them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Leaf(StrEnum):
    """A value without keys of its own."""

    BOOL = "true or false"
    INT = "a whole number"
    STR = "text"
    ANY = "anything"


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose items all have this shape."""

    item: "Shape"


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object with any keys, whose values all have this shape."""

    value: "Shape"


@dataclass(frozen=True, slots=True)
class OneOf:
    """Text out of a closed list."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Object:
    """An object with known keys; `required` ones must be there."""

    keys: Mapping[str, "Shape"]
    required: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()
    not_yet: frozenset[str] = frozenset()


Shape = Leaf | ListOf | MapOf | OneOf | Object

_TEXTS = MapOf(Leaf.STR)
_STRINGS = ListOf(Leaf.STR)
_STRING_LISTS = MapOf(_STRINGS)


def _keys(shape: Shape, names: str) -> dict[str, Shape]:
    return dict.fromkeys(names.split(), shape)


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


PROTOCOL_MAPPER = Object(
    {
        **_keys(Leaf.STR, "name protocol protocolMapper consentText"),
        "consentRequired": Leaf.BOOL,
        "config": _TEXTS,
    },
    required=("name", "protocolMapper"),
    ignored=_names("id"),
)

CLIENT_SCOPE = Object(
    {
        **_keys(Leaf.STR, "name description protocol"),
        "attributes": _TEXTS,
        "protocolMappers": ListOf(PROTOCOL_MAPPER),
    },
    required=("name",),
    ignored=_names("id"),
)

AUTHORIZATION_POLICY = Object(
    {
        **_keys(Leaf.STR, "name description"),
        "type": OneOf(("user", "scope")),
        "logic": OneOf(("POSITIVE", "NEGATIVE")),
        "decisionStrategy": OneOf(("AFFIRMATIVE", "CONSENSUS", "UNANIMOUS")),
        "config": _TEXTS,
    },
    required=("name", "type"),
    ignored=_names("id"),
)

AUTHORIZATION_RESOURCE = Object(
    {
        **_keys(Leaf.STR, "name type displayName"),
        "ownerManagedAccess": Leaf.BOOL,
        "attributes": _STRING_LISTS,
        "uris": _STRINGS,
        "scopes": ListOf(Object({"name": Leaf.STR})),
    },
    required=("name",),
    ignored=_names("_id owner icon_uri"),
)

AUTHORIZATION = Object(
    {
        "policies": ListOf(AUTHORIZATION_POLICY),
        "resources": ListOf(AUTHORIZATION_RESOURCE),
        "allowRemoteResourceManagement": Leaf.BOOL,
        "policyEnforcementMode": Leaf.STR,
        "decisionStrategy": Leaf.STR,
        "scopes": ListOf(Object({"name": Leaf.STR, "displayName": Leaf.STR}, ignored=_names("id iconUri"))),
    },
    ignored=_names("id clientId name authorizationSchema"),
)

CLIENT = Object(
    {
        **_keys(
            Leaf.STR,
            "clientId name description type rootUrl adminUrl baseUrl clientAuthenticatorType secret protocol",
        ),
        **_keys(
            Leaf.BOOL,
            "surrogateAuthRequired enabled alwaysDisplayInConsole bearerOnly consentRequired standardFlowEnabled"
            " implicitFlowEnabled directAccessGrantsEnabled serviceAccountsEnabled authorizationServicesEnabled"
            " publicClient frontchannelLogout fullScopeAllowed",
        ),
        **_keys(Leaf.INT, "notBefore nodeReRegistrationTimeout"),
        **_keys(_STRINGS, "redirectUris webOrigins defaultClientScopes optionalClientScopes"),
        "attributes": _TEXTS,
        "protocolMappers": ListOf(PROTOCOL_MAPPER),
        "authorizationSettings": AUTHORIZATION,
    },
    required=("clientId",),
    ignored=_names("id access origin registeredNodes registrationAccessToken"),
    not_yet=_names("authenticationFlowBindingOverrides"),
)


def _group(depth: int) -> Object:
    """A group with subgroups down to that depth, far below what Keycloak's screens can show."""
    keys: dict[str, Shape] = {
        **_keys(Leaf.STR, "id name description path"),
        "attributes": _STRING_LISTS,
        "realmRoles": _STRINGS,
        "clientRoles": _STRING_LISTS,
    }
    if depth:
        keys["subGroups"] = ListOf(_group(depth - 1))
    return Object(keys, required=("name",), ignored=_names("parentId subGroupCount access"))


USER = Object(
    {
        **_keys(Leaf.STR, "id username firstName lastName email serviceAccountClientId"),
        **_keys(Leaf.BOOL, "emailVerified enabled"),
        "attributes": _STRING_LISTS,
        "credentials": ListOf(
            Object(
                {
                    **_keys(Leaf.STR, "type value userLabel secretData credentialData"),
                    "temporary": Leaf.BOOL,
                    "priority": Leaf.INT,
                },
                ignored=_names("id createdDate"),
            )
        ),
        **_keys(_STRINGS, "requiredActions realmRoles groups"),
        "clientRoles": _STRING_LISTS,
    },
    required=("username",),
    ignored=_names("self origin createdTimestamp totp disableableCredentialTypes access userProfileMetadata"),
    not_yet=_names(
        "federationLink federatedIdentities clientConsents notBefore verifiableCredentials"
        " issuedVerifiableCredentials"
    ),
)

_REQUIRED = Object({"roles": _STRINGS, "scopes": _STRINGS})
USER_PROFILE = Object(
    {
        "attributes": ListOf(
            Object(
                {
                    **_keys(Leaf.STR, "name displayName group defaultValue"),
                    "validations": MapOf(MapOf(Leaf.ANY)),
                    "annotations": MapOf(Leaf.ANY),
                    "required": _REQUIRED,
                    "permissions": Object({"view": _STRINGS, "edit": _STRINGS}),
                    "selector": Object({"scopes": _STRINGS}),
                    "multivalued": Leaf.BOOL,
                },
                required=("name",),
            )
        ),
        "groups": ListOf(
            Object(
                {**_keys(Leaf.STR, "name displayHeader displayDescription"), "annotations": MapOf(Leaf.ANY)},
                required=("name",),
            )
        ),
        "unmanagedAttributePolicy": OneOf(("ENABLED", "ADMIN_VIEW", "ADMIN_EDIT")),
    }
)

_COMPONENT = Object(
    {
        **_keys(Leaf.STR, "name providerId subType"),
        "subComponents": MapOf(Leaf.ANY),
        "config": _STRING_LISTS,
    },
    ignored=_names("id"),
)

_SCOPE_MAPPING = Object({**_keys(Leaf.STR, "client clientScope"), "roles": _STRINGS}, required=("roles",))

REALM_SETTINGS: Mapping[str, Shape] = {
    **_keys(
        Leaf.STR,
        "displayName displayNameHtml defaultSignatureAlgorithm sslRequired passwordPolicy otpPolicyType"
        " otpPolicyAlgorithm loginTheme accountTheme adminTheme emailTheme defaultLocale"
        " webAuthnPolicyRpEntityName webAuthnPolicyRpId webAuthnPolicyAttestationConveyancePreference"
        " webAuthnPolicyAuthenticatorAttachment webAuthnPolicyRequireResidentKey webAuthnPolicyResidentKey"
        " webAuthnPolicyUserVerificationRequirement webAuthnPolicyPasswordlessRpEntityName"
        " webAuthnPolicyPasswordlessRpId webAuthnPolicyPasswordlessAttestationConveyancePreference"
        " webAuthnPolicyPasswordlessAuthenticatorAttachment webAuthnPolicyPasswordlessRequireResidentKey"
        " webAuthnPolicyPasswordlessResidentKey webAuthnPolicyPasswordlessUserVerificationRequirement"
        " webAuthnPolicyPasswordlessMediation",
    ),
    "bruteForceStrategy": OneOf(("LINEAR", "MULTIPLE")),
    **_keys(
        Leaf.BOOL,
        "enabled revokeRefreshToken offlineSessionMaxLifespanEnabled registrationAllowed"
        " registrationEmailAsUsername rememberMe verifyEmail loginWithEmailAllowed duplicateEmailsAllowed"
        " resetPasswordAllowed editUsernameAllowed bruteForceProtected permanentLockout otpPolicyCodeReusable"
        " webAuthnPolicyAvoidSameAuthenticatorRegister webAuthnPolicyPasswordlessAvoidSameAuthenticatorRegister"
        " webAuthnPolicyPasswordlessPasskeysEnabled eventsEnabled adminEventsEnabled adminEventsDetailsEnabled"
        " internationalizationEnabled userManagedAccessAllowed organizationsEnabled verifiableCredentialsEnabled"
        " adminPermissionsEnabled scimApiEnabled",
    ),
    **_keys(
        Leaf.INT,
        "notBefore refreshTokenMaxReuse accessTokenLifespan accessTokenLifespanForImplicitFlow"
        " ssoSessionIdleTimeout ssoSessionMaxLifespan ssoSessionIdleTimeoutRememberMe"
        " ssoSessionMaxLifespanRememberMe offlineSessionIdleTimeout offlineSessionMaxLifespan"
        " clientSessionIdleTimeout clientSessionMaxLifespan clientOfflineSessionIdleTimeout"
        " clientOfflineSessionMaxLifespan accessCodeLifespan accessCodeLifespanUserAction accessCodeLifespanLogin"
        " actionTokenGeneratedByAdminLifespan actionTokenGeneratedByUserLifespan oauth2DeviceCodeLifespan"
        " oauth2DevicePollingInterval maxTemporaryLockouts maxFailureWaitSeconds minimumQuickLoginWaitSeconds"
        " waitIncrementSeconds quickLoginCheckMilliSeconds maxDeltaTimeSeconds failureFactor"
        " maxSecondaryAuthFailures otpPolicyInitialCounter otpPolicyDigits otpPolicyLookAheadWindow"
        " otpPolicyPeriod webAuthnPolicyCreateTimeout webAuthnPolicyPasswordlessCreateTimeout eventsExpiration",
    ),
    **_keys(
        _STRINGS,
        "webAuthnPolicySignatureAlgorithms webAuthnPolicyAcceptableAaguids webAuthnPolicyExtraOrigins"
        " webAuthnPolicyPasswordlessSignatureAlgorithms webAuthnPolicyPasswordlessAcceptableAaguids"
        " webAuthnPolicyPasswordlessExtraOrigins eventsListeners enabledEventTypes supportedLocales",
    ),
    **_keys(_TEXTS, "attributes browserSecurityHeaders smtpServer"),
}
"""The keys that are settings of the realm itself."""

REALM = Object(
    {
        **REALM_SETTINGS,
        "realm": Leaf.STR,
        "userProfile": USER_PROFILE,
        "clientScopes": ListOf(CLIENT_SCOPE),
        **_keys(_STRINGS, "defaultDefaultClientScopes defaultOptionalClientScopes"),
        "clients": ListOf(CLIENT),
        "clientScopeMappings": MapOf(ListOf(_SCOPE_MAPPING)),
        "groups": ListOf(_group(depth=8)),
        "users": ListOf(USER),
        "components": MapOf(ListOf(_COMPONENT)),
    },
    ignored=_names("id keycloakVersion otpSupportedApplications requiredCredentials adminPermissionsClient"),
    not_yet=_names(
        "roles defaultRole defaultRoles defaultGroups localizationTexts clientProfiles clientPolicies"
        " federatedUsers scopeMappings userFederationProviders userFederationMappers identityProviders"
        " identityProviderMappers protocolMappers authenticationFlows authenticatorConfig requiredActions"
        " browserFlow registrationFlow directGrantFlow resetCredentialsFlow clientAuthenticationFlow"
        " dockerAuthenticationFlow firstBrokerLoginFlow organizations"
    ),
)

COMPANIES = Object(
    {
        "companies": ListOf(
            Object(
                {**_keys(Leaf.STR, "id name siren"), "services": _STRINGS, "administrators": _STRINGS},
                required=("id", "name"),
            )
        ),
        "people": ListOf(
            Object(
                {
                    **_keys(Leaf.STR, "email last_name first_name"),
                    "title": OneOf(("m", "mme")),
                    "locale": OneOf(("fr", "en")),
                },
                required=("email", "last_name", "first_name"),
            )
        ),
    }
)
