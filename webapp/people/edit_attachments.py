"""Editing a person's attachments at the companies of one administrator, for a form, a file or an API.

An edit says what is wanted, and what its author saw. What somebody else changed since is merged where the author
left it alone, and is a conflict where both changed it: then nothing is saved.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from directory.model import Attachment, AttachmentChange, Member, difference
from webapp.errors import ChangedMeanwhileError
from webapp.people import attachments
from webapp.people.administration import Administration
from webapp.people.context import Context
from webapp.people.three_way_merge import Merge, State, merge
from webapp.records import journal_reading


@dataclass(frozen=True, slots=True)
class Edit:
    """What is wanted, by company: none detaches, a company that is not named stays as it is.

    `seen` is what the author saw before; a company that it does not name was not shown, so what is wanted counts.
    """

    wanted: State
    seen: State = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """A change of somebody else's since the edit was begun; `who` made it, empty when the portal does not know."""

    company_id: str
    before: Attachment | None
    now: Attachment | None
    who: str


@dataclass(frozen=True, slots=True)
class Review:
    """What an edit would do to the person as they are now.

    `wanted` is the edit merged with what others changed, `conflicts` are the companies that both changed.
    """

    member: Member
    wanted: Mapping[str, Attachment | None]
    changes: tuple[AttachmentChange, ...]
    meanwhile: tuple[Meanwhile, ...] = ()
    conflicts: tuple[str, ...] = ()


class EditConflictError(ChangedMeanwhileError):
    """Somebody else changed the same attachments; nothing was saved. `review` has the present state."""

    def __init__(self, review: Review) -> None:
        super().__init__(review.conflicts)
        self.review = review


def review(context: Context, administration: Administration, member: Member, edit: Edit) -> Review:
    """What the edit would do; `member` is the person with their attachments at these companies, just read.

    `EditConflictError`; `LastAdministratorError` when a company would be left without an active administrator.
    """
    found = _reviewed(context, member, edit)
    for change in found.changes:
        company = administration.company(change.company_id)
        attachments.refuse_last_administrator(context.directory, company, member.user, change)
    return found


def save(
    context: Context, administration: Administration, member: Member, edit: Edit
) -> tuple[AttachmentChange, ...]:
    """Do what the edit asks for, and return what was changed; `EditConflictError`, and as `attachments.change`.

    An edit that says what its author saw is compared with the present state once more, under the companies' locks.
    """
    wanted = _reviewed(context, member, edit).wanted
    present = {company_id: member.at(company_id) for company_id in wanted}
    expected = present if edit.seen else None
    try:
        return attachments.change(context, administration.companies, member.user, wanted, expected=expected)
    except ChangedMeanwhileError as error:
        found = (attachment for _, attachment in context.directory.attachments_of(member.user.id))
        fresh = Member(member.user, administration.mine(found))
        raise EditConflictError(_review(context, fresh, Edit(edit.wanted, present))) from error


def _reviewed(context: Context, member: Member, edit: Edit) -> Review:
    found = _review(context, member, edit)
    if found.conflicts:
        raise EditConflictError(found)
    return found


def _review(context: Context, member: Member, edit: Edit) -> Review:
    merged = merge({a.company_id: a for a in member.attachments}, edit.wanted, edit.seen)
    kept = [a for a in member.attachments if a.company_id not in merged.wanted]
    wanted = [a for a in merged.wanted.values() if a]
    return Review(
        member,
        merged.wanted,
        difference(member.attachments, [*kept, *wanted]),
        _meanwhile(context, member, merged, edit.seen),
        merged.conflicts,
    )


def _meanwhile(context: Context, member: Member, merged: Merge, seen: State) -> tuple[Meanwhile, ...]:
    found = []
    for company_id in (*merged.conflicts, *merged.theirs):
        last = journal_reading.last_author(context.database, company_id, member.user.id)
        who = last.name if last and last.id != context.author.id else ""
        found.append(Meanwhile(company_id, seen.get(company_id), member.at(company_id), who))
    return tuple(found)
