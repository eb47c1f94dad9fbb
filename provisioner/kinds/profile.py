"""The user profile: which attributes a person has and who may see and change them."""

import json
from collections.abc import Iterable
from typing import Any

from provisioner.kinds.files import RealmFile
from provisioner.kinds.server import Server
from provisioner.model.changes import Change
from provisioner.model.state import Address, Json, Kind, RealmState, Resource, Source

_ADDRESS = Address(Kind.USER_PROFILE, ())
PROVIDER = "org.keycloak.userprofile.UserProfileProvider"
_CONFIG = "kc.user.profile.config"


def desired(file: RealmFile) -> Iterable[Resource]:
    """The profile as `userProfile`, or as the component in which a realm export keeps it."""
    if "userProfile" in file.content:
        yield Resource(_ADDRESS, _fields(file.content["userProfile"]), file.source.at("userProfile"))
    for provider, components in file.content.get("components", {}).items():
        source = file.source.at("components", provider)
        if provider != PROVIDER:
            continue  # a component like others
        for index, component in enumerate(components):
            for text in component.get("config", {}).get(_CONFIG, ()):
                yield from _from_text(text, source.at(index, "config", _CONFIG), file)


def _from_text(text: str, source: Source, file: RealmFile) -> Iterable[Resource]:
    try:
        yield Resource(_ADDRESS, _fields(json.loads(text)), source)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        file.complain(source, f"is not a user profile: {error}")


def _fields(profile: Json) -> Json:
    """By name, so that a difference shows the attribute it is in; `order` is how forms show them."""
    attributes = profile.get("attributes", [])
    groups = profile.get("groups", [])
    return {
        "attributes": {attribute["name"]: attribute for attribute in attributes},
        "order": " ".join(attribute["name"] for attribute in attributes),
        "groups": {group["name"]: group for group in groups},
        "unmanagedAttributePolicy": profile.get("unmanagedAttributePolicy"),
    }


def observe(server: Server) -> Iterable[Resource]:
    """The realm's profile."""
    yield Resource(_ADDRESS, _fields(server.api.get("users/profile")))


def represent(found: RealmState, to: Json) -> None:
    """The profile as the component in which a realm export keeps it."""
    for resource in found.of_kind(Kind.USER_PROFILE):
        text = json.dumps(_profile(resource.fields), ensure_ascii=False)
        component = {"providerId": "declarative-user-profile", "subComponents": {}, "config": {_CONFIG: [text]}}
        to.setdefault("components", {})[PROVIDER] = [component]


def update(server: Server, change: Change) -> None:
    """Keycloak takes the profile whole."""
    server.api.put("users/profile", _profile(change.resource.fields if change.resource else {}))


def _profile(fields: Json) -> Json:
    profile: dict[str, Any] = {
        "attributes": [fields["attributes"][name] for name in fields["order"].split()],
        "groups": list(fields["groups"].values()),
    }
    if fields["unmanagedAttributePolicy"]:
        profile["unmanagedAttributePolicy"] = fields["unmanagedAttributePolicy"]
    return profile
