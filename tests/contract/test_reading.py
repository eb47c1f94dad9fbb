"""What a directory says of people and companies."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from directory.encoding import Place, Subgroup
from directory.errors import CompanyNotFoundError, NotFoundError, UnavailableError
from directory.keycloak_gateway.accounts import IDS_PAGE_SIZE
from directory.model import ActivationStatus, Company, Locale, Title
from tests.builders import NOON, a_change, a_company, a_user, an_attachment
from tests.contract.worlds import a_new_address, a_new_profile, with_email

NO_IDS = [str(uuid4()), "", "..", "count", "profile", "nobody", "../groups"]


class TestAttachmentsOf:
    def test_all_attachments_come_with_their_companies_by_name(self, world, directory):
        zeta, alpha, emile = world.company("Zeta"), world.company("alpha"), world.company("Emile")
        expected = [
            (alpha, an_attachment(alpha, administrator=True)),
            (emile, an_attachment(emile, external=True)),
            (zeta, an_attachment(zeta, administrator=True, external=True)),
        ]
        person = world.person(*(attachment for _, attachment in reversed(expected)))

        assert directory.attachments_of(person.id) == tuple(expected)

    def test_companies_come_with_all_that_is_known_of_them(self, world, directory):
        company = world.company("Société Électrique & Cie", services=("data", "cataliz"), siren="552081317")
        person = world.person(an_attachment(company))

        ((found, _),) = directory.attachments_of(person.id)

        assert found == company
        assert found.key == company.key

    def test_who_is_attached_nowhere_has_none(self, world, directory):
        assert directory.attachments_of(world.person().id) == ()

    @pytest.mark.parametrize("subgroup", Subgroup)
    def test_a_subgroup_alone_is_none(self, world, directory, subgroup):
        company = world.company()
        person = world.person()
        world.join(person.id, Place(company.id, subgroup))

        assert directory.attachments_of(person.id) == ()

    def test_an_unknown_id_raises_not_found(self, directory):
        for user_id in NO_IDS:
            with pytest.raises(NotFoundError):
                directory.attachments_of(user_id)

    def test_an_operator_is_unknown(self, world, directory):
        with pytest.raises(NotFoundError):
            directory.attachments_of(world.operator().id)


class TestCompanies:
    def test_each_comes_with_all_that_is_known_of_it(self, world, directory):
        some = {world.company("Acme"), world.company("Globex & Cie", services=["data"], siren="552081317")}

        assert some <= set(directory.companies())

    def test_one_that_was_deleted_and_other_groups_are_not_among_them(self, world, directory):
        left = world.company()
        world.remove_company(left)

        with world.group("/not-a-company"):
            ids = {company.id for company in directory.companies()}
        assert not ids & {left.id, "not-a-company"}


class TestMembers:
    def test_everybody_comes_with_what_he_is_there_and_nowhere_else(self, world, directory):
        company, other = world.company(), world.company("Bolt")
        here = [
            an_attachment(company),
            an_attachment(company, administrator=True),
            an_attachment(company, external=True),
            an_attachment(company, administrator=True, external=True),
        ]
        people = {world.person(a, an_attachment(other, administrator=True)).id: (a,) for a in here}
        world.person(an_attachment(other))

        found = directory.members(company)

        assert {member.user.id: member.attachments for member in found} == people
        assert len(found) == len(people)

    def test_everybody_comes_whole(self, world, directory):
        """The list shows title, language and how far the activation is."""
        company = world.company()
        profile = a_new_profile(title=Title.M, locale=Locale.EN, last_name="D'Été", first_name="Zoë")
        pending = world.person(
            an_attachment(company), profile=profile, password_required=True, activation_sent_at=NOON
        )
        disabled = world.person(an_attachment(company), enabled=False)

        found = {member.user for member in directory.members(company)}

        assert found == {pending, disabled}
        assert {user.status(NOON) for user in found} == {ActivationStatus.PENDING, ActivationStatus.DISABLED}

    def test_a_company_without_people_is_empty(self, world, directory):
        assert directory.members(world.company()) == ()

    def test_who_is_only_in_a_subgroup_is_not_attached(self, world, directory):
        company = world.company()
        person = world.person(an_attachment(company, administrator=True))
        world.leave(person.id, Place(company.id))

        assert directory.members(company) == ()

    def test_an_operator_is_not_shown_even_if_he_is_in_the_company(self, world, directory):
        company = world.company()
        operator = world.operator()
        seen = world.person(an_attachment(company))
        world.join(operator.id, Place(company.id))

        assert [member.user for member in directory.members(company)] == [seen]

    def test_an_unknown_company_raises_not_found(self, directory):
        for company in (a_company("nowhere"), Company("nowhere", "Nowhere", key=str(uuid4()))):
            with pytest.raises(CompanyNotFoundError):
                directory.members(company)

    def test_a_company_that_vanished_raises_not_found_even_after_it_was_read(self, world, directory):
        company = world.company()
        world.person(an_attachment(company))
        assert len(directory.members(company)) == 1
        world.remove_company(company)

        with pytest.raises(CompanyNotFoundError):
            directory.members(company)

    def test_a_company_made_a_moment_ago_is_there(self, world, directory):
        """Operations may add one at any time."""
        directory.members(world.company())
        late = world.company("Late")
        person = world.person(an_attachment(late))

        assert [member.user for member in directory.members(late)] == [person]


class TestUser:
    @pytest.mark.parametrize(
        ("enabled", "password_required", "sent_at", "title"),
        [
            (True, False, None, Title.MME),
            (True, True, None, None),
            (True, True, NOON, Title.M),
            (False, False, NOON, None),
        ],
    )
    def test_an_account_is_read_whole(self, world, directory, enabled, password_required, sent_at, title):
        person = world.person(
            an_attachment(world.company()),
            profile=a_new_profile(title=title, locale=Locale.EN),
            enabled=enabled,
            password_required=password_required,
            activation_sent_at=sent_at,
        )

        assert directory.user(person.id) == person

    def test_a_person_without_a_company_can_be_read(self, world, directory):
        """« Ajouter un utilisateur » attaches people the portal does not see yet."""
        person = world.person()

        assert directory.user(person.id) == person

    def test_an_unknown_id_raises_not_found(self, directory):
        for user_id in NO_IDS:
            with pytest.raises(NotFoundError):
                directory.user(user_id)

    def test_an_operator_is_unknown(self, world, directory):
        with pytest.raises(NotFoundError):
            directory.user(world.operator().id)


class TestDossier:
    def test_it_is_the_account_with_its_attachments(self, world, directory):
        beta, alpha = world.company("Beta"), world.company("alpha")
        at = {one: an_attachment(one, external=True) for one in (beta, alpha)}
        person = world.person(*at.values(), password_required=True, activation_sent_at=NOON)

        found = directory.dossier(person.id)

        assert (found.user, found.places) == (person, ((alpha, at[alpha]), (beta, at[beta])))
        assert (found.signed_in_at, found.has_codes) == (None, False)

    def test_it_tells_when_the_newest_open_session_began(self, world, directory):
        person, other = (world.person(an_attachment(world.company())) for _ in range(2))
        before = datetime.now(UTC) - timedelta(minutes=1)
        world.signs_in(person)

        assert before < directory.dossier(person.id).signed_in_at < before + timedelta(minutes=5)
        assert directory.dossier(other.id).signed_in_at is None

    def test_an_unknown_id_raises_not_found(self, directory):
        for user_id in NO_IDS:
            with pytest.raises(NotFoundError):
                directory.dossier(user_id)


class TestUsers:
    def test_accounts_are_read_whole_and_each_once(self, world, directory):
        """Also more of them than fit into one question."""
        company = world.company()
        people = {
            world.person(an_attachment(company), profile=a_new_profile(title=Title.M, locale=Locale.EN)),
            world.person(an_attachment(company), password_required=True, activation_sent_at=NOON),
            world.person(enabled=False),
            *(world.person() for _ in range(IDS_PAGE_SIZE)),
        }

        found = directory.users([user.id for user in people] * 2)

        assert set(found) == people
        assert len(found) == len(people)

    def test_who_is_not_there_is_left_out(self, world, directory):
        person = world.person(an_attachment(world.company()))

        assert directory.users([*NO_IDS, "id:1 2", "*", person.id]) == (person,)
        assert directory.users(NO_IDS) == ()
        assert directory.users([]) == ()

    def test_an_operator_is_left_out(self, world, directory):
        person = world.person(an_attachment(world.company()))

        assert directory.users([world.operator().id, person.id]) == (person,)

    def test_what_was_changed_a_moment_ago_is_read(self, world, directory):
        company = world.company()
        person = world.person(an_attachment(company), password_required=True)
        assert directory.users([person.id]) == (person,)
        noted = directory.record_activation_sent(person, NOON)

        assert directory.users([person.id]) == (noted,)


class TestFindByEmail:
    def test_case_does_not_matter(self, world, directory):
        person = world.person(an_attachment(world.company()), password_required=True, activation_sent_at=NOON)

        for spelling in (person.email, person.email.upper(), person.email.title()):
            assert directory.find_by_email(spelling) == person

    def test_who_is_attached_nowhere_is_found(self, world, directory):
        person = world.person()

        assert directory.find_by_email(person.email) == person

    def test_an_unknown_address_gives_none(self, directory):
        assert directory.find_by_email(a_new_address()) is None

    def test_nothing_but_the_exact_address_finds_anybody(self, world, directory):
        """Adding by address must not become a search over everybody."""
        email = world.person().email
        name = email.partition("@")[0]
        loosely = [
            name,
            f"*{name}*",
            f"{name}%",
            f"_{email[1:]}",
            f"x{email}",
            f"{email}x",
            f" {email}",
            f"{email} ",
        ]

        assert [directory.find_by_email(each) for each in (*loosely, "", "*", "%", "@")] == [None] * 12

    def test_characters_that_mean_something_elsewhere_mean_nothing(self, world, directory):
        for local in ("o'neil", "a+b", "x&y=z", "50%", "a_b", "q?r#s", "back`tick"):
            person = world.person(profile=with_email(a_new_profile(), f"{local}.{a_new_address()}"))

            assert directory.find_by_email(person.email) == person

    def test_an_operator_is_not_found(self, world, directory):
        assert directory.find_by_email(world.operator().email) is None


class TestUnreachable:
    def test_every_verb_says_so(self, world):
        directory = world.unreachable()
        company, user = a_company(), a_user()

        for verb in (
            lambda: directory.attachments_of(user.id),
            directory.companies,
            lambda: directory.members(company),
            lambda: directory.user(user.id),
            lambda: directory.dossier(user.id),
            lambda: directory.users([user.id]),
            lambda: directory.find_by_email(user.email),
            lambda: directory.create_user(user.profile, [an_attachment(company)]),
            lambda: directory.change_attachment(user.id, company, a_change(None, an_attachment(company))),
            lambda: directory.send_activation(user.id),
            lambda: directory.record_activation_sent(user, NOON),
            lambda: directory.correct_email(user, a_new_address()),
            lambda: directory.delete_user(user.id),
            directory.check,
            directory.sign_in,
        ):
            with pytest.raises(UnavailableError):
                verb()

    def test_a_directory_that_answers_passes_the_check(self, directory):
        assert directory.check() is None

    def test_a_new_sign_in_compares_the_clocks(self, directory):
        """Both are of this machine."""
        assert abs(directory.sign_in()) < 5


class TestNeverActivated:
    def test_the_day_of_the_last_mail_counts_or_else_that_of_the_account(self, world, directory):
        place = [an_attachment(world.company())]
        mailed, silent = (directory.create_user(a_new_profile(), place) for _ in range(2))
        now = datetime.now(UTC)
        directory.record_activation_sent(mailed, now - timedelta(days=40))

        def found(before):
            return {user.id for user in directory.never_activated(before)} & {mailed.id, silent.id}

        assert found(now - timedelta(days=41)) == set()
        assert found(now - timedelta(days=39)) == {mailed.id}
        assert found(now + timedelta(minutes=5)) == {mailed.id, silent.id}

    def test_accounts_made_before_are_read_whole_whatever_their_status(self, world, directory):
        person = world.person(an_attachment(world.company()))
        pending, alone = world.person(password_required=True), world.person()
        operator = world.operator()
        ids = {person.id, pending.id, alone.id, operator.id}

        found = directory.made_before(datetime.now(UTC) + timedelta(minutes=5))

        assert {user for user in found if user.id in ids} == {person, pending, alone}
        assert not ids & {user.id for user in directory.made_before(datetime.now(UTC) - timedelta(days=1))}

    def test_active_people_and_operators_are_not_among_them(self, world, directory):
        person, operator = world.person(an_attachment(world.company())), world.operator()

        found = {user.id for user in directory.never_activated(datetime.now(UTC) + timedelta(minutes=5))}

        assert not {person.id, operator.id} & found
