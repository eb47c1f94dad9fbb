"""The realm's own settings."""

from collections.abc import Iterable

from provisioner.changes import Change
from provisioner.kinds.files import RealmFile
from provisioner.kinds.server import Server, merged
from provisioner.representation import REALM_SETTINGS
from provisioner.state import Address, Json, Kind, Resource


def desired(file: RealmFile) -> Iterable[Resource]:
    """The settings that the file gives."""
    yield Resource(Address(Kind.REALM, (file.realm,)), _settings(file.content), file.source)


def _settings(representation: Json) -> Json:
    return {key: value for key, value in representation.items() if key in REALM_SETTINGS}


def observe(server: Server) -> Iterable[Resource]:
    """The settings of the server's realm."""
    representation = server.api.get("")
    yield Resource(Address(Kind.REALM, (representation["realm"],)), _settings(representation))


def create(server: Server, change: Change) -> None:
    """A new realm with these settings, and with everything that Keycloak puts into a realm on its own."""
    server.api.create_realm({"realm": change.address.names[0], **(change.after or {})})


def update(server: Server, change: Change) -> None:
    """Keycloak resets some settings that a request leaves out, so all are sent, but for mail settings that stay:
    the server shows their password as a mask."""
    present = server.api.get("")
    after = change.after or {}
    body = merged(present, after)
    if "smtpServer" not in after:
        del body["smtpServer"]
    server.api.put("", body)
