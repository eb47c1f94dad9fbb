"""What the gateway asks of Keycloak, call by call, and what it makes of the answers."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import quote_plus
from uuid import uuid4

import pytest
import requests
import responses

from directory.encoding import company_group, new_user, profile_representation
from directory.errors import (
    CompanyNotFoundError,
    ConflictError,
    DirectoryError,
    EmailTakenError,
    ForbiddenError,
    InvalidPersonError,
    MailRefusedError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from directory.keycloak_gateway import calls
from directory.model import AttachmentChange, Locale, Title
from tests.builders import NOON, a_change, a_company, a_profile, a_user, an_attachment
from tests.unit.directory.wire import Wire, a_directory, people

ACME = a_company("acme", "Acme")
ACME_GROUP = {"id": ACME.key, **company_group(ACME)}
ADMINISTRATORS, EXTERNALS = str(uuid4()), str(uuid4())
ANNE, BOB, CARL = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))

CHILDREN = f"/groups/{ACME.key}/children"
SUBGROUPS = [{"id": ADMINISTRATORS, "name": "administrators"}, {"id": EXTERNALS, "name": "externals"}]
TO_COMPANY = f"/users/{ANNE}/groups/{ACME.key}"
TO_ADMINISTRATORS = f"/users/{ANNE}/groups/{ADMINISTRATORS}"
TO_EXTERNALS = f"/users/{ANNE}/groups/{EXTERNALS}"
MAIL = f"/users/{ANNE}/execute-actions-email"

OPERATORS = {"id": str(uuid4()), "name": "operators", "path": "/operators", "attributes": {}}
NO_COMPANIES = [
    OPERATORS,
    {"id": "1", "name": "administrators", "path": "/operators/administrators"},
    {"id": "2", "name": "bolt", "path": "/holding/bolt", "attributes": {"kind": ["company"]}},
    {"id": "3", "name": "Bolt", "path": "/Bolt", "attributes": {"kind": ["company"]}},
    {"id": "4", **company_group(a_company("bolt")), "realmRoles": ["auditor"]},
    {"id": "5", "name": "externals", "path": "/acme/externals", "clientRoles": {"realm-management": ["x"]}},
]

ATTACH = a_change(None, an_attachment(ACME))
PROMOTE = a_change(an_attachment(ACME), an_attachment(ACME, administrator=True))

# A server that stumbles: each of these may pass by itself.
STUMBLES = [
    (500, {"error": "unknown_error"}),
    (502, "<html>Bad Gateway</html>"),
    (503, ""),
    (504, ""),
    requests.ConnectionError("refused"),
    requests.ReadTimeout("slow"),
    requests.ConnectTimeout("slow"),
]


class Clock:
    """Replaces `time` in the gateway: sleeping advances the clock and takes no time."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(calls, "time", clock)
    return clock


@pytest.fixture
def bare_wire():
    """A Keycloak that has not even an answer to a sign-in."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Wire(mock)


@pytest.fixture
def wire(bare_wire):
    bare_wire.signs_in()
    return bare_wire


@pytest.fixture
def directory():
    return a_directory()


class TestAttachmentsOf:
    def test_one_call_reads_groups_with_their_attributes(self, wire, directory):
        wire.answers("GET", f"/users/{ANNE}/groups", (200, [ACME_GROUP]))

        assert directory.attachments_of(ANNE, ends=False) == ((ACME, an_attachment(ACME)),)
        (asked,) = wire.asked
        assert asked.query == {"briefRepresentation": "False", "first": "0", "max": "500"}

    def test_a_second_call_reads_the_last_days(self, wire, directory):
        """One of a company where the person is not attached is nothing."""
        values = ["acme:2027-06-30", "bolt:2027-01-01", "acme:nonsense", "nonsense"]
        account = {**people([ANNE])[0], "attributes": {"attachmentUntil": values}}
        wire.knows(ANNE, ACME_GROUP)
        wire.answers("GET", f"/users/{ANNE}", (200, account), (200, account))

        directory.attachments_of(ANNE)  # the first answer is of `knows`
        assert directory.attachments_of(ANNE) == ((ACME, an_attachment(ACME, until=date(2027, 6, 30))),)

    def test_companies_come_by_name_with_what_the_person_is_there(self, wire, directory):
        bolt, zeta = a_company("bolt", "Zeta Group"), a_company("acme", "alpha")
        groups = [
            {"id": bolt.key, **company_group(bolt)},
            *company_group(bolt)["subGroups"],
            {"id": zeta.key, **company_group(zeta)},
        ]
        wire.answers("GET", f"/users/{ANNE}/groups", (200, groups))

        found = directory.attachments_of(ANNE, ends=False)

        assert found == (
            (zeta, an_attachment("acme")),
            (bolt, an_attachment("bolt", administrator=True, external=True)),
        )
        assert [company.key for company, _ in found] == [zeta.key, bolt.key]

    def test_a_subgroup_alone_is_no_attachment(self, wire, directory):
        """Its company is read, to know that it is one."""
        wire.answers("GET", f"/users/{ANNE}/groups", (200, [{"id": "2", **company_group(ACME)["subGroups"][0]}]))
        wire.answers("GET", "/group-by-path/acme", (200, ACME_GROUP))

        assert directory.attachments_of(ANNE, ends=False) == ()
        assert wire.lines == [f"GET /users/{ANNE}/groups", "GET /group-by-path/acme"]

    def test_who_is_in_no_group_has_none(self, wire, directory):
        """Unless it is a service account: those are hidden."""
        wire.answers("GET", f"/users/{ANNE}/groups", (200, []))
        wire.answers(
            "GET", f"/users/{ANNE}", (200, people([ANNE])[0]), (200, {"id": ANNE, "username": "service-account-x"})
        )

        assert directory.attachments_of(ANNE) == ()
        with pytest.raises(NotFoundError):
            directory.attachments_of(ANNE)

    @pytest.mark.parametrize("group", NO_COMPANIES, ids=lambda group: group["path"])
    def test_who_is_in_a_group_that_is_no_companys_is_unknown(self, wire, directory, group):
        """Whatever companies they are in as well."""
        wire.answers("GET", f"/users/{ANNE}/groups", (200, [ACME_GROUP, group]))
        for name in ("holding", "operators"):
            wire.answers("GET", f"/group-by-path/{name}", (200, {"name": name, "path": f"/{name}"}))

        with pytest.raises(NotFoundError):
            directory.attachments_of(ANNE)

    @pytest.mark.parametrize("status", [403, 404])
    def test_a_person_we_may_not_see_is_as_unknown_as_one_who_is_not_there(self, wire, directory, status):
        wire.answers("GET", f"/users/{ANNE}/groups", status)

        with pytest.raises(NotFoundError):
            directory.attachments_of(ANNE)


class TestMembers:
    def answer(self, wire, company, administrators=(), externals=()):
        wire.has_groups(ACME_GROUP)
        wire.answers("GET", CHILDREN, (200, SUBGROUPS))
        wire.answers("GET", f"/groups/{ACME.key}/members", (200, people(company)))
        wire.answers("GET", f"/groups/{ADMINISTRATORS}/members", (200, people(administrators)))
        wire.answers("GET", f"/groups/{EXTERNALS}/members", (200, people(externals)))

    def test_each_person_comes_with_what_he_is_at_the_company(self, wire, directory):
        self.answer(wire, [ANNE, BOB, CARL], administrators=[ANNE, BOB], externals=[BOB])

        found = {member.user.id: member.attachments for member in directory.members(ACME)}

        assert found == {
            ANNE: (an_attachment(ACME, administrator=True),),
            BOB: (an_attachment(ACME, administrator=True, external=True),),
            CARL: (an_attachment(ACME),),
        }

    def test_who_is_in_a_subgroup_only_is_no_member(self, wire, directory):
        self.answer(wire, [ANNE], administrators=[BOB], externals=[CARL])

        (member,) = directory.members(ACME)

        assert member.user.id == ANNE
        assert member.attachments == (an_attachment(ACME),)

    def test_the_first_time_costs_six_calls_and_later_four(self, wire, directory):
        """The fourth is the number of groups; the operators, where there are any, are one more."""
        self.answer(wire, [ANNE])

        directory.members(ACME)
        directory.members(ACME)

        lists = [f"GET /groups/{group}/members" for group in (ACME.key, ADMINISTRATORS, EXTERNALS)]
        count = "GET /groups/count"
        assert sorted(wire.lines) == sorted([f"GET {CHILDREN}", "GET /groups", count, *lists, count, *lists])

    def test_the_three_lists_are_read_at_the_same_time(self, wire, directory):
        """None is answered before all have been asked for."""
        asked = threading.Barrier(3)

        def answer(_request):
            asked.wait(10)
            return 200, {}, json.dumps([])

        wire.has_groups(ACME_GROUP)
        wire.answers("GET", CHILDREN, (200, SUBGROUPS))
        for group in (ACME.key, ADMINISTRATORS, EXTERNALS):
            wire.on("GET", f"/groups/{group}/members", answer)

        assert directory.members(ACME) == ()

    def test_only_the_list_that_is_shown_is_read_in_full(self, wire, directory):
        """Marks need ids only; attributes and required actions cost the server time."""
        self.answer(wire, [ANNE])

        directory.members(ACME)

        brief = {asked.path: asked.query.get("briefRepresentation") for asked in wire.asked}
        assert brief == {
            "/groups/count": None,
            "/groups": "false",
            CHILDREN: "true",
            f"/groups/{ACME.key}/members": "false",
            f"/groups/{ADMINISTRATORS}/members": "true",
            f"/groups/{EXTERNALS}/members": "true",
        }

    def test_a_company_without_subgroups_has_plain_members_only(self, wire, directory):
        wire.has_groups(ACME_GROUP)
        wire.answers("GET", CHILDREN, (200, [{"id": "x", "name": "something-else"}]))
        wire.answers("GET", f"/groups/{ACME.key}/members", (200, people([ANNE])))

        (member,) = directory.members(ACME)

        assert member.attachments == (an_attachment(ACME),)

    def test_subgroups_that_came_later_are_seen(self, wire, directory):
        wire.has_groups(ACME_GROUP)
        wire.answers("GET", CHILDREN, (200, []), (200, SUBGROUPS))
        wire.answers("GET", f"/groups/{ACME.key}/members", (200, people([ANNE])))
        wire.answers("GET", f"/groups/{ADMINISTRATORS}/members", (200, people([ANNE])))
        wire.answers("GET", f"/groups/{EXTERNALS}/members", (200, []))

        (before,) = directory.members(ACME)
        (after,) = directory.members(ACME)

        assert not before.attachments[0].administers
        assert after.attachments[0].administers

    def test_recreated_subgroups_are_looked_up_again(self, wire, directory):
        """Operations deleted `administrators` and made it again: it has another id now."""
        renewed = str(uuid4())
        self.answer(wire, [ANNE])
        directory.members(ACME)
        wire.answers("GET", f"/groups/{ADMINISTRATORS}/members", 404)
        wire.answers("GET", CHILDREN, (200, [{"id": renewed, "name": "administrators"}, SUBGROUPS[1]]))
        wire.answers("GET", f"/groups/{renewed}/members", (200, people([ANNE])))

        (member,) = directory.members(ACME)

        assert member.attachments == (an_attachment(ACME, administrator=True),)

    @pytest.mark.parametrize("status", [403, 404])
    def test_a_company_that_vanished_raises_not_found(self, wire, directory, status):
        wire.has_groups()
        wire.answers("GET", CHILDREN, status)

        with pytest.raises(CompanyNotFoundError):
            directory.members(ACME)

    def test_a_company_that_vanished_after_it_was_read_raises_not_found(self, wire, directory):
        self.answer(wire, [ANNE])
        directory.members(ACME)
        wire.answers("GET", f"/groups/{ACME.key}/members", 404)
        wire.answers("GET", CHILDREN, 404)

        with pytest.raises(CompanyNotFoundError):
            directory.members(ACME)


class TestPaging:
    @pytest.fixture(autouse=True)
    def pages_of_two(self, monkeypatch):
        monkeypatch.setattr(calls, "PAGE_SIZE", 2)

    @pytest.mark.parametrize(
        ("pages", "starts"),
        [
            ([[]], ["0"]),
            ([["a"]], ["0"]),
            ([["a", "b"], ["c"]], ["0", "2"]),
            ([["a", "b"], []], ["0", "2"]),
            ([["a", "b"], ["c", "d"], ["e"]], ["0", "2", "4"]),
        ],
    )
    def test_all_rows_are_read_and_a_page_that_is_not_full_is_the_last(self, wire, directory, pages, starts):
        groups = [[{"id": name, **company_group(a_company(f"company-{name}"))} for name in page] for page in pages]
        wire.answers("GET", f"/users/{ANNE}/groups", *((200, page) for page in groups))
        wire.answers("GET", f"/users/{ANNE}", (200, people([ANNE])[0]))

        found = directory.attachments_of(ANNE)

        assert [company.id for company, _ in found] == [f"company-{name}" for page in pages for name in page]
        asked = [one for one in wire.asked if one.path.endswith("/groups")]
        assert [one.query["first"] for one in asked] == starts
        assert {one.query["max"] for one in asked} == {"2"}


class TestUser:
    def test_two_calls_read_the_groups_and_the_whole_account(self, wire, directory):
        profile = a_profile(title=Title.M, locale=Locale.EN)
        account = {
            "id": ANNE,
            **profile_representation(profile, NOON),
            "enabled": True,
            "requiredActions": ["UPDATE_PASSWORD"],
        }
        wire.answers("GET", f"/users/{ANNE}/groups", (200, [ACME_GROUP]))
        wire.answers("GET", f"/users/{ANNE}", (200, account))

        assert directory.user(ANNE) == a_user(
            profile, user_id=ANNE, password_required=True, activation_sent_at=NOON
        )
        assert wire.lines == [f"GET /users/{ANNE}/groups", f"GET /users/{ANNE}"]

    @pytest.mark.parametrize("status", [403, 404])
    def test_a_person_we_may_not_see_is_as_unknown_as_one_who_is_not_there(self, wire, directory, status):
        wire.answers("GET", f"/users/{ANNE}/groups", status)

        with pytest.raises(NotFoundError):
            directory.user(ANNE)
        assert wire.lines == [f"GET /users/{ANNE}/groups"]

    def test_a_dossier_takes_three_calls(self, wire, directory):
        """The newest of the open sessions counts; whether codes are set up is part of the account."""
        account = {"id": ANNE, **profile_representation(a_profile(), NOON), "totp": True}
        wire.answers("GET", f"/users/{ANNE}/groups", (200, [ACME_GROUP]))
        wire.answers("GET", f"/users/{ANNE}", (200, account))
        sessions = [{"start": NOON.timestamp() * 1000 - ago} for ago in (5000, 0, 9000)]
        wire.answers("GET", f"/users/{ANNE}/sessions", (200, [*sessions, {"id": "without a start"}]))

        found = directory.dossier(ANNE)

        assert (found.signed_in_at, found.has_codes) == (NOON, True)
        assert found.places == ((ACME, an_attachment(ACME)),)
        assert sorted(wire.lines) == [f"GET /users/{ANNE}{what}" for what in ("", "/groups", "/sessions")]

    def test_a_dossier_without_the_right_to_read_sessions_says_nothing_of_them(self, wire, directory):
        wire.knows(ANNE)
        wire.answers("GET", f"/users/{ANNE}/sessions", 403)

        assert directory.dossier(ANNE).signed_in_at is None

    def test_an_operator_costs_as_many_calls_as_an_unknown_id(self, wire, directory):
        """The account itself is not read, so the time does not tell the two apart."""
        wire.answers("GET", f"/users/{ANNE}/groups", (200, [OPERATORS]))

        with pytest.raises(NotFoundError):
            directory.user(ANNE)
        assert wire.lines == [f"GET /users/{ANNE}/groups"]

    def test_who_is_deleted_between_the_two_is_unknown(self, wire, directory):
        wire.answers("GET", f"/users/{ANNE}/groups", (200, [ACME_GROUP]))
        wire.answers("GET", f"/users/{ANNE}", 404)

        with pytest.raises(NotFoundError):
            directory.user(ANNE)


class TestUsers:
    def test_one_call_reads_eighty_people(self, wire, directory):
        """As long as the address may be: Keycloak refuses a request line of more than 4,096 bytes."""
        ids = sorted(str(uuid4()) for _ in range(161))
        wire.has_groups(ACME_GROUP)
        wire.answers(
            "GET", "/users", (200, people(ids[:80])), (200, people(ids[80:160])), (200, people(ids[160:]))
        )

        found = directory.users([*ids, "no id", ids[0]])

        assert sorted(user.id for user in found) == ids
        pages = [asked for asked in wire.asked if asked.path == "/users"]
        wanted = [asked.query["search"] for asked in pages]
        assert sorted(wanted) == [f"id:{' '.join(part)}" for part in (ids[:80], ids[80:160], ids[160:])]
        assert {asked.query["briefRepresentation"] for asked in pages} == {"false"}
        assert all(len(quote_plus(search)) < 3500 for search in wanted)

    def test_without_ids_no_call_is_made(self, wire, directory):
        assert directory.users(["../x", ""]) == ()
        assert wire.lines == []


class TestFindByEmail:
    def test_one_call_asks_for_exactly_that_address(self, wire, directory):
        """Another one reads the groups of who was found."""
        wire.knows(ANNE)
        wire.answers("GET", "/users", (200, [{"id": ANNE, "email": "anne+o'x@acme.example"}]))

        found = directory.find_by_email("Anne+O'x@ACME.example")

        assert found is not None
        assert found.id == ANNE
        asked, groups = wire.asked
        assert groups.path == f"/users/{ANNE}/groups"
        assert asked.query == {
            "email": "Anne+O'x@ACME.example",
            "exact": "true",
            "briefRepresentation": "false",
            "first": "0",
            "max": "2",
        }

    @pytest.mark.parametrize("row", [{"email": "joanne@acme.example"}, {"username": "anne@acme.example"}, {}])
    def test_nothing_less_than_the_same_address_is_found(self, wire, directory, row):
        """If the server searched more loosely, the portal would still not show another account."""
        wire.answers("GET", "/users", (200, [{"id": ANNE, **row}]))
        wire.knows_no_other_account()

        assert directory.find_by_email("anne@acme.example") is None

    def test_an_unknown_address_costs_as_many_calls_as_a_hidden_one(self, wire, directory):
        """The groups are read in both cases, so the time does not tell them apart."""
        wire.answers("GET", "/users", (200, [{"id": ANNE, "email": "anne@acme.example"}]), (200, []))
        wire.answers("GET", f"/users/{ANNE}/groups", (200, [OPERATORS]))
        wire.knows_no_other_account()

        assert directory.find_by_email("anne@acme.example") is None
        hidden = len(wire.lines)
        assert directory.find_by_email("anne@acme.example") is None
        assert (hidden, len(wire.lines)) == (2, 4)

    @pytest.mark.parametrize("username", ["service-account-portal-directory", "service-account-x"])
    def test_a_service_account_is_hidden(self, wire, directory, username):
        wire.knows(ANNE)
        wire.answers("GET", "/users", (200, [{"id": ANNE, "username": username, "email": "a@acme.example"}]))

        assert directory.find_by_email("a@acme.example") is None

    def test_an_address_that_begins_like_one_is_a_persons(self, wire, directory):
        wire.knows(ANNE)
        email = "service-account-x@acme.example"
        wire.answers("GET", "/users", (200, [{"id": ANNE, "username": email, "email": email}]))

        assert directory.find_by_email(email) is not None

    def test_an_empty_address_finds_no_account(self, wire, directory):
        """Keycloak leaves an empty condition out and lists anybody, people without an address too."""
        wire.answers("GET", "/users", (200, [{"id": ANNE, "username": "anne"}]))

        assert directory.find_by_email("") is None
        assert wire.lines == []


class TestCreateUser:
    def test_account_and_attachments_are_one_call(self, wire, directory):
        profile = a_profile("Anne@ACME.example", title=Title.MME, locale=Locale.EN)
        attachments = [an_attachment("acme", administrator=True), an_attachment("bolt", external=True)]
        wire.creates(ANNE)

        user = directory.create_user(profile, attachments)

        (asked,) = wire.asked
        assert (asked.method, asked.path, asked.query) == ("POST", "/users", {})
        assert asked.body == new_user(profile, attachments)
        assert asked.body["groups"] == ["/acme", "/acme/administrators", "/bolt", "/bolt/externals"]
        assert user == a_user(
            a_profile("anne@acme.example", title=Title.MME, locale=Locale.EN), user_id=ANNE, password_required=True
        )

    def test_an_address_that_is_taken_raises_not_found(self, wire, directory):
        wire.answers("POST", "/users", (409, {"errorMessage": "User exists with same email"}))

        with pytest.raises(EmailTakenError):
            directory.create_user(a_profile(), [an_attachment()])
        assert wire.lines == ["POST /users"]

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"field": "email", "errorMessage": "error-invalid-email", "params": ["email"]}, "email"),
            ({"field": "username", "errorMessage": "error-username-invalid-character"}, "email"),
            ({"field": "lastName", "errorMessage": "error-invalid-length"}, "last_name"),
            ({"field": "firstName", "errorMessage": "error-person-name-invalid-character"}, "first_name"),
            ({"field": "title", "errorMessage": "error-invalid-value"}, "title"),
            ({"errors": [{"field": "firstName", "errorMessage": "x"}, {"field": "email"}]}, "first_name"),
        ],
    )
    def test_a_refused_field_is_named_in_our_words(self, wire, directory, body, field):
        wire.answers("POST", "/users", (400, body))

        with pytest.raises(InvalidPersonError) as caught:
            directory.create_user(a_profile(), [an_attachment()])
        assert caught.value.field == field
        assert wire.lines == ["POST /users"]

    @pytest.mark.parametrize(
        "body",
        [
            {"errorMessage": "Could not create user"},
            {"errors": []},
            {"errors": ["text"]},
            {"errors": "text"},
            {"field": None},
            "<html>",
            "",
        ],
    )
    def test_a_refusal_that_names_no_field_is_still_a_refusal(self, wire, directory, body):
        wire.answers("POST", "/users", (400, body))

        with pytest.raises(RefusedError) as caught:
            directory.create_user(a_profile(), [an_attachment()])
        assert not isinstance(caught.value, InvalidPersonError)

    def test_no_right_to_create_there_raises_not_found(self, wire, directory):
        wire.answers("POST", "/users", 403)
        wire.answers("GET", "/group-by-path/acme", (200, {"id": ACME.key}))

        with pytest.raises(ForbiddenError):
            directory.create_user(a_profile(), [an_attachment()])

    @pytest.mark.parametrize("stumble", STUMBLES, ids=str)
    def test_it_is_never_repeated(self, wire, directory, clock, stumble):
        """The account may be there although the answer was lost: only the caller can look."""
        wire.answers("POST", "/users", stumble)
        wire.answers("GET", "/group-by-path/acme", (200, {"id": ACME.key}))

        with pytest.raises(UnavailableError):
            directory.create_user(a_profile(), [an_attachment()])
        assert wire.lines.count("POST /users") == 1
        assert clock.pauses == []

    @pytest.mark.parametrize("status", [403, 500])
    def test_a_refusal_because_of_an_unknown_company_is_told_apart(self, wire, directory, status):
        """Keycloak answers a group that it does not know with 403, or 500 to who may create anywhere."""
        wire.answers("POST", "/users", (status, {"error": "unknown_error"}))
        wire.answers("GET", "/group-by-path/acme", (200, {"id": ACME.key}))
        wire.answers("GET", "/group-by-path/acme/externals", (404, {"error": "Group path does not exist"}))

        with pytest.raises(CompanyNotFoundError):
            directory.create_user(a_profile(), [an_attachment(external=True)])
        assert wire.lines == ["POST /users", "GET /group-by-path/acme", "GET /group-by-path/acme/externals"]

    def test_an_answer_that_names_no_account_is_no_success(self, wire, directory):
        wire.answers("POST", "/users", 201)

        with pytest.raises(UnavailableError):
            directory.create_user(a_profile(), [an_attachment()])


class TestAddresses:
    def test_an_empty_one_is_refused_by_name_before_keycloak_is_asked(self, wire, directory):
        """It would answer that the user name is missing."""
        for write in (
            lambda: directory.create_user(replace(a_profile(), email=""), [an_attachment()]),
            lambda: directory.correct_email(a_user(user_id=ANNE), ""),
        ):
            with pytest.raises(InvalidPersonError) as caught:
                write()
            assert caught.value.field == "email"
        assert wire.lines == []


class TestChangeAttachment:
    @pytest.fixture(autouse=True)
    def known(self, wire):
        wire.knows(ANNE)

    def test_attaching_a_plain_user_is_a_single_call_that_needs_nothing_else(self, wire, directory):
        wire.answers("PUT", TO_COMPANY, 204)

        directory.change_attachment(ANNE, ACME, ATTACH)

        asked = wire.asked[-1]
        assert (asked.method, asked.path, asked.query, asked.body) == ("PUT", TO_COMPANY, {}, None)

    def test_a_change_of_role_costs_one_call_once_the_subgroups_are_known(self, wire, directory):
        wire.answers("GET", CHILDREN, (200, SUBGROUPS))
        wire.answers("PUT", TO_ADMINISTRATORS, 204)

        directory.change_attachment(ANNE, ACME, PROMOTE)
        directory.change_attachment(ANNE, ACME, PROMOTE)

        assert wire.acts == [f"GET {CHILDREN}", f"PUT {TO_ADMINISTRATORS}", f"PUT {TO_ADMINISTRATORS}"]

    def test_detaching_leaves_the_subgroups_first(self, wire, directory):
        wire.answers("GET", CHILDREN, (200, SUBGROUPS))
        for path in (TO_ADMINISTRATORS, TO_EXTERNALS, TO_COMPANY):
            wire.answers("DELETE", path, 204)
        before = an_attachment(ACME, administrator=True, external=True)

        directory.change_attachment(ANNE, ACME, a_change(before, None))

        assert wire.acts[1:] == [
            f"DELETE {TO_ADMINISTRATORS}",
            f"DELETE {TO_EXTERNALS}",
            f"DELETE {TO_COMPANY}",
        ]

    def test_an_end_is_written_with_all_else_of_the_account_and_read_again(self, wire, directory):
        """Before the person joins, where a company they are in gives the right to."""
        before = {
            **people([BOB])[0],
            "firstName": "Bob",
            "attributes": {"locale": ["en"], "attachmentUntil": ["x"]},
        }
        after = {**before, "attributes": {"locale": ["en"], "attachmentUntil": ["acme:2027-06-30"]}}
        wire.answers("GET", f"/users/{BOB}/groups", (200, [{"id": "1", **company_group(a_company("elsewhere"))}]))
        wire.answers("GET", f"/users/{BOB}", (200, before), (200, before), (200, after))
        wire.answers("PUT", f"/users/{BOB}", 204)
        wire.answers("PUT", f"/users/{BOB}/groups/{ACME.key}", 204)

        wanted = an_attachment(ACME, until=date(2027, 6, 30))
        directory.change_attachment(BOB, ACME, a_change(None, wanted))

        assert wire.acts == [f"PUT /users/{BOB}", f"PUT /users/{BOB}/groups/{ACME.key}"]
        (written,) = (asked.body for asked in wire.asked if asked.path == f"/users/{BOB}" and asked.body)
        assert written == {name: after[name] for name in ("username", "email", "firstName", "attributes")}

    def test_an_end_that_does_not_stay_is_written_three_times(self, wire, directory):
        wire.answers("GET", f"/users/{BOB}/groups", (200, [ACME_GROUP]))
        wire.answers("GET", f"/users/{BOB}", (200, people([BOB])[0]))
        wire.answers("PUT", f"/users/{BOB}", 204)

        ending = an_attachment(ACME, until=date(2027, 6, 30))
        with pytest.raises(UnavailableError):
            directory.change_attachment(BOB, ACME, a_change(an_attachment(ACME), ending))

        assert wire.acts == [f"PUT /users/{BOB}"] * 3

    def test_no_change_is_no_call(self, wire, directory):
        same = an_attachment(ACME)

        directory.change_attachment(ANNE, ACME, a_change(same, same))

        assert wire.acts == []

    def test_a_change_is_never_made_at_another_company(self, wire, directory):
        with pytest.raises(ValueError, match="bolt"):
            directory.change_attachment(ANNE, ACME, AttachmentChange("bolt", None, an_attachment("bolt")))
        assert wire.acts == []

    @pytest.mark.parametrize("answer", [*STUMBLES, (409, {"errorMessage": "raced"})], ids=str)
    def test_a_join_that_stumbles_is_made_again(self, wire, directory, clock, answer):
        wire.answers("PUT", TO_COMPANY, answer, 204)

        directory.change_attachment(ANNE, ACME, ATTACH)

        assert wire.acts == [f"PUT {TO_COMPANY}"] * 2
        assert len(clock.pauses) == 1

    @pytest.mark.parametrize("answer", STUMBLES, ids=str)
    def test_a_leave_that_stumbles_is_made_again(self, wire, directory, answer):
        wire.answers("DELETE", TO_COMPANY, answer, 204)

        directory.change_attachment(ANNE, ACME, a_change(an_attachment(ACME), None))

        assert wire.acts == [f"DELETE {TO_COMPANY}"] * 2

    def test_it_is_given_up_after_three_tries_and_nothing_after_it_is_begun(self, wire, directory):
        wire.answers("GET", CHILDREN, (200, SUBGROUPS))
        wire.answers("DELETE", TO_ADMINISTRATORS, 503)

        with pytest.raises(UnavailableError):
            directory.change_attachment(ANNE, ACME, a_change(an_attachment(ACME, administrator=True), None))
        assert wire.acts == [f"GET {CHILDREN}", *[f"DELETE {TO_ADMINISTRATORS}"] * 3]

    def test_a_lasting_conflict_is_one(self, wire, directory):
        wire.answers("PUT", TO_COMPANY, 409)

        with pytest.raises(ConflictError):
            directory.change_attachment(ANNE, ACME, ATTACH)
        assert wire.acts == [f"PUT {TO_COMPANY}"] * 3

    @pytest.mark.parametrize("status", [403, 404])
    def test_a_person_we_may_not_touch_is_as_unknown_as_one_who_is_not_there(self, wire, directory, status):
        wire.answers("PUT", TO_COMPANY, status)

        with pytest.raises(NotFoundError):
            directory.change_attachment(ANNE, ACME, ATTACH)
        assert wire.acts == [f"PUT {TO_COMPANY}"]

    def test_a_recreated_subgroup_is_looked_up_again(self, wire, directory):
        renewed = str(uuid4())
        wire.answers("GET", CHILDREN, (200, SUBGROUPS), (200, [{"id": renewed, "name": "administrators"}]))
        wire.answers("PUT", TO_ADMINISTRATORS, 204, 404)
        wire.answers("PUT", f"/users/{ANNE}/groups/{renewed}", 204)
        directory.change_attachment(ANNE, ACME, PROMOTE)

        directory.change_attachment(ANNE, ACME, PROMOTE)

        assert wire.acts[2:] == [
            f"PUT {TO_ADMINISTRATORS}",
            f"GET {CHILDREN}",
            f"PUT /users/{ANNE}/groups/{renewed}",
        ]

    def test_a_company_without_that_subgroup_raises_not_found(self, wire, directory):
        wire.answers("GET", CHILDREN, (200, []))

        with pytest.raises(CompanyNotFoundError, match="administrators"):
            directory.change_attachment(ANNE, ACME, PROMOTE)


class TestSendActivation:
    @pytest.fixture(autouse=True)
    def known(self, wire):
        wire.knows(ANNE)

    def test_the_mail_carries_one_action_and_thirty_days(self, wire, directory):
        wire.answers("PUT", MAIL, 204)

        directory.send_activation(ANNE)

        asked = wire.asked[-1]
        assert asked.body == ["VERIFY_EMAIL"]
        assert asked.query == {
            "lifespan": "2592000",
            "client_id": "portal",
            "redirect_uri": "http://localhost:8000/",
        }

    def test_a_mail_server_that_refuses_is_told_apart(self, wire, directory, clock):
        wire.answers("PUT", MAIL, (500, {"errorMessage": "Failed to send execute actions email"}))

        with pytest.raises(MailRefusedError):
            directory.send_activation(ANNE)
        assert wire.acts == [f"PUT {MAIL}"]
        assert clock.pauses == []

    @pytest.mark.parametrize("stumble", STUMBLES[1:], ids=str)
    def test_it_is_never_repeated_and_not_reported_as_refused_by_the_mail_server(self, wire, directory, stumble):
        """A second mail is a second live link; and whether the first one left is not known."""
        wire.answers("PUT", MAIL, stumble)

        with pytest.raises(UnavailableError):
            directory.send_activation(ANNE)
        assert wire.acts == [f"PUT {MAIL}"]

    def test_a_disabled_account_gets_no_mail(self, wire, directory):
        wire.answers("PUT", MAIL, (400, {"errorMessage": "User is disabled"}))

        with pytest.raises(RefusedError) as caught:
            directory.send_activation(ANNE)
        assert not isinstance(caught.value, MailRefusedError | InvalidPersonError)

    @pytest.mark.parametrize("status", [403, 404])
    def test_a_person_we_may_not_mail_is_as_unknown_as_one_who_is_not_there(self, wire, directory, status):
        wire.answers("PUT", MAIL, status)

        with pytest.raises(NotFoundError):
            directory.send_activation(ANNE)


class TestWritesOnAnAccount:
    @pytest.fixture(autouse=True)
    def known(self, wire):
        wire.knows(ANNE)

    def test_noting_the_mail_sends_the_whole_person(self, wire, directory):
        """A PUT with attributes but without the names erases the names (measured)."""
        user = a_user(user_id=ANNE, password_required=True)
        wire.answers("PUT", f"/users/{ANNE}", 204)

        noted = directory.record_activation_sent(user, NOON + timedelta(microseconds=5))

        asked = wire.asked[-1]
        assert asked.body == {
            "username": user.email,
            "email": user.email,
            "firstName": user.profile.first_name,
            "lastName": user.profile.last_name,
            "attributes": {"locale": ["fr"], "title": ["mme"], "activationSentAt": ["2026-03-14T12:00:00+00:00"]},
        }
        assert noted == a_user(user.profile, user_id=ANNE, password_required=True, activation_sent_at=NOON)

    def test_correcting_the_address_removes_the_note_of_the_mail(self, wire, directory):
        user = a_user("typo@acme.example", user_id=ANNE, password_required=True, activation_sent_at=NOON)
        wire.answers("PUT", f"/users/{ANNE}", 204)

        corrected = directory.correct_email(user, "Anne@acme.example")

        asked = wire.asked[-1]
        assert (asked.body["email"], asked.body["username"]) == ("anne@acme.example", "anne@acme.example")
        assert (asked.body["firstName"], asked.body["lastName"]) == ("Anne", "Durand")
        assert "activationSentAt" not in asked.body["attributes"]
        assert corrected == a_user(
            a_profile("anne@acme.example"), user_id=ANNE, password_required=True, activation_sent_at=None
        )

    def test_correcting_to_an_address_that_is_taken_raises_not_found(self, wire, directory):
        wire.answers("PUT", f"/users/{ANNE}", (409, {"errorMessage": "User exists with same email"}))

        with pytest.raises(EmailTakenError):
            directory.correct_email(a_user(user_id=ANNE), "bob@acme.example")

    def test_correcting_to_nonsense_names_the_field(self, wire, directory):
        wire.answers("PUT", f"/users/{ANNE}", (400, {"field": "email", "errorMessage": "error-invalid-email"}))

        with pytest.raises(InvalidPersonError) as caught:
            directory.correct_email(a_user(user_id=ANNE), "nonsense")
        assert caught.value.field == "email"

    def test_deleting_is_one_call(self, wire, directory):
        wire.answers("DELETE", f"/users/{ANNE}", 204)

        directory.delete_user(ANNE)

        assert wire.acts == [f"DELETE /users/{ANNE}"]

    @pytest.mark.parametrize("status", [403, 404])
    def test_who_is_not_ours_is_unknown_to_every_write(self, wire, directory, status):
        user = a_user(user_id=ANNE)
        wire.answers("PUT", f"/users/{ANNE}", status)
        wire.answers("DELETE", f"/users/{ANNE}", status)

        for write in (
            lambda: directory.record_activation_sent(user, NOON),
            lambda: directory.correct_email(user, "new@acme.example"),
            lambda: directory.delete_user(ANNE),
        ):
            with pytest.raises(NotFoundError):
                write()

    @pytest.mark.parametrize("stumble", STUMBLES, ids=str)
    def test_none_of_them_is_repeated(self, wire, directory, stumble):
        user = a_user(user_id=ANNE)
        wire.answers("PUT", f"/users/{ANNE}", stumble)
        wire.answers("DELETE", f"/users/{ANNE}", stumble)

        for write in (
            lambda: directory.record_activation_sent(user, NOON),
            lambda: directory.correct_email(user, "new@acme.example"),
            lambda: directory.delete_user(ANNE),
        ):
            with pytest.raises(UnavailableError):
                write()
        assert wire.acts == [f"PUT /users/{ANNE}", f"PUT /users/{ANNE}", f"DELETE /users/{ANNE}"]


class TestCheck:
    def test_it_asks_for_a_single_person(self, wire, directory):
        wire.answers("GET", "/users", (200, []))

        directory.check()

        (asked,) = wire.asked
        assert asked.query == {"first": "0", "max": "1", "briefRepresentation": "true"}

    @pytest.mark.parametrize("stumble", STUMBLES, ids=str)
    def test_it_does_not_wait_for_better_times(self, wire, directory, stumble):
        wire.answers("GET", "/users", stumble)

        with pytest.raises(UnavailableError):
            directory.check()
        assert wire.lines == ["GET /users"]


class TestIds:
    """The library writes ids into addresses as they are; what a browser sent must not become another address."""

    @pytest.mark.parametrize(
        "bad",
        [
            "",
            ".",
            "..",
            "../groups",
            "count",
            "profile",
            f"{ANNE}/groups",
            f"{ANNE}?x",
            f"{ANNE}\n",
            f" {ANNE}",
            "é",
        ],
    )
    def test_a_malformed_id_is_not_found_and_never_reaches_keycloak(self, wire, directory, bad):
        user = a_user(user_id=ANNE)
        object.__setattr__(user, "id", bad)

        for verb in (
            lambda: directory.user(bad),
            lambda: directory.attachments_of(bad),
            lambda: directory.change_attachment(bad, ACME, ATTACH),
            lambda: directory.send_activation(bad),
            lambda: directory.delete_user(bad),
            lambda: directory.record_activation_sent(user, NOON),
            lambda: directory.correct_email(user, "new@acme.example"),
        ):
            with pytest.raises(NotFoundError):
                verb()
        assert wire.lines == []
        assert wire.sign_ins == []

    @pytest.mark.parametrize("key", ["", "..", "acme"])
    def test_a_company_that_no_directory_showed_is_unknown(self, wire, directory, key):
        company = a_company("acme")
        object.__setattr__(company, "key", key)

        with pytest.raises(CompanyNotFoundError):
            directory.members(company)
        for change in (ATTACH, PROMOTE):
            with pytest.raises(CompanyNotFoundError):
                directory.change_attachment(ANNE, company, change)
        assert wire.lines == []


class TestRepeating:
    @pytest.mark.parametrize("stumble", STUMBLES, ids=str)
    def test_a_read_that_stumbles_twice_succeeds(self, wire, directory, stumble):
        wire.answers("GET", f"/users/{ANNE}/groups", (200, [ACME_GROUP]))
        wire.answers("GET", f"/users/{ANNE}", stumble, stumble, (200, {"id": ANNE}))

        assert directory.user(ANNE).id == ANNE
        assert wire.lines == [f"GET /users/{ANNE}/groups", *[f"GET /users/{ANNE}"] * 3]

    def test_the_third_failure_is_told(self, wire, directory, clock):
        wire.answers("GET", f"/users/{ANNE}/groups", (200, [ACME_GROUP]))
        wire.answers("GET", f"/users/{ANNE}", 503)

        with pytest.raises(UnavailableError):
            directory.user(ANNE)
        assert wire.lines == [f"GET /users/{ANNE}/groups", *[f"GET /users/{ANNE}"] * 3]
        assert 0 < sum(clock.pauses) < 1

    def test_after_a_slow_failure_there_is_no_time_left_to_repeat(self, wire, directory, clock):
        """A page must not hang for three time-outs."""

        def slow(_request):
            clock.now += 6.0
            return (503, {}, "")

        wire.answers("GET", f"/users/{ANNE}/groups", (200, [ACME_GROUP]))
        wire.on("GET", f"/users/{ANNE}", slow)

        with pytest.raises(UnavailableError):
            directory.user(ANNE)
        assert wire.lines == [f"GET /users/{ANNE}/groups", f"GET /users/{ANNE}"]

    def test_a_join_that_was_raced_is_made_again_even_after_a_long_wait(self, wire, directory, clock):
        """The server was busy, not lost; its conflict is over when it says so."""

        def slow(_request):
            clock.now += 4.0
            return (409 if len(wire.acts) < 2 else 204, {}, "")

        wire.knows(ANNE)
        wire.on("PUT", TO_COMPANY, slow)

        directory.change_attachment(ANNE, ACME, ATTACH)

        assert wire.acts == [f"PUT {TO_COMPANY}"] * 3

    @pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 429])
    def test_a_refusal_is_final(self, wire, directory, status):
        wire.answers("GET", f"/users/{ANNE}/groups", (200, [ACME_GROUP]))
        wire.answers("GET", f"/users/{ANNE}", status)

        with pytest.raises(DirectoryError):
            directory.user(ANNE)
        assert wire.lines == [f"GET /users/{ANNE}/groups", f"GET /users/{ANNE}"]


class TestTimeouts:
    def test_every_call_gives_up_after_2_seconds_to_connect_and_5_to_answer(self, wire, directory):
        wire.answers("GET", "/users", (200, []))

        directory.check()

        assert wire.timeouts == {(2.0, 5.0)}

    def test_the_mail_may_take_longer_than_keycloak_waits_for_a_silent_mail_server(self, wire, directory):
        wire.knows(ANNE)
        wire.answers("PUT", MAIL, 204)

        directory.send_activation(ANNE)

        assert wire.asked[-1].timeout == (2.0, 15.0)


class TestSigningIn:
    def test_the_service_account_signs_in_with_its_secret_when_first_needed(self, wire, directory):
        wire.answers("GET", "/users", (200, []))
        assert wire.sign_ins == []

        directory.check()
        directory.check()

        (form,) = wire.sign_ins
        assert form["grant_type"] == "client_credentials"
        assert (form["client_id"], form["client_secret"]) == ("portal-directory", "the-secret")
        assert {asked.authorization for asked in wire.asked} == {"Bearer token-1"}

    @pytest.mark.parametrize(("status", "tried"), [(401, ["new", "old"]), (500, ["new"]), (400, ["new"])], ids=str)
    def test_a_secret_that_is_refused_is_followed_by_the_next(self, bare_wire, status, tried):
        """Only when the secret is what was refused; the order is that of who gives them."""
        directory = a_directory("new", "old")

        def judge(request):
            known = "client_secret=old" in request.body
            answer = {"access_token": "token-1", "expires_in": 60} if known else {"error": "unauthorized_client"}
            return (200 if known else status, {}, json.dumps(answer))

        bare_wire.on_sign_in(judge)
        bare_wire.answers("GET", "/users", (200, []))
        if status == 401:
            directory.check()
        else:
            with pytest.raises(UnavailableError):
                directory.check()
        assert [form["client_secret"] for form in bare_wire.sign_ins][: len(tried)] == tried

    @pytest.mark.parametrize("lives", [(60,), (0, 60)], ids=["first of all", "at expiry"])
    def test_eight_threads_that_need_a_token_ask_for_one(self, bare_wire, directory, lives):
        """The second case: the first token is used up at once, and all eight find it so."""
        at_the_server = threading.Barrier(8)
        number = iter(range(1, 9))

        def slow(_request):
            answer = {"access_token": f"token-{next(number)}", "expires_in": 60}
            threading.Event().wait(0.1)
            return (200, {}, json.dumps(answer))

        bare_wire.answers("GET", "/users", (200, []))
        if lives[0] == 0:
            bare_wire.signs_in(0)
            directory.check()
        bare_wire.on_sign_in(slow)
        before = len(bare_wire.sign_ins)

        def ask():
            at_the_server.wait(timeout=10)
            directory.check()

        with ThreadPoolExecutor(8) as threads:
            for done in [threads.submit(ask) for _ in range(8)]:
                done.result(timeout=30)

        assert len(bare_wire.sign_ins) - before == 1
        assert [asked.authorization for asked in bare_wire.asked[-8:]] == ["Bearer token-1"] * 8

    def test_a_token_that_is_refused_is_renewed_and_the_call_made_again_once(self, bare_wire, directory):
        """Also for a write: a 401 means that nothing was done."""
        bare_wire.signs_in(60, 60)
        bare_wire.answers("POST", "/users", (401, {"error": "HTTP 401 Unauthorized"}))
        bare_wire.creates(ANNE)

        assert directory.create_user(a_profile(), [an_attachment()]).id == ANNE
        assert [asked.authorization for asked in bare_wire.asked] == ["Bearer token-1", "Bearer token-2"]
        assert len(bare_wire.sign_ins) == 2

    def test_a_token_that_is_refused_again_means_unavailable(self, wire, directory):
        wire.answers("GET", "/users", (401, {"error": "HTTP 401 Unauthorized"}))

        with pytest.raises(UnavailableError):
            directory.check()
        assert wire.lines == ["GET /users"] * 2

    @pytest.mark.parametrize(
        "answer",
        [
            (
                401,
                {
                    "error": "unauthorized_client",
                    "error_description": "Invalid client or Invalid client credentials",
                },
            ),
            (400, {"error": "invalid_client"}),
            (404, {"error": "Realm does not exist"}),
            (500, {"error": "unknown_error"}),
            (503, "starting"),
            (200, "<html>not Keycloak at all</html>"),
            (200, {"no": "token"}),
            (200, []),
            requests.ConnectionError("refused"),
            requests.ReadTimeout("slow"),
        ],
        ids=str,
    )
    def test_a_sign_in_that_fails_means_unavailable_for_every_verb(self, bare_wire, directory, answer):
        user = a_user(user_id=ANNE)
        bare_wire.sign_in_fails(answer)

        for verb in (
            lambda: directory.attachments_of(ANNE),
            lambda: directory.members(ACME),
            lambda: directory.user(ANNE),
            lambda: directory.find_by_email("anne@acme.example"),
            lambda: directory.create_user(a_profile(), [an_attachment()]),
            lambda: directory.change_attachment(ANNE, ACME, ATTACH),
            lambda: directory.send_activation(ANNE),
            lambda: directory.record_activation_sent(user, NOON),
            lambda: directory.correct_email(user, "new@acme.example"),
            lambda: directory.delete_user(ANNE),
            directory.check,
        ):
            with pytest.raises(UnavailableError):
                verb()
        assert bare_wire.lines == []

    def test_the_secret_is_in_no_message(self, bare_wire, directory):
        bare_wire.sign_in_fails((401, {"error": "unauthorized_client"}))

        with pytest.raises(UnavailableError) as caught:
            directory.check()
        error: BaseException | None = caught.value
        while error:
            assert "the-secret" not in f"{error!s} {error!r}"
            error = error.__cause__


class TestNonsense:
    """A proxy's page instead of an answer must not come through as a programming error."""

    @pytest.mark.parametrize("body", ["<html>sign in</html>", "null", "7", '"text"', "{}", ""])
    def test_an_answer_of_another_kind_means_unavailable(self, wire, directory, body):
        for path in (f"/users/{ANNE}/groups", CHILDREN, "/users"):
            wire.answers("GET", path, (200, body))

        for verb in (
            lambda: directory.attachments_of(ANNE),
            lambda: directory.members(ACME),
            lambda: directory.find_by_email("anne@acme.example"),
            directory.check,
        ):
            with pytest.raises(UnavailableError):
                verb()

    @pytest.mark.parametrize("body", ["<html>sign in</html>", "null", "7", '"text"', "[]", ""])
    def test_an_account_that_is_none_means_unavailable(self, wire, directory, body):
        wire.answers("GET", f"/users/{ANNE}/groups", (200, [ACME_GROUP]))
        wire.answers("GET", f"/users/{ANNE}", (200, body))

        with pytest.raises(UnavailableError):
            directory.user(ANNE)

    @pytest.mark.parametrize("body", ["null", "7", '"text"', '["text"]'])
    def test_an_error_that_keycloak_never_writes_means_unavailable(self, wire, directory, body):
        """Keycloak's errors are JSON objects or empty; at anything else the library trips."""
        wire.answers("GET", f"/users/{ANNE}/groups", (200, [ACME_GROUP]))
        wire.answers("GET", f"/users/{ANNE}", (404, body))

        with pytest.raises(UnavailableError):
            directory.user(ANNE)
