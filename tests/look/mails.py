"""The portal's own mails, as people of the world get them."""

from datetime import date

from directory.model import AttachmentChange
from tests.builders import an_attachment, an_author
from tests.look.world import COMPANIES, World
from webapp.lifecycle.endings import Day, Ending
from webapp.lifecycle.mails import mails_of_day, mails_of_reviews
from webapp.lifecycle.reviewing import Reminder
from webapp.mail.messages import mails_of
from webapp.records.notice import notice_of
from webapp.records.outbox import Notice
from webapp.reviews import store

TODAY = date(2027, 6, 30)
CHANGE = AttachmentChange("acme", an_attachment("acme", external=True), an_attachment("acme", administrator=True))


def mails_in(world: World, locale: str) -> dict[str, str]:
    """The HTML of each kind in that language: to a person, to an administrator, to him about several people, and
    what the portal writes by itself."""
    world.speaks(locale)
    anne = an_author(world.people["anne"])
    people = [world.directory.user(world.ids[name]) for name in ("long", "chloe")]
    told = tuple(notice_of(anne, person, [(COMPANIES[0], CHANGE)]) for person in people)
    with world.app.app_context():
        person, administrator = mails_of(world.directory, world.parts.settings, Notice((1,), told[:1], 0))
        *_, several = mails_of(world.directory, world.parts.settings, Notice((1, 2), told, 0))
        by_itself = {"mail-endings": _endings(world), "mail-reviews": _reviews(world)}
    return {
        "mail-person": person.html,
        "mail-administrator": administrator.html,
        "mail-several": several.html,
        **by_itself,
    }


def _endings(world: World) -> str:
    """What ends soon, to an administrator."""
    person = world.directory.user(world.ids["long"])
    ends = an_attachment("acme", external=True, until=TODAY)
    _to_person, to_administrator, *_ = mails_of_day(
        world.directory, world.parts.settings, Day(TODAY, soon=[Ending(person, COMPANIES[0], ends)])
    )
    return to_administrator.html


def _reviews(world: World) -> str:
    """Access reviews that end soon, to an administrator."""
    review = store.read(world.database, world.ids["review"])
    assert review
    reminders = [Reminder(review, company) for company in COMPANIES[:3]]
    first, *_ = mails_of_reviews(world.directory, world.parts.settings, reminders, TODAY)
    return first.html
