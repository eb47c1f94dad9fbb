"""An access review: starting, deciding, ending. Interrupted anywhere, what was decided is kept.

Several administrators share one: what one decided is not asked of the other. No one confirms themselves where
there is another active administrator.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from directory.errors import NotFoundError, UnavailableError
from directory.model import Company, User, administering_now
from webapp.errors import ForbiddenByStateError, HiddenError, LastAdministratorError
from webapp.people import attachments
from webapp.people.administration import Administration
from webapp.people.context import Context
from webapp.records import journal
from webapp.records.journal import Action, Entry, Person, Values, values_of
from webapp.reviews import store
from webapp.reviews.store import Decision, Item, Review, Start, Undecided

NOBODY = Person(None, "", "")
"""A line about a whole review names no person."""


class ReviewRunningError(ForbiddenByStateError):
    """A company has one review at a time, and one has not ended."""

    def __init__(self, review_id: str) -> None:
        super().__init__(f"the review {review_id} has not ended")
        self.review_id = review_id


@dataclass(slots=True)
class Decided:
    """What became of decisions: how many were made, and of whom none could be made, by reason."""

    done: int = 0
    already: list[Item] = field(default_factory=list)
    oneself: list[Item] = field(default_factory=list)
    last: list[Item] = field(default_factory=list)


def start(context: Context, asked: Start) -> str:
    """Start a review of everybody who is at the company now; its id. `ReviewRunningError`.

    One that the portal itself starts has a line of its own kind.
    """
    company = asked.company
    with context.locked([f"review:{company.id}"]) as held:
        if running := store.open_of(held.database, company.id):
            raise ReviewRunningError(running.id)
        people = held.directory.members(company)
        review_id = store.begin(held.database, held.author, asked, people)
        action = Action.REVIEW_BEGIN if held.author.id else Action.REVIEW_DUE
        line = Entry(action, (company.id,), NOBODY, after=Values(until=asked.until))
        journal.write(held.database, held.author, [line])
    return review_id


def review_of(context: Context, administration: Administration, review_id: str) -> Review:
    """A review of one of these companies; `HiddenError` for any other."""
    found = store.read(context.database, review_id)
    if found is None or found.company_id not in administration.ids:
        raise HiddenError(review_id)
    return found


def decide(
    context: Context, company: Company, review: Review, user_ids: Iterable[str], decision: Decision
) -> Decided:
    """Confirm or detach these people; what is left undecided says why. Ends the review after the last one."""
    result = Decided()
    people = {item.user_id: item for item in store.items(context.database, review.id)}
    alone = not _others(context, company)
    for user_id in dict.fromkeys(user_ids):
        item = people.get(user_id)
        if item is None:
            raise HiddenError(user_id)
        if item.decision is not None or not review.is_open:
            result.already.append(item)
        elif user_id == context.author.id and decision is Decision.CONFIRM and not alone:
            result.oneself.append(item)
        else:
            _decide(context, company, review, item, decision, result)
    if review.is_open and all(item.decision for item in store.items(context.database, review.id)):
        finish(context, review)
    return result


def _others(context: Context, company: Company) -> list[User]:
    """The active administrators besides the author."""
    found = administering_now(context.directory.administrators(company), company.id)
    return [user for user in found if user.id != context.author.id]


def _decide(
    context: Context, company: Company, review: Review, item: Item, decision: Decision, result: Decided
) -> None:
    try:
        made = _carry_out(context, company, item, decision)
    except LastAdministratorError:
        result.last.append(item)
        return
    if store.decide(context.database, context.author, review.id, item.user_id, made):
        result.done += 1
        if made is Decision.CONFIRM:
            person = Person(item.user_id, item.name, item.email)
            line = Entry(Action.CONFIRM, (company.id,), person, after=values_of(item.attachment))
            journal.write(context.database, context.author, [line])
    else:
        result.already.append(item)


def _carry_out(context: Context, company: Company, item: Item, decision: Decision) -> Decision:
    """Detach where that was decided; who left or was deleted meanwhile is gone."""
    try:
        user: User = context.directory.user(item.user_id)
        present = attachments.present_at(context.directory, user, [company.id])
        if decision in (Decision.DETACH, Decision.DETACHED):
            attachments.change(context, [company], user, {company.id: None})
            return decision
    except NotFoundError:
        return Decision.GONE
    return decision if present else Decision.GONE


def finish(context: Context, review: Review) -> None:
    """End the review now: its evidence is final, and the digest of it is in the journal."""
    people = store.items(context.database, review.id)
    digest = store.digest_of(review, people)
    line = Entry(Action.REVIEW_END, (review.company_id,), NOBODY, after=Values(digest=digest))
    with context.database.transaction() as connection:
        if store.end(connection, review, digest):
            journal.add(connection, context.author, [line])


def end_overdue(context: Context, company: Company, review: Review) -> bool:
    """End a review whose last day is over, as its start said of the undecided; false when it is to be tried again.

    A last active administrator stays.
    """
    wanted = Decision.DETACHED if review.undecided is Undecided.DETACH else Decision.KEPT
    for item in store.items(context.database, review.id):
        if item.decision is not None:
            continue
        try:
            made = _carry_out(context, company, item, wanted)
        except LastAdministratorError:
            made = Decision.KEPT
        except UnavailableError:
            return False
        store.decide(context.database, context.author, review.id, item.user_id, made)
    finish(context, review)
    return True
