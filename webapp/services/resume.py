"""Finishing what a process left behind when it died in the middle of an operation."""

from collections.abc import Iterable

from directory.errors import DirectoryError, EmailTakenError, NotFoundError, UnavailableError
from directory.gateway import Directory
from directory.model import Affiliation, Attachment, CompanyRole, Locale, Profile, Title
from webapp.database import Database
from webapp.errors import PortalError
from webapp.services import activations, attachments
from webapp.services.operations import Kind, Operation, State, claim_interrupted, finish, release


def resume(directory: Directory, database: Database) -> list[tuple[Operation, State]]:
    """Finish every interrupted operation; each with how it ended (`RUNNING`: not now, try again).

    A creation that never reached Keycloak is made now, with its mail. One that did is left as it is: whether its
    mail left cannot be known, a second one is for a person to send, and the list says « Mail non envoyé ».
    """
    return [(operation, _finish(directory, database, operation)) for operation in claim_interrupted(database)]


def _finish(directory: Directory, database: Database, operation: Operation) -> State:
    try:
        match operation.kind:
            case Kind.CREATE:
                _create(directory, database, operation)
            case Kind.CHANGE:
                _change(directory, database, operation)
        state = State.DONE
    except (DirectoryError, PortalError) as error:
        if any(isinstance(one, UnavailableError) for one in (error, error.__cause__)):
            # Nobody was told, and Keycloak (or somebody's lock) is only late: the next start tries again.
            release(database, operation.id)
            return State.RUNNING
        state = State.FAILED
    finish(database, operation.id, state)
    return state


def _create(directory: Directory, database: Database, operation: Operation) -> None:
    typed = operation.payload["profile"]
    profile = Profile(
        email=typed["email"],
        last_name=typed["last_name"],
        first_name=typed["first_name"],
        title=Title(typed["title"]) if typed["title"] else None,
        locale=Locale(typed["locale"]),
    )
    wanted = [_attachment(one) for one in operation.payload["attachments"]]
    if not _still_administers(directory, operation.actor_id, (a.company_id for a in wanted)):
        raise NotFoundError(operation.actor_id)
    try:
        user = directory.create_user(profile, wanted)
    except EmailTakenError:
        return
    activations.send_first(directory, database, user)


def _change(directory: Directory, database: Database, operation: Operation) -> None:
    """What the actor may still do is done; `NotFoundError` when something of it was left."""
    wanted = {
        company_id: _attachment(one) if one else None for company_id, one in operation.payload["wanted"].items()
    }
    user = directory.user(operation.payload["user_id"])
    companies = {
        company.id: company
        for company, at in directory.attachments_of(operation.actor_id)
        if at.administers or (operation.actor_id == user.id and wanted.get(company.id, at) is None)
    }
    allowed = {company_id: one for company_id, one in wanted.items() if company_id in companies}
    attachments.change(directory, database, operation.actor_id, companies.values(), user, allowed)
    present = {at.company_id: at for _, at in directory.attachments_of(user.id)}
    if any(present.get(company_id) != one for company_id, one in wanted.items()):
        raise NotFoundError("the actor administers these companies no more")


def _still_administers(directory: Directory, actor_id: str, company_ids: Iterable[str]) -> bool:
    administered = {company.id for company, at in directory.attachments_of(actor_id) if at.administers}
    return set(company_ids) <= administered


def _attachment(kept: dict[str, str]) -> Attachment:
    return Attachment(kept["company_id"], CompanyRole(kept["role"]), Affiliation(kept["affiliation"]))
