"""The operations that the portal needs of a directory of people."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Protocol

from directory.model import Attachment, AttachmentChange, Company, Dossier, Invitation, Member, Profile, User
from directory.rights import Rights


class Directory(Protocol):
    """People, companies and attachments. Every verb raises `directory.errors.DirectoryError` only.

    Reads and attachment changes may be repeated inside; creating an account and mailing never are. Hidden people
    (`directory.visibility`) do not exist for any verb: `NotFoundError`, and no list names them. That is judged
    when the verb is called.
    """

    def attachments_of(self, user_id: str, *, ends: bool = True) -> tuple[tuple[Company, Attachment], ...]:
        """Return all attachments of a person with their companies, by company name; `NotFoundError`.

        Without `ends` it costs one call instead of two, and no attachment has its last day.
        """

    def companies(self) -> tuple[Company, ...]:
        """Return every company, in no particular order.

        Costs Keycloak some milliseconds for each: it is for a nightly task.
        """

    def members(self, company: Company) -> tuple[Member, ...]:
        """Return everybody attached to the company, each with that one attachment, in no particular order.

        `CompanyNotFoundError`.
        """

    def administrators(self, company: Company) -> tuple[Member, ...]:
        """Return the company's administrators, each with that one attachment, in no particular order.

        Much cheaper than `members` for a large company. `CompanyNotFoundError`.
        """

    def user(self, user_id: str) -> User:
        """Return the account with that id; `NotFoundError`."""

    def dossier(self, user_id: str) -> Dossier:
        """Return the account with its attachments and what is known of its sign-ins; `NotFoundError`.

        Three calls at most, so it is for one person, not for a list.
        """

    def users(self, user_ids: Collection[str]) -> tuple[User, ...]:
        """Return the accounts with those ids, in no particular order, without those that do not exist."""

    def find_by_email(self, email: str) -> User | None:
        """Return the account with exactly that address (case ignored), or none."""

    def never_activated(self, before: datetime) -> tuple[User, ...]:
        """Return the accounts never activated whose last activation mail was sent before that instant (UTC).

        Without a mail, the instant of creation counts. Reads every account: it is for a nightly task.
        """

    def made_before(self, before: datetime) -> tuple[User, ...]:
        """Return the accounts created before that instant (UTC), in no particular order.

        Reads every account: it is for a nightly task.
        """

    def ending(self, by: date) -> tuple[User, ...]:
        """Return the accounts with an end on or before that day, at a company where they may not be attached.

        In no particular order. Reads every account: it is for a nightly task.
        """

    def create_user(
        self, profile: Profile, attachments: Sequence[Attachment], invitation: Invitation | None = None
    ) -> User:
        """Create an account that waits for its activation, with its attachments: all of it or nothing.

        `EmailTakenError`, `InvalidPersonError`, `CompanyNotFoundError`; `ForbiddenError` without any attachment.
        Sends no mail; `invitation` is what the activation mail will say. The address is kept in lower case.
        After `UnavailableError` the account may exist: look it up.
        """

    def change_attachment(self, user_id: str, company: Company, change: AttachmentChange) -> None:
        """Make one change at one company.

        Safe to repeat. Interrupted, it leaves a valid state with no more rights than before or after it. The
        caller holds the lock of the person: ends of all companies are one value (`encoding.UNTIL_ATTRIBUTE`).
        `NotFoundError` for person and company alike; `ValueError` when the change is about another company.
        """

    def send_activation(self, user_id: str) -> None:
        """Send an activation mail, whose link works for `ACTIVATION_LIFESPAN`.

        `MailRefusedError` when the mail server does not accept it; `RefusedError` for a disabled account;
        `NotFoundError` also for somebody in no company. Never repeated: a second mail is a second valid link.
        """

    def record_invitation(self, user: User, invitation: Invitation) -> User:
        """Store on the account what its next activation mail says; return the account as it is then."""

    def record_activation_sent(self, user: User, at: datetime) -> User:
        """Store on the account when its activation mail was sent; return the account as it is then."""

    def correct_email(self, user: User, email: str, invitation: Invitation | None = None) -> User:
        """Change the address of an account that was never activated; links sent to the old one stop working.

        Removes the time of the last mail; without `invitation` the present one stays. `EmailTakenError`,
        `InvalidPersonError`.
        """

    def delete_user(self, user_id: str) -> None:
        """Delete an account that was never activated; the caller has checked that it was not."""

    def check(self) -> None:
        """Raise `UnavailableError` unless the directory answers and accepts the service account."""

    def sign_in(self) -> float:
        """Ask for a new token of the service account; return by how many seconds our clock is ahead.

        `UnavailableError` when the directory does not answer, or no longer accepts the service account.
        """

    def own_rights(self) -> Rights:
        """Return the rights that the service account has now; `UnavailableError` when they cannot be read."""
