"""What the modules of this package know of the server while one run lasts."""

from collections.abc import Mapping
from typing import Any

from provisioner.errors import NotFoundError
from provisioner.gateway import Api
from provisioner.state import Address, Json, Kind, RealmState, Record


class Server:
    """The wire, the state that is wanted, and the id of every object met so far.

    `realm` is the realm's own representation as it was read, `record` what it keeps of earlier applies: set by the
    first reader, changed in memory by `note`, written with the realm. `offers` are the providers that the server
    has, of the kinds about which it was asked.
    """

    def __init__(self, api: Api, desired: RealmState) -> None:
        self.api = api
        self.desired = desired
        self.record = Record()
        self.realm: Json = {}
        self.offers: dict[str, frozenset[str]] = {}
        self._ids: dict[Address, str] = {}
        self._addresses: dict[str, Address] = {}

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
        if found is None:
            found = str(self.api.get(f"group-by-path{path}")["id"])
            self.remember(Kind.GROUP, path, id=found)
        return found

    def user_id(self, username: str) -> str:
        """The id of the user of that name, looked up if it was not met."""
        found = self.known_id(Kind.USER, username)
        if found is not None:
            return found
        users = self.api.get("users", {"username": username, "exact": "true"})
        if not users:
            raise NotFoundError(f"the user {username} is not on the server")
        self.remember(Kind.USER, username, id=users[0]["id"])
        return str(users[0]["id"])


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
