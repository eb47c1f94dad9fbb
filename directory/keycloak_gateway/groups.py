"""Groups of the realm: who is in one, which a person is in, and the ids of a company's subgroups."""

import json
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from keycloak import KeycloakAdmin

from directory.encoding import Json, Place, Step, Subgroup, places
from directory.errors import CompanyNotFoundError, ConflictError, NotFoundError
from directory.keycloak_gateway import calls
from directory.keycloak_gateway.calls import identified, pages, repeated
from directory.keycloak_gateway.translation import OF_COMPANY, OF_PERSON
from directory.model import Attachment, Company

T = TypeVar("T")


class Groups:
    """Calls about groups. Safe to share between threads."""

    def __init__(self, admin: KeycloakAdmin) -> None:
        self._admin = admin
        # By the key of the company. They only change when operations delete a subgroup and create it again.
        self._subgroup_ids: dict[str, dict[Subgroup, str]] = {}

    def of_person(self, user_id: str) -> list[Json]:
        """Return the full representations of the groups a person is in; `NotFoundError`."""
        person = identified(user_id)
        return repeated(
            lambda: pages(
                lambda page: self._admin.get_user_groups(person, page, brief_representation=False), calls.PAGE_SIZE
            ),
            OF_PERSON,
        )

    def by_path(self, path: str) -> Json:
        """Return the full representation of the group with that path; `CompanyNotFoundError`."""
        found: Json = repeated(partial(self._admin.get_group_by_path, path.removeprefix("/")), OF_COMPANY)
        return found

    def people_in(self, group_id: str, *, brief: bool) -> list[Json]:
        """Return the accounts of the direct members of a group; `CompanyNotFoundError`."""
        query = {"briefRepresentation": json.dumps(brief)}
        return repeated(
            lambda: pages(
                lambda page: self._admin.get_group_members(group_id, {**query, **page}), calls.PEOPLE_PAGE_SIZE
            ),
            OF_COMPANY,
        )

    def require(self, attachment: Attachment) -> None:
        """Raise `CompanyNotFoundError` unless all groups of the attachment exist."""
        for place in places(attachment):
            self.by_path(place.path)

    def take(self, user_id: str, company: Company, step: Step) -> None:
        """Make or end one membership; both calls are idempotent, and a raced join may answer 409 (measured)."""
        act = self._admin.group_user_add if step.join else self._admin.group_user_remove

        def take() -> None:
            group_id = self._group_id(company, step.place)
            repeated(lambda: act(user_id, group_id), OF_PERSON, also=ConflictError)

        if step.place.subgroup:
            self.with_fresh_ids(company, take)
        else:
            take()

    def with_fresh_ids(self, company: Company, act: Callable[[], T]) -> T:
        """Return what the act returns, repeated with the subgroups looked up again if a remembered one is gone."""
        remembered = company.key in self._subgroup_ids
        try:
            return act()
        except NotFoundError:
            self._subgroup_ids.pop(company.key, None)
            if not remembered:
                raise
            return act()

    def subgroups(self, company: Company) -> dict[Subgroup, str]:
        """Return the ids of the company's subgroups; one call the first time, none later."""
        known = self._subgroup_ids.get(company.key)
        if known is None or len(known) < len(Subgroup):
            children = self.children(identified(company.key, CompanyNotFoundError))
            known = {Subgroup(c["name"]): c["id"] for c in children if c["name"] in set(Subgroup)}
            self._subgroup_ids[company.key] = known
        return known

    def children(self, group_id: str) -> list[Json]:
        """Return the direct subgroups of a group, brief; `CompanyNotFoundError`."""
        query = {"briefRepresentation": "true"}
        return repeated(
            lambda: pages(
                lambda page: self._admin.get_group_children(group_id, {**query, **page}), calls.PAGE_SIZE
            ),
            OF_COMPANY,
        )

    def top_level(self) -> list[Json]:
        """Return the full representations of all top-level groups. Costs Keycloak about a millisecond for each."""
        query = {"briefRepresentation": "false", "subGroupsCount": "false"}
        return repeated(lambda: pages(lambda page: self._admin.get_groups({**query, **page}), calls.PAGE_SIZE))

    def count(self) -> int:
        """Return how many groups the realm has, subgroups included."""
        return repeated(lambda: int(self._admin.groups_count()["count"]))

    def _group_id(self, company: Company, place: Place) -> str:
        if place.subgroup is None:
            return identified(company.key, CompanyNotFoundError)
        try:
            return self.subgroups(company)[place.subgroup]
        except KeyError as error:
            raise CompanyNotFoundError(f"the company {company.id} has no group {place.path}") from error
