"""Which function reads and writes which kind: a new kind is a new line here, and a module beside it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from provisioner.kinds import (
    authorization,
    client_policies,
    clients,
    companies,
    components,
    flow_writes,
    flows,
    groups,
    identity_providers,
    localization,
    mappers,
    organizations,
    profile,
    realm,
    required_actions,
    role_mappings,
    roles,
    scope_mappings,
    scopes,
    users,
)
from provisioner.kinds.server import Server
from provisioner.model.changes import Action, Change
from provisioner.model.state import Json, Kind, RealmState, Resource

Write = Callable[[Server, Change], None]


@dataclass(frozen=True, slots=True)
class Writer:
    """How a kind is created, updated and deleted; none where Keycloak has it from the start or makes it itself."""

    create: Write | None
    update: Write | None
    delete: Write | None = None

    def of(self, change: Change) -> Write:
        """The function that makes this change."""
        found = {Action.CREATE: self.create, Action.UPDATE: self.update, Action.DELETE: self.delete}.get(
            change.action
        )
        if found is None:
            raise ValueError(f"{change.address}: {change.action} is not possible")
        return found


READERS: tuple[Callable[[Server], Iterable[Resource]], ...] = (
    realm.observe,
    localization.observe,
    profile.observe,
    components.observe,
    required_actions.observe,
    flows.observe,
    scopes.observe,
    identity_providers.observe,
    clients.observe,
    roles.observe,
    scope_mappings.observe,
    client_policies.observe,
    groups.observe,
    users.observe,
    role_mappings.observe,
    organizations.observe,
    companies.observe,
    authorization.observe,
)
"""In this order: later ones use the ids that earlier ones met."""


REPRESENTERS: tuple[Callable[[RealmState, Json], None], ...] = (
    realm.represent,
    localization.represent,
    profile.represent,
    components.represent,
    required_actions.represent,
    flows.represent,
    scopes.represent,
    identity_providers.represent,
    clients.represent,
    roles.represent,
    scope_mappings.represent,
    groups.represent,
    users.represent,
    organizations.represent,
    client_policies.represent,
    authorization.represent,
)
"""What puts resources into a RealmRepresentation, for an export; companies have files of their own."""


def _create_company(server: Server, change: Change) -> None:
    companies.create(server, [change])


WRITERS: Mapping[Kind, Writer] = {
    Kind.REALM: Writer(realm.create, realm.update),
    Kind.LOCALIZATION: Writer(localization.write, localization.write, localization.delete),
    Kind.USER_PROFILE: Writer(profile.update, profile.update),
    Kind.COMPONENT: Writer(components.create, components.update, components.delete),
    Kind.REQUIRED_ACTION: Writer(required_actions.create, required_actions.update, required_actions.delete),
    Kind.FLOW: Writer(flow_writes.create, flow_writes.update, flow_writes.delete),
    Kind.REALM_BINDING: Writer(flows.bind, flows.bind),
    Kind.CLIENT_SCOPE: Writer(scopes.create, scopes.update, scopes.delete),
    Kind.CLIENT_SCOPE_MAPPER: Writer(mappers.create, mappers.update, mappers.delete),
    Kind.REALM_DEFAULT_SCOPE: Writer(
        scopes.assign_to_new_clients, scopes.assign_to_new_clients, scopes.unassign_from_new_clients
    ),
    Kind.IDENTITY_PROVIDER: Writer(
        identity_providers.create, identity_providers.update, identity_providers.delete
    ),
    Kind.IDENTITY_PROVIDER_MAPPER: Writer(
        identity_providers.create_mapper, identity_providers.update_mapper, identity_providers.delete_mapper
    ),
    Kind.CLIENT: Writer(clients.create, clients.update, clients.delete),
    Kind.CLIENT_MAPPER: Writer(mappers.create, mappers.update, mappers.delete),
    Kind.ASSIGNED_SCOPE: Writer(clients.assign_scope, clients.assign_scope, clients.unassign_scope),
    Kind.ROLE: Writer(roles.create, roles.update, roles.delete),
    Kind.COMPOSITE: Writer(roles.add_composite, None, roles.remove_composite),
    Kind.SCOPE_MAPPING: Writer(role_mappings.add, None, role_mappings.remove),
    Kind.CLIENT_PROFILE: Writer(client_policies.write, client_policies.write, client_policies.delete),
    Kind.CLIENT_POLICY: Writer(client_policies.write, client_policies.write, client_policies.delete),
    Kind.GROUP: Writer(groups.create, groups.update, groups.delete),
    Kind.DEFAULT_GROUP: Writer(groups.make_default, None, groups.make_no_default),
    Kind.COMPANY: Writer(_create_company, companies.update, companies.delete),
    Kind.COMPANY_SUBGROUP: Writer(companies.create_subgroup, companies.update_subgroup),
    Kind.USER: Writer(users.create, users.update),
    Kind.ORGANIZATION: Writer(organizations.create, organizations.update, organizations.delete),
    Kind.ORGANIZATION_IDENTITY_PROVIDER: Writer(organizations.add_provider, None, organizations.remove_provider),
    Kind.ORGANIZATION_MEMBER: Writer(organizations.add_member, None),
    Kind.FEDERATED_IDENTITY: Writer(users.link, None, users.unlink),
    Kind.ROLE_MAPPING: Writer(role_mappings.add, None, role_mappings.remove),
    Kind.PERSON: Writer(companies.create_person, None),
    Kind.ADMINISTRATOR: Writer(companies.attach_administrator, None),
    Kind.AUTHORIZATION: Writer(authorization.write_settings, authorization.write_settings),
    **dict.fromkeys(
        (Kind.AUTHORIZATION_SCOPE, Kind.AUTHORIZATION_RESOURCE, Kind.POLICY, Kind.PERMISSION),
        Writer(authorization.write, authorization.write, authorization.delete),
    ),
    Kind.ACTIVATION_MAIL: Writer(companies.send_activation_mail, companies.send_activation_mail),
}
