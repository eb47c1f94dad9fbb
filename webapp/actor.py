"""The person who is acting."""

from dataclasses import dataclass

from directory.model import Attachment, Profile


@dataclass(frozen=True, slots=True)
class Actor:
    """The person who is acting, as Keycloak describes him at this moment."""

    id: str
    profile: Profile
    attachments: tuple[Attachment, ...]

    @property
    def administered_ids(self) -> frozenset[str]:
        """The ids of the companies he administers."""
        return frozenset(a.company_id for a in self.attachments if a.administers)
