"""The people of company files: accounts, administrators of companies, activation mails.

People belong to the portal. A file creates an account for a person without one and makes sure that a company has
the administrators it names. It never changes an existing person and never detaches anyone.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from directory.encoding import (
    ACTIVATION_MAIL_ACTIONS,
    Place,
    company_of,
    new_user,
    places,
    profile_representation,
    user_of,
)
from directory.model import (
    ACTIVATION_LIFESPAN,
    Attachment,
    CompanyRole,
    Invitation,
    Locale,
    Profile,
    Title,
)
from provisioner.errors import RejectedError
from provisioner.kinds.definition import Family, KindDefinition
from provisioner.kinds.kind import Kind
from provisioner.kinds.server import Server
from provisioner.model.changes import Change
from provisioner.model.rules import Rule
from provisioner.model.state import Address, Json, RealmState, Resource, Source

PORTAL_CLIENT = "portal"
"""The client that the link of an activation mail opens."""


def administrator(company: str, email: str, source: Source) -> Resource:
    """Return the resource of an administrator that a company file names."""
    return Resource(Address(Kind.ADMINISTRATOR, (company, email)), {"attached": True}, source)


def person(entry: Json, email: str, administers: Sequence[str], source: Source) -> Iterable[Resource]:
    """Return the account and the activation mail of an entry of `people`."""
    fields = {"locale": Locale.FR.value, **entry, "email": email, "administers": sorted(set(administers))}
    yield Resource(Address(Kind.PERSON, (email,)), fields, source)
    yield Resource(Address(Kind.ACTIVATION_MAIL, (email,)), {"mail": "sent"}, source)


def observe(server: Server) -> Iterable[Resource]:
    """Return the accounts of people in the files, the state of their mails, and what they administer."""
    emails = {resource.address.names[-1] for resource in server.desired.of_kind(Kind.PERSON, Kind.ADMINISTRATOR)}
    companies: dict[str, list[str]] = {}
    for resource in server.desired.of_kind(Kind.ADMINISTRATOR):
        companies.setdefault(resource.address.names[1], []).append(resource.address.names[0])
    for email in sorted(emails):
        for user in server.api.get("users", {"email": email, "exact": "true", "briefRepresentation": "false"}):
            yield from _observed(server, email, user, companies.get(email, ()))


def _observed(server: Server, email: str, user: Json, companies: Sequence[str]) -> Iterable[Resource]:
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


def create_person(server: Server, change: Change) -> None:
    """Create the account together with its groups, in one request.

    The activation mail names the companies and no inviting person.
    """
    fields = change.after or {}
    attachments = [Attachment(company, CompanyRole.ADMINISTRATOR) for company in fields["administers"]]
    invitation = Invitation.to(_name(server, company) for company in fields["administers"])
    body = new_user(_profile(fields), attachments, invitation if invitation.companies else None)
    server.remember(Kind.PERSON, fields["email"], id=server.api.post("users", body))


def _profile(fields: Mapping[str, str]) -> Profile:
    return Profile(
        email=fields["email"],
        last_name=fields["last_name"],
        first_name=fields["first_name"],
        title=Title(fields["title"]) if "title" in fields else None,
        locale=Locale(fields["locale"]),
    )


def _name(server: Server, company: str) -> str:
    """Return the name of a company of the files."""
    described = server.desired.resources[Address(Kind.COMPANY, (company,))]
    return company_of({"name": company, "attributes": described.fields["attributes"]}).name


def attach_administrator(server: Server, change: Change) -> None:
    """Add the person to the group of the company, then to that of its administrators. Can be repeated."""
    company, email = change.address.names
    user = server.known_id(Kind.PERSON, email) or server.user_id(email)
    for place in _administrator_places(company):
        server.api.put(f"users/{user}/groups/{server.group_id(place.path)}")


def send_activation_mail(server: Server, change: Change) -> None:
    """Send the mail, then store its date in the account."""
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


def _administrator_refusal(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    _, email = resource.address.names
    if desired.get(Kind.PERSON, email) or desired.get(Kind.USER, email) or observed.get(Kind.PERSON, email):
        return ""
    return f"{email} is neither in `people` nor on the server"


def _mail_refusal(resource: Resource, desired: RealmState, observed: RealmState) -> str:
    """Return why a mail cannot be sent: its link opens the portal."""
    noted = observed.resources.get(resource.address)
    if noted is not None and noted.fields == resource.fields:
        return ""
    clients = (state.get(Kind.CLIENT, PORTAL_CLIENT) for state in (desired, observed))
    if any(client.fields.get("baseUrl") for client in clients if client):
        return ""
    return f"the link of an activation mail opens the client {PORTAL_CLIENT}, and there is none with a baseUrl"


def _comes_with_account(resource: Resource, desired: RealmState, observed: RealmState) -> bool:
    """Return whether a new account is created with the groups of an administrator."""
    company, email = resource.address.names
    if observed.get(Kind.PERSON, email) is not None:
        return False
    user = desired.get(Kind.USER, email)
    if user is None:
        return desired.get(Kind.PERSON, email) is not None
    return {place.path for place in _administrator_places(company)} <= set(user.fields.get("groups", ()))


FAMILY = Family(
    kinds=(
        KindDefinition(
            kind=Kind.PERSON,
            rule=Rule(
                created_with=frozenset({"email", "last_name", "first_name", "title", "locale", "administers"}),
                shared=True,
            ),
            create=create_person,
            is_exported=lambda _: False,
        ),
        KindDefinition(
            kind=Kind.ADMINISTRATOR,
            rule=Rule(shared=True),
            create=attach_administrator,
            refusal=_administrator_refusal,
            comes_with=_comes_with_account,
            is_exported=lambda _: False,
        ),
        KindDefinition(
            kind=Kind.ACTIVATION_MAIL,
            rule=Rule(shared=True),
            refusal=_mail_refusal,
            create=send_activation_mail,
            update=send_activation_mail,
            is_exported=lambda _: False,
        ),
    ),
    observe=observe,
)
