"""The domain's own rules: how far an account is, and what differs between two sets of attachments."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.model import (
    ACTIVATION_LIFESPAN,
    COMPANY_ID,
    ActivationStatus,
    Affiliation,
    Attachment,
    AttachmentChange,
    Company,
    CompanyRole,
    administering_now,
    difference,
)
from tests.builders import NOON, a_change, a_company, a_member, a_user, an_attachment

A_MOMENT = timedelta(microseconds=1)

attachments = st.builds(
    Attachment,
    st.sampled_from(["acme", "bolt", "cobalt", "delta"]),
    st.sampled_from(CompanyRole),
    st.sampled_from(Affiliation),
)
sets_of_attachments = st.lists(attachments, unique_by=lambda a: a.company_id)


def test_an_activation_link_works_30_days():
    """The help page of the origin promises 30 days; the mail call asks Keycloak for as many seconds."""
    assert ACTIVATION_LIFESPAN.total_seconds() == 2_592_000


class TestStatus:
    def test_an_account_that_chose_its_password_is_active_however_old_its_mail_is(self):
        user = a_user(activation_sent_at=NOON)

        assert user.status(NOON + timedelta(days=400)) is ActivationStatus.ACTIVE

    @pytest.mark.parametrize(
        ("after", "expected"),
        [
            (timedelta(0), ActivationStatus.PENDING),
            (timedelta(days=30) - A_MOMENT, ActivationStatus.PENDING),
            (timedelta(days=30), ActivationStatus.EXPIRED),
            (timedelta(days=30) + A_MOMENT, ActivationStatus.EXPIRED),
        ],
    )
    def test_a_pending_account_expires_exactly_30_days_after_its_mail(self, after, expected):
        user = a_user(password_required=True, activation_sent_at=NOON)

        assert user.status(NOON + after) is expected

    def test_the_instant_counts_and_not_the_clock_on_the_wall(self):
        """Sent at noon UTC; 30 days later at 13:59 in Paris (11:59 UTC) the link still works."""
        user = a_user(password_required=True, activation_sent_at=NOON)
        paris = timezone(timedelta(hours=2))

        assert user.status(datetime(2026, 4, 13, 13, 59, tzinfo=paris)) is ActivationStatus.PENDING
        assert user.status(datetime(2026, 4, 13, 14, 0, tzinfo=paris)) is ActivationStatus.EXPIRED

    def test_without_a_mail_the_status_says_so(self):
        assert a_user(password_required=True).status(NOON) is ActivationStatus.NOT_SENT

    @pytest.mark.parametrize("password_required", [True, False])
    @pytest.mark.parametrize("sent_at", [None, NOON])
    def test_disabled_hides_every_other_status(self, password_required, sent_at):
        user = a_user(enabled=False, password_required=password_required, activation_sent_at=sent_at)

        assert user.status(NOON) is ActivationStatus.DISABLED

    def test_without_an_instant_the_present_counts(self):
        now = datetime.now(UTC)

        fresh = a_user(password_required=True, activation_sent_at=now - timedelta(days=29))
        old = a_user(password_required=True, activation_sent_at=now - timedelta(days=31))

        assert fresh.status() is ActivationStatus.PENDING
        assert old.status() is ActivationStatus.EXPIRED

    def test_the_end_of_the_link_is_known_only_when_a_mail_left(self):
        assert a_user(activation_sent_at=NOON).activation_expires_at == datetime(2026, 4, 13, 12, 0, tzinfo=UTC)
        assert a_user().activation_expires_at is None


class TestValues:
    def test_a_user_answers_with_the_address_of_his_profile(self):
        assert a_user("anne@acme.example").email == "anne@acme.example"

    def test_a_member_knows_his_attachment_to_one_company_and_to_no_other(self):
        here = an_attachment("acme", administrator=True)
        member = a_member(a_user(), here, an_attachment("bolt"))

        assert member.at("acme") == here
        assert member.at("cobalt") is None

    def test_only_an_administrator_administers(self):
        assert an_attachment(administrator=True).administers
        assert not an_attachment(external=True).administers

    def test_two_companies_are_the_same_whatever_the_directory_calls_them(self):
        """`key` is the directory's handle: a company from a file equals the same one from Keycloak."""
        assert Company("acme", "Acme", key="1") == Company("acme", "Acme", key="2")

    def test_values_cannot_be_changed(self):
        with pytest.raises(FrozenInstanceError):
            an_attachment().role = CompanyRole.ADMINISTRATOR  # type: ignore[misc]

    @pytest.mark.parametrize("good", ["ac", "acme", "acme-2", "42", "a" * 63])
    def test_company_ids_are_short_slugs(self, good):
        assert COMPANY_ID.fullmatch(good)

    @pytest.mark.parametrize("bad", ["", "a", "Acme", "ac/me", "../acme", "acmé", "ac me", "acme\n", "a" * 64])
    def test_nothing_else_is_a_company_id(self, bad):
        assert COMPANY_ID.fullmatch(bad) is None


class TestAttachmentChange:
    def test_attaching_and_detaching_are_told_apart_from_a_change_in_place(self):
        user, administrator = an_attachment(), an_attachment(administrator=True)

        assert a_change(None, user).is_attach
        assert a_change(user, None).is_detach
        for change in (a_change(user, administrator), a_change(user, None)):
            assert not change.is_attach
        for change in (a_change(user, administrator), a_change(None, user)):
            assert not change.is_detach

    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            (an_attachment(administrator=True), None, True),
            (an_attachment(administrator=True), an_attachment(), True),
            (an_attachment(administrator=True), an_attachment(administrator=True, external=True), False),
            (an_attachment(), None, False),
            (an_attachment(), an_attachment(administrator=True), False),
            (None, an_attachment(administrator=True), False),
        ],
    )
    def test_a_company_loses_an_administrator_by_detaching_or_demoting_one(self, before, after, expected):
        assert a_change(before, after).takes_administrator is expected

    @pytest.mark.parametrize(("before", "after"), [(an_attachment("bolt"), None), (None, an_attachment("bolt"))])
    def test_a_change_is_about_one_company_only(self, before, after):
        """Otherwise a check made for the one company could let a change at another through."""
        with pytest.raises(ValueError, match="another company"):
            AttachmentChange("acme", before, after)


class TestDifference:
    def test_what_is_equal_is_left_alone_and_the_rest_is_sorted_by_company(self):
        kept = an_attachment("cobalt")
        old, new = an_attachment("bolt"), an_attachment("bolt", external=True)
        begun, ended = an_attachment("delta"), an_attachment("acme", administrator=True)

        found = difference([kept, old, ended], [begun, new, kept])

        assert found == (
            AttachmentChange("acme", ended, None),
            AttachmentChange("bolt", old, new),
            AttachmentChange("delta", None, begun),
        )

    @given(sets_of_attachments)
    def test_there_is_none_between_a_set_and_itself_in_any_order(self, some):
        assert difference(some, reversed(some)) == ()

    @pytest.mark.slow
    @given(sets_of_attachments, sets_of_attachments)
    def test_making_all_changes_leads_from_the_one_set_to_the_other(self, before, after):
        state = {a.company_id: a for a in before}
        for change in difference(before, after):
            assert change.before == state.pop(change.company_id, None)
            if change.after:
                state[change.company_id] = change.after

        assert state == {a.company_id: a for a in after}

    def test_builders_give_each_person_an_address_of_his_own(self):
        assert a_user().email != a_user().email

    def test_builders_give_a_company_the_same_key_each_time(self):
        assert a_company("acme").key == a_company("acme").key != a_company("bolt").key


def test_administering_now_are_those_of_the_company_whose_account_is_active():
    """Neither its users, nor who administers another one, nor who has not activated or is disabled."""
    both = (an_attachment("acme", administrator=True), an_attachment("globex"))
    anne = a_member(a_user(), *both)
    others = [
        a_member(a_user(), an_attachment("acme"), an_attachment("globex", administrator=True)),
        a_member(a_user(enabled=False), *both),
        a_member(a_user(password_required=True), *both),
    ]
    assert administering_now([anne, *others], "acme") == (anne.user,)
    assert anne.administers_now() == ("acme",)
    assert [other.administers_now() for other in others] == [("globex",), (), ()]
