"""Companies and the people that company files name: first administrators, with their accounts and their mails.

People belong to the portal. A file gives an account to who has none and makes sure that a company has these
administrators; it never changes a person who is there, and never takes anybody away.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from re import compile as regex

from directory.encoding import (
    ACTIVATION_MAIL_ACTIONS,
    SERVICES_ATTRIBUTE,
    Place,
    Subgroup,
    company_group,
    company_of,
    new_user,
    places,
    profile_representation,
    user_of,
)
from directory.model import (
    ACTIVATION_LIFESPAN,
    COMPANY_ID,
    Attachment,
    Company,
    CompanyRole,
    Invitation,
    Locale,
    Profile,
    Title,
)
from provisioner.errors import RejectedError
from provisioner.kinds import groups
from provisioner.kinds.files import Complain
from provisioner.kinds.server import Server
from provisioner.model.changes import Change
from provisioner.model.state import Address, Json, Kind, Resource, Source

PORTAL_CLIENT = "portal"
"""The client that activation mails lead to."""

_EMAIL = regex(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+")
_LONGEST = 255


def desired(files: Iterable[tuple[Json, Source]], complain: Complain) -> Iterable[Resource]:
    """What the company files say."""
    found: list[Resource] = []
    administers: dict[str, list[str]] = {}
    for content, source in files:
        for index, entry in enumerate(content.get("companies", ())):
            found.extend(_company(entry, source.at("companies", index), administers, complain))
    for content, source in files:
        for index, entry in enumerate(content.get("people", ())):
            found.extend(_person(entry, source.at("people", index), administers, complain))
    return found


def _company(
    entry: Json, source: Source, administers: dict[str, list[str]], complain: Complain
) -> Iterable[Resource]:
    _check_company(entry, source, complain)
    id = entry["id"]
    company = Company(id, entry["name"], tuple(entry.get("services", ())), entry.get("siren"))
    group = company_group(company)
    attributes = dict(group["attributes"])
    if entry.get("services") == []:
        attributes[SERVICES_ATTRIBUTE] = []
    yield Resource(
        Address(Kind.COMPANY, (id,)), {"attributes": attributes, "subGroups": group["subGroups"]}, source
    )
    for subgroup in group["subGroups"]:
        address = Address(Kind.COMPANY_SUBGROUP, (id, subgroup["name"]))
        yield Resource(address, {"attributes": subgroup["attributes"]}, source)
    for index, text in enumerate(entry.get("administrators", ())):
        place = source.at("administrators", index)
        email = _email(text, place, complain)
        administers.setdefault(email, []).append(id)
        yield Resource(Address(Kind.ADMINISTRATOR, (id, email)), {"attached": True}, place)


def _check_company(entry: Json, source: Source, complain: Complain) -> None:
    if not COMPANY_ID.fullmatch(entry["id"]):
        complain(source.at("id"), f"must match {COMPANY_ID.pattern}")
    texts = [("name", entry["name"]), ("siren", entry.get("siren", "-"))]
    for key, text in [*texts, *(("services", service) for service in entry.get("services", ()))]:
        if not text.strip() or len(text) > _LONGEST:
            complain(source.at(key), f"must have 1 to {_LONGEST} characters")


def _email(text: str, source: Source, complain: Complain) -> str:
    if not _EMAIL.fullmatch(text) or not text.isascii():
        complain(source, "must be an e-mail address")
    return text.lower()


def _person(
    entry: Json, source: Source, administers: dict[str, list[str]], complain: Complain
) -> Iterable[Resource]:
    email = _email(entry["email"], source.at("email"), complain)
    for key in ("last_name", "first_name"):
        if not entry[key].strip() or len(entry[key]) > _LONGEST:
            complain(source.at(key), f"must have 1 to {_LONGEST} characters")
    fields = {"locale": Locale.FR.value, **entry, "email": email}
    companies = sorted(set(administers.get(email, ())))
    yield Resource(Address(Kind.PERSON, (email,)), {**fields, "administers": companies}, source)
    yield Resource(Address(Kind.ACTIVATION_MAIL, (email,)), {"mail": "sent"}, source)


def observe(server: Server) -> Iterable[Resource]:
    """Which of the people that the files name are there, whether their mail has left, and what they administer."""
    emails = {resource.address.names[-1] for resource in server.desired.of_kind(Kind.PERSON, Kind.ADMINISTRATOR)}
    companies: dict[str, list[str]] = {}
    for resource in server.desired.of_kind(Kind.ADMINISTRATOR):
        companies.setdefault(resource.address.names[1], []).append(resource.address.names[0])
    for email in sorted(emails):
        for user in server.api.get("users", {"email": email, "exact": "true", "briefRepresentation": "false"}):
            yield from _observed_person(server, email, user, companies.get(email, ()))


def _observed_person(server: Server, email: str, user: Json, companies: Sequence[str]) -> Iterable[Resource]:
    yield Resource(server.remember(Kind.PERSON, email, id=user["id"]), {})
    account = user_of(user)
    waiting = account.enabled and account.password_required and account.activation_sent_at is None
    yield Resource(Address(Kind.ACTIVATION_MAIL, (email,)), {"mail": "not sent" if waiting else "sent"})
    if not companies:
        return
    joined = {group["path"] for group in server.api.pages(f"users/{user['id']}/groups")}
    for company in companies:
        if joined.issuperset(place.path for place in _administrator_places(company)):
            yield Resource(Address(Kind.ADMINISTRATOR, (company, email)), {"attached": True})


def _administrator_places(company: str) -> tuple[Place, ...]:
    return places(Attachment(company, CompanyRole.ADMINISTRATOR))


def company_file(found: Resource) -> Json:
    """The entry of a company file that describes this company."""
    (id,) = found.address.names
    company = company_of({"name": id, "attributes": found.fields["attributes"]})
    entry: Json = {"id": id, "name": company.name}
    if company.siren:
        entry["siren"] = company.siren
    return {**entry, "services": list(company.services)}


def company_body(change: Change) -> Json:
    """The group tree that creates the company."""
    (id,) = change.address.names
    return {"name": id, "path": Place(id).path, **(change.after or {})}


def create(server: Server, changes: Sequence[Change]) -> None:
    """All these companies in one write, or none of them."""
    body = {"ifResourceExists": "SKIP", "groups": [company_body(change) for change in changes]}
    server.api.post("partialImport", body)


def update(server: Server, change: Change) -> None:
    """The attributes that changed; the group, its id and its members stay."""
    groups.write_attributes(server, server.id(Kind.COMPANY, *change.address.names), change.after or {})


def delete(server: Server, change: Change) -> None:
    """The company's groups; its people are detached and keep their accounts."""
    server.api.delete(f"groups/{server.id(Kind.COMPANY, *change.address.names)}")


def create_subgroup(server: Server, change: Change) -> None:
    """A subgroup that a company lost."""
    company, name = change.address.names
    folder = f"groups/{server.id(Kind.COMPANY, company)}/children"
    id = server.api.post(folder, {"name": name, **(change.after or {})})
    server.remember(Kind.COMPANY_SUBGROUP, company, name, id=id)
    server.remember(Kind.GROUP, Place(company, Subgroup(name)).path, id=id)


def update_subgroup(server: Server, change: Change) -> None:
    """The attributes that changed."""
    groups.write_attributes(server, server.id(Kind.COMPANY_SUBGROUP, *change.address.names), change.after or {})


def create_person(server: Server, change: Change) -> None:
    """The account and its places, in one write: without the places there is no account either.

    Its activation mail will name the companies; nobody is said to invite.
    """
    fields = change.after or {}
    profile = Profile(
        email=fields["email"],
        last_name=fields["last_name"],
        first_name=fields["first_name"],
        title=Title(fields["title"]) if "title" in fields else None,
        locale=Locale(fields["locale"]),
    )
    attachments = [Attachment(company, CompanyRole.ADMINISTRATOR) for company in fields["administers"]]
    invitation = Invitation.to(_name(server, company) for company in fields["administers"])
    body = new_user(profile, attachments, invitation if invitation.companies else None)
    server.remember(Kind.PERSON, fields["email"], id=server.api.post("users", body))


def _name(server: Server, company: str) -> str:
    """What the files call a company that has an administrator in them."""
    described = server.desired.resources[Address(Kind.COMPANY, (company,))]
    return company_of({"name": company, "attributes": described.fields["attributes"]}).name


def attach_administrator(server: Server, change: Change) -> None:
    """Joins the company, then its administrators; both can be repeated without harm."""
    company, email = change.address.names
    user = server.known_id(Kind.PERSON, email) or server.user_id(email)
    for place in _administrator_places(company):
        server.api.put(f"users/{user}/groups/{server.group_id(place.path)}")


def send_activation_mail(server: Server, change: Change) -> None:
    """The mail, and only when it was handed over the note that it has left."""
    id = server.id(Kind.PERSON, *change.address.names)
    query: dict[str, str | int] = {
        "lifespan": int(ACTIVATION_LIFESPAN.total_seconds()),
        "client_id": PORTAL_CLIENT,
        "redirect_uri": _portal_address(server),
    }
    server.api.send_mail(f"users/{id}/execute-actions-email", list(ACTIVATION_MAIL_ACTIONS), query)
    present = server.api.get(f"users/{id}")
    noted = profile_representation(user_of(present).profile, datetime.now(UTC))
    attributes = {**(present.get("attributes") or {}), **noted["attributes"]}
    server.api.put(f"users/{id}", {**present, "attributes": attributes})


def _portal_address(server: Server) -> str:
    address = server.api.get(f"clients/{server.client_id(PORTAL_CLIENT)}").get("baseUrl")
    if not address:
        raise RejectedError(f"the client {PORTAL_CLIENT} has no baseUrl for activation mails to lead to")
    return str(address)
