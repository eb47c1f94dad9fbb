"""Whom the portal knows: the one place that decides it.

The portal's account may read every account of the realm (`docs/adr/0009-reads-by-role.md`), so hiding is the
portal's own duty. Two kinds of account are hidden from it, whatever else holds for them:

- who is in a group that does not belong to a company: an operator, also one who is in a company as well;
- a service account.

To every verb a hidden account is one that does not exist. An account without any group is known, but no list
names it: its id comes from its exact address, or from somebody who has just detached it.

A group belongs to a company when its top-level group is a company's and neither of them carries roles: roles give
rights in Keycloak. Everything here is pure; the representations are Keycloak's, full ones.
"""

from collections.abc import Container, Iterable, Mapping
from typing import Any

from directory.encoding import is_company
from directory.model import COMPANY_ID

SERVICE_ACCOUNT = "service-account-"
"""How Keycloak begins the username of a service account."""

Json = Mapping[str, Any]


def is_service_account(account: Json) -> bool:
    """Whether the UserRepresentation is a client's own account. A person's username is their e-mail address."""
    username = str(account.get("username") or "")
    return username.startswith(SERVICE_ACCOUNT) and "@" not in username


def carries_roles(group: Json) -> bool:
    """Whether members of the group get roles by it."""
    return bool(group.get("realmRoles") or group.get("clientRoles"))


def is_open(group: Json) -> bool:
    """Whether the top-level group is a company's, with people whom the portal may know."""
    return is_company(group) and not carries_roles(group)


def top_level(path: str) -> str:
    """The name of the top-level group of the group with that path."""
    return path.removeprefix("/").partition("/")[0]


def open_companies(groups: Iterable[Json]) -> frozenset[str]:
    """The ids of the companies whose own groups are among these."""
    return frozenset(str(group["name"]) for group in groups if is_open(group))


def undecided(groups: Iterable[Json]) -> frozenset[str]:
    """The companies-to-be that have to be read before `is_hidden` can judge who is in these groups.

    They are the top-level groups of subgroups without them; a name that no company can have needs no reading.
    """
    paths = {str(group["path"]) for group in groups}
    names = {top_level(path) for path in paths}
    return frozenset(name for name in names if f"/{name}" not in paths and COMPANY_ID.fullmatch(name))


def is_hidden(groups: Iterable[Json], companies: Container[str]) -> bool:
    """Whether who is in exactly these groups is hidden; `companies` are the open ones among their tops."""
    return any(top_level(str(group["path"])) not in companies or carries_roles(group) for group in groups)
