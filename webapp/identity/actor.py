"""The person who is acting."""

from dataclasses import dataclass

from directory.model import Attachment, Profile


@dataclass(frozen=True, slots=True)
class Actor:
    """The person who is acting, as Keycloak describes them at this moment."""

    id: str
    profile: Profile
    attachments: tuple[Attachment, ...]

    @property
    def administered_ids(self) -> frozenset[str]:
        """The ids of the companies they administer."""
        return frozenset(a.company_id for a in self.attachments if a.administers)


@dataclass(frozen=True, slots=True)
class Author:
    """Who does something, as the journal and the mails name them.

    `request_id` is that of the request in which they do it; lines with the same one belong together.
    """

    id: str
    name: str
    email: str
    request_id: str


def author_of(actor: Actor, request_id: str) -> Author:
    """The acting person as the author of what this request does."""
    return Author(actor.id, actor.profile.full_name, actor.profile.email, request_id)
