"""What the modules of this package know of the server while one run lasts."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from provisioner.errors import NotFoundError
from provisioner.model.ports import Api
from provisioner.model.state import Address, Json, Kind, RealmState, Record

SERVICE_ACCOUNT = "service-account-"
"""What the user names of service accounts begin with."""

FULL_GROUPS: Mapping[str, str | int] = {"briefRepresentation": "false", "subGroupsCount": "false"}
"""Asks for groups with attributes and roles, without counting what is in each: that costs as much again."""


class Server:
    """The wire, the state that is wanted, and the id of every object met so far.

    `realm` is the realm's own representation as it was read, `record` what it keeps of earlier applies: set by the
    first reader, changed in memory by `note`, written with the realm. `offers` are the providers that the server
    has, of the kinds about which it was asked. `hidden` are digests of what was sent and is not shown.
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
        self._asked: dict[Kind, set[Address]] | None = None
        self.resource_servers: set[str] = set()
        """The clients that were met with authorization services."""
        self._service_accounts: list[str] | None = None

    def asked(self, *kinds: Kind) -> Iterator[Address]:
        """What must be looked at to compare these kinds: what is wanted, the lists that the files contain, and
        what earlier applies made."""
        if self._asked is None:
            self._asked = {}
            for address in (*self.desired.resources, *self.desired.contains, *self.record.made):
                self._asked.setdefault(address.kind, set()).add(address)
        for kind in kinds:
            yield from self._asked.get(kind, ())

    def asks(self, kind: Kind, *names: str) -> bool:
        """Whether anything must be looked at whose names begin with these, or all of the kind."""
        return any(
            all(one == other for one, other in zip(address.names, names, strict=False))
            for address in self.asked(kind)
        )

    def asks_all(self, kind: Kind) -> bool:
        """Whether everything of the kind must be looked at."""
        return Address(kind, ()) in self.desired.contains

    def may_be_deleted(self, address: Address) -> bool:
        """Whether an earlier apply made it and the files, containing its kind, no longer name it."""
        return (
            address in self.record.made and address not in self.desired.resources and self.desired.covers(address)
        )

    def names(self, kind: Kind) -> list[str]:
        """The first names of all the objects of that kind that were met."""
        return [address.names[0] for address in self._ids if address.kind is kind]

    def remember(self, kind: Kind, *names: str, id: str) -> Address:
        """Notes the id of an object."""
        address = Address(kind, names)
        self._ids[address] = id
        self._addresses[id] = address
        return address

    def known_id(self, kind: Kind, *names: str) -> str | None:
        """The id of an object, none if it was not met."""
        return self._ids.get(Address(kind, names))

    def id(self, kind: Kind, *names: str) -> str:
        """The id of an object that must be there."""
        found = self.known_id(kind, *names)
        if found is None:
            raise NotFoundError(f"{Address(kind, names)} is not on the server")
        return found

    def address_of(self, id: str) -> Address | None:
        """What has that id, none if it was not met."""
        return self._addresses.get(id)

    def client_id(self, name: str) -> str:
        """The id of the client of that name."""
        return self.id(Kind.CLIENT, name)

    def group_id(self, path: str) -> str:
        """The id of the group at that path, looked up if it was not met."""
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
        """The id of the user of that name, looked up if it was not met."""
        found = self.known_user_id(username)
        if found is None:
            raise NotFoundError(f"the user {username} is not on the server")
        return found

    def known_user_id(self, username: str) -> str | None:
        """The same; none if there is nobody of that name."""
        name = username.lower()
        if self.known_id(Kind.USER, name) is None:
            for user in self.api.get("users", {"username": name, "exact": "true"}):
                self.remember(Kind.USER, name, id=user["id"])
        return self.known_id(Kind.USER, name)

    def service_accounts(self) -> list[str]:
        """The user names of all service accounts, looked up once."""
        if self._service_accounts is None:
            found = self.api.pages("users", {"username": SERVICE_ACCOUNT, "exact": "false"})
            users = [user for user in found if user["username"].startswith(SERVICE_ACCOUNT)]
            for user in users:
                self.remember(Kind.USER, user["username"], id=user["id"])
            self._service_accounts = [user["username"] for user in users]
        return self._service_accounts


def child_path(parent: str, name: str) -> str:
    """The path of a group below that of its parent; a slash inside a name is escaped."""
    return f"{parent}/{name.replace('/', '~/')}"


def plain(path: str) -> str:
    """A path of a group as Keycloak writes it unless it is told to escape, with its slash in front."""
    return "/" + path.replace("~/", "/").removeprefix("/")


def merged(raw: Mapping[str, Any], changed: Mapping[str, Any]) -> Json:
    """The representation with the changed keys; objects inside are joined key by key."""
    result = dict(raw)
    for key, value in changed.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def merged_lists(raw: Mapping[str, Any] | None, changed: Mapping[str, Any]) -> Json:
    """The same for the attributes of groups and people: an attribute without values is taken away."""
    return {name: values for name, values in {**(raw or {}), **changed}.items() if values}
