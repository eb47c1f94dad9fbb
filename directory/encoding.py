"""How companies, people and attachments are written in Keycloak: the only place that knows.

A company is a top-level group named by its id. Being in it *is* the attachment; its two subgroups only add to
that (`docs/adr/0001-attachment-as-group-membership.md`)::

    acme                  kind=company  displayName  services  [siren]  attachment=acme:user
    ├── administrators    role=administrator                            attachment=acme:administrator
    └── externals         affiliation=external                          attachment=acme:external

The attribute `attachment` is what the token's claim `attachments` collects. Every function here is pure.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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
    User,
)
from directory.person_data import locale_of, title_of
from directory.rights import Standing

Json = dict[str, Any]

KIND_ATTRIBUTE = "kind"
KIND_COMPANY = "company"
DISPLAY_NAME_ATTRIBUTE = "displayName"
SERVICES_ATTRIBUTE = "services"
SIREN_ATTRIBUTE = "siren"
ATTACHMENT_ATTRIBUTE = "attachment"
TITLE_ATTRIBUTE = "title"
LOCALE_ATTRIBUTE = "locale"
ACTIVATION_SENT_AT_ATTRIBUTE = "activationSentAt"
INVITATION_ATTRIBUTE = "invitation"
"""JSON in one value: of several values Keycloak's mails see the first (`keycloak/themes/attache/email`)."""

PASSWORD_REQUIRED = "UPDATE_PASSWORD"  # noqa: S105 (the name of a required action)
ACTIVATION_REQUIRED_ACTIONS = (PASSWORD_REQUIRED, "VERIFY_EMAIL")
"""Required of a new account (`docs/adr/0002-activation-link.md`)."""
ACTIVATION_MAIL_ACTIONS = ("VERIFY_EMAIL",)
"""The only action inside the link of an activation mail: an old link can then never set a password."""


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
    """A group of a company that a person can be in: the company's own group, or one of its subgroups."""

    company_id: str
    subgroup: Subgroup | None = None

    @property
    def path(self) -> str:
        """The path of the group in Keycloak."""
        return f"/{self.company_id}/{self.subgroup}" if self.subgroup else f"/{self.company_id}"


@dataclass(frozen=True, slots=True)
class Step:
    """One membership to make or end: one call to Keycloak."""

    place: Place
    join: bool


def places(attachment: Attachment | None) -> tuple[Place, ...]:
    """The groups that make up an attachment, in the order in which they are joined."""
    if attachment is None:
        return ()
    found = [Place(attachment.company_id)]
    if attachment.affiliation is Affiliation.EXTERNAL:
        found.append(Place(attachment.company_id, Subgroup.EXTERNALS))
    if attachment.administers:
        found.append(Place(attachment.company_id, Subgroup.ADMINISTRATORS))
    return tuple(found)


def steps(change: AttachmentChange) -> tuple[Step, ...]:
    """The calls that make the change, in an order in which no state on the way gives more than either end.

    Leaving goes `administrators`, `externals`, company; joining the other way round; leaving comes first, so
    an administrator's power ends before anything else begins.
    """
    old, new = places(change.before), places(change.after)
    leaves = [Step(place, join=False) for place in reversed(old) if place not in new]
    joins = [Step(place, join=True) for place in new if place not in old]
    return (*leaves, *joins)


def place_of(path: str) -> Place | None:
    """Which group of a company the path names; none when it names something else.

    Only the shape is judged; that the top-level group is a company is told by its attributes (`is_company`).
    """
    parts = path.removeprefix("/").split("/")
    if not COMPANY_ID.fullmatch(parts[0]) or len(parts) > 2:
        return None
    if len(parts) == 1:
        return Place(parts[0])
    return Place(parts[0], Subgroup(parts[1])) if parts[1] in set(Subgroup) else None


def attachments_of(paths: Iterable[str]) -> tuple[Attachment, ...]:
    """The attachments that a set of group paths amounts to, by company id.

    A subgroup without its company is no attachment: a person is attached when he is in the company's group.
    """
    found = {place for path in paths if (place := place_of(path))}
    return tuple(
        Attachment(
            place.company_id,
            CompanyRole.ADMINISTRATOR
            if Place(place.company_id, Subgroup.ADMINISTRATORS) in found
            else CompanyRole.USER,
            Affiliation.EXTERNAL if Place(place.company_id, Subgroup.EXTERNALS) in found else Affiliation.INTERNAL,
        )
        for place in sorted(found, key=lambda p: p.path)
        if place.subgroup is None
    )


def attachment_value(place: Place) -> str:
    """The value of the attribute `attachment` of a group: what the token says of who is in it."""
    return f"{place.company_id}:{_TOKEN_WORDS[place.subgroup]}"


def company_group(company: Company) -> Json:
    """The GroupRepresentation of a company, subgroups included."""
    attributes = {
        KIND_ATTRIBUTE: [KIND_COMPANY],
        DISPLAY_NAME_ATTRIBUTE: [company.name],
        SERVICES_ATTRIBUTE: list(company.services),
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
    """The company a GroupRepresentation (with attributes) describes."""
    attributes = group.get("attributes") or {}
    return Company(
        id=group["name"],
        name=_first(attributes, DISPLAY_NAME_ATTRIBUTE) or group["name"],
        services=tuple(attributes.get(SERVICES_ATTRIBUTE) or ()),
        siren=_first(attributes, SIREN_ATTRIBUTE),
        key=group.get("id", ""),
    )


def user_of(representation: Mapping[str, Any]) -> User:
    """The account a UserRepresentation describes (the full one, with attributes)."""
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


def profile_representation(
    profile: Profile, activation_sent_at: datetime | None, invitation: Invitation | None = None
) -> Json:
    """The part of a UserRepresentation that says who the person is.

    Always whole: a PUT with `attributes` but without the names erases the names (measured).
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
    return {
        "username": profile.email,
        "email": profile.email,
        "firstName": profile.first_name,
        "lastName": profile.last_name,
        "attributes": attributes,
    }


def new_user(profile: Profile, attachments: Sequence[Attachment], invitation: Invitation | None = None) -> Json:
    """The body that creates an account and attaches it, atomically, in one POST."""
    return {
        **profile_representation(profile, activation_sent_at=None, invitation=invitation),
        "enabled": True,
        "requiredActions": list(ACTIVATION_REQUIRED_ACTIONS),
        "groups": [place.path for attachment in attachments for place in places(attachment)],
    }


def _first(attributes: Mapping[str, Any] | None, name: str) -> str | None:
    values = (attributes or {}).get(name)
    return str(values[0]) if values else None


def _invitation_text(invitation: Invitation) -> str:
    told = {"by": invitation.by, "to": list(invitation.companies), "others": invitation.others}
    return json.dumps(told, ensure_ascii=False)


def _invitation_of(text: str | None) -> Invitation | None:
    """None for what is no invitation: somebody else's value is nothing to rely on."""
    try:
        told = json.loads(text or "null")
        return Invitation(str(told["by"]), tuple(str(name) for name in told["to"]), int(told["others"]))
    except (ValueError, TypeError, KeyError):
        return None


def _instant(text: str | None) -> datetime | None:
    """ISO 8601 with or without zone (UTC then); none for what is not an instant."""
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def told_by_token(token: str) -> tuple[str, dict[str, frozenset[str]]]:
    """Whose access token this is (its subject), and the roles that it names by client, those of the realm by "".

    `ValueError` when it is none that can be read. Its signature is not looked at: it came from its issuer.
    """
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)) or "null")
    if not isinstance(claims, dict):
        raise ValueError("the access token is no JSON web token")
    granted = {"": claims.get("realm_access") or {}, **(claims.get("resource_access") or {})}
    return claims.get("sub", ""), {client: frozenset(each.get("roles", ())) for client, each in granted.items()}


def standing_of(
    roles: Mapping[str, frozenset[str]],
    *,
    profile: Json,
    person: Json,
    companies: Sequence[Json],
    itself: Json,
) -> Standing:
    """What the account holds, of Keycloak's answers; an empty one for what it may not see."""
    return Standing(
        roles=roles,
        over_person=_access(person),
        over_company=_access(companies[0]) if companies else frozenset(),
        over_itself=_access(itself),
        unmanaged_attributes=str(profile.get("unmanagedAttributePolicy") or ""),
    )


def _access(representation: Json) -> frozenset[str]:
    """What Keycloak says that the reader may do with this person or group."""
    return frozenset(right for right, granted in (representation.get("access") or {}).items() if granted)
