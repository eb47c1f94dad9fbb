"""Attributes of a realm that are settings.

Keycloak stores many settings as attributes. Exports of versions before 4 contain both, present ones contain a few
of them twice and use the setting. An attribute without the setting is converted into the setting.
"""

from collections.abc import Mapping
from typing import Any

from provisioner.model.state import Json
from provisioner.representation import REALM_SETTINGS
from provisioner.representation.shape import ListOf

_HEADER = "_browser_header."
_PASSWORDLESS = "Passwordless"
_RENAMED = {"realmReusableOtpCode": "otpPolicyCodeReusable", "scimEnabled": "scimApiEnabled"}
_ELSEWHERE = frozenset(
    {
        "client-policies.policies",
        "client-policies.profiles",
        "firstBrokerLoginFlowId",
        "adminPermissionsClientId",
        "userProfileEnabled",
    }
)
"""Attributes with the data of other kinds, with ids without a meaning on another server, or of older versions."""


def with_settings(settings: Json) -> Json:
    """Return the settings of a realm with attributes converted into settings; a given setting takes precedence."""
    if "attributes" not in settings:
        return settings
    attributes = {}
    found = dict(settings)
    for name, value in settings["attributes"].items():
        setting = _setting(name)
        if name.startswith(_HEADER):
            headers: Mapping[str, Any] = found.get("browserSecurityHeaders", {})
            found["browserSecurityHeaders"] = {name.removeprefix(_HEADER): value, **headers}
        elif setting in REALM_SETTINGS:
            is_list = isinstance(REALM_SETTINGS[setting], ListOf)
            found.setdefault(setting, [each for each in value.split(",") if each] if is_list else value)
        elif name not in _ELSEWHERE:
            attributes[name] = value
    return {**found, "attributes": attributes}


def _setting(name: str) -> str:
    """Return the setting of that attribute; in those for passwordless sign-in the word has another position."""
    if name.startswith("webAuthnPolicy") and name.endswith(_PASSWORDLESS):
        rest = name.removeprefix("webAuthnPolicy").removesuffix(_PASSWORDLESS)
        return f"webAuthnPolicy{_PASSWORDLESS}{rest}"
    return _RENAMED.get(name, name)
