"""How each kind is compared: one table, read by the plan and by what prints it."""

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.model.state import Address, Kind

MASK = "**********"
"""What Keycloak shows instead of a secret, and what we print instead of one. Never sent."""

PEOPLE = "people"
"""The observed field that says how many people the deletion of a group would detach."""

EXPORTED_BY = "exportedBy"
"""The field of a built-in flow out of an export of an older Keycloak, whose built-in flows looked otherwise."""

ADMIN_PERMISSIONS = "admin-permissions"
"""The client whose policies and permissions are about the realm's own administration."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a kind is compared and what becomes of those that the files do not name.

    `created_with` fields are only said at creation; `at_least` lists may have more on the server.
    Objects are compared by the keys that the files give, unless they are `whole`. A difference in a `fixed` field
    needs a new object: it is replaced. `secret` fields are never printed; `masks`: the server does not show them
    either, so their digests are kept, and those of whatever stands in objects of the names `masked_in`.
    `with_owner`: created in one write with the first of its `owners`.
    `named_by`: without these fields a file cannot say which one it means.
    `shared`: the portal makes them too, so what the files do not name is nobody's business and never deleted.
    `recorded`: that an apply made it is kept in the realm.
    """

    created_with: frozenset[str] = frozenset()
    at_least: frozenset[str] = frozenset()
    whole: bool = False
    fixed: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()
    masks: bool = False
    masked_in: frozenset[str] = frozenset()
    with_owner: bool = False
    shared: bool = False
    named_by: frozenset[str] = frozenset()
    recorded: bool = True


RULES: Mapping[Kind, Rule] = {
    Kind.REALM: Rule(
        created_with=frozenset({"defaultRole"}),
        secret=frozenset({"password", "authTokenClientSecret"}),
        masks=True,
        shared=True,
    ),
    Kind.LOCALIZATION: Rule(),
    Kind.USER_PROFILE: Rule(whole=True, shared=True),
    Kind.COMPONENT: Rule(
        secret=frozenset(
            {"bindCredential", "privateKey", "keystorePassword", "keyPassword", "secret", "password"}
        ),
        masks=True,
        named_by=frozenset({"name", "providerId", "subType"}),
    ),
    Kind.REQUIRED_ACTION: Rule(fixed=frozenset({"providerId"})),
    Kind.FLOW: Rule(
        created_with=frozenset({"builtIn", EXPORTED_BY}),
        whole=True,
        fixed=frozenset({"providerId"}),
        secret=frozenset({"secret", "secret.key", "site.secret"}),
        masks=True,
        masked_in=frozenset({"config"}),
    ),
    Kind.REALM_BINDING: Rule(shared=True),
    Kind.CLIENT_SCOPE: Rule(created_with=frozenset({"protocolMappers"})),
    Kind.CLIENT_SCOPE_MAPPER: Rule(with_owner=True),
    Kind.REALM_DEFAULT_SCOPE: Rule(),
    Kind.IDENTITY_PROVIDER: Rule(
        fixed=frozenset({"providerId"}), secret=frozenset({"clientSecret", "secret", "password"}), masks=True
    ),
    Kind.IDENTITY_PROVIDER_MAPPER: Rule(),
    Kind.CLIENT: Rule(
        created_with=frozenset({"protocolMappers", "defaultClientScopes", "optionalClientScopes"}),
        secret=frozenset({"secret"}),
    ),
    Kind.CLIENT_MAPPER: Rule(with_owner=True),
    Kind.ASSIGNED_SCOPE: Rule(with_owner=True),
    Kind.ROLE: Rule(),
    Kind.COMPOSITE: Rule(),
    Kind.SCOPE_MAPPING: Rule(),
    Kind.CLIENT_PROFILE: Rule(),
    Kind.CLIENT_POLICY: Rule(),
    Kind.GROUP: Rule(),
    Kind.COMPANY: Rule(created_with=frozenset({"subGroups"})),
    Kind.COMPANY_SUBGROUP: Rule(with_owner=True, recorded=False),
    Kind.DEFAULT_GROUP: Rule(),
    Kind.ORGANIZATION: Rule(),
    Kind.ORGANIZATION_IDENTITY_PROVIDER: Rule(),
    Kind.USER: Rule(
        created_with=frozenset({"credentials", "requiredActions"}),
        at_least=frozenset({"groups", "credentialTypes"}),
        secret=frozenset({"value", "secretData", "credentialData"}),
        shared=True,
    ),
    Kind.FEDERATED_IDENTITY: Rule(fixed=frozenset({"userId", "userName"}), shared=True),
    Kind.ORGANIZATION_MEMBER: Rule(shared=True),
    Kind.ROLE_MAPPING: Rule(),
    Kind.PERSON: Rule(
        created_with=frozenset({"email", "last_name", "first_name", "title", "locale", "administers"}), shared=True
    ),
    Kind.ADMINISTRATOR: Rule(shared=True),
    Kind.AUTHORIZATION: Rule(shared=True),
    Kind.AUTHORIZATION_SCOPE: Rule(),
    Kind.AUTHORIZATION_RESOURCE: Rule(),
    Kind.POLICY: Rule(fixed=frozenset({"type"})),
    Kind.PERMISSION: Rule(fixed=frozenset({"type"})),
    Kind.ACTIVATION_MAIL: Rule(shared=True),
}


UNCHANGEABLE: Mapping[Address, str] = {
    Address(Kind.CLIENT, ("realm-management",)): "Keycloak lets nobody change this client",
}
"""What answers every change with 403 (measured, 26.7.4), and why."""

_HOLDERS = {
    "client": Kind.CLIENT,
    "client-scope": Kind.CLIENT_SCOPE,
    "user": Kind.USER,
    "group": Kind.GROUP,
}
_CLIENT = (Kind.CLIENT, slice(0, 1))
_OWNERS: Mapping[Kind, tuple[tuple[Kind, slice], ...]] = {
    Kind.CLIENT_SCOPE_MAPPER: ((Kind.CLIENT_SCOPE, slice(0, 1)),),
    Kind.REALM_DEFAULT_SCOPE: ((Kind.CLIENT_SCOPE, slice(0, 1)),),
    Kind.IDENTITY_PROVIDER_MAPPER: ((Kind.IDENTITY_PROVIDER, slice(0, 1)),),
    Kind.CLIENT_MAPPER: (_CLIENT,),
    Kind.ASSIGNED_SCOPE: (_CLIENT, (Kind.CLIENT_SCOPE, slice(1, 2))),
    Kind.COMPOSITE: ((Kind.ROLE, slice(0, 2)), (Kind.ROLE, slice(2, 4))),
    Kind.COMPANY_SUBGROUP: ((Kind.COMPANY, slice(0, 1)),),
    Kind.DEFAULT_GROUP: ((Kind.GROUP, slice(0, 1)),),
    Kind.ORGANIZATION_IDENTITY_PROVIDER: (
        (Kind.ORGANIZATION, slice(0, 1)),
        (Kind.IDENTITY_PROVIDER, slice(1, 2)),
    ),
    Kind.ORGANIZATION_MEMBER: ((Kind.ORGANIZATION, slice(0, 1)), (Kind.USER, slice(1, 2))),
    Kind.FEDERATED_IDENTITY: ((Kind.USER, slice(0, 1)),),
    Kind.AUTHORIZATION: (_CLIENT,),
    Kind.AUTHORIZATION_SCOPE: (_CLIENT,),
    Kind.AUTHORIZATION_RESOURCE: (_CLIENT,),
    Kind.POLICY: (_CLIENT,),
    Kind.PERMISSION: (_CLIENT,),
}
"""Which of a resource's names are those of an owner; `owners` has the kinds whose owner is of several kinds."""


def owners(address: Address) -> tuple[Address, ...]:
    """What the resource cannot be without: deleting one of them takes it along."""
    names = address.names
    match address.kind:
        case Kind.ROLE:
            return (Address(Kind.CLIENT, names[:1]),) if names[0] else ()
        case Kind.SCOPE_MAPPING | Kind.ROLE_MAPPING:
            return (Address(_HOLDERS[names[0]], names[1:2]), Address(Kind.ROLE, names[2:4]))
        case Kind.COMPONENT:
            return (Address(Kind.COMPONENT, names[:2]),) if len(names) > 2 else ()
        case Kind.GROUP:
            parent = names[0].replace("~/", "\0").rpartition("/")[0].replace("\0", "~/")
            return (Address(Kind.GROUP, (parent,)),) if parent else ()
        case kind:
            return tuple(Address(owner, names[part]) for owner, part in _OWNERS.get(kind, ()))
