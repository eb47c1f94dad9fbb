"""Which administrators a file of people would take away, named before it is done."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from directory.gateway import Directory
from directory.model import Attachment, Company, Member
from webapp.imports.plan import TO_DO, Row
from webapp.people.administration import Administration, people
from webapp.people.continuity import shortage


@dataclass(frozen=True, slots=True)
class FewerAdministrators:
    """The companies that the author would administer no more, and those left with one active administrator."""

    own: tuple[Company, ...] = ()
    single: tuple[Company, ...] = ()


def fewer_administrators(
    directory: Directory, administration: Administration, rows: Sequence[Row], now: datetime
) -> FewerAdministrators:
    """Return what the rows would leave. Read people only when a row takes an administrator away."""
    leaving = [row for row in rows if row.outcome in TO_DO and row.takes_administrator]
    ids = {row.attachment.company_id for row in leaving if row.attachment}
    companies = tuple(company for company in administration.companies if company.id in ids)
    if not companies:
        return FewerAdministrators()
    members = people(directory, replace(administration, companies=companies))
    after = _after(members, rows)
    own = {
        row.attachment.company_id
        for row in leaving
        if row.user and row.attachment and row.user.id == administration.actor.id
    }
    return FewerAdministrators(
        tuple(company for company in companies if company.id in own), shortage(companies, after, now).single
    )


def _after(members: Iterable[Member], rows: Iterable[Row]) -> list[Member]:
    """The members as they would be; new accounts are not active, so they do not count here."""
    wanted: dict[str, dict[str, Attachment]] = {}
    known = {member.user.id: member for member in members}
    for row in rows:
        if row.outcome in TO_DO and row.user and row.attachment:
            wanted.setdefault(row.user.id, {})[row.attachment.company_id] = row.attachment
            known.setdefault(row.user.id, Member(row.user, ()))
    return [
        replace(
            member,
            attachments=tuple(({a.company_id: a for a in member.attachments} | wanted.get(id_, {})).values()),
        )
        for id_, member in known.items()
    ]
