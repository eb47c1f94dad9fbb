"""Read the data of a check by `Api`: about four requests per company."""

from collections.abc import Callable, Iterable, Iterator

from directory.encoding import Subgroup, ends_of, is_company, user_of
from provisioner.checking.findings import CompanyPeople, Inspected
from provisioner.model.ports import Api
from provisioner.model.state import Json

DIRECTORY_ACCOUNT = "service-account-portal-directory"
_MANAGEMENT = "realm-management"
_SERVICE_ACCOUNTS = "service-account-"
_FULL = {"briefRepresentation": "false"}

Progress = Callable[[int, int | None], None]
"""Called with the number of further companies that were read, and the total if known."""


def inspect(api: Api, own_rights: frozenset[str] | None, progress: Progress = lambda *_: None) -> Inspected:
    """Return the data of a check, read from the server now."""
    accounts = list(api.pages("users", _FULL))
    users = {each["id"]: user_of(each) for each in accounts}
    groups = [group for group in api.pages("groups", {**_FULL, "subGroupsCount": "false"}) if is_company(group)]
    companies = []
    for group in groups:
        companies.append(_people(api, group))
        progress(1, len(groups))
    management = next(iter(api.get("clients", {"clientId": _MANAGEMENT})), None)
    return Inspected(
        users=users,
        companies=tuple(companies),
        directory_rights=_directory_rights(api, management),
        own_rights=own_rights,
        holders=dict(_holders(api, management)) if management else {},
        ends={each["id"]: ends for each in accounts if (ends := ends_of(each))},
    )


def _people(api: Api, group: Json) -> CompanyPeople:
    names = {subgroup.value for subgroup in Subgroup}
    children = [child for child in api.pages(f"groups/{group['id']}/children") if child["name"] in names]
    return CompanyPeople(
        group["name"],
        _members(api, group["id"]),
        {child["name"]: _members(api, child["id"]) for child in children},
    )


def _members(api: Api, id: str) -> frozenset[str]:
    return frozenset(each["id"] for each in api.pages(f"groups/{id}/members", {"briefRepresentation": "true"}))


def _directory_rights(api: Api, management: Json | None) -> frozenset[str] | None:
    """Return the effective `realm-management` roles of the portal's service account, None without the account."""
    accounts = api.get("users", {"username": DIRECTORY_ACCOUNT, "exact": "true"})
    if not accounts or management is None:
        return None
    path = f"users/{accounts[0]['id']}/role-mappings/clients/{management['id']}/composite"
    return frozenset(role["name"] for role in api.get(path))


def _holders(api: Api, management: Json) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield people and groups with roles of `realm-management`, without service accounts, which files declare."""
    held: dict[str, list[str]] = {}
    for role in api.get(f"clients/{management['id']}/roles"):
        base = f"clients/{management['id']}/roles/{role['name']}"
        for holder in (*_people_with(api, base), *_groups_with(api, base)):
            held.setdefault(holder, []).append(role["name"])
    return ((holder, tuple(sorted(roles))) for holder, roles in held.items())


def _people_with(api: Api, base: str) -> Iterable[str]:
    names = (user["username"] for user in api.pages(f"{base}/users", {"briefRepresentation": "true"}))
    return (name for name in names if not name.startswith(_SERVICE_ACCOUNTS))


def _groups_with(api: Api, base: str) -> Iterable[str]:
    return (f"the group {group['path']}" for group in api.pages(f"{base}/groups"))
