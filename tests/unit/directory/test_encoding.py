"""How Keycloak's JSON is written and read, without Keycloak."""

import json
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.encoding import (
    ACTIVATION_MAIL_ACTIONS,
    ACTIVATION_REQUIRED_ACTIONS,
    Place,
    Step,
    Subgroup,
    attachment_value,
    attachments_of,
    company_group,
    company_of,
    described_services,
    ends_of,
    is_company,
    new_user,
    place_of,
    places,
    profile_representation,
    service_texts,
    steps,
    user_of,
    with_end,
)
from directory.model import (
    Affiliation,
    Attachment,
    AttachmentChange,
    Company,
    CompanyRole,
    Invitation,
    Locale,
    Profile,
    Service,
    Title,
)
from tests.builders import NOON, a_change, a_company, a_profile, an_attachment

company_ids = st.text("abcxyz019-", min_size=2, max_size=63)
attachments_at_acme = st.none() | st.builds(
    Attachment, st.just("acme"), st.sampled_from(CompanyRole), st.sampled_from(Affiliation)
)
any_places = st.builds(Place, company_ids, st.none() | st.sampled_from(Subgroup))

ACME = Place("acme")
ADMINISTRATORS = Place("acme", Subgroup.ADMINISTRATORS)
EXTERNALS = Place("acme", Subgroup.EXTERNALS)


def states_on_the_way(before: Attachment | None, after: Attachment | None) -> list[set[Place]]:
    """The groups a person is in before each step and after the last one."""
    states = [set(places(before))]
    for step in steps(AttachmentChange("acme", before, after)):
        groups = set(states[-1])
        (groups.add if step.join else groups.remove)(step.place)
        states.append(groups)
    return states


def attachment_in(groups: set[Place]) -> Attachment | None:
    return next(iter(attachments_of(place.path for place in groups)), None)


class TestSteps:
    @given(attachments_at_acme, attachments_at_acme)
    def test_they_lead_from_any_attachment_to_any_other(self, before, after):
        last = states_on_the_way(before, after)[-1]

        assert last == set(places(after))
        assert attachment_in(last) == after

    @given(attachments_at_acme, attachments_at_acme)
    def test_no_state_on_the_way_gives_a_right_that_neither_end_gives(self, before, after):
        """Interrupted anywhere, the change gives no attachment and no role beyond those before and after it."""
        ends = [end for end in (before, after) if end]
        for groups in states_on_the_way(before, after):
            state = attachment_in(groups)
            if state:
                assert ends
                assert not state.administers or any(end.administers for end in ends)

    @given(attachments_at_acme, attachments_at_acme)
    def test_a_subgroup_is_never_held_without_the_company(self, before, after):
        """The token would say `acme:administrator` of him, and the portal would not even list him."""
        for groups in states_on_the_way(before, after):
            assert groups <= {ACME, ADMINISTRATORS, EXTERNALS}
            assert not groups or ACME in groups

    @given(attachments_at_acme, attachments_at_acme)
    def test_an_administrator_who_stops_being_one_stops_first(self, before, after):
        found = steps(AttachmentChange("acme", before, after))

        if before and before.administers and not (after and after.administers):
            assert found[0] == Step(ADMINISTRATORS, join=False)

    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            (an_attachment(), an_attachment(administrator=True), Step(ADMINISTRATORS, join=True)),
            (an_attachment(administrator=True), an_attachment(), Step(ADMINISTRATORS, join=False)),
            (an_attachment(), an_attachment(external=True), Step(EXTERNALS, join=True)),
            (an_attachment(external=True), an_attachment(), Step(EXTERNALS, join=False)),
            (None, an_attachment(), Step(ACME, join=True)),
            (an_attachment(), None, Step(ACME, join=False)),
        ],
    )
    def test_each_everyday_change_is_a_single_call(self, before, after, expected):
        """Which is why two of them made at once cannot leave a person in no group."""
        assert steps(a_change(before, after)) == (expected,)

    def test_detaching_an_external_administrator_takes_the_company_last(self):
        before = an_attachment(administrator=True, external=True)

        assert steps(a_change(before, None)) == (
            Step(ADMINISTRATORS, join=False),
            Step(EXTERNALS, join=False),
            Step(ACME, join=False),
        )

    def test_attaching_an_external_administrator_goes_the_other_way_round(self):
        after = an_attachment(administrator=True, external=True)

        assert steps(a_change(None, after)) == (
            Step(ACME, join=True),
            Step(EXTERNALS, join=True),
            Step(ADMINISTRATORS, join=True),
        )

    @given(attachments_at_acme)
    def test_nothing_to_change_is_no_call(self, same):
        assert steps(AttachmentChange("acme", same, same)) == ()


class TestPlaces:
    @given(any_places)
    def test_a_path_names_the_place_it_was_made_from(self, place):
        assert place_of(place.path) == place

    @pytest.mark.slow
    @given(
        st.lists(any_places.map(lambda p: p.company_id), unique=True).flatmap(
            lambda ids: st.tuples(
                *(
                    st.builds(Attachment, st.just(i), st.sampled_from(CompanyRole), st.sampled_from(Affiliation))
                    for i in ids
                )
            )
        )
    )
    def test_attachments_survive_being_written_as_groups(self, some):
        paths = [place.path for attachment in some for place in places(attachment)]

        assert set(attachments_of(paths)) == set(some)

    @pytest.mark.parametrize(
        "path",
        [
            "",
            "/",
            "/Acme",
            "/acme/auditors",
            "/acme/administrators/deep",
            "/acme/",
            "//acme",
            "/ac~/me",
            "/a",
            "/acme/Administrators",
        ],
    )
    def test_any_other_path_is_no_place(self, path):
        assert place_of(path) is None

    @pytest.mark.parametrize("subgroup", Subgroup)
    def test_a_subgroup_alone_is_no_attachment(self, subgroup):
        assert attachments_of([Place("acme", subgroup).path]) == ()

    def test_a_subgroup_of_another_company_adds_nothing(self):
        assert attachments_of(["/acme", "/bolt/administrators"]) == (an_attachment("acme"),)

    def test_attachments_come_sorted_by_company(self):
        found = attachments_of(["/bolt", "/acme-2", "/acme/externals", "/acme"])

        assert [a.company_id for a in found] == ["acme", "acme-2", "bolt"]


class TestCompanies:
    def test_a_company_is_written_as_adr_0001_draws_it(self):
        company = Company("acme", "Acme Énergie", ("data", "cataliz"), "552081317")

        assert company_group(company) == {
            "name": "acme",
            "path": "/acme",
            "attributes": {
                "kind": ["company"],
                "displayName": ["Acme Énergie"],
                "services": ["data", "cataliz"],
                "siren": ["552081317"],
                "attachment": ["acme:user"],
            },
            "subGroups": [
                {
                    "name": "administrators",
                    "path": "/acme/administrators",
                    "attributes": {"role": ["administrator"], "attachment": ["acme:administrator"]},
                },
                {
                    "name": "externals",
                    "path": "/acme/externals",
                    "attributes": {"affiliation": ["external"], "attachment": ["acme:external"]},
                },
            ],
        }

    def test_what_a_company_has_not_is_not_written(self):
        attributes = company_group(Company("acme", "Acme"))["attributes"]

        assert set(attributes) == {"kind", "displayName", "attachment"}

    @pytest.mark.slow
    @given(
        company_ids,
        st.text(min_size=1),
        st.lists(st.text(min_size=1)).map(tuple),
        st.none() | st.from_regex(r"[0-9]{9}", fullmatch=True),
    )
    def test_a_company_survives_being_written_and_read(self, company_id, name, services, siren):
        company = Company(company_id, name, services, siren)

        group = company_group(company)

        assert is_company(group)
        assert company_of(group) == company

    def test_a_company_takes_its_key_from_the_group_and_its_id_for_a_missing_name(self):
        found = company_of({"id": "k", "name": "acme"})

        assert (found.key, found.name, found.services, found.siren) == ("k", "acme", (), None)
        assert company_of({"name": "acme"}).key == ""

    def test_a_company_read_without_path_is_one_by_its_mark(self):
        assert is_company({"name": "acme", "attributes": {"kind": ["company"]}})

    @pytest.mark.parametrize(
        "group",
        [
            {"name": "operators", "path": "/operators", "attributes": {}},
            {"name": "operators", "path": "/operators"},
            {"name": "operators", "path": "/operators", "attributes": None},
            {"name": "operators", "path": "/operators", "attributes": {"kind": ["team"]}},
            {"name": "operators", "path": "/operators", "attributes": {"kind": []}},
            {"name": "acme", "path": "/holding/acme", "attributes": {"kind": ["company"]}},
            {"name": "Acme", "path": "/Acme", "attributes": {"kind": ["company"]}},
            {"attributes": {"kind": ["company"]}},
        ],
    )
    def test_any_other_group_is_no_company(self, group):
        """Not the operators, not a group below another, none whose name is no id."""
        assert not is_company(group)

    def test_the_subgroups_of_a_company_are_no_companies(self):
        assert not any(is_company(child) for child in company_group(a_company())["subGroups"])

    @pytest.mark.parametrize(
        ("place", "expected"),
        [(ACME, "acme:user"), (ADMINISTRATORS, "acme:administrator"), (EXTERNALS, "acme:external")],
    )
    def test_the_token_says_what_the_contract_says(self, place, expected):
        assert attachment_value(place) == expected


@pytest.fixture
def far_from_greenwich(monkeypatch):
    """A machine whose own clock shows another zone."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


class TestPeople:
    def test_a_new_account_waits_for_password_and_confirmation_and_is_in_its_groups(self):
        """The words of the wire, not of our constants: a renamed constant must not rename them."""
        profile = Profile("anne@acme.example", "Durand", "Anne", Title.MME, Locale.EN)

        body = new_user(profile, [an_attachment("acme", administrator=True), an_attachment("bolt", external=True)])

        assert body == {
            "username": "anne@acme.example",
            "email": "anne@acme.example",
            "firstName": "Anne",
            "lastName": "Durand",
            "attributes": {"locale": ["en"], "title": ["mme"]},
            "enabled": True,
            "requiredActions": ["UPDATE_PASSWORD", "VERIFY_EMAIL"],
            "groups": ["/acme", "/acme/administrators", "/bolt", "/bolt/externals"],
        }

    def test_the_mail_never_asks_for_a_password_itself(self):
        """An old link with that action would set a new password on the active account (measured)."""
        assert ACTIVATION_MAIL_ACTIONS == ("VERIFY_EMAIL",)
        assert set(ACTIVATION_MAIL_ACTIONS) < set(ACTIVATION_REQUIRED_ACTIONS)

    def test_the_instant_of_the_mail_is_written_in_utc_without_fractions(self, far_from_greenwich):
        paris = datetime(2026, 3, 14, 13, 0, 0, 987654, tzinfo=timezone(timedelta(hours=1)))

        body = profile_representation(a_profile(), paris)

        assert body["attributes"]["activationSentAt"] == ["2026-03-14T12:00:00+00:00"]

    def test_without_title_or_mail_there_is_no_attribute_for_them(self):
        body = profile_representation(a_profile(title=None), None)

        assert set(body["attributes"]) == {"locale"}

    @pytest.mark.slow
    @given(
        st.builds(
            Profile,
            st.emails(),
            st.text(),
            st.text(),
            st.none() | st.sampled_from(Title),
            st.sampled_from(Locale),
        ),
        st.none() | st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=0)),
    )
    def test_a_person_survives_being_written_and_read(self, profile, sent_at):
        found = user_of({"id": "u1", **profile_representation(profile, sent_at)})

        assert found.profile == profile
        assert found.activation_sent_at == sent_at

    def test_an_account_is_read_as_keycloak_writes_it(self):
        """The address is the one of the mail, should the name of the account ever be another."""
        found = user_of({"id": "u1", "username": "anne", "email": "anne@acme.example", "lastName": "Durand"})

        assert (found.id, found.email, found.profile.last_name) == ("u1", "anne@acme.example", "Durand")

    def test_who_invites_is_one_value_of_json(self):
        """Of several values of an attribute Keycloak's mails see the first only."""
        said = Invitation.to([f"Company {n}" for n in range(1, 8)], by="Anne Durand")

        (value,) = new_user(a_profile(), [an_attachment()], said)["attributes"]["invitation"]

        assert json.loads(value) == {
            "by": "Anne Durand",
            "to": ["Company 1", "Company 2", "Company 3", "Company 4", "Company 5"],
            "others": 2,
        }
        assert user_of({"id": "u1", "attributes": {"invitation": [value]}}).invitation == said

    @pytest.mark.parametrize("value", ["", "Anne", "[]", "{}", '{"by": "Anne", "to": 3, "others": 0}', "null"])
    def test_what_is_no_invitation_is_none(self, value):
        assert user_of({"id": "u1", "attributes": {"invitation": [value]}}).invitation is None

    def test_a_new_account_has_the_last_days_of_its_attachments(self):
        """By company, whoever it is read by."""
        day = date(2027, 2, 28)
        attachments = [replace(an_attachment("acme"), until=day), an_attachment("globex")]
        created = new_user(a_profile(), attachments)
        assert created["attributes"]["attachmentUntil"] == ["acme:2027-02-28"]
        assert ends_of(created) == {"acme": day}

    @pytest.mark.parametrize(
        ("until", "written"),
        [
            (date(2027, 3, 31), ["acme:2027-03-31", "globex:2027-01-31"]),
            (None, ["globex:2027-01-31"]),
        ],
    )
    def test_the_end_at_one_company_changes_and_nothing_else(self, until: date | None, written: list[str]):
        """Later, or none any more; names and other attributes are sent along, or Keycloak would erase them."""
        kept = {"username": "bob", "email": "bob@acme.example", "firstName": "Bob", "lastName": "Martin"}
        attributes = {"locale": ["fr"], "attachmentUntil": ["acme:2027-02-28", "globex:2027-01-31"]}
        account = {"id": "u1", "enabled": True, **kept, "attributes": attributes}
        assert with_end(account, "acme", until) == {
            **kept,
            "attributes": {"locale": ["fr"], "attachmentUntil": written},
        }

    @pytest.mark.parametrize(
        "value", ["acme:2027-02-30", "acme:not-a-date", "acme:20270228", "acme:", "acme", "A B:2027-02-28"]
    )
    def test_what_is_no_day_of_a_company_is_left_out(self, value: str):
        """The others count; of two days of one company the earlier one."""
        values = ["acme:2027-03-01", value, "acme:2027-02-28"]
        assert ends_of({"attributes": {"attachmentUntil": values}}) == {"acme": date(2027, 2, 28)}

    def test_a_new_account_is_read_back_as_waiting_for_its_password(self):
        found = user_of({"id": "u1", **new_user(a_profile(), [an_attachment()])})

        assert found.enabled
        assert found.password_required

    def test_an_account_of_nothing_but_an_id_can_be_read(self):
        """Keycloak leaves out what is empty."""
        found = user_of({"id": "u1", "username": "bob"})

        assert found.profile == Profile("bob", "", "", None, Locale.FR)
        assert found.enabled
        assert not found.password_required
        assert found.activation_sent_at is None
        assert user_of({"id": "u1"}).email == ""

    def test_a_confirmed_address_does_not_make_an_account_active(self):
        found = user_of({"id": "u1", "emailVerified": True, "requiredActions": ["UPDATE_PASSWORD"]})

        assert found.password_required

    def test_a_disabled_account_is_read_as_such(self):
        assert not user_of({"id": "u1", "enabled": False}).enabled

    @pytest.mark.parametrize(
        ("attributes", "title", "locale"),
        [
            ({"title": ["dr"], "locale": ["de"]}, None, Locale.FR),
            ({"title": [], "locale": []}, None, Locale.FR),
            ({"title": ["m"], "locale": ["en"]}, Title.M, Locale.EN),
            (None, None, Locale.FR),
        ],
    )
    def test_values_we_do_not_know_are_as_good_as_none(self, attributes, title, locale):
        found = user_of({"id": "u1", "attributes": attributes}).profile

        assert (found.title, found.locale) == (title, locale)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2026-03-14T12:00:00+00:00", NOON),
            ("2026-03-14T12:00:00Z", NOON),
            ("2026-03-14T13:00:00+01:00", NOON),
            ("2026-03-14T12:00:00", NOON),
            ("yesterday", None),
            ("", None),
        ],
    )
    def test_the_instant_of_the_mail_is_read_in_any_zone_and_nonsense_is_none(self, text, expected):
        found = user_of({"id": "u1", "attributes": {"activationSentAt": [text]}})

        assert found.activation_sent_at == expected


class TestServices:
    def test_texts_come_back(self):
        """One value of a group's attribute for each text: Keycloak keeps 255 characters of one."""
        data = Service("data", (("en", "Data"), ("fr", "Données")), (("fr", "Courbes"),), "https://d.example")
        assert described_services(service_texts([data, Service("flex")])) == (data,)

    def test_what_is_something_else_says_nothing(self):
        assert described_services(["", "data", "[1]", "null", '["a","b","c"]', '{"a": 1}']) == ()

    def test_a_name_in_another_language_is_better_than_an_id(self):
        service = Service("data", (("fr", "Données"),))
        assert (service.name("fr"), service.name("en")) == ("Données", "Données")
        assert Service("data").name("en") == "data"
