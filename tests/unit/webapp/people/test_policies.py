"""Every right of the portal, as tables."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from directory.model import ActivationStatus, Attachment, AttachmentChange, Member, User
from tests.builders import a_change, a_user, an_attachment
from webapp.people.policies import (
    may_administer,
    may_change_account,
    may_resend_activation,
    may_see,
    would_be_last_administrator,
)

MINE = frozenset({"acme", "globex"})
WAITING = {ActivationStatus.PENDING, ActivationStatus.EXPIRED, ActivationStatus.NOT_SENT}
STATES: dict[str, dict[str, Any]] = {
    "active": {},
    "disabled": {"enabled": False},
    "pending": {"password_required": True, "activation_sent_at": datetime.now(UTC)},
    "expired": {"password_required": True, "activation_sent_at": datetime.now(UTC) - timedelta(days=31)},
    "not sent": {"password_required": True},
    "disabled and pending": {"password_required": True, "enabled": False},
}


@pytest.mark.parametrize(
    ("company", "may"), [("acme", True), ("globex", True), ("initech", False), ("", False), ("ACME", False)]
)
def test_may_administer(company: str, may: bool):
    assert may_administer(MINE, company) is may


def test_who_administers_nothing_may_nothing():
    assert not may_administer(frozenset(), "acme")
    assert not may_see(frozenset(), [an_attachment("acme")])


@pytest.mark.parametrize(
    ("attachments", "may"),
    [
        ([], False),
        (["acme"], True),
        (["initech"], False),
        (["initech", "acme"], True),
        (["initech", "umbrella"], False),
    ],
)
def test_may_see(attachments: list[str], may: bool):
    """Whoever is at one of mine at least."""
    assert may_see(MINE, [an_attachment(company) for company in attachments]) is may


@pytest.mark.parametrize("status", list(ActivationStatus))
def test_may_resend_activation(status: ActivationStatus):
    """To who has not activated; never to an active or disabled account."""
    assert may_resend_activation(status) is (status in WAITING)


@pytest.mark.parametrize("status", list(ActivationStatus))
@pytest.mark.parametrize(
    ("attachments", "all_mine"),
    [(["acme"], True), (["acme", "globex"], True), (["acme", "initech"], False), (["initech"], False)],
)
def test_may_change_account(status: ActivationStatus, attachments: list[str], all_mine: bool):
    """Never activated, and nobody else's."""
    held = [an_attachment(company) for company in attachments]
    assert may_change_account(MINE, status, held) is (status in WAITING and all_mine)


class TestLastAdministrator:
    ADMINISTRATOR = an_attachment("acme", administrator=True)
    TAKES = (
        a_change(ADMINISTRATOR, None),
        a_change(ADMINISTRATOR, an_attachment("acme")),
        a_change(ADMINISTRATOR, an_attachment("acme", external=True)),
    )

    @pytest.mark.parametrize("state", list(STATES))
    @pytest.mark.parametrize("change", TAKES)
    def test_with_another_one(self, state: str, change: AttachmentChange):
        """Another administrator saves the rule if he is active, and only then."""
        me, other = a_user(), a_user(**STATES[state])
        members = [Member(me, (self.ADMINISTRATOR,)), Member(other, (self.ADMINISTRATOR,))]
        assert would_be_last_administrator(members, me, change) is (state != "active")

    @pytest.mark.parametrize("state", list(STATES))
    @pytest.mark.parametrize("change", TAKES)
    def test_who_is_not_active_is_not_the_last_active_one(self, state: str, change: AttachmentChange):
        me = a_user(**STATES[state])
        assert would_be_last_administrator([Member(me, (self.ADMINISTRATOR,))], me, change) is (state == "active")

    @pytest.mark.parametrize(
        "change",
        [
            a_change(ADMINISTRATOR, an_attachment("acme", administrator=True, external=True)),
            a_change(None, ADMINISTRATOR),
            a_change(an_attachment("acme"), None),
            a_change(an_attachment("acme"), ADMINISTRATOR),
        ],
    )
    def test_change_that_takes_no_administrator(self, change: AttachmentChange):
        me = a_user()
        assert not would_be_last_administrator([Member(me, (self.ADMINISTRATOR,))], me, change)

    @pytest.mark.parametrize("attachment", [an_attachment("acme"), an_attachment("globex", administrator=True)])
    def test_others_who_do_not_count(self, attachment: Attachment):
        """A plain user, and an administrator of another company."""
        me, other = a_user(), a_user()
        members = [Member(me, (self.ADMINISTRATOR,)), Member(other, (attachment,))]
        assert would_be_last_administrator(members, me, a_change(self.ADMINISTRATOR, None))

    def test_who_is_gone_from_the_list_already(self):
        """The list was read before the change or after: he himself never counts as another."""
        me = a_user()
        assert would_be_last_administrator([], me, a_change(self.ADMINISTRATOR, None))


def test_last_administrator_who_has_just_become_active():
    """What counts is what the fresh reading says of him, not what was read before."""
    administrator = an_attachment("acme", administrator=True)
    before = a_user(password_required=True)
    now_active = [Member(User(before.id, before.profile), (administrator,))]
    assert would_be_last_administrator(now_active, before, a_change(administrator, None))
