"""Everybody of the matrix in the real Keycloak."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from directory.encoding import Place, Subgroup, new_user, profile_representation, user_of
from directory.model import User
from tests.builders import a_company
from tests.contract.realm import Realm
from tests.contract.worlds import RealWorld
from tests.fakes import OPERATORS
from tests.keycloak.portal.signing_in import PASSWORD
from tests.web.http.matrix import ABSENT, ACTORS, BEINGS, COMPANIES, OWNERS, Being
from tests.web.http.matrix_world import (
    SENT,
    Requests,
    add_things,
    attachments_of,
    company_name,
    profile_of,
    sent_at,
    write_journal,
)

IDS = {**{letter: f"matrix-{letter.lower()}" for letter in COMPANIES}, ABSENT: "matrix-absent"}
PLACES = [Place(IDS[letter], subgroup) for letter in COMPANIES for subgroup in (None, *Subgroup)]
VOLATILE = ("access", "notBefore", "userProfileMetadata")


@dataclass
class RealRequests(Requests):
    """On the real directory; what there is is read, and put right, by an administrator of the server."""

    world: RealWorld = field(kw_only=True)
    groups: dict[str, str] = field(default_factory=dict)
    """The ids of the groups, by path."""
    last: dict[str, Any] = field(default_factory=dict)
    """The latest snapshot."""
    read_at: list[Any] = field(default_factory=list)
    """The newest events of the realm when `last` was read."""

    @property
    def admin(self) -> Any:
        return self.world.realm.admin

    def accounts(self) -> dict[str, Any]:
        """Every account of the realm, whole."""
        query = {"max": 5000, "briefRepresentation": "false"}
        found = done(self.admin.get("/users", params=query)).json()
        return {one["id"]: {k: v for k, v in one.items() if k not in VOLATILE} for one in found}

    def members(self, path: str) -> frozenset[str]:
        query = {"max": 500, "briefRepresentation": "true"}
        answer = done(self.admin.get(f"/groups/{self.groups[path]}/members", params=query))
        return frozenset(one["id"] for one in answer.json())

    def newest_events(self) -> list[Any]:
        """The newest events of administrators and of people: Keycloak writes one for every change of the realm."""
        paths = ("/admin-events", "/events")
        return [done(self.admin.get(path, params={"max": 4})).json() for path in paths]

    def mailed(self) -> list[str]:
        """The addresses of the mails that left, the oldest first."""
        return [address for mail in reversed(self.world.realm.mail.messages()) for address in mail["to"]]

    def snapshot_of_people(self) -> dict[str, Any]:
        """Read everything again only when an event says that something has changed since the last time."""
        events = self.newest_events()
        if events == self.read_at:
            return {**self.last, "mails": self.mailed()}
        snapshot = self._read_everything()
        self.read_at = events
        return snapshot

    def _read_everything(self) -> dict[str, Any]:
        accounts = self.accounts()
        top = done(self.admin.get("/groups", params={"max": 1000, "briefRepresentation": "true"})).json()
        self.last = {
            "people": {user_id: user_of(one) for user_id, one in accounts.items()},
            "accounts": accounts,
            "companies": sorted(group["path"] for group in top),
            "groups": {path: self.members(path) for path in self.groups},
            "mails": self.mailed(),
        }
        return dict(self.last)

    def reset_people(self) -> None:
        """Back from the latest snapshot: what was made is deleted, who joined or left goes back.

        Nothing here can undo a deletion.
        """
        now, start = self.last, self.start
        assert set(start["accounts"]) <= set(now["accounts"]), "an account is gone"
        for user_id in set(now["accounts"]) - set(start["accounts"]):
            done(self.admin.delete(f"/users/{user_id}"))
        for user_id, account in start["accounts"].items():
            if now["accounts"][user_id] != account:
                done(self.admin.put(f"/users/{user_id}", json=account))
        for path, group_id in self.groups.items():
            for user_id in start["groups"][path] - now["groups"][path]:
                done(self.admin.put(f"/users/{user_id}/groups/{group_id}"))
            for user_id in (now["groups"][path] - start["groups"][path]) & set(start["accounts"]):
                done(self.admin.delete(f"/users/{user_id}/groups/{group_id}"))
        if self.mailed():
            self.world.realm.mail.clear()

    def add(self, being: Being) -> User:
        """With a password, unless that is still to be chosen."""
        profile, at = profile_of(being), attachments_of(being, IDS)
        pending = being.state in SENT
        account = {
            **new_user(profile, at),
            **profile_representation(profile, sent_at(being)),
            "emailVerified": not pending,
            "requiredActions": ["UPDATE_PASSWORD", "VERIFY_EMAIL"] if pending else [],
            "credentials": [] if pending else [{"type": "password", "value": PASSWORD}],
        }
        if being.odd == "operator":
            account["groups"] = [OPERATORS]
        if being.odd == "half-made":
            account["groups"] = [f"/{IDS['A']}/{Subgroup.ADMINISTRATORS}"]
        user_id = self.world._create(account)
        if being.odd == "operator":
            self.world._hide(user_id)
        return User(user_id, profile)

    def disable(self, user_id: str) -> None:
        done(self.admin.put(f"/users/{user_id}", json={"enabled": False}))


def make_world(app: Flask, site: str, realm: Realm, sign_in: Callable[..., tuple[str, str]]) -> RealRequests:
    """Made once; every case ends as it began."""
    everybody = RealRequests(app, site, IDS, world=RealWorld(realm))
    for letter in COMPANIES:
        realm.add_company(a_company(IDS[letter], company_name(letter)))
    everybody.groups = {place.path: everybody.world._group_id(place.path) for place in PLACES}
    everybody.people = {being.name: everybody.add(being) for being in BEINGS}
    for actor in ACTORS:
        person = everybody.people.get(actor.name)
        everybody.sessions[actor.name] = sign_in(person.email) if person else sign_in()
    for being in BEINGS:
        user_id = everybody.people[being.name].id
        for letter in being.was:
            everybody.world.leave(user_id, f"/{IDS[letter]}/{Subgroup.ADMINISTRATORS}")
        if being.state == "disabled":
            everybody.disable(user_id)
    for owner in OWNERS:
        add_things(everybody, owner)
    write_journal(everybody)
    realm.mail.clear()
    everybody.remember()
    return everybody


def done(answer: Any) -> Any:
    answer.raise_for_status()
    return answer
