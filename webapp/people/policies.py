"""Who may do what: every right of the portal, on one page. Pure functions of what was just read from Keycloak."""

from collections.abc import Collection, Iterable

from directory.model import ActivationStatus, Attachment, AttachmentChange, Member, User, administering_now


def may_administer(administered_ids: Collection[str], company_id: str) -> bool:
    """Whether somebody who administers these companies decides who works for that one."""
    return company_id in administered_ids


def may_see(administered_ids: Collection[str], attachments: Iterable[Attachment]) -> bool:
    """Whether a person with these attachments exists for somebody who administers those companies."""
    return any(may_administer(administered_ids, a.company_id) for a in attachments)


def may_resend_activation(status: ActivationStatus) -> bool:
    """An activation mail is sent to those who have not activated yet; never to an active or disabled account."""
    return status in {ActivationStatus.PENDING, ActivationStatus.EXPIRED, ActivationStatus.NOT_SENT}


def may_change_account(
    administered_ids: Collection[str], status: ActivationStatus, attachments: Iterable[Attachment]
) -> bool:
    """Whether the account itself (its address, its existence) is this administrator's to change.

    Only while it was never activated, and only when no one else's company is concerned: anyone who chooses the
    address of a shared account would choose who gets the other company's rights.
    """
    return may_resend_activation(status) and all(
        may_administer(administered_ids, a.company_id) for a in attachments
    )


def would_be_last_administrator(members: Iterable[Member], user: User, change: AttachmentChange) -> bool:
    """Whether the change would take a company's last *active* administrator away.

    `members` are all administrators of that company at least, freshly read; they also tell how far the person
    themselves are, who may have become active since they were read. Who is not active is not the last active one.
    """
    members = tuple(members)
    fresh = next((member.user for member in members if member.user.id == user.id), user)
    if not change.takes_administrator or fresh.status() is not ActivationStatus.ACTIVE:
        return False
    return not any(one.id != user.id for one in administering_now(members, change.company_id))
