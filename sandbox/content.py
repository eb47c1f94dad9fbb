"""What the demo is filled with, read from the very files that the provisioner applies."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
REALM_FILE = ROOT / "keycloak" / "realm-export.json"
REALM = "portal"
"""The realm of that file."""
SERVICE_ACCOUNT = "portal-directory"
"""The client of that file which the portal administers the realm with."""
PROVISIONER_COMMAND = (sys.executable, "-m", "provisioner", "apply")
FOLDER = Path(__file__).with_name("demo")
COMPANIES = FOLDER / "companies"
PEOPLE = FOLDER / "people.json"
OPERATORS_GROUP = "/operators"
SUBGROUP_VALUES = {"administrators": "administrator", "externals": "external"}


class Kind(Enum):
    """What somebody of the demo is."""

    PERSON = "person"
    PENDING = "pending"
    OPERATOR = "operator"


@dataclass(frozen=True)
class DemoCompany:
    """A company of the demo."""

    id: str
    name: str
    services: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "services": list(self.services)}


@dataclass(frozen=True)
class DemoService:
    """What the files say of a service; texts by language."""

    id: str
    names: Mapping[str, str] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)
    url: str = ""

    def name(self, language: str) -> str:
        """In that language, else in another one, else the id."""
        return _in_language(self.names, language) or self.id

    def description(self, language: str) -> str:
        """In that language, else in another one; empty when there is none."""
        return _in_language(self.descriptions, language)


@dataclass(frozen=True)
class DemoPerson:
    """Somebody who can sign in, or (without a password) has a mail waiting."""

    email: str
    password: str | None
    kind: Kind
    attachments: tuple[str, ...]
    """As in the claim: `<company id>:user`, besides `:administrator` and `:external`."""

    def as_json(self) -> dict[str, Any]:
        return {
            "email": self.email,
            "password": self.password,
            "kind": self.kind.value,
            "attachments": list(self.attachments),
        }


@dataclass(frozen=True)
class Content:
    """Companies and people as they are at the first start; the portal may have changed people since."""

    companies: tuple[DemoCompany, ...] = ()
    people: tuple[DemoPerson, ...] = ()
    services: tuple[DemoService, ...] = ()
    """Those of which the files say something."""

    def service(self, service_id: str) -> DemoService:
        """A service by its id, which is all there is of one that the files do not describe."""
        return next((one for one in self.services if one.id == service_id), DemoService(service_id))

    def services_of(self, company_id: str) -> list[DemoService]:
        """The services that the files give a company; none for a company that is not in them."""
        return [self.service(id) for one in self.companies if one.id == company_id for id in one.services]


def read_content(companies: Path = COMPANIES, people: Path | None = PEOPLE) -> Content:
    """Read company files and, where given, a realm file with users."""
    files = _load(companies)
    entries = [entry for file in files for entry in file.get("companies", ())]
    administers: dict[str, list[str]] = {}
    for entry in entries:
        for email in entry.get("administrators", ()):
            administers.setdefault(email, []).append(entry["id"])
    pending = [
        DemoPerson(person["email"], None, Kind.PENDING, _administrator_of(administers.get(person["email"], [])))
        for file in files
        for person in file.get("people", ())
    ]
    users = json.loads(people.read_text(encoding="utf-8"))["users"] if people else []
    return Content(
        companies=tuple(DemoCompany(e["id"], e["name"], tuple(e.get("services", ()))) for e in entries),
        people=(*map(_person, users), *pending),
        services=tuple(_service(entry) for file in files for entry in file.get("services", ())),
    )


def _load(companies: Path) -> list[dict[str, Any]]:
    files = sorted(companies.rglob("*.yaml"))
    return [yaml.safe_load(file.read_text(encoding="utf-8")) or {} for file in files]


def _service(entry: Mapping[str, Any]) -> DemoService:
    return DemoService(entry["id"], entry.get("name", {}), entry.get("description", {}), entry.get("url", ""))


def _in_language(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or next(iter(texts.values()), "")


def _person(user: Mapping[str, Any]) -> DemoPerson:
    groups = user.get("groups", ())
    return DemoPerson(
        email=user["email"],
        password=user["credentials"][0]["value"],
        kind=Kind.OPERATOR if OPERATORS_GROUP in groups else Kind.PERSON,
        attachments=tuple(_attachment(path) for path in groups if path != OPERATORS_GROUP),
    )


def _attachment(path: str) -> str:
    company, _, subgroup = path.strip("/").partition("/")
    return f"{company}:{SUBGROUP_VALUES[subgroup] if subgroup else 'user'}"


def _administrator_of(companies: list[str]) -> tuple[str, ...]:
    return tuple(f"{company}:{value}" for company in companies for value in ("user", "administrator"))
