"""A realm file: the settings of the realm and everything in it."""

from collections.abc import Mapping

from provisioner.representation.authentication import AUTHENTICATION_KEYS
from provisioner.representation.clients import APPLICATIONS, CLIENT_KEYS, TEMPLATES
from provisioner.representation.people import PEOPLE_KEYS
from provisioner.representation.shape import (
    NAME,
    SETS,
    SETTING_LISTS,
    SETTINGS,
    STRINGS,
    TEXTS,
    Leaf,
    ListOf,
    MapOf,
    Object,
    OneOf,
    Shape,
    because,
    keys,
    names,
)

_COMPONENT_KEYS: dict[str, Shape] = {**keys(NAME, "name providerId subType"), "config": SETTING_LISTS}
COMPONENT = Object("Component", _COMPONENT_KEYS, required=("providerId",), ignored=names("id"))
_COMPONENTS = MapOf(ListOf(COMPONENT))
_COMPONENT_KEYS["subComponents"] = _COMPONENTS

REALM_SETTINGS: Mapping[str, Shape] = {
    **keys(
        Leaf.STR,
        "displayName displayNameHtml defaultSignatureAlgorithm passwordPolicy"
        " webAuthnPolicyRpEntityName webAuthnPolicyRpId webAuthnPolicyAttestationConveyancePreference"
        " webAuthnPolicyAuthenticatorAttachment webAuthnPolicyRequireResidentKey webAuthnPolicyResidentKey"
        " webAuthnPolicyUserVerificationRequirement webAuthnPolicyPasswordlessRpEntityName"
        " webAuthnPolicyPasswordlessRpId webAuthnPolicyPasswordlessAttestationConveyancePreference"
        " webAuthnPolicyPasswordlessAuthenticatorAttachment webAuthnPolicyPasswordlessRequireResidentKey"
        " webAuthnPolicyPasswordlessResidentKey webAuthnPolicyPasswordlessUserVerificationRequirement"
        " webAuthnPolicyPasswordlessMediation",
    ),
    **keys(NAME, "loginTheme accountTheme adminTheme emailTheme defaultLocale"),
    "sslRequired": OneOf(("external", "none", "all")),
    "otpPolicyType": OneOf(("totp", "hotp")),
    "otpPolicyAlgorithm": OneOf(("HmacSHA1", "HmacSHA256", "HmacSHA512")),
    "bruteForceStrategy": OneOf(("LINEAR", "MULTIPLE")),
    **keys(
        Leaf.BOOL,
        "enabled revokeRefreshToken offlineSessionMaxLifespanEnabled registrationAllowed"
        " registrationEmailAsUsername rememberMe verifyEmail loginWithEmailAllowed duplicateEmailsAllowed"
        " resetPasswordAllowed editUsernameAllowed bruteForceProtected permanentLockout otpPolicyCodeReusable"
        " webAuthnPolicyAvoidSameAuthenticatorRegister webAuthnPolicyPasswordlessAvoidSameAuthenticatorRegister"
        " webAuthnPolicyPasswordlessPasskeysEnabled eventsEnabled adminEventsEnabled adminEventsDetailsEnabled"
        " internationalizationEnabled userManagedAccessAllowed organizationsEnabled verifiableCredentialsEnabled"
        " adminPermissionsEnabled scimApiEnabled",
    ),
    **keys(
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
    **keys(
        STRINGS,
        "webAuthnPolicySignatureAlgorithms webAuthnPolicyAcceptableAaguids webAuthnPolicyExtraOrigins"
        " webAuthnPolicyPasswordlessSignatureAlgorithms webAuthnPolicyPasswordlessAcceptableAaguids"
        " webAuthnPolicyPasswordlessExtraOrigins",
    ),
    **keys(SETS, "eventsListeners enabledEventTypes supportedLocales"),
    **keys(TEXTS, "attributes browserSecurityHeaders"),
    "smtpServer": SETTINGS,
}
"""The keys of the settings of the realm itself."""

REALM = Object(
    "Realm",
    {
        **REALM_SETTINGS,
        **keys(NAME, "realm keycloakVersion"),
        **PEOPLE_KEYS,
        **CLIENT_KEYS,
        **AUTHENTICATION_KEYS,
        "components": _COMPONENTS,
        "localizationTexts": MapOf(TEXTS),
    },
    ignored=names("id otpSupportedApplications requiredCredentials adminPermissionsClient"),
    remarked={
        **because("only the server writes what it stores about users of a user federation", "federatedUsers"),
        **because("Keycloak does not read it: mappers belong to a client or a client scope", "protocolMappers"),
        **because("Keycloak no longer reads it: use identityProviders", "social socialProviders"),
        **because(
            "Keycloak no longer reads it: set it in the flow of a first login", "updateProfileOnInitialSocialLogin"
        ),
        **because("Keycloak no longer reads it: set it at the clients", "passwordCredentialGrantAllowed"),
        **because(
            "keys are components of org.keycloak.keys.KeyProvider", "codeSecret certificate privateKey publicKey"
        ),
    },
    unmanaged={
        **because("the form before Keycloak 2.5: use components", "userFederationProviders userFederationMappers"),
        **because(APPLICATIONS, "applications applicationScopeMappings oauthClients"),
        **because(TEMPLATES, "clientTemplates"),
    },
)
