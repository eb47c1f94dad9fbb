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
    """What names a resource for good, whatever its id on a server: its kind and the names on the way to it.

    With a `part`, it names one key of an object of free keys in the resource: `group/depot#attributes.floor`.
    """

    kind: str
    names: tuple[str, ...]
    part: tuple[str, ...] = ()

    def __str__(self) -> str:
        names = (name.removeprefix("/") for name in self.names)
        whole = "/".join((self.kind, *(name for name in names if name)))
        return f"{whole}#{'.'.join(self.part)}" if self.part else whole

    @property
    def whole(self) -> "Address":
        """The address of the resource that the part belongs to."""
        return Address(self.kind, self.names)


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
class Remark:
    """A warning: what the files say of a resource and the server does not take over exactly, and why."""

    address: Address
    reason: str
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept in the realm about earlier applies.

    `made` are the resources that they created, `digests` salted digests of each secret that they sent and that the
    server does not show (by `secret_digests.key`), `keys` the keys that they set in objects of free keys. `run` is
    the id of the last apply that held the lock; it is `unfinished` until that apply has made all its changes, and
    stays so if it fails.
    """

    made: frozenset[Address] = frozenset()
    digests: Mapping[str, str] = field(default_factory=dict)
    keys: frozenset[Address] = frozenset()
    run: str = ""
    unfinished: bool = False


@dataclass(frozen=True, slots=True)
class RealmState:
    """A realm: its name, whether it exists, and its resources.

    Desired, it also says what the files contain: `contains` has an address for each list in them, made of the kind
    of its items and the names they share (the mappers of the client `portal`: `client-mapper/portal`). What an
    earlier apply made is only ever deleted when it would stand in such a list. `remarks` are warnings about it.
    Observed, it also has the `record` of earlier applies, the addresses of what Keycloak puts into every realm
    on its own (`builtin`: neither unmanaged nor ever deleted), and, where it was asked, which providers the server
    `offers`: what is not among them cannot be had.
    """

    realm: str
    resources: Mapping[Address, Resource]
    exists: bool = True
    contains: frozenset[Address] = frozenset()
    remarks: tuple[Remark, ...] = ()
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

    def remarked(self, remarks: Iterable[Remark]) -> "RealmState":
        """Return the same state with more remarks."""
        return replace(self, remarks=(*self.remarks, *remarks))

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
            and all(map(_matches, each.names, address.names))
            for each in self.contains
        )

    def mentions(self, *kinds: str) -> bool:
        """Return whether the files contain resources of these kinds, or empty lists of them."""
        return any(address.kind in kinds for address in (*self.contains, *self.resources))


def _matches(listed: str, name: str) -> bool:
    return listed == name or (listed == ANY and name != "")
