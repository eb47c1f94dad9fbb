"""The realm's own settings."""

from collections.abc import Iterable

from provisioner.kinds import record
from provisioner.kinds.files import RealmFile
from provisioner.kinds.realm_attributes import with_settings
from provisioner.kinds.server import Server, merged
from provisioner.model.changes import Change
from provisioner.model.state import Address, Json, Kind, RealmState, Resource
from provisioner.representation import REALM_SETTINGS


def desired(file: RealmFile) -> Iterable[Resource]:
    """The settings that the file gives."""
    settings = with_settings(_settings(file.content))
    if "smtpServer" in settings:
        settings["smtpServer"] = _mail_settings(settings["smtpServer"])
    if "attributes" in settings:
        settings["attributes"] = record.without(settings["attributes"])
    settings.update(_default_role(file.content))
    yield Resource(Address(Kind.REALM, (file.realm,)), settings, file.source)


def _mail_settings(said: Json) -> Json:
    """Keycloak keeps no user and no password for a mail server that is used without signing in (measured)."""
    if said.get("auth") == "true":
        return said
    return {key: value for key, value in said.items() if key not in ("user", "password")}


def _settings(representation: Json) -> Json:
    return {key: value for key, value in representation.items() if key in REALM_SETTINGS}


def _default_role(representation: Json) -> Json:
    """The role that everybody has is named when the realm is created."""
    name = (representation.get("defaultRole") or {}).get("name")
    return {"defaultRole": {"name": name}} if name else {}


def observe(server: Server) -> Iterable[Resource]:
    """The settings of the server's realm."""
    settings = _settings(server.realm)
    settings["attributes"] = record.without(settings.get("attributes") or {})
    settings.update(_default_role(server.realm))
    yield Resource(Address(Kind.REALM, (server.realm["realm"],)), settings)


def represent(found: RealmState, to: Json) -> None:
    """The settings at the top of the representation."""
    for resource in found.of_kind(Kind.REALM):
        to.update(resource.fields)


def create(server: Server, change: Change) -> None:
    """A new realm with these settings, and with everything that Keycloak puts into a realm on its own."""
    server.api.create_realm({"realm": change.address.names[0], **(change.after or {})})


def update(server: Server, change: Change) -> None:
    """Keycloak resets some settings that a request leaves out, so all are sent, but for mail settings that stay:
    the server shows their password as a mask."""
    write(server, change.after or {})


def save_record(server: Server) -> None:
    """Writes the record of applies as it is in memory, if the realm has another."""
    if record.read(server.realm.get("attributes") or {}) != server.record:
        write(server, {})


def write(server: Server, after: Json) -> None:
    """The realm as it is, with these keys of it changed."""
    present = server.api.get("")
    body = merged(present, after)
    body["attributes"] = record.without(body.get("attributes") or {}) | record.attributes(server.record)
    body.pop("defaultGroups", None)  # named by path, which Keycloak cannot always follow
    if "smtpServer" not in after:
        body.pop("smtpServer", None)
    server.api.put("", body)
    server.realm = {**server.realm, "attributes": body["attributes"]}
