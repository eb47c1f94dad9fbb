"""The deny lists of the realm's permissions, kept complete.

A permission over chosen groups or people whose policies are all negative is a deny list: whoever the policies
name has no right there. Files can only name groups and people they know; to each deny list the plan adds every
group that is no company, every group that carries roles, the people in them, and all service accounts. Without it
a group made by hand tomorrow would be open to the portal's service account.
"""

from collections.abc import Iterable

from directory.encoding import is_company
from provisioner.model.state import Kind, RealmState, Resource

_GROUPS = "Groups"
_USERS = "Users"


def with_deny_lists(desired: RealmState, observed: RealmState) -> RealmState:
    """The desired state, its deny lists completed with what the server has."""
    lists = [resource for resource in desired.of_kind(Kind.PERMISSION) if _is_deny_list(resource, desired)]
    if not lists:
        return desired
    groups = set(_protected_groups(desired, observed))
    people = set(_protected_people(groups, desired, observed))
    completed = [_completed(each, groups if each.fields["resourceType"] == _GROUPS else people) for each in lists]
    return desired.with_resources([*desired.resources.values(), *completed])


def has_deny_list(desired: RealmState) -> bool:
    """Whether completing `desired` needs to know the groups and their people."""
    return any(_is_deny_list(resource, desired) for resource in desired.of_kind(Kind.PERMISSION))


def _is_deny_list(permission: Resource, desired: RealmState) -> bool:
    client, _ = permission.address.names
    policies = [desired.get(Kind.POLICY, client, name) for name in permission.fields.get("policies", ())]
    return (
        permission.fields.get("resourceType") in (_GROUPS, _USERS)
        and bool(permission.fields.get("resources"))
        and bool(policies)
        and all(policy is not None and policy.fields.get("logic") == "NEGATIVE" for policy in policies)
    )


def _completed(permission: Resource, protected: Iterable[str]) -> Resource:
    resources = sorted({*permission.fields["resources"], *protected})
    return Resource(permission.address, {**permission.fields, "resources": resources}, permission.source)


def _protected_groups(desired: RealmState, observed: RealmState) -> Iterable[str]:
    """Groups that are no company (their subgroups too), and companies' groups that carry roles."""
    companies = set(_companies(desired, observed))
    for resource in (*desired.of_kind(Kind.GROUP), *observed.of_kind(Kind.GROUP)):
        path = resource.address.names[0]
        if path.split("/")[1] not in companies or resource.fields.get("carriesRoles"):
            yield path
    for resource in observed.of_kind(Kind.COMPANY, Kind.COMPANY_SUBGROUP):
        if resource.fields.get("carriesRoles"):
            yield "/" + "/".join(resource.address.names)


def _companies(desired: RealmState, observed: RealmState) -> Iterable[str]:
    """The ids of the companies, however the files name them."""
    for state in (desired, observed):
        yield from (resource.address.names[0] for resource in state.of_kind(Kind.COMPANY))
        for resource in state.of_kind(Kind.GROUP):
            name = resource.address.names[0].removeprefix("/")
            if is_company({"name": name, "attributes": resource.fields.get("attributes")}):
                yield name


def _protected_people(groups: set[str], desired: RealmState, observed: RealmState) -> Iterable[str]:
    for resource in observed.of_kind(Kind.GROUP, Kind.COMPANY, Kind.COMPANY_SUBGROUP):
        yield from resource.fields.get("members", ())
    for user in desired.of_kind(Kind.USER):
        if groups.intersection(user.fields.get("groups", ())):
            yield user.address.names[0]
    for user in observed.of_kind(Kind.USER):
        if user.fields.get("serviceAccountClientId"):
            yield user.address.names[0]
    for client in desired.of_kind(Kind.CLIENT):
        if client.fields.get("serviceAccountsEnabled"):
            yield f"service-account-{client.address.names[0]}".lower()
