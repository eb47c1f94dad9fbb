"""How companies, people and attachments are stored in Keycloak; no other module of the product knows.

A company is a top-level group named by its id. Membership in it is the attachment; its two subgroups only add to
that (`docs/adr/0001-attachment-as-group-membership.md`)::

    acme                  kind=company  displayName  services  [siren]  attachment=acme:user
    ├── administrators    role=administrator                            attachment=acme:administrator
    └── externals         affiliation=external                          attachment=acme:external

The last day of an attachment that has one is a value `acme:2027-06-30` of the person's own attribute
`attachmentUntil`, which administrators of the realm alone see and edit (`docs/adr/0010-end-of-an-attachment.md`).
The claim `attachments` of a token collects the values of the attribute `attachment`. Every function here is pure.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from directory.model import (
    COMPANY_ID,
    Affiliation,
    Attachment,
    AttachmentChange,
    Company,
    CompanyRole,
    Invitation,
    Profile,
    Service,
    User,
)
from directory.person_data import locale_of, title_of
from directory.rights import Rights

Json = dict[str, Any]

KIND_ATTRIBUTE = "kind"
KIND_COMPANY = "company"
DISPLAY_NAME_ATTRIBUTE = "displayName"
SERVICES_ATTRIBUTE = "services"
SERVICE_TEXTS_ATTRIBUTE = "serviceTexts"
"""What people read of these services: one value a text, `["data","name","fr","Données de comptage"]` as JSON."""
VALUE_LENGTH = 255
"""Characters of one value of a group's attribute, at most."""
SIREN_ATTRIBUTE = "siren"
ATTACHMENT_ATTRIBUTE = "attachment"
TITLE_ATTRIBUTE = "title"
LOCALE_ATTRIBUTE = "locale"
ACTIVATION_SENT_AT_ATTRIBUTE = "activationSentAt"
UNTIL_ATTRIBUTE = "attachmentUntil"
INVITATION_ATTRIBUTE = "invitation"
"""JSON in one value: of several values Keycloak's mails get only the first (`keycloak/themes/attache/email`)."""

PASSWORD_REQUIRED = "UPDATE_PASSWORD"  # noqa: S105 (the name of a required action)
ACTIVATION_REQUIRED_ACTIONS = (PASSWORD_REQUIRED, "VERIFY_EMAIL")
"""Required of a new account (`docs/adr/0002-activation-link.md`)."""
ACTIVATION_MAIL_ACTIONS = ("VERIFY_EMAIL",)
"""The only action in the link of an activation mail, so that an old link cannot set a password."""


class Subgroup(StrEnum):
    """The two subgroups of a company's group."""

    ADMINISTRATORS = "administrators"
    EXTERNALS = "externals"


_TOKEN_WORDS = {
    None: CompanyRole.USER.value,
    Subgroup.ADMINISTRATORS: CompanyRole.ADMINISTRATOR.value,
    Subgroup.EXTERNALS: Affiliation.EXTERNAL.value,
}
_MARKS = {
    Subgroup.ADMINISTRATORS: {"role": [CompanyRole.ADMINISTRATOR.value]},
    Subgroup.EXTERNALS: {"affiliation": [Affiliation.EXTERNAL.value]},
}


@dataclass(frozen=True, slots=True)
class Place:
    """A group of a company: its own group, or one of the subgroups."""

    company_id: str
    subgroup: Subgroup | None = None

    @property
    def path(self) -> str:
        """Return the path of the group in Keycloak."""
        return f"/{self.company_id}/{self.subgroup}" if self.subgroup else f"/{self.company_id}"


@dataclass(frozen=True, slots=True)
class Step:
    """A group to join or to leave: one call to Keycloak."""

    place: Place
    join: bool


def places(attachment: Attachment | None) -> tuple[Place, ...]:
    """Return the groups of an attachment, in the order in which they are joined."""
    if attachment is None:
        return ()
    found = [Place(attachment.company_id)]
    if attachment.affiliation is Affiliation.EXTERNAL:
        found.append(Place(attachment.company_id, Subgroup.EXTERNALS))
    if attachment.administers:
        found.append(Place(attachment.company_id, Subgroup.ADMINISTRATORS))
    return tuple(found)


def steps(change: AttachmentChange) -> tuple[Step, ...]:
    """Return the calls that make the change.

    No state between two calls gives more rights than the one before or after the change: groups are left before
    others are joined, subgroups are left before the company, and joined after it.
    """
    old, new = places(change.before), places(change.after)
    leaves = [Step(place, join=False) for place in reversed(old) if place not in new]
    joins = [Step(place, join=True) for place in new if place not in old]
    return (*leaves, *joins)


def place_of(path: str) -> Place | None:
    """Return the company's group that the path names, or none.

    Only the form of the path counts; `is_company` tells whether the top-level group is a company.
    """
    parts = path.removeprefix("/").split("/")
    if not COMPANY_ID.fullmatch(parts[0]) or len(parts) > 2:
        return None
    if len(parts) == 1:
        return Place(parts[0])
    return Place(parts[0], Subgroup(parts[1])) if parts[1] in set(Subgroup) else None


def attachments_of(paths: Iterable[str], ends: Mapping[str, date] | None = None) -> tuple[Attachment, ...]:
    """Return the attachments of somebody who is in the groups with these paths, by company id.

    A subgroup without its company's group is not an attachment, nor is an end (of `ends_of`) without that group.
    """
    last_days = ends or {}
    found = {place for path in paths if (place := place_of(path))}
    return tuple(
        Attachment(
            place.company_id,
            CompanyRole.ADMINISTRATOR
            if Place(place.company_id, Subgroup.ADMINISTRATORS) in found
            else CompanyRole.USER,
            Affiliation.EXTERNAL if Place(place.company_id, Subgroup.EXTERNALS) in found else Affiliation.INTERNAL,
            last_days.get(place.company_id),
        )
        for place in sorted(found, key=lambda p: p.path)
        if place.subgroup is None
    )


def ends_of(representation: Mapping[str, Any]) -> dict[str, date]:
    """Return the last days in a full UserRepresentation, by company id, whether attached there or not.

    What is malformed is left out; of two days for one company the earlier counts.
    """
    found: dict[str, date] = {}
    for value in (representation.get("attributes") or {}).get(UNTIL_ATTRIBUTE) or ():
        company_id, _, text = str(value).partition(":")
        day = _day(text)
        if day and COMPANY_ID.fullmatch(company_id):
            found[company_id] = min(day, found.get(company_id, day))
    return found


def end_values(ends: Mapping[str, date]) -> list[str]:
    """Return the values of the attribute `attachmentUntil`; the inverse of `ends_of`."""
    return [f"{company_id}:{day.isoformat()}" for company_id, day in sorted(ends.items())]


def with_end(account: Json, company_id: str, until: date | None) -> Json:
    """Return the body of the PUT that changes the end at one company and leaves everything else as it is.

    It has the names: a PUT with `attributes` but without the names erases the names (measured).
    """
    ends = {one: day for one, day in ends_of(account).items() if one != company_id}
    if until:
        ends[company_id] = until
    attributes = {**(account.get("attributes") or {}), UNTIL_ATTRIBUTE: end_values(ends)}
    names = ("username", "email", "firstName", "lastName")
    kept: Json = {name: account[name] for name in names if name in account}
    return {**kept, "attributes": attributes}


def attachment_value(place: Place) -> str:
    """Return the value of a group's attribute `attachment`, which its members' tokens carry."""
    return f"{place.company_id}:{_TOKEN_WORDS[place.subgroup]}"


def company_group(company: Company) -> Json:
    """Return the GroupRepresentation of a company, with its subgroups."""
    attributes = {
        KIND_ATTRIBUTE: [KIND_COMPANY],
        DISPLAY_NAME_ATTRIBUTE: [company.name],
        SERVICES_ATTRIBUTE: list(company.services),
        SERVICE_TEXTS_ATTRIBUTE: service_texts(company.described),
        ATTACHMENT_ATTRIBUTE: [attachment_value(Place(company.id))],
    }
    if company.siren:
        attributes[SIREN_ATTRIBUTE] = [company.siren]
    return {
        "name": company.id,
        "path": Place(company.id).path,
        "attributes": {name: values for name, values in attributes.items() if values},
        "subGroups": [_subgroup(company, subgroup) for subgroup in Subgroup],
    }


def _subgroup(company: Company, subgroup: Subgroup) -> Json:
    place = Place(company.id, subgroup)
    return {
        "name": subgroup.value,
        "path": place.path,
        "attributes": {**_MARKS[subgroup], ATTACHMENT_ATTRIBUTE: [attachment_value(place)]},
    }


def is_company(group: Mapping[str, Any]) -> bool:
    """Whether the GroupRepresentation (with attributes) is a company's own group."""
    return (
        _first(group.get("attributes"), KIND_ATTRIBUTE) == KIND_COMPANY
        and COMPANY_ID.fullmatch(str(group.get("name", ""))) is not None
        and group.get("path", f"/{group.get('name')}") == f"/{group.get('name')}"
    )


def company_of(group: Mapping[str, Any]) -> Company:
    """Return the company that a GroupRepresentation (with attributes) describes."""
    attributes = group.get("attributes") or {}
    return Company(
        id=group["name"],
        name=_first(attributes, DISPLAY_NAME_ATTRIBUTE) or group["name"],
        services=tuple(attributes.get(SERVICES_ATTRIBUTE) or ()),
        siren=_first(attributes, SIREN_ATTRIBUTE),
        key=group.get("id", ""),
        described=described_services(attributes.get(SERVICE_TEXTS_ATTRIBUTE) or ()),
    )


def service_texts(services: Iterable[Service]) -> list[str]:
    """Return what people read of the services, as a company's group stores it."""
    found = []
    for service in services:
        texts = [
            *(("name", locale, text) for locale, text in service.names),
            *(("description", locale, text) for locale, text in service.descriptions),
            *([("url", "", service.url)] if service.url else []),
        ]
        found += [json.dumps([service.id, *each], ensure_ascii=False, separators=(",", ":")) for each in texts]
    return sorted(found)


def described_services(values: Iterable[str]) -> tuple[Service, ...]:
    """The inverse of `service_texts`; a value that is something else says nothing."""
    texts: dict[str, dict[str, dict[str, str]]] = {}
    for value in values:
        with suppress(ValueError, TypeError):
            service, kind, locale, text = map(str, json.loads(value))
            texts.setdefault(service, {}).setdefault(kind, {})[locale] = text
    return tuple(
        Service(
            service,
            tuple(sorted(kinds.get("name", {}).items())),
            tuple(sorted(kinds.get("description", {}).items())),
            kinds.get("url", {}).get("", ""),
        )
        for service, kinds in sorted(texts.items())
    )


def user_of(representation: Mapping[str, Any]) -> User:
    """Return the account that a full UserRepresentation (with attributes) describes."""
    attributes = representation.get("attributes") or {}
    title = _first(attributes, TITLE_ATTRIBUTE)
    locale = _first(attributes, LOCALE_ATTRIBUTE)
    return User(
        id=representation["id"],
        profile=Profile(
            email=representation.get("email") or representation.get("username") or "",
            last_name=representation.get("lastName") or "",
            first_name=representation.get("firstName") or "",
            title=title_of(title),
            locale=locale_of(locale),
        ),
        enabled=bool(representation.get("enabled", True)),
        password_required=PASSWORD_REQUIRED in (representation.get("requiredActions") or ()),
        activation_sent_at=_instant(_first(attributes, ACTIVATION_SENT_AT_ATTRIBUTE)),
        invitation=_invitation_of(_first(attributes, INVITATION_ATTRIBUTE)),
    )


def signed_in_at(sessions: Iterable[Mapping[str, Any]]) -> datetime | None:
    """Return when the newest of these UserSessionRepresentations began; `None` when there is none."""
    begun = [session["start"] for session in sessions if session.get("start")]
    return datetime.fromtimestamp(max(begun) / 1000, UTC) if begun else None


def profile_representation(
    profile: Profile,
    activation_sent_at: datetime | None,
    invitation: Invitation | None = None,
    ends: Mapping[str, date] | None = None,
) -> Json:
    """Return the part of a UserRepresentation that describes the person; `ends` are the last days of attachments.

    It is always complete: a PUT with `attributes` but without the names erases the names (measured).
    """
    attributes = {LOCALE_ATTRIBUTE: [profile.locale.value]}
    if profile.title:
        attributes[TITLE_ATTRIBUTE] = [profile.title.value]
    if activation_sent_at:
        attributes[ACTIVATION_SENT_AT_ATTRIBUTE] = [
            activation_sent_at.astimezone(UTC).isoformat(timespec="seconds")
        ]
    if invitation:
        attributes[INVITATION_ATTRIBUTE] = [_invitation_text(invitation)]
    if ends:
        attributes[UNTIL_ATTRIBUTE] = end_values(ends)
    return {
        "username": profile.email,
        "email": profile.email,
        "firstName": profile.first_name,
        "lastName": profile.last_name,
        "attributes": attributes,
    }


def new_user(profile: Profile, attachments: Sequence[Attachment], invitation: Invitation | None = None) -> Json:
    """Return the body of the POST that creates an account with its attachments, atomically."""
    ends = {attachment.company_id: attachment.until for attachment in attachments if attachment.until}
    return {
        **profile_representation(profile, None, invitation, ends),
        "enabled": True,
        "requiredActions": list(ACTIVATION_REQUIRED_ACTIONS),
        "groups": [place.path for attachment in attachments for place in places(attachment)],
    }


def _first(attributes: Mapping[str, Any] | None, name: str) -> str | None:
    values = (attributes or {}).get(name)
    return str(values[0]) if values else None


def _invitation_text(invitation: Invitation) -> str:
    values = {"by": invitation.by, "to": list(invitation.companies), "others": invitation.others}
    return json.dumps(values, ensure_ascii=False)


def _invitation_of(text: str | None) -> Invitation | None:
    """Return the invitation, or none when the value was not written by `_invitation_text`."""
    try:
        values = json.loads(text or "null")
        return Invitation(str(values["by"]), tuple(str(name) for name in values["to"]), int(values["others"]))
    except (ValueError, TypeError, KeyError):
        return None


def _day(text: str) -> date | None:
    """Return the day of an ISO 8601 text of ten characters, or none when it is not one."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _instant(text: str | None) -> datetime | None:
    """Return the instant of an ISO 8601 text (UTC when it has no zone), or none when it is not one."""
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def subject_and_roles(token: str) -> tuple[str, dict[str, frozenset[str]]]:
    """Return the subject of an access token, and its roles by client; those of the realm are under "".

    `ValueError` when the token cannot be read. The signature is not checked: the token came from its issuer.
    """
    claims = _claims(token)
    granted = {"": claims.get("realm_access") or {}, **(claims.get("resource_access") or {})}
    return claims.get("sub", ""), {client: frozenset(each.get("roles", ())) for client, each in granted.items()}


def issued_at(token: str) -> float:
    """Return when an access token was issued, by its issuer's clock (seconds since 1970).

    `ValueError` or `KeyError` when it does not say.
    """
    return float(_claims(token)["iat"])


def _claims(token: str) -> Json:
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)) or "null")
    if not isinstance(claims, dict):
        raise ValueError("the access token is not a JSON web token")
    return claims


def rights_of(
    roles: Mapping[str, frozenset[str]],
    *,
    profile: Json,
    person: Json,
    companies: Sequence[Json],
    itself: Json,
) -> Rights:
    """Return the rights that Keycloak's answers describe; an answer is empty where the account may not read."""
    return Rights(
        roles=roles,
        over_person=_access(person),
        over_company=_access(companies[0]) if companies else frozenset(),
        over_itself=_access(itself),
        unmanaged_attributes=str(profile.get("unmanagedAttributePolicy") or ""),
    )


def _access(representation: Json) -> frozenset[str]:
    """Return what the reader may do with this person or group."""
    return frozenset(right for right, granted in (representation.get("access") or {}).items() if granted)
