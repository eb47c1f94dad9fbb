"""Attributes of a realm that are settings in disguise.

Keycloak keeps many settings as attributes. Exports of before version 4 have them in both places; those of today
show a few of them twice and take the setting when the two differ. Said only as an attribute, they are said as the
setting.
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
    }
)
"""What these hold is a kind of its own, or an id that means nothing elsewhere."""


def with_settings(said: Json) -> Json:
    """The same settings of a realm, none of them in disguise; what is said as a setting wins."""
    if "attributes" not in said:
        return said
    attributes = {}
    found = dict(said)
    for name, value in said["attributes"].items():
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
    """The setting of that attribute: those about signing in without a password have the word in another place."""
    if name.startswith("webAuthnPolicy") and name.endswith(_PASSWORDLESS):
        rest = name.removeprefix("webAuthnPolicy").removesuffix(_PASSWORDLESS)
        return f"webAuthnPolicy{_PASSWORDLESS}{rest}"
    return _RENAMED.get(name, name)
