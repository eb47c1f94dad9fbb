"""The user profile: the attributes of a person, and who may see and edit them."""

import json
from collections.abc import Iterable
from typing import Any

from provisioner.kinds.definition import Family, KindDefinition
from provisioner.kinds.kind import Kind
from provisioner.kinds.realm_file import RealmFile
from provisioner.kinds.server import Server
from provisioner.model.changes import Change
from provisioner.model.rules import Rule
from provisioner.model.state import Address, Json, RealmState, Resource, Source

_ADDRESS = Address(Kind.USER_PROFILE, ())
PROVIDER = "org.keycloak.userprofile.UserProfileProvider"
_POLICY = "unmanagedAttributePolicy"
_CONFIG = "kc.user.profile.config"


def desired(file: RealmFile) -> Iterable[Resource]:
    """Return the profile, from `userProfile` or from the component in which an export has it."""
    if "userProfile" in file.content:
        yield Resource(_ADDRESS, _fields(file.content["userProfile"]), file.source.at("userProfile"))
    for provider, components in file.content.get("components", {}).items():
        source = file.source.at("components", provider)
        if provider != PROVIDER:
            continue  # an ordinary component
        for index, component in enumerate(components):
            for text in component.get("config", {}).get(_CONFIG, ()):
                yield from _from_text(text, source.at(index, "config", _CONFIG), file)


def _from_text(text: str, source: Source, file: RealmFile) -> Iterable[Resource]:
    try:
        yield Resource(_ADDRESS, _fields(_whole(json.loads(text))), source)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        file.add_error(source, f"is not a user profile: {error}")


def _fields(profile: Json) -> Json:
    """By name, so that a difference shows the attribute it is in; `order` is how forms show them.

    A key that is not in the profile is not in the fields: it stays as it is on the server.
    """
    fields: Json = {}
    if "attributes" in profile:
        attributes = profile["attributes"]
        fields["attributes"] = {attribute["name"]: attribute for attribute in attributes}
        fields["order"] = " ".join(attribute["name"] for attribute in attributes)
    if "groups" in profile:
        fields["groups"] = {group["name"]: group for group in profile["groups"]}
    if _POLICY in profile:
        fields[_POLICY] = profile[_POLICY]
    return fields


def _whole(profile: Json) -> Json:
    """The profile with all its keys: an export has those that are not set as well."""
    return {"attributes": [], "groups": [], _POLICY: None, **profile}


def observe(server: Server) -> Iterable[Resource]:
    """The realm's profile."""
    yield Resource(_ADDRESS, _fields(_whole(server.api.get("users/profile"))))


def represent(found: RealmState, to: Json) -> None:
    """Add the profile as the component in which an export has it."""
    for resource in found.of_kind(Kind.USER_PROFILE):
        text = json.dumps(_profile(resource.fields), ensure_ascii=False)
        component = {"providerId": "declarative-user-profile", "subComponents": {}, "config": {_CONFIG: [text]}}
        to.setdefault("components", {})[PROVIDER] = [component]


def update(server: Server, change: Change) -> None:
    """Keycloak takes the profile whole: what the files do not say is sent as it is."""
    present: Json = server.api.get("users/profile")
    wanted = change.resource.fields if change.resource else {}
    server.api.put("users/profile", _profile({**_fields(_whole(present)), **wanted}))


def _profile(fields: Json) -> Json:
    profile: dict[str, Any] = {
        "attributes": [fields["attributes"][name] for name in fields["order"].split()],
        "groups": list(fields["groups"].values()),
    }
    if fields[_POLICY]:
        profile[_POLICY] = fields[_POLICY]
    return profile


FAMILY = Family(
    kinds=(
        KindDefinition(kind=Kind.USER_PROFILE, rule=Rule(whole=True, shared=True), create=update, update=update),
    ),
    desired=desired,
    observe=observe,
    represent=represent,
)
