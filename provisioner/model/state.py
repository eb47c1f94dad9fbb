"""A realm as data, in the same form for the desired state (files) and the observed state (server).

A state is flat: it has one resource, found by its address, for each thing that Keycloak creates, updates and
deletes separately. A client, each of its mappers and each scope assigned to it are resources of three kinds, so
that one difference is one change and one request.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Json = dict[str, Any]

ANY = "*"
"""In the address of a list: any name except the empty one."""


@dataclass(frozen=True, slots=True)
class Address:
    """The kind and the path of names that identify a resource, independent of its id on a server."""

    kind: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        names = (name.removeprefix("/") for name in self.names)
        return "/".join((self.kind, *(name for name in names if name)))


@dataclass(frozen=True, slots=True)
class Source:
    """A position in the files: document number `document` (from 0) of `file`, and the path of keys in it."""

    file: str
    document: int = 0
    keys: tuple[str | int, ...] = ()

    def at(self, *keys: str | int) -> "Source":
        """Return the position below this one."""
        return Source(self.file, self.document, (*self.keys, *keys))

    @property
    def key(self) -> str:
        """The path of keys as text, such as `clients[0].name`."""
        text = ""
        for key in self.keys:
            text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
        return text


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource with its desired or observed fields.

    A field that a desired resource does not have stays as it is on the server.
    """

    address: Address
    fields: Json
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Record:
    """What the realm stores about earlier applies.

    `made` are the resources that they created. `digests` are salted digests of the secrets that they sent and the
    server masks, by `secret_digests.key`.
    """

    made: frozenset[Address] = frozenset()
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RealmState:
    """A realm: its name, whether it exists, and its resources.

    A desired state also has `contains`: an address for each list in the files, made of the kind of its items and
    the names they share (`client-mapper/portal` for the mappers of the client `portal`). A resource that an
    earlier apply created is only deleted if it belongs to such a list.

    An observed state also has the `record` of earlier applies, the addresses of what Keycloak creates in every
    realm (`builtin`: neither unmanaged nor ever deleted), and the providers that the server `offers`, by kind,
    where they were read.
    """

    realm: str
    resources: Mapping[Address, Resource]
    exists: bool = True
    contains: frozenset[Address] = frozenset()
    record: Record = field(default_factory=Record)
    builtin: frozenset[Address] = frozenset()
    offers: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, realm: str, resources: Iterable[Resource], exists: bool = True) -> "RealmState":
        """Return a state of these resources; a later one replaces an earlier one of the same address."""
        return cls(realm, {resource.address: resource for resource in resources}, exists)

    def with_resources(self, resources: Iterable[Resource]) -> "RealmState":
        """Return the same state with other resources."""
        return replace(self, resources={resource.address: resource for resource in resources})

    def get(self, kind: str, *names: str) -> Resource | None:
        """Return the resource of that address, or None."""
        return self.resources.get(Address(kind, names))

    def of_kind(self, *kinds: str) -> Iterator[Resource]:
        """Return the resources of these kinds, in the order of the state."""
        return (resource for address, resource in self.resources.items() if address.kind in kinds)

    def covers(self, address: Address) -> bool:
        """Return whether the files contain the list that the resource would be in."""
        return any(
            each.kind == address.kind
            and len(each.names) <= len(address.names)
            and all(map(_stands_for, each.names, address.names))
            for each in self.contains
        )

    def mentions(self, *kinds: str) -> bool:
        """Return whether the files contain resources of these kinds, or empty lists of them."""
        return any(address.kind in kinds for address in (*self.contains, *self.resources))


def _stands_for(listed: str, name: str) -> bool:
    return listed == name or (listed == ANY and name != "")
