"""What an administrator may send to a person who does not find their activation mail."""

from collections.abc import Iterable

from babel.lists import format_list
from flask_babel import force_locale, get_locale

from directory.model import ActivationStatus, User
from webapp.wording.labels import gettext as _
from webapp.wording.times import day


def invitation_text(user: User, companies: Iterable[str], author: str, sender: str) -> str:
    """Return the text, in the person's language; empty unless a mail was sent whose link still works.

    The link itself is not part of it: only the mailbox has it. `companies` are the names of those that the person
    is invited to, `author` writes the text, `sender` is the address that the mail comes from.
    """
    sent_at, end = user.activation_sent_at, user.activation_expires_at
    if user.status() is not ActivationStatus.PENDING or sent_at is None or end is None:
        return ""
    with force_locale(user.profile.locale.value):
        names = format_list(list(companies), "standard", get_locale())
        return "\n\n".join(
            (
                _("Hello %(name)s,", name=user.profile.full_name),
                _(
                    "You are invited to use the services of: %(companies)s. To activate your account, look for "
                    "the mail that was sent to %(email)s on %(day)s.",
                    companies=names,
                    email=user.email,
                    day=day(sent_at),
                ),
                _("Sender: %(sender)s", sender=sender) + "\n" + _("Subject: %(subject)s", subject=subject()),
                _(
                    "Its link works until %(end)s: open it, then choose your password. If the mail is not in your "
                    "inbox, look in the junk mail.",
                    end=day(end),
                ),
                _("You do not find it? Tell me, and I will have a new one sent. I cannot see the link myself."),
                author,
            )
        )


def subject() -> str:
    """Return the subject of the activation mail, as the theme of Keycloak writes it."""
    return _("Activate your Attaché account")
