"""The settings of the realm itself."""

from collections.abc import Iterable

from provisioner.kinds import record
from provisioner.kinds.definition import Family, KindDefinition
from provisioner.kinds.kind import Kind
from provisioner.kinds.offers import PASSWORD_POLICIES, THEMES, lacks
from provisioner.kinds.realm_attributes import with_settings
from provisioner.kinds.realm_file import RealmFile
from provisioner.kinds.server import Server, merged, nulls
from provisioner.model.changes import Change
from provisioner.model.differences import difference
from provisioner.model.rules import MASK, Rule
from provisioner.model.state import Address, Json, RealmState, Resource
from provisioner.representation import REALM_SETTINGS
from provisioner.representation.shape import SETS

_POLICY = "passwordPolicy"
_SETS = frozenset(key for key, shape in REALM_SETTINGS.items() if shape is SETS)


def desired(file: RealmFile) -> Iterable[Resource]:
    """Return the settings in the file."""
    settings = with_settings(_settings(file.content))
    if "smtpServer" in settings:
        settings["smtpServer"] = _mail_settings(settings["smtpServer"])
    if "attributes" in settings:
        settings["attributes"] = record.without(settings["attributes"])
    settings.update(_default_role(file.content))
    yield Resource(Address(Kind.REALM, (file.realm,)), settings, file.source)


def _mail_settings(said: Json) -> Json:
    """Return the settings; without authentication Keycloak drops user and password (measured)."""
    if said.get("auth") == "true":
        return said
    return {key: value for key, value in said.items() if key not in ("user", "password")}


def _settings(representation: Json) -> Json:
    return {key: value for key, value in representation.items() if key in REALM_SETTINGS}


def _default_role(representation: Json) -> Json:
    """Return the name of the default role, which is only used when the realm is created."""
    name = (representation.get("defaultRole") or {}).get("name")
    return {"defaultRole": {"name": name}} if name else {}


def observe(server: Server) -> Iterable[Resource]:
    """Return the settings of the realm on the server."""
    settings = _settings(server.realm)
    settings["attributes"] = record.without(settings.get("attributes") or {})
    for key in settings.keys() & _SETS:
        settings[key] = [each for each in settings[key] or () if each]  # an import keeps empty ones
    settings.update(_default_role(server.realm))
    yield Resource(Address(Kind.REALM, (server.realm["realm"],)), settings)


def represent(found: RealmState, to: Json) -> None:
    """Add the settings at the top of the representation."""
    for resource in found.of_kind(Kind.REALM):
        to.update(resource.fields)
    to.setdefault("enabled", True)  # as in a new realm; without the key, an import makes a disabled realm


def create(server: Server, change: Change) -> None:
    """A new realm with these settings, and with everything that Keycloak puts into a realm on its own."""
    server.api.create_realm(merged({"realm": change.address.names[0]}, change.after or {}))


def update(server: Server, change: Change) -> None:
    """Keycloak resets some settings that a request leaves out, so all are sent, but for mail settings that stay:
    the server shows their password as a mask."""
    after = dict(change.after or {})
    known = (change.resource.fields.get("smtpServer") if change.resource else None) or {}
    if "smtpServer" in after and known.get("password"):
        after["smtpServer"] = {**after["smtpServer"], "password": known["password"]}
    write(server, after)


def save_record(server: Server) -> None:
    """Write the record of applies if the realm has another one."""
    if record.read(server.realm.get("attributes") or {}) != server.record:
        write(server, {})


def write(server: Server, after: Json) -> None:
    """Write all settings with these ones changed, because Keycloak resets some that a request omits.

    Mail settings are only sent if they change: the server returns their password masked.
    """
    present = server.api.get("")
    body = merged(present, after)
    body["attributes"] = record.without(body.get("attributes") or {}) | record.attributes(server.record)
    body["browserSecurityHeaders"] = (body.get("browserSecurityHeaders") or {}) | nulls(
        after, "browserSecurityHeaders"
    )
    body.pop("defaultGroups", None)  # groups by path, which Keycloak cannot always resolve
    if "smtpServer" not in after:
        body.pop("smtpServer", None)
    server.api.put("", body)
    server.realm = {**server.realm, "attributes": body["attributes"]}


def _refusal(resource: Resource, _: RealmState, observed: RealmState) -> str:
    return (
        _other_default_role(resource, observed)
        or _smtp_refusal(resource, observed)
        or _password_policy_refusal(resource, observed)
    )


def _password_policy_refusal(resource: Resource, observed: RealmState) -> str:
    """The policy is one text: `length(10) and notUsername(undefined)`."""
    parts = (part.partition("(")[0].strip() for part in str(resource.fields.get(_POLICY) or "").split(" and "))
    unknown_part = next((part for part in parts if lacks(observed, PASSWORD_POLICIES, part)), "")
    return f"the server has no password policy {unknown_part}" if unknown_part else ""


def _accepted(resource: Resource, _: RealmState, observed: RealmState) -> tuple[Json, tuple[str, ...]]:
    """Keycloak takes a theme that it does not have, and shows its own instead."""
    themes = {kind: resource.fields.get(f"{kind}Theme") for kind in ("login", "account", "admin", "email")}
    lost = [
        f"{kind}/{name}" for kind, name in themes.items() if name and lacks(observed, THEMES, f"{kind}/{name}")
    ]
    return resource.fields, tuple(f"the server has no theme {each}, and takes it all the same" for each in lost)


def _other_default_role(resource: Resource, observed: RealmState) -> str:
    """Return why the default role cannot be had: it is only set when the realm is created."""
    present = observed.resources.get(resource.address)
    wanted = resource.fields.get("defaultRole", {}).get("name")
    has = present and present.fields.get("defaultRole", {}).get("name")
    return f"the default role on the server is {has}" if wanted and has and has != wanted else ""


def _smtp_refusal(resource: Resource, observed: RealmState) -> str:
    """Return why mail settings cannot be written: they are replaced as a whole and would lose the password."""
    present = observed.resources.get(resource.address)
    wanted = resource.fields.get("smtpServer")
    if present is None or not wanted:
        return ""
    on_server = present.fields.get("smtpServer") or {}
    _, after = difference({"smtpServer": wanted}, {"smtpServer": on_server}, _RULE)
    if after and on_server.get("password") == MASK and "password" not in wanted:
        return "the mail settings differ and the server has a mail password that the files do not give"
    return ""


_RULE = Rule(
    maps=frozenset({"attributes", "browserSecurityHeaders", "smtpServer"}),
    created_with=frozenset({"defaultRole"}),
    secret=frozenset({"password", "authTokenClientSecret"}),
    masks=True,
    shared=True,
)

FAMILY = Family(
    kinds=(
        KindDefinition(
            kind=Kind.REALM,
            rule=_RULE,
            create=create,
            update=update,
            refusal=_refusal,
            accepted=_accepted,
            variable=lambda _: ("smtp",),  # its secrets are those of the mail settings
        ),
    ),
    desired=desired,
    observe=observe,
    represent=represent,
)
