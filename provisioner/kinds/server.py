"""What the kinds share about the server during one run."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from provisioner.errors import NotFoundError, RejectedError
from provisioner.kinds.kind import Kind
from provisioner.model.ports import Api
from provisioner.model.state import Address, Json, RealmState, Record

SERVICE_ACCOUNT = "service-account-"
"""The prefix of the user names of service accounts."""

FULL_GROUPS: Mapping[str, str | int] = {"briefRepresentation": "false", "subGroupsCount": "false"}
"""The query for groups with attributes and roles, without counts of subgroups, which take as long again."""


class Server:
    """The API, the desired state, and the ids of all objects that were read.

    `realm` is the representation of the realm as it was read. `record` is what the realm stores about earlier
    applies: `note` changes it in memory, and it is written with the realm. `offers` are the providers of the
    server, by kind, as far as they were read. `hidden` are digests of values that were sent and that the server
    does not return.
    """

    def __init__(self, api: Api, desired: RealmState) -> None:
        self.api = api
        self.desired = desired
        self.record = Record()
        self.realm: Json = {}
        self.offers: dict[str, frozenset[str]] = {}
        self.hidden: dict[str, str] = {}
        self._ids: dict[Address, str] = {}
        self._addresses: dict[str, Address] = {}
        self._to_read: dict[str, set[Address]] | None = None
        self.configurations: set[str] = set()
        """The aliases of the configurations of authenticators that were met."""
        self.resource_servers: set[str] = set()
        """The clients that have authorization services."""
        self._service_accounts: list[str] | None = None

    def to_read(self, *kinds: str) -> Iterator[Address]:
        """Yield the addresses to read for a comparison of these kinds: desired, listed in the files, or created by
        applies."""
        if self._to_read is None:
            self._to_read = {}
            for address in (*self.desired.resources, *self.desired.contains, *self.record.made):
                self._to_read.setdefault(address.kind, set()).add(address)
        for kind in kinds:
            yield from self._to_read.get(kind, ())

    def must_read(self, kind: str, *names: str) -> bool:
        """Return whether any resource whose names begin with these must be read."""
        return any(
            all(one == other for one, other in zip(address.names, names, strict=False))
            for address in self.to_read(kind)
        )

    def must_read_all(self, kind: str) -> bool:
        """Return whether all resources of the kind must be read."""
        return Address(kind, ()) in self.desired.contains

    def may_be_deleted(self, address: Address) -> bool:
        """Return whether an earlier apply created it and the files, containing its kind, no longer name it."""
        return (
            address in self.record.made and address not in self.desired.resources and self.desired.covers(address)
        )

    def names(self, kind: str) -> list[str]:
        """Return the first names of all objects of that kind that were read."""
        return [address.names[0] for address in self._ids if address.kind == kind]

    def remember(self, kind: str, *names: str, id: str) -> Address:
        """Store the id of an object."""
        address = Address(kind, names)
        self._ids[address] = id
        self._addresses[id] = address
        return address

    def known_id(self, kind: str, *names: str) -> str | None:
        """Return the id of an object, or None if it was not read."""
        return self._ids.get(Address(kind, names))

    def id(self, kind: str, *names: str) -> str:
        """Return the id of an object. Raises `NotFoundError` if it was not read."""
        found = self.known_id(kind, *names)
        if found is None:
            raise NotFoundError(f"{Address(kind, names)} is not on the server")
        return found

    def address_of(self, id: str) -> Address | None:
        """Return the object with that id, or None if it was not read."""
        return self._addresses.get(id)

    def client_id(self, name: str) -> str:
        """Return the id of the client of that name."""
        return self.id(Kind.CLIENT, name)

    def group_id(self, path: str) -> str:
        """Return the id of the group at that path, looking it up if necessary."""
        found = self.known_id(Kind.GROUP, path)
        if found is not None:
            return found
        for known in self.names(Kind.GROUP):
            if plain(known) == plain(path):
                return self.id(Kind.GROUP, known)
        found = str(self.api.get(f"group-by-path{quote(plain(path))}")["id"])
        self.remember(Kind.GROUP, path, id=found)
        return found

    def user_id(self, username: str) -> str:
        """Return the id of the user of that name, looking it up if necessary."""
        found = self.known_user_id(username)
        if found is None:
            raise NotFoundError(f"the user {username} is not on the server")
        return found

    def known_user_id(self, username: str) -> str | None:
        """Return the id of the user of that name, or None if there is no such user."""
        name = username.lower()
        if self.known_id(Kind.USER, name) is None:
            found = self.api.get("users", {"username": name, "exact": "true"})
            for user in found or self._service_account(name):
                self.remember(Kind.USER, name, id=user["id"])
        return self.known_id(Kind.USER, name)

    def _service_account(self, name: str) -> list[Json]:
        """The account of a client: an import gives it whatever name its file has for it."""
        clients = (client for client in self.names(Kind.CLIENT) if f"{SERVICE_ACCOUNT}{client}".lower() == name)
        client = next(clients, None)
        if client is None:
            return []
        try:
            return [self.api.get(f"clients/{self.client_id(client)}/service-account-user")]
        except (NotFoundError, RejectedError):
            return []  # it has none

    def service_accounts(self) -> list[str]:
        """Return the user names of all service accounts, which are read once."""
        if self._service_accounts is None:
            found = self.api.pages("users", {"username": SERVICE_ACCOUNT, "exact": "false"})
            users = [user for user in found if user["username"].startswith(SERVICE_ACCOUNT)]
            for user in users:
                self.remember(Kind.USER, user["username"], id=user["id"])
            self._service_accounts = [user["username"] for user in users]
        return self._service_accounts


def child_path(parent: str, name: str) -> str:
    """Return the path of a group below that of its parent, with slashes in its name escaped."""
    return f"{parent}/{name.replace('/', '~/')}"


def plain(path: str) -> str:
    """Return the path in Keycloak's form without escapes, with a leading slash."""
    return "/" + path.replace("~/", "/").removeprefix("/")


def merged(raw: Mapping[str, Any], changed: Mapping[str, Any]) -> Json:
    """The representation with the changed keys; objects inside are joined key by key. None takes a key away."""
    result = dict(raw)
    for key, value in changed.items():
        if isinstance(value, dict):
            present = result.get(key)
            result[key] = merged(present if isinstance(present, dict) else {}, value)
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result


def nulls(changed: Mapping[str, Any], field: str) -> Json:
    """Return the keys to remove from an object whose other keys Keycloak keeps: it wants an explicit null."""
    return {key: None for key, value in (changed.get(field) or {}).items() if value is None}


def merged_lists(raw: Mapping[str, Any] | None, changed: Mapping[str, Any]) -> Json:
    """Return merged attributes of groups or users, without those that have no values."""
    return {name: values for name, values in {**(raw or {}), **changed}.items() if values}
