"""The verbs that the portal needs of a directory of people."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from directory.model import Attachment, AttachmentChange, Company, Invitation, Member, Profile, User
from directory.rights import Standing


class Directory(Protocol):
    """People, companies and attachments. Every verb raises `directory.errors.DirectoryError` only.

    Reads and attachment changes may be repeated inside; creating an account and mailing never are. Hidden people
    (`directory.visibility`) do not exist for any verb: `NotFoundError`, and no list names them. That is judged
    when the verb is called.
    """

    def attachments_of(self, user_id: str) -> tuple[tuple[Company, Attachment], ...]:
        """All attachments of a person with their companies, by company name. `NotFoundError`: no such person."""

    def members(self, company: Company) -> tuple[Member, ...]:
        """Everybody attached to the company, each with that one attachment, in no promised order.

        `CompanyNotFoundError`.
        """

    def administrators(self, company: Company) -> tuple[Member, ...]:
        """Who administers the company, each with that one attachment, in no promised order.

        Much cheaper than `members` in a large company. `CompanyNotFoundError`.
        """

    def user(self, user_id: str) -> User:
        """The account with that id; `NotFoundError` when there is none that we may see."""

    def users(self, user_ids: Collection[str]) -> tuple[User, ...]:
        """The accounts with those ids, in no promised order; who is not there or may not be seen is left out."""

    def find_by_email(self, email: str) -> User | None:
        """The account with exactly that address (case ignored), none when there is none that we may see."""

    def never_activated(self, before: datetime) -> tuple[User, ...]:
        """The accounts never activated whose last activation mail left before that instant (UTC).

        Of one that was never mailed, the day it was made counts. Reads everybody: it is for a nightly task.
        """

    def create_user(
        self, profile: Profile, attachments: Sequence[Attachment], invitation: Invitation | None = None
    ) -> User:
        """A new account, waiting for its activation, attached at once: all of it or nothing.

        `EmailTakenError`, `InvalidPersonError`, `CompanyNotFoundError`; `ForbiddenError` without any attachment.
        Sends no mail; `invitation` is what the activation mail will say. The address is kept in small letters.
        After `UnavailableError` it may be there: look it up.
        """

    def change_attachment(self, user_id: str, company: Company, change: AttachmentChange) -> None:
        """Make one change at one company. Safe to repeat; broken off half way it leaves a valid lesser state.

        `NotFoundError` for person and company alike; `ValueError` when the change is about another company.
        """

    def send_activation(self, user_id: str) -> None:
        """Hand an activation mail to the mail server; its link works `ACTIVATION_LIFESPAN`.

        `MailRefusedError` when it could not be handed over; `RefusedError` to a disabled account;
        `NotFoundError` also for who is in no company. Never repeated: a second mail is a second live link.
        """

    def record_invitation(self, user: User, invitation: Invitation) -> User:
        """Note on the account what its next activation mail says; the account as it is afterwards."""

    def record_activation_sent(self, user: User, at: datetime) -> User:
        """Note on the account when its activation mail left; the account as it is afterwards."""

    def correct_email(self, user: User, email: str, invitation: Invitation | None = None) -> User:
        """Give an account that was never activated another address; kills the links sent to the old one.

        The note of the last mail is removed with it; without `invitation` the one it has stays. `EmailTakenError`,
        `InvalidPersonError`.
        """

    def delete_user(self, user_id: str) -> None:
        """Delete an account that was never activated. Deciding that it was not is the caller's duty."""

    def check(self) -> None:
        """Raise `UnavailableError` unless the directory answers and knows us."""

    def standing(self) -> Standing:
        """What our own account holds now; changes nothing. `UnavailableError` when it cannot be read."""
