"""The same world twice: a directory, and an administrator who changes data in it without its knowledge.

`FakeWorld` is made of `FakeDirectory`, `RealWorld` of `KeycloakDirectory` on the realm of the fixture
`keycloak_realm`. Tests get a `World` and cannot tell which.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from directory.encoding import Place, new_user, places, profile_representation, user_of
from directory.gateway import Directory
from directory.keycloak_gateway import connection
from directory.keycloak_gateway.directory import KeycloakDirectory
from directory.model import Attachment, Company, Profile, User
from sandbox.visitor import Visitor
from tests.builders import a_company, a_profile
from tests.fakes import OPERATORS, FakeDirectory


def a_new_company(name: str = "Acme", **fields: Any) -> Company:
    """A company that no other test has."""
    return a_company(f"company-{uuid4().hex[:8]}", name, **fields)


def a_new_address(domain: str = "acme.example") -> str:
    """An address that no other test has."""
    return f"p{uuid4().hex[:10]}@{domain}"


def a_new_profile(**fields: Any) -> Profile:
    return a_profile(a_new_address(), **fields)


def with_email(profile: Profile, email: str) -> Profile:
    return replace(profile, email=email)


class World(Protocol):
    """What a contract test may do in addition to calling the directory."""

    directory: Directory

    def unreachable(self) -> Directory:
        """A directory that does not answer."""

    def company(self, name: str = "Acme", **fields: Any) -> Company:
        """A new company, as the directory knows it."""

    def remove_company(self, company: Company) -> None: ...

    def person(
        self,
        *attachments: Attachment,
        profile: Profile | None = None,
        password_required: bool = False,
        activation_sent_at: datetime | None = None,
        enabled: bool = True,
    ) -> User:
        """Return a new account, created without the directory."""

    def operator(self, *attachments: Attachment, listed: bool = True) -> User:
        """Return a new operator, whom the directory hides; `listed`: also in Keycloak's deny list."""

    def service_account(self, *attachments: Attachment) -> User:
        """Return the own account of a new client; it has no address."""

    def group(self, path: str) -> AbstractContextManager[None]:
        """While the context is open, a group exists that belongs to no company; its parent exists already."""

    def join(self, user_id: str, group: Place | str) -> None:
        """Put a person into one group, without the directory."""

    def leave(self, user_id: str, group: Place | str) -> None: ...

    def signs_in(self, person: User) -> None:
        """An active person signs in somewhere, and the session stays open."""

    def groups_of(self, user_id: str) -> set[str]:
        """The paths of all groups that a person is in."""

    def count(self, email: str) -> int:
        """How many accounts have the address, in whatever spelling."""

    def mails_to(self, email: str) -> int:
        """How many mails left for the address."""

    def mail_refused(self) -> Any:
        """As long as this context lasts, no mail is taken."""


class FakeWorld:
    def __init__(self) -> None:
        self.fake = FakeDirectory()
        self.directory: Directory = self.fake

    def unreachable(self) -> Directory:
        fake = FakeDirectory()
        fake.down = True
        return fake

    def company(self, name: str = "Acme", **fields: Any) -> Company:
        return self.fake.add_company(a_new_company(name, **fields))

    def remove_company(self, company: Company) -> None:
        self.fake.remove_company(company)

    def person(
        self,
        *attachments: Attachment,
        profile: Profile | None = None,
        password_required: bool = False,
        activation_sent_at: datetime | None = None,
        enabled: bool = True,
    ) -> User:
        return self.fake.add_user(
            profile or a_new_profile(),
            attachments,
            password_required=password_required,
            activation_sent_at=activation_sent_at,
            enabled=enabled,
        )

    def operator(self, *attachments: Attachment, listed: bool = True) -> User:
        return self.fake.add_operator(a_new_profile(), attachments)

    def service_account(self, *attachments: Attachment) -> User:
        return self.fake.add_service_account(attachments)

    @contextmanager
    def group(self, path: str) -> Iterator[None]:
        self.fake.add_group(path)
        yield
        self.fake.remove_group(path)

    def join(self, user_id: str, group: Place | str) -> None:
        self.fake.add_membership(user_id, group)

    def leave(self, user_id: str, group: Place | str) -> None:
        self.fake.remove_membership(user_id, group)

    def signs_in(self, person: User) -> None:
        self.fake.signed_in_at[person.id] = datetime.now(UTC)

    def groups_of(self, user_id: str) -> set[str]:
        return self.fake.groups_of(user_id)

    def count(self, email: str) -> int:
        return sum(user.email.lower() == email.lower() for user in self.fake.people())

    def mails_to(self, email: str) -> int:
        return self.fake.mails.count(email)

    @contextmanager
    def mail_refused(self) -> Iterator[None]:
        self.fake.mail = "refused"
        yield
        self.fake.mail = "ok"


class RealWorld:
    def __init__(self, realm: Any) -> None:
        self.realm = realm
        self.directory: Directory = self._directory(realm.url)

    def _directory(self, url: str) -> KeycloakDirectory:
        """Patient: a busy machine is no failure of the code. (The time-outs have unit tests of their own.)"""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connection, "READ_TIMEOUT", 60.0)
            patch.setattr(connection, "MAIL_READ_TIMEOUT", 60.0)
            return self.realm.directory(url)

    def unreachable(self) -> Directory:
        return self._directory("http://localhost:9")  # the port of the discard protocol: nothing listens there

    def company(self, name: str = "Acme", **fields: Any) -> Company:
        company = a_new_company(name, **fields)
        self.realm.add_company(company)
        return replace(company, key=self._group_id(f"/{company.id}"))

    def remove_company(self, company: Company) -> None:
        _done(self.realm.admin.delete(f"/groups/{company.key}"))

    def person(
        self,
        *attachments: Attachment,
        profile: Profile | None = None,
        password_required: bool = False,
        activation_sent_at: datetime | None = None,
        enabled: bool = True,
    ) -> User:
        profile = profile or a_new_profile()
        ends = {attachment.company_id: attachment.until for attachment in attachments if attachment.until}
        user_id = self._create(
            {
                **new_user(profile, attachments),
                **profile_representation(profile, activation_sent_at, ends=ends),
                "enabled": enabled,
                "requiredActions": ["UPDATE_PASSWORD", "VERIFY_EMAIL"] if password_required else [],
            }
        )
        stored = replace(profile, email=profile.email.lower())
        return User(user_id, stored, enabled, password_required, activation_sent_at)

    def operator(self, *attachments: Attachment, listed: bool = True) -> User:
        profile = a_new_profile()
        account = new_user(profile, attachments)
        user_id = self._create({**account, "groups": [*account["groups"], OPERATORS]})
        if listed:
            self._hide(user_id)
        return User(user_id, profile, password_required=True)

    def service_account(self, *attachments: Attachment) -> User:
        name = f"client-{uuid4().hex[:8]}"
        client = {"clientId": name, "serviceAccountsEnabled": True, "standardFlowEnabled": False}
        made = _done(self.realm.admin.post("/clients", json=client)).headers["Location"].rsplit("/", 1)[1]
        account = _done(self.realm.admin.get(f"/clients/{made}/service-account-user")).json()
        for attachment in attachments:
            for place in places(attachment):
                self.join(account["id"], place)
        user = user_of(account)
        return replace(user, profile=with_email(user.profile, ""))

    @contextmanager
    def group(self, path: str) -> Iterator[None]:
        parent, _, name = path.rpartition("/")
        folder = f"/groups/{self._group_id(parent)}/children" if parent else "/groups"
        _done(self.realm.admin.post(folder, json={"name": name}))
        try:
            yield
        finally:
            _done(self.realm.admin.delete(f"/groups/{self._group_id(path)}"))

    def join(self, user_id: str, group: Place | str) -> None:
        _done(self.realm.admin.put(f"/users/{user_id}/groups/{self._group_id(_path(group))}"))

    def leave(self, user_id: str, group: Place | str) -> None:
        _done(self.realm.admin.delete(f"/users/{user_id}/groups/{self._group_id(_path(group))}"))

    def signs_in(self, person: User) -> None:
        """With a password, on the pages for it, to the console of accounts that every realm has."""
        password = f"a password of {uuid4()}"
        credential = {"type": "password", "value": password, "temporary": False}
        _done(self.realm.admin.put(f"/users/{person.id}/reset-password", json=credential))
        home = f"{self.realm.url}/realms/{self.realm.realm}"
        asked = {
            "client_id": "account-console",
            "response_type": "code",
            "scope": "openid",
            "redirect_uri": f"{home}/account/",
            "state": "s",
            "nonce": "n",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # of RFC 7636, appendix B
            "code_challenge_method": "S256",
        }
        Visitor().signs_in(f"{home}/protocol/openid-connect/auth?{urlencode(asked)}", person.email, password)

    def groups_of(self, user_id: str) -> set[str]:
        groups = _done(self.realm.admin.get(f"/users/{user_id}/groups", params={"max": 1000})).json()
        return {group["path"] for group in groups}

    def count(self, email: str) -> int:
        query = {"email": email, "exact": "true", "max": 100}
        return len(_done(self.realm.admin.get("/users", params=query)).json())

    def mails_to(self, email: str) -> int:
        return sum(email in message["to"] for message in self.realm.mail.messages())

    @contextmanager
    def mail_refused(self) -> Iterator[None]:
        self.realm.mail.behaviour = "refuse"
        try:
            yield
        finally:
            self.realm.mail.behaviour = "ok"

    def _create(self, representation: dict[str, Any]) -> str:
        location: str = _done(self.realm.admin.post("/users", json=representation)).headers["Location"]
        return location.rsplit("/", 1)[1]

    def _group_id(self, path: str) -> str:
        found: str = _done(self.realm.admin.get(f"/group-by-path{path}")).json()["id"]
        return found

    def _hide(self, user_id: str) -> None:
        """Put the person on the deny list, as the provisioner does with members of groups of no company."""
        admin = self.realm.admin
        clients = _done(admin.get("/clients", params={"clientId": "admin-permissions"})).json()
        _done(
            admin.post(
                f"/clients/{clients[0]['id']}/authz/resource-server/permission/scope",
                json={
                    "name": f"hidden from the portal: {user_id}",
                    "resourceType": "Users",
                    "resources": [user_id],
                    "scopes": ["manage-group-membership"],
                    "policies": ["not portal-directory"],
                },
            )
        )


def _path(group: Place | str) -> str:
    return group.path if isinstance(group, Place) else group


def _done(answer: Any) -> Any:
    answer.raise_for_status()
    return answer


def paths(places: Iterable[Place]) -> set[str]:
    return {place.path for place in places}
