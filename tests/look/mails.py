"""The portal's own mails, as people of the world get them."""

from directory.model import AttachmentChange
from tests.builders import an_attachment, an_author
from tests.look.world import COMPANIES, World
from webapp.mail.messages import mails_of
from webapp.records.notice import notice_of
from webapp.records.outbox import Notice

CHANGE = AttachmentChange("acme", an_attachment("acme", external=True), an_attachment("acme", administrator=True))


def mails_in(world: World, locale: str) -> dict[str, str]:
    """The HTML of each kind in that language: to a person, to an administrator, to him about several people."""
    world.speaks(locale)
    anne = an_author(world.people["anne"])
    people = [world.directory.user(world.ids[name]) for name in ("long", "chloe")]
    told = tuple(notice_of(anne, person, [(COMPANIES[0], CHANGE)]) for person in people)
    with world.app.app_context():
        person, administrator = mails_of(world.directory, world.parts.settings, Notice((1,), told[:1], 0))
        *_, several = mails_of(world.directory, world.parts.settings, Notice((1, 2), told, 0))
    return {"mail-person": person.html, "mail-administrator": administrator.html, "mail-several": several.html}
