"""A realm as data: the same shape for what is desired (files) and what is observed (server).

A state is flat: one resource per thing that Keycloak creates, updates and deletes on its own, found by its
address. A client, each of its mappers and each scope assigned to it are three kinds of resource, so that one
difference is one change and one write.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

Json = dict[str, Any]

ANY = "*"
"""In the address of a list: any name but the empty one."""


class Kind(StrEnum):
    """Every kind of thing that is managed, in the order in which changes are made; deletions go the other way."""

    REALM = "realm"
    LOCALIZATION = "localization"
    USER_PROFILE = "user-profile"
    REQUIRED_ACTION = "required-action"
    FLOW = "flow"
    REALM_BINDING = "realm-binding"
    CLIENT_SCOPE = "client-scope"
    CLIENT_SCOPE_MAPPER = "client-scope-mapper"
    REALM_DEFAULT_SCOPE = "realm-default-scope"
    IDENTITY_PROVIDER = "identity-provider"
    IDENTITY_PROVIDER_MAPPER = "identity-provider-mapper"
    CLIENT = "client"
    CLIENT_MAPPER = "client-mapper"
    ASSIGNED_SCOPE = "assigned-scope"
    ROLE = "role"
    COMPOSITE = "composite"
    SCOPE_MAPPING = "scope-mapping"
    CLIENT_PROFILE = "client-profile"
    CLIENT_POLICY = "client-policy"
    GROUP = "group"
    COMPANY = "company"
    COMPANY_SUBGROUP = "company-subgroup"
    DEFAULT_GROUP = "default-group"
    COMPONENT = "component"
    ORGANIZATION = "organization"
    ORGANIZATION_IDENTITY_PROVIDER = "organization-identity-provider"
    USER = "user"
    FEDERATED_IDENTITY = "federated-identity"
    ORGANIZATION_MEMBER = "organization-member"
    ROLE_MAPPING = "role-mapping"
    PERSON = "person"
    ADMINISTRATOR = "administrator"
    AUTHORIZATION = "authorization"
    AUTHORIZATION_SCOPE = "authorization-scope"
    AUTHORIZATION_RESOURCE = "authorization-resource"
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
class Record:
    """What is kept in the realm about earlier applies: the resources they made, and a salted digest of each secret
    that they sent and that the server will not show (by `secret_digests.key`)."""

    made: frozenset[Address] = frozenset()
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RealmState:
    """A realm: its name, whether it exists, and its resources.

    Desired, it also says what the files contain: `contains` has an address for each list in them, made of the kind
    of its items and the names they share (the mappers of the client `portal`: `client-mapper/portal`). What an
    earlier apply made is only ever deleted when it would stand in such a list.
    Observed, it also has the `record` of earlier applies, the addresses of what Keycloak puts into every realm
    on its own (`builtin`: neither unmanaged nor ever deleted), and, where it was asked, which providers the server
    `offers`: what is not among them cannot be had.
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
        """The state made of these resources; a later one of the same address wins."""
        return cls(realm, {resource.address: resource for resource in resources}, exists)

    def with_resources(self, resources: Iterable[Resource]) -> "RealmState":
        """The same state with these resources instead of its own."""
        return replace(self, resources={resource.address: resource for resource in resources})

    def get(self, kind: Kind, *names: str) -> Resource | None:
        """The resource of that address, if there is one."""
        return self.resources.get(Address(kind, names))

    def of_kind(self, *kinds: Kind) -> Iterator[Resource]:
        """All resources of these kinds, in their own order."""
        return (resource for address, resource in self.resources.items() if address.kind in kinds)

    def covers(self, address: Address) -> bool:
        """Whether the files contain the list in which that resource would stand."""
        return any(
            each.kind is address.kind
            and len(each.names) <= len(address.names)
            and all(map(_stands_for, each.names, address.names))
            for each in self.contains
        )

    def speaks_of(self, *kinds: Kind) -> bool:
        """Whether the files say anything of these kinds, if only that there are none."""
        return any(address.kind in kinds for address in (*self.contains, *self.resources))


def _stands_for(listed: str, name: str) -> bool:
    return listed == name or (listed == ANY and name != "")
