"""What the service account may do, as Keycloak tells it: its roles, and its rights over a few examples."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from keycloak import KeycloakAdmin

from directory.encoding import Json, is_company, rights_of, subject_and_roles
from directory.errors import ForbiddenError, NotFoundError
from directory.keycloak_gateway.calls import identified, repeated
from directory.keycloak_gateway.connection import Connection
from directory.keycloak_gateway.translation import translated
from directory.rights import Rights

SAMPLE = 20
"""Groups among which a company is looked for."""
_ONE: dict[str, str | int] = {"first": 0, "max": 1, "briefRepresentation": "true"}
_SOME: dict[str, str | int] = {
    "first": 0,
    "max": SAMPLE,
    "subGroupsCount": "false",
    "briefRepresentation": "false",
}


def read(admin: KeycloakAdmin, connection: Connection) -> Rights:
    """Return the rights; changes nothing. `admin` uses the `connection`."""
    companies = [group for group in _seen(partial(admin.get_groups, dict(_SOME))) if is_company(group)]
    with translated():
        connection.refresh_token()  # only a new token names a role that was given since
        own_id, roles = subject_and_roles((connection.token or {})["access_token"])
    return rights_of(
        roles,
        profile=_seen(admin.get_realm_users_profile),
        person=_some_member(admin, companies),
        companies=companies,
        itself=_seen(lambda: admin.get_user(identified(own_id))),
    )


def _some_member(admin: KeycloakAdmin, companies: Iterable[Json]) -> Any:
    """Return a member of a company, with what the reader may do with them; anybody when no company has members."""
    for company in companies:
        if people := _seen(partial(admin.get_group_members, company["id"], dict(_ONE))):
            break
    else:
        people = _seen(partial(admin.get_users, dict(_ONE)))
    return _seen(lambda: admin.get_user(people[0]["id"])) if people else {}


def _seen(call: Callable[[], Any]) -> Any:
    """Return what a call finds; nothing when Keycloak does not show it to us."""
    try:
        return repeated(call)
    except (ForbiddenError, NotFoundError):
        return {}
