"""A realm as data: the same shape for what is desired (files) and what is observed (server).

A state is flat: one resource per thing that Keycloak creates, updates and deletes on its own, found by its
address. A client, each of its mappers and each scope assigned to it are three kinds of resource, so that one
difference is one change and one write.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = dict[str, Any]


class Kind(StrEnum):
    """Every kind of thing that is managed, in the order in which changes are made."""

    REALM = "realm"
    USER_PROFILE = "user-profile"
    CLIENT_SCOPE = "client-scope"
    CLIENT_SCOPE_MAPPER = "client-scope-mapper"
    REALM_DEFAULT_SCOPE = "realm-default-scope"
    CLIENT = "client"
    CLIENT_MAPPER = "client-mapper"
    ASSIGNED_SCOPE = "assigned-scope"
    SCOPE_MAPPING = "scope-mapping"
    GROUP = "group"
    COMPANY = "company"
    COMPANY_SUBGROUP = "company-subgroup"
    USER = "user"
    ROLE_MAPPING = "role-mapping"
    PERSON = "person"
    ADMINISTRATOR = "administrator"
    POLICY = "policy"
    PERMISSION = "permission"
    ACTIVATION_MAIL = "activation-mail"


ORDER = {kind: position for position, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Address:
    """What names a resource for good, whatever its id on a server: its kind and the names on the way to it."""

    kind: Kind
    names: tuple[str, ...]

    def __str__(self) -> str:
        names = (name.removeprefix("/") for name in self.names)
        return "/".join((self.kind.value, *(name for name in names if name)))


@dataclass(frozen=True, slots=True)
class Source:
    """Where in the files something was said: document `document` (from 0) of `file`, and the keys on the way."""

    file: str
    document: int = 0
    keys: tuple[str | int, ...] = ()

    def at(self, *keys: str | int) -> "Source":
        """The place further down."""
        return Source(self.file, self.document, (*self.keys, *keys))

    @property
    def key(self) -> str:
        """The dotted path of the key."""
        text = ""
        for key in self.keys:
            text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
        return text


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing: `fields` are what is said about it (desired) or known of it (observed).

    A field that is not in a desired resource is left as it is on the server.
    """

    address: Address
    fields: Json
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class RealmState:
    """A realm: its name, whether it exists, and its resources."""

    realm: str
    resources: Mapping[Address, Resource]
    exists: bool = True

    @classmethod
    def of(cls, realm: str, resources: Iterable[Resource], exists: bool = True) -> "RealmState":
        """The state made of these resources; a later one of the same address wins."""
        return cls(realm, {resource.address: resource for resource in resources}, exists)

    def get(self, kind: Kind, *names: str) -> Resource | None:
        """The resource of that address, if there is one."""
        return self.resources.get(Address(kind, names))

    def of_kind(self, *kinds: Kind) -> Iterator[Resource]:
        """All resources of these kinds, in their own order."""
        return (resource for address, resource in self.resources.items() if address.kind in kinds)
