"""One realm as each Keycloak from 10 to 26.7 would have exported it.

`exports/library-26.7.json` is a full export of a realm made for these tests. `HISTORY` says, newest first, what
an export of before a version does not have or writes otherwise; an older export is made by going back through it.
The built-in flows of before 24 are in `exports/flows-of-before-24.json`.
"""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Export = dict[str, Any]

_FOLDER = Path(__file__).parent / "exports"
_PRIORITIES_BEFORE_26 = {"CONFIGURE_TOTP": 10, "UPDATE_PASSWORD": 30, "webauthn-register": 70}
_BUILT_IN_CONFIGS = ("create unique user config", "review profile config")
VERSIONS = ("10.0", "11.0", "12.0", "13.0", "14.0", "15.1", "16.1", "17.0", "18.0", "19.0", "20.0", "21.1", "22.0")
VERSIONS += ("23.0", "24.0", "25.0", "26.0", "26.3", "26.7")


def export_of(version: str) -> Export:
    """Return the realm as that Keycloak exported it."""
    found: Export = json.loads((_FOLDER / "library-26.7.json").read_text(encoding="utf-8"))
    for changed_in, go_back in HISTORY:
        if _number(version) < _number(changed_in):
            go_back(found)
    found["keycloakVersion"] = f"{version}.1"
    return found


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _before_26_7(export: Export) -> None:
    _drop(export, "scimApiEnabled", "maxSecondaryAuthFailures", "webAuthnPolicyResidentKey")
    _drop(export, "webAuthnPolicyPasswordlessResidentKey")
    _drop(export["attributes"], "scimApiEnabled")
    _without_scopes(export, "AuthnContextClassRef")
    _without_required_actions(export, "idp_link", "UPDATE_EMAIL", "CONFIGURE_RECOVERY_AUTHN_CODES")
    _rename_flow(export, "Browser - Conditional 2FA", "Browser - Conditional OTP")
    _rename_flow(export, "First broker login - Conditional 2FA", "First broker login - Conditional OTP")
    for flow in export["authenticationFlows"]:
        if flow["alias"] in ("Browser - Conditional OTP", "First broker login - Conditional OTP"):
            flow["authenticationExecutions"] = [
                _execution("conditional-user-configured", "REQUIRED", 10),
                _execution("auth-otp-form", "REQUIRED", 20),
            ]
    removed = ("browser-conditional-credential", "first-broker-login-conditional-credential")
    configs = export["authenticatorConfig"]
    export["authenticatorConfig"] = [each for each in configs if each["alias"] not in removed]
    for provider in export["identityProviders"]:
        _drop(provider, "types")


def _before_26_3(export: Export) -> None:
    _without_scopes(export, "service_account", "saml_organization")
    _drop(export, "adminPermissionsEnabled", "verifiableCredentialsEnabled")
    policies = export["components"]["org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy"]
    policies[:] = [policy for policy in policies if policy["providerId"] != "registration-web-origins"]
    catalogue = _client(export, "catalogue")  # a service account had mappers of its own
    for label, note in (
        ("Client ID", "client_id"),
        ("Client Host", "clientHost"),
        ("Client IP Address", "clientAddress"),
    ):
        config = {"user.session.note": note, "claim.name": note, "jsonType.label": "String"}
        config |= dict.fromkeys(("id.token.claim", "access.token.claim", "introspection.token.claim"), "true")
        catalogue["protocolMappers"].append(_mapper(label, "oidc-usersessionmodel-note-mapper", config))


def _before_26(export: Export) -> None:
    _drop(export, "organizationsEnabled", "bruteForceStrategy")
    for action in export["requiredActions"]:
        action["priority"] = _PRIORITIES_BEFORE_26.get(action["alias"], action["priority"])
    _without_scopes(export, "organization")
    _without_flow(export, "Organization", "Browser - Conditional Organization")
    _without_flow(export, "First Broker Login - Conditional Organization")
    _without_roles(export, "realm-management", "manage-organizations", "view-organizations", "query-organizations")
    for client in export["clients"]:
        _drop(client["attributes"], "realm_client", "client.use.lightweight.access.token.enabled")
    for provider in export["identityProviders"]:
        provider["config"]["hideOnLoginPage"] = "false"


def _before_25(export: Export) -> None:
    _without_scopes(export, "basic")
    for mapper in _mappers(export):
        _drop(mapper["config"], "lightweight.claim")


def _before_24(export: Export) -> None:
    _drop(export, "firstBrokerLoginFlow", "maxTemporaryLockouts", "localizationTexts")
    _without_required_actions(export, "delete_credential", "VERIFY_PROFILE")
    _drop(export, "webAuthnPolicyExtraOrigins", "webAuthnPolicyPasswordlessExtraOrigins")
    own = [flow for flow in export["authenticationFlows"] if not flow["builtIn"]]
    configs = [each for each in export["authenticatorConfig"] if each["alias"] not in _BUILT_IN_CONFIGS]
    older = json.loads((_FOLDER / "flows-of-before-24.json").read_text(encoding="utf-8"))
    export["authenticationFlows"] = [*older["authenticationFlows"], *own]
    export["authenticatorConfig"] = [*older["authenticatorConfig"], *configs]


def _before_23(export: Export) -> None:
    for mapper in _mappers(export):
        _drop(mapper["config"], "introspection.token.claim")


def _before_22(export: Export) -> None:
    _drop(export, "otpPolicyCodeReusable")
    _drop(export["attributes"], "realmReusableOtpCode")


def _before_21(export: Export) -> None:
    for action in export["requiredActions"]:
        if action["alias"] == "TERMS_AND_CONDITIONS":
            action["alias"] = action["providerId"] = "terms_and_conditions"


def _before_20(export: Export) -> None:
    export["otpSupportedApplications"] = ["FreeOTP", "Google Authenticator"]
    for client in export["clients"]:
        _drop(client["attributes"], "post.logout.redirect.uris")


def _before_18(export: Export) -> None:
    _without_scopes(export, "acr")


def _before_15(export: Export) -> None:
    _drop(export["attributes"], "parRequestUriLifespan")
    export["attributes"]["userProfileEnabled"] = "false"


def _before_14(export: Export) -> None:
    """Client policies had other keys, and executors were objects of one key."""
    export["clientProfiles"] = {
        "profiles": [
            {"name": "builtin-basic-security", "description": "Basic security", "builtin": True, "executors": []},
            {"name": "short", "description": "For kiosks", "builtin": False, "executors": []},
        ]
    }
    kiosks = {"name": "kiosks", "description": "", "builtin": False, "enable": True, "conditions": []}
    export["clientPolicies"] = {"policies": [{**kiosks, "profiles": ["short"]}]}


def _before_13(export: Export) -> None:
    """Everybody had roles instead of one composite role."""
    default = export.pop("defaultRole")["name"]
    export["defaultRoles"] = ["offline_access", "uma_authorization"]
    roles = export["roles"]["realm"]
    roles[:] = [role for role in roles if role["name"] != default]
    for user in export["users"]:
        user["realmRoles"] = [*export["defaultRoles"], *(role for role in user["realmRoles"] if role != default)]
        user["clientRoles"]["account"] = ["manage-account", "view-profile"]
    _client(export, "account")["defaultRoles"] = ["view-profile", "manage-account"]
    _drop(export, "clientProfiles", "clientPolicies", "oauth2DeviceCodeLifespan", "oauth2DevicePollingInterval")
    for name in [name for name in export["attributes"] if name.startswith(("ciba", "oauth2Device"))]:
        del export["attributes"][name]
    for flow in export["authenticationFlows"]:
        for execution in flow["authenticationExecutions"]:
            execution.pop("authenticatorFlow", None)
            execution["autheticatorFlow"] = "flowAlias" in execution


def _before_12(export: Export) -> None:
    _without_required_actions(export, "delete_account")
    _without_roles(export, "account", "delete-account", "view-groups")


def _before_11(export: Export) -> None:
    export["attributes"] |= {"_browser_header.xFrameOptions": "DENY", "failureFactor": "6"}


HISTORY: tuple[tuple[str, Callable[[Export], None]], ...] = (
    ("26.7", _before_26_7),
    ("26.3", _before_26_3),
    ("26.0", _before_26),
    ("25.0", _before_25),
    ("24.0", _before_24),
    ("23.0", _before_23),
    ("22.0", _before_22),
    ("21.0", _before_21),
    ("20.0", _before_20),
    ("18.0", _before_18),
    ("15.0", _before_15),
    ("14.0", _before_14),
    ("13.0", _before_13),
    ("12.0", _before_12),
    ("11.0", _before_11),
)


def _drop(found: dict[str, Any], *keys: str) -> None:
    for key in keys:
        found.pop(key, None)


def _client(export: Export, name: str) -> dict[str, Any]:
    return next(client for client in export["clients"] if client["clientId"] == name)


def _mappers(export: Export) -> Iterator[dict[str, Any]]:
    for owner in (*export["clients"], *export["clientScopes"]):
        yield from owner.get("protocolMappers", ())


def _mapper(name: str, provider: str, config: dict[str, str]) -> dict[str, Any]:
    fields = {"name": name, "protocol": "openid-connect", "protocolMapper": provider, "consentRequired": False}
    return {**fields, "config": config}


def _execution(authenticator: str, requirement: str, priority: int) -> dict[str, Any]:
    return {"authenticator": authenticator, "requirement": requirement, "priority": priority}


def _without_scopes(export: Export, *names: str) -> None:
    export["clientScopes"] = [scope for scope in export["clientScopes"] if scope["name"] not in names]
    lists = ["defaultDefaultClientScopes", "defaultOptionalClientScopes"]
    holders = [(export, key) for key in lists]
    holders += [
        (each, key) for each in export["clients"] for key in ("defaultClientScopes", "optionalClientScopes")
    ]
    for holder, key in holders:
        holder[key] = [scope for scope in holder.get(key, ()) if scope not in names]


def _without_required_actions(export: Export, *names: str) -> None:
    export["requiredActions"] = [each for each in export["requiredActions"] if each["alias"] not in names]


def _without_roles(export: Export, client: str, *names: str) -> None:
    """Also where they are given to somebody."""
    roles = export["roles"]["client"]
    roles[client] = [role for role in roles[client] if role["name"] not in names]
    composites = [
        role["composites"]
        for each in (export["roles"]["realm"], *roles.values())
        for role in each
        if "composites" in role
    ]
    for given in (
        *(each.get("client", {}) for each in composites),
        *(user["clientRoles"] for user in export["users"]),
    ):
        if client in given:
            given[client] = [role for role in given[client] if role not in names]
    for mapping in export["clientScopeMappings"].get(client, ()):
        mapping["roles"] = [role for role in mapping["roles"] if role not in names]


def _without_flow(export: Export, *aliases: str) -> None:
    """Also where it is a sub-flow."""
    export["authenticationFlows"] = [
        each for each in export["authenticationFlows"] if each["alias"] not in aliases
    ]
    for flow in export["authenticationFlows"]:
        flow["authenticationExecutions"] = [
            each for each in flow["authenticationExecutions"] if each.get("flowAlias") not in aliases
        ]


def _rename_flow(export: Export, before: str, after: str) -> None:
    for flow in export["authenticationFlows"]:
        if flow["alias"] == before:
            flow["alias"] = after
        for execution in flow["authenticationExecutions"]:
            if execution.get("flowAlias") == before:
                execution["flowAlias"] = after


def named(export: Export, name: str) -> Export:
    """Return the export with another name of the realm, wherever it is said."""
    text = json.dumps(copy.deepcopy(export)).replace("default-roles-library", f"default-roles-{name}")
    return {**json.loads(text.replace("/library/", f"/{name}/")), "realm": name}
