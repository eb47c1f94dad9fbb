"""Attaching, changing and detaching a person at the companies of one administrator."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict

from directory.errors import DirectoryError, NotFoundError
from directory.gateway import Directory
from directory.model import Attachment, AttachmentChange, Company, User, difference
from webapp.database import Database
from webapp.errors import LastAdministratorError, PartlyDoneError
from webapp.locks import locked
from webapp.policies import would_be_last_administrator
from webapp.services.operations import Kind, under_way


def change(
    directory: Directory,
    database: Database,
    actor_id: str,
    companies: Iterable[Company],
    user: User,
    wanted: Mapping[str, Attachment | None],
) -> tuple[AttachmentChange, ...]:
    """Bring a person's attachments at these companies to what is wanted; what was changed.

    Companies that `wanted` does not name stay as they are. Acts on the present state, so it may be repeated.
    `LastAdministratorError` before anything is written; `PartlyDoneError` when it stopped on the way.
    """
    by_id = {company.id: company for company in companies if company.id in wanted}
    target = [attachment for attachment in wanted.values() if attachment]
    with locked(database, [f"company:{company_id}" for company_id in by_id]):
        present = [a for _, a in directory.attachments_of(user.id) if a.company_id in by_id]
        changes = difference(present, target)
        for one in changes:
            refuse_last_administrator(directory, by_id[one.company_id], user, one)
        if not changes:
            return ()
        payload = {"user_id": user.id, "wanted": {k: asdict(v) if v else None for k, v in wanted.items()}}
        with under_way(database, Kind.CHANGE, actor_id, payload) as operation:
            _make(directory, by_id, user, changes, operation.id)
    return changes


def refuse_last_administrator(directory: Directory, company: Company, user: User, one: AttachmentChange) -> None:
    """`LastAdministratorError` when the change would leave the company without an active administrator.

    Reads the company's people afresh; the caller holds the company's lock, or two could leave at once.
    """
    if one.takes_administrator and would_be_last_administrator(directory.members(company), user, one):
        raise LastAdministratorError(company)


def _make(
    directory: Directory,
    companies: Mapping[str, Company],
    user: User,
    changes: tuple[AttachmentChange, ...],
    operation_id: str,
) -> None:
    for index, one in enumerate(changes):
        try:
            directory.change_attachment(user.id, companies[one.company_id], one)
        except NotFoundError:
            # The company (or the person) vanished between reading and writing: nothing left to attach to.
            raise
        except DirectoryError as error:
            if index == 0:
                raise
            raise PartlyDoneError(operation_id, changes[:index], changes[index:]) from error
