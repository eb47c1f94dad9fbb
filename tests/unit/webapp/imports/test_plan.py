"""A file of people: what each line would do, said before; then done, one line after the other."""

import csv
import io
import shutil
from collections.abc import Mapping
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from directory.errors import CompanyNotFoundError, ForbiddenError, InvalidPersonError, UnavailableError
from directory.model import ActivationStatus, Affiliation, CompanyRole, Locale, Title
from tests.builders import NOON, a_company, a_context, a_member, a_profile, a_user, an_attachment
from tests.fakes import FakeDirectory
from webapp.identity.oidc import Actor
from webapp.imports import dry_run
from webapp.imports.apply import GIVE_UP_AFTER, RIGHTS_EVERY, Manner, apply
from webapp.imports.csv_format import COLUMNS, LIST_COLUMNS, Line, Variety, read, write
from webapp.imports.plan import Outcome, Problem, Reason, Row, plan
from webapp.listing.csv_rows import cells_of
from webapp.people.administration import administration_of
from webapp.storage.database import Database

ACME, BOLT, COBALT = a_company("acme"), a_company("bolt"), a_company("cobalt")
MINE = frozenset({"acme", "bolt"})
"""Cobalt is somebody else's."""


def dry_run_of(directory, administration, lines) -> tuple[Row, ...]:
    """As a page does, with nobody counting the questions."""
    return dry_run.dry_run(directory, administration, lines, asking(directory))


def prepared(directory, administration, lines) -> tuple[Row, ...]:
    return dry_run.prepared(directory, administration, lines, asking(directory))


def asking(directory) -> dry_run.Ask:
    return lambda addresses: {address: directory.find_by_email(address) for address in addresses}


def a_line(number: int = 2, email: str = "zoe@acme.example", **cells: str) -> Line:
    """A line that is right unless said otherwise."""
    usual = {"last_name": "Martin", "first_name": "Zoé", "title": "mme", "locale": "fr"}
    at = {"company": "acme", "role": "user", "affiliation": "internal"}
    return Line(number, {"email": email, **usual, **at, **cells})


def line_of(member, attachment, number: int = 2, **cells: str) -> Line:
    """What an export says of somebody."""
    usual = {"company": attachment.company_id, "role": attachment.role, "affiliation": attachment.affiliation}
    return a_line(number, member.user.email, **usual, **cells)


def outcomes(rows) -> list[Outcome]:
    return [row.outcome for row in rows]


def planned(*lines: Line, known: Mapping = {}) -> tuple[Row, ...]:
    return plan(lines, MINE, known)


def problems_of(line: Line, **arguments) -> list[tuple[Reason, str]]:
    (row,) = planned(line, **arguments)
    assert (row.outcome is Outcome.REFUSED) == bool(row.problems)
    return [(problem.reason, problem.column) for problem in row.problems]


class TestOneLine:
    def test_an_unknown_address_is_a_new_account(self):
        (row,) = planned(
            a_line(email=" Zoe@ACME.example", role="Administrator", affiliation="EXTERNAL", title="Mme")
        )

        assert row.outcome is Outcome.CREATE
        assert row.profile == a_profile("zoe@acme.example", last_name="Martin", first_name="Zoé")
        assert row.attachment == an_attachment("acme", administrator=True, external=True)

    @pytest.mark.parametrize(
        ("before", "outcome"),
        [
            (an_attachment("bolt"), Outcome.ATTACH),
            (an_attachment("acme", external=True), Outcome.CHANGE),
            (an_attachment("acme", administrator=True), Outcome.CHANGE),
            (an_attachment("acme"), Outcome.UNCHANGED),
        ],
    )
    def test_somebody_known_is_attached_changed_or_left(self, before, outcome):
        member = a_member(a_user("zoe@acme.example"), before)
        boss = a_member(a_user(), an_attachment("acme", administrator=True))

        (row,) = planned(a_line(), known={"zoe@acme.example": member, "boss": boss})

        assert (row.outcome, row.user) == (outcome, member.user)
        assert row.before == member.at("acme")

    def test_of_somebody_known_only_the_attachment_is_looked_at(self):
        member = a_member(a_user("zoe@acme.example"), an_attachment("acme"))
        line = a_line(last_name="", first_name="<script>", title="Dr", locale="de")

        assert outcomes(planned(line, known={"zoe@acme.example": member})) == [Outcome.UNCHANGED]

    def test_an_address_that_exists_is_never_malformed(self):
        """Operations may have made one that our form would refuse; an export of it must go through."""
        odd = '"zoé"@acme.example'
        member = a_member(a_user(odd), an_attachment("acme"))

        assert outcomes(planned(a_line(email=odd.upper()), known={odd: member})) == [Outcome.UNCHANGED]

    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            ({"email": ""}, (Reason.MISSING, "email")),
            ({"email": "zoe"}, (Reason.MALFORMED_EMAIL, "email")),
            ({"email": "zoé@acme.example"}, (Reason.MALFORMED_EMAIL, "email")),
            ({"email": f"{'z' * 65}@acme.example"}, (Reason.LONG_LOCAL_PART, "email")),
            ({"email": "zoe@ac\u00adme.example"}, (Reason.INVISIBLE, "email")),
            ({"until": "soon"}, (Reason.NO_UNTIL, "until")),
            ({"until": "2027-02-29"}, (Reason.NO_SUCH_DAY, "until")),
            ({"until": "9999-12-31"}, (Reason.LATE_DAY, "until")),
            ({"email": "=cmd|' /C calc'!A0"}, (Reason.MALFORMED_EMAIL, "email")),
            ({"last_name": ""}, (Reason.MISSING, "last_name")),
            ({"last_name": " \u00a0 "}, (Reason.MISSING, "last_name")),
            ({"last_name": "\u3000"}, (Reason.MISSING, "last_name")),
            ({"last_name": "Du\u2028rand"}, (Reason.PROHIBITED, "last_name")),
            ({"last_name": "=1+1"}, (Reason.PROHIBITED, "last_name")),
            ({"last_name": "z" * 256}, (Reason.TOO_LONG, "last_name")),
            ({"first_name": "<script>"}, (Reason.PROHIBITED, "first_name")),
            ({"first_name": "Zoé\r\n"}, (Reason.PROHIBITED, "first_name")),
            ({"title": ""}, (Reason.NO_TITLE, "title")),
            ({"title": "=m"}, (Reason.NO_TITLE, "title")),
            ({"locale": "de"}, (Reason.NO_LOCALE, "locale")),
            ({"role": ""}, (Reason.NO_ROLE, "role")),
            ({"role": "boss"}, (Reason.NO_ROLE, "role")),
            ({"affiliation": "@internal"}, (Reason.NO_AFFILIATION, "affiliation")),
            ({"company": ""}, (Reason.MISSING, "company")),
            ({"company": "+acme"}, (Reason.UNKNOWN_COMPANY, "company")),
        ],
    )
    def test_what_the_form_would_refuse_is_refused_with_its_column(self, cells, expected):
        assert problems_of(a_line(**cells)) == [expected]

    def test_a_company_of_others_and_one_that_does_not_exist_are_refused_alike(self):
        """Whoever sends a file must not learn which companies there are."""
        foreign, unknown = planned(a_line(company="cobalt"), a_line(company="no-such-company"))

        assert foreign.problems == unknown.problems == (Problem(Reason.UNKNOWN_COMPANY, "company"),)

    def test_everything_that_is_wrong_with_a_line_is_said_at_once(self):
        line = a_line(email="zoe", title="", company="cobalt", role="")

        assert [column for _, column in problems_of(line)] == ["email", "title", "company", "role"]

    def test_a_line_with_more_cells_than_columns_is_refused(self):
        """A separator too many moves every cell after it."""
        line = Line(2, a_line().cells, surplus=1)

        assert problems_of(line) == [(Reason.SURPLUS_CELLS, "")]


class TestLinesTogether:
    def test_lines_of_one_new_address_are_one_account(self):
        rows = planned(a_line(2), a_line(3, "ZOE@acme.example", company="bolt"), a_line(4, "yan@acme.example"))

        assert outcomes(rows) == [Outcome.CREATE, Outcome.ATTACH, Outcome.CREATE]

    def test_a_line_that_says_the_same_again_changes_nothing(self):
        member = a_member(a_user("yan@acme.example"), an_attachment("bolt"))

        rows = planned(
            a_line(2),
            a_line(3),
            *(a_line(n, "yan@acme.example") for n in (4, 5)),
            known={member.user.email: member},
        )

        assert outcomes(rows) == [Outcome.CREATE, Outcome.UNCHANGED, Outcome.ATTACH, Outcome.UNCHANGED]
        assert [row.problems for row in rows] == [
            (), (Problem(Reason.REPEATS, line=2),), (), (Problem(Reason.REPEATS, line=4),),
        ]  # fmt: skip

    def test_a_decomposed_name_repeats_a_composed_one(self):
        """They are one name to whoever reads it."""
        rows = planned(a_line(2), a_line(3, first_name="Zoe\u0301"), a_line(4, last_name="Mar\u200btin"))

        assert [row.problems for row in rows[1:]] == [(Problem(Reason.REPEATS, line=2),)] * 2

    @pytest.mark.parametrize(
        ("cells", "column"),
        [
            ({"last_name": "Martine"}, "last_name"),
            ({"first_name": "Zoe"}, "first_name"),
            ({"title": "m"}, "title"),
            ({"locale": "en"}, "locale"),
        ],
    )
    def test_lines_that_call_a_new_account_differently_are_all_refused(self, cells, column):
        """Which of them is right is not ours to guess."""
        rows = planned(a_line(2), a_line(3, company="bolt", **cells), a_line(4, company="bolt"))

        assert outcomes(rows) == [Outcome.REFUSED] * 3
        assert [row.problems for row in rows] == [
            (Problem(Reason.CONTRADICTION, column, line),) for line in (3, 2, 3)
        ]

    @pytest.mark.parametrize(
        ("cells", "column"), [({"role": "administrator"}, "role"), ({"affiliation": "external"}, "affiliation")]
    )
    @pytest.mark.parametrize("is_known", [True, False])
    def test_lines_that_mark_one_attachment_differently_are_all_refused(self, cells, column, is_known):
        known = {"zoe@acme.example": a_member(a_user("zoe@acme.example"), an_attachment("bolt"))}

        rows = planned(a_line(2), a_line(3, **cells), a_line(4, company="bolt"), known=known if is_known else {})

        assert [row.outcome is Outcome.REFUSED for row in rows] == [True, True, False]
        assert rows[0].problems == (Problem(Reason.CONTRADICTION, column, 3),)

    def test_different_marks_at_different_companies_are_no_contradiction(self):
        rows = planned(a_line(2), a_line(3, company="bolt", role="administrator", affiliation="external"))

        assert outcomes(rows) == [Outcome.CREATE, Outcome.ATTACH]

    def test_a_line_that_is_refused_contradicts_nobody(self):
        rows = planned(a_line(2), a_line(3, company="cobalt", last_name="Martine"))

        assert outcomes(rows) == [Outcome.CREATE, Outcome.REFUSED]


class TestLastAdministrator:
    anne = a_member(a_user("anne@acme.example"), an_attachment("acme", administrator=True))
    bea = a_member(a_user("bea@acme.example"), an_attachment("acme", administrator=True))
    cleo = a_member(a_user("cleo@acme.example"), an_attachment("acme"))

    def known(self, *members):
        return {member.user.email: member for member in members}

    def test_the_last_active_one_stays(self):
        rows = planned(line_of(self.anne, an_attachment("acme")), known=self.known(self.anne, self.cleo))

        assert rows[0].problems == (Problem(Reason.LAST_ADMINISTRATOR, "role"),)

    def test_of_two_who_are_to_go_the_second_stays(self):
        rows = planned(
            line_of(self.anne, an_attachment("acme"), 2),
            line_of(self.bea, an_attachment("acme"), 3),
            known=self.known(self.anne, self.bea),
        )

        assert outcomes(rows) == [Outcome.CHANGE, Outcome.REFUSED]

    def test_a_company_can_be_handed_over_in_one_file_whatever_the_order(self):
        rows = planned(
            line_of(self.anne, an_attachment("acme"), 2),
            line_of(self.cleo, an_attachment("acme", administrator=True), 3),
            known=self.known(self.anne, self.cleo),
        )

        assert outcomes(rows) == [Outcome.CHANGE, Outcome.CHANGE]

    def test_a_new_account_does_not_take_over_before_it_is_active(self):
        rows = planned(
            line_of(self.anne, an_attachment("acme"), 2),
            a_line(3, role="administrator"),
            known=self.known(self.anne),
        )

        assert outcomes(rows) == [Outcome.REFUSED, Outcome.CREATE]


attachment_sets = st.lists(
    st.builds(
        an_attachment, st.sampled_from(["acme", "bolt"]), administrator=st.booleans(), external=st.booleans()
    ),
    min_size=1,
    unique_by=lambda a: a.company_id,
)


names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
) | st.builds(
    "".join, st.tuples(st.sampled_from(["=", "+", "-", "@", "\t", "\r", "'=", "＝"]), st.text("ab1+", max_size=5))
)
"""Of people whom operations made: whatever Keycloak holds, and more that looks like a formula than chance has."""


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.lists(st.tuples(attachment_sets, names, names), max_size=6),
    st.builds(Variety, st.sampled_from([",", ";"]), st.booleans()),
)
def test_a_file_of_the_list_is_unchanged_when_it_is_imported(everybody, variety):
    """Byte for byte: neutralised in the file, undone in the import, whatever people are called."""
    members = [
        a_member(a_user(a_profile(f"+person{n}@acme.example", last_name=last, first_name=first)), *some)
        for n, (some, last, first) in enumerate(everybody)
    ]
    known = {member.user.email: member for member in members}
    cells = [cells_of(a_member(m.user, a), NOON) for m in members for a in m.attachments]
    data = write(LIST_COLUMNS, cells, variety)

    for record in csv.reader(io.StringIO(data.decode(), newline=""), delimiter=variety.separator):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in record)
    if cells:
        lines = read(data).lines
        assert [[line.cells[column] for column in LIST_COLUMNS] for line in lines] == cells
        assert set(outcomes(planned(*lines, known=known))) == {Outcome.UNCHANGED}


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(attachment_sets, max_size=6))
def test_what_is_exported_changes_nothing_when_imported(everybody):
    members = [a_member(a_user(), *some) for some in everybody]
    lines = [line_of(member, a, n) for n, (member, a) in enumerate((m, a) for m in members for a in m.attachments)]

    rows = planned(*lines, known={member.user.email: member for member in members})

    assert set(outcomes(rows)) <= {Outcome.UNCHANGED}


# On a directory.


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """A database with its tables, made once and copied for every test."""
    path = tmp_path_factory.mktemp("database") / "portal.sqlite"
    database = Database(f"sqlite:///{path}")
    database.upgrade()
    database.engine.dispose()
    return path


@pytest.fixture
def database(tmp_path, migrated):
    shutil.copy(migrated, tmp_path / "portal.sqlite")
    database = Database(f"sqlite:///{tmp_path / 'portal.sqlite'}")
    yield database
    database.engine.dispose()


@pytest.fixture
def directory():
    return FakeDirectory(ACME, BOLT, COBALT)


@pytest.fixture
def anne(directory):
    """The administrator of Acme and Bolt who sends the files."""
    return directory.add_user(
        a_profile("anne@acme.example"),
        [an_attachment("acme", administrator=True), an_attachment("bolt", administrator=True)],
    )


@pytest.fixture
def bea(directory):
    """Another administrator, so that Anne is not the last."""
    return directory.add_user(
        a_profile("bea@acme.example"),
        [an_attachment("acme", administrator=True), an_attachment("bolt", administrator=True)],
    )


@pytest.fixture
def administration(directory, anne):
    found = tuple(attachment for _, attachment in directory.attachments_of(anne.id))
    return administration_of(directory, Actor(anne.id, anne.profile, found))


@pytest.fixture
def send(directory, database, administration):
    """Plan and apply; what became of the rows."""

    def send(*lines: Line) -> tuple[Row, ...]:
        return applied(
            directory,
            database,
            administration,
            prepared(directory, administration, lines),
        )

    return send


def applied(directory, database, administration, rows, **options) -> tuple[Row, ...]:
    """Do the rows in the administrator's name."""
    context = a_context(directory, database, administration.actor)
    return apply(context, administration, rows, Manner(**options))


def attachments_of(directory, email):
    user = directory.find_by_email(email)
    return {attachment for _, attachment in directory.attachments_of(user.id)} if user else None


class TestDryRun:
    def test_it_tells_new_from_known_and_changes_nothing(self, directory, administration):
        directory.add_user(a_profile("yan@cobalt.example"), [an_attachment("cobalt")])
        before = directory.snapshot()

        rows = dry_run_of(
            directory, administration, [a_line(2), a_line(3, "yan@cobalt.example"), a_line(4, "anne@acme.example")]
        )

        assert outcomes(rows) == [Outcome.CREATE, Outcome.ATTACH, Outcome.REFUSED]
        assert directory.snapshot() == before

    def test_it_reads_the_companies_named_and_looks_up_each_unknown_address_once(self, directory, administration):
        directory.calls.clear()

        dry_run_of(
            directory, administration, [a_line(2), a_line(3), a_line(4, "anne@acme.example"), a_line(5, "no")]
        )

        assert directory.calls == [
            ("members", (ACME,)),
            ("members", (BOLT,)),
            ("find_by_email", ("zoe@acme.example",)),
        ]

    def test_whoever_is_at_another_company_of_mine_is_no_stranger(self, directory, administration):
        yan = directory.add_user(a_profile("yan@bolt.example"), [an_attachment("bolt")])
        directory.calls.clear()

        (row,) = dry_run_of(directory, administration, [a_line(email=yan.email)])

        assert (row.outcome, row.is_certain) == (Outcome.ATTACH, True)
        assert directory.called("find_by_email") == []

    def test_an_address_that_was_not_asked_about_may_have_an_account(self, directory, administration):
        directory.add_user(a_profile("yan@cobalt.example"), [an_attachment("cobalt")])

        rows = dry_run.dry_run(
            directory, administration, [a_line(2, "yan@cobalt.example"), a_line(3, "no")], lambda _addresses: {}
        )

        assert [(row.outcome, row.is_certain) for row in rows] == [
            (Outcome.CREATE, False),
            (Outcome.REFUSED, True),
        ]

    def test_what_somebody_has_elsewhere_plays_no_part(self, directory, administration):
        yan = directory.add_user(a_profile("yan@cobalt.example"), [an_attachment("cobalt", administrator=True)])

        (row,) = dry_run_of(directory, administration, [a_line(email=yan.email)])

        assert (row.outcome, row.before) == (Outcome.ATTACH, None)


class TestPrepared:
    """What is done at once asks less: searching an address is the slowest call there is."""

    def test_new_accounts_are_not_looked_up(self, directory, administration):
        directory.calls.clear()

        rows = prepared(directory, administration, [a_line(2), a_line(3, company="bolt"), a_line(4, "no")])

        assert outcomes(rows) == [Outcome.CREATE, Outcome.ATTACH, Outcome.REFUSED]
        assert directory.calls == [("members", (ACME,)), ("members", (BOLT,))]

    def test_an_address_whose_lines_make_no_account_is_looked_up_for_it_may_have_one(
        self, directory, administration
    ):
        """Names of somebody known do not count: neither empty ones nor two that differ."""
        for email in ("yan@cobalt.example", "zoe@cobalt.example"):
            directory.add_user(a_profile(email), [an_attachment("cobalt")])
        lines = [
            a_line(2, "yan@cobalt.example", last_name="", title=""),
            a_line(3, "zoe@cobalt.example"),
            a_line(4, "zoe@cobalt.example", first_name="Zoe", company="bolt"),
            a_line(5, "new@cobalt.example", last_name=""),
            a_line(6, "other@cobalt.example", last_name="", company="cobalt"),
        ]
        directory.calls.clear()

        rows = prepared(directory, administration, lines)

        assert outcomes(rows) == [Outcome.ATTACH] * 3 + [Outcome.REFUSED] * 2
        assert [arguments for _, arguments in directory.called("find_by_email")] == [
            ("yan@cobalt.example",),
            ("zoe@cobalt.example",),
            ("new@cobalt.example",),
        ]

    def test_somebody_known_elsewhere_can_take_a_company_over(self, directory, anne, send):
        """That he is active is seen when he is attached, not before."""
        yan = directory.add_user(a_profile("yan@cobalt.example"), [an_attachment("cobalt")])

        rows = send(a_line(2, anne.email, role="user"), a_line(3, yan.email, role="administrator"))

        assert outcomes(rows) == [Outcome.CHANGE, Outcome.ATTACH]
        assert directory.mails == []


class TestApply:
    def test_one_account_and_one_mail_for_all_lines_of_an_address(self, directory, send):
        rows = send(a_line(2), a_line(3, company="bolt", role="administrator", affiliation="external"))

        assert outcomes(rows) == [Outcome.CREATE, Outcome.ATTACH]
        assert directory.mails == ["zoe@acme.example"]
        assert attachments_of(directory, "zoe@acme.example") == {
            an_attachment("acme"),
            an_attachment("bolt", administrator=True, external=True),
        }
        created = directory.find_by_email("zoe@acme.example")
        assert created.profile == a_profile(
            "zoe@acme.example", last_name="Martin", first_name="Zoé", title=Title.MME, locale=Locale.FR
        )
        assert created.status() is ActivationStatus.PENDING

    def test_somebody_known_keeps_name_and_other_companies_and_gets_no_mail(self, directory, send):
        yan = directory.add_user(
            a_profile("yan@cobalt.example", last_name="Yan"),
            [an_attachment("cobalt"), an_attachment("bolt", external=True)],
        )

        rows = send(a_line(2, yan.email), a_line(3, yan.email, company="bolt", role="administrator"))

        assert outcomes(rows) == [Outcome.ATTACH, Outcome.CHANGE]
        assert attachments_of(directory, yan.email) == {
            an_attachment("cobalt"),
            an_attachment("acme"),
            an_attachment("bolt", administrator=True),
        }
        assert directory.user(yan.id) == yan
        assert directory.mails == []

    def test_nobody_who_is_not_in_the_file_is_touched(self, directory, bea, send):
        before = directory.snapshot()

        send(line_of(a_member(bea), an_attachment("acme", administrator=True)))

        assert directory.snapshot() == before

    def test_sending_a_file_again_changes_nothing(self, directory, send):
        lines = [a_line(2), a_line(3, company="bolt"), a_line(4, "yan@acme.example"), a_line(5, "no")]
        send(*lines)
        before = directory.snapshot()

        rows = send(*lines)

        assert outcomes(rows) == [Outcome.UNCHANGED] * 3 + [Outcome.REFUSED]
        assert directory.snapshot() == before

    def test_refused_lines_are_left_out_and_the_others_go_through(self, directory, send):
        rows = send(a_line(2, company="cobalt"), a_line(3, "yan@acme.example"), a_line(4, "no"))

        assert outcomes(rows) == [Outcome.REFUSED, Outcome.CREATE, Outcome.REFUSED]
        assert attachments_of(directory, "zoe@acme.example") is None

    def test_a_company_is_handed_over(self, directory, anne, send):
        cleo = directory.add_user(a_profile("cleo@acme.example"), [an_attachment("acme")])

        rows = send(a_line(2, anne.email, role="user"), a_line(3, cleo.email, role="administrator"))

        assert outcomes(rows) == [Outcome.CHANGE, Outcome.CHANGE]
        assert an_attachment("acme", administrator=True) in attachments_of(directory, cleo.email)

    def test_a_last_administrator_is_refused_even_when_the_other_left_after_the_dry_run(
        self, directory, database, administration, anne, bea
    ):
        rows = dry_run_of(directory, administration, [a_line(2, anne.email, role="user"), a_line(3)])
        directory.disable(bea.id)

        done = applied(directory, database, administration, rows)

        assert outcomes(done) == [Outcome.REFUSED, Outcome.CREATE]
        assert done[0].problems == (Problem(Reason.LAST_ADMINISTRATOR, "role"),)

    def test_whoever_became_active_after_the_dry_run_counts_as_active(
        self, directory, database, administration, anne, bea
    ):
        """A pending administrator may be taken away; by now he is the last active one."""
        cleo = directory.add_user(
            a_profile("cleo@acme.example"), [an_attachment("acme", administrator=True)], password_required=True
        )
        rows = dry_run_of(directory, administration, [a_line(2, cleo.email, role="user"), a_line(3)])
        created = directory.create_user

        def create_user(*arguments):
            """While the import runs and has read the author's rights."""
            directory.activate(cleo.id)
            directory.disable(anne.id)
            directory.disable(bea.id)
            return created(*arguments)

        directory.create_user = create_user

        done = applied(directory, database, administration, rows)

        assert outcomes(done) == [Outcome.REFUSED, Outcome.CREATE]
        assert done[0].problems == (Problem(Reason.LAST_ADMINISTRATOR, "role"),)

    def test_an_account_made_meanwhile_is_attached(self, directory, database, administration):
        rows = dry_run_of(directory, administration, [a_line(2), a_line(3, company="bolt")])
        directory.add_user(a_profile("zoe@acme.example"), [an_attachment("acme", external=True)])

        done = applied(directory, database, administration, rows)

        assert outcomes(done) == [Outcome.CHANGE, Outcome.ATTACH]
        assert directory.mails == []

    def test_what_is_right_by_now_is_unchanged(self, directory, database, administration):
        yan = directory.add_user(a_profile("yan@acme.example"), [an_attachment("cobalt")])
        rows = dry_run_of(directory, administration, [a_line(2, yan.email)])
        directory.add_membership(yan.id, "/acme")

        assert outcomes(applied(directory, database, administration, rows)) == [Outcome.UNCHANGED]

    def test_an_account_that_the_portal_may_not_see_is_no_account_for_us(self, directory, send):
        directory.add_operator(a_profile("root@acme.example"))
        before = directory.snapshot()

        (row,) = send(a_line(email="root@acme.example"))

        assert row.problems == (Problem(Reason.ADDRESS_REFUSED, "email"),)
        assert directory.snapshot() == before

    def test_a_person_who_vanished_is_refused(self, directory, database, administration):
        yan = directory.add_user(a_profile("yan@acme.example"), [an_attachment("acme")], password_required=True)
        rows = dry_run_of(directory, administration, [a_line(2, yan.email, role="administrator")])
        directory.delete_user(yan.id)

        (row,) = applied(directory, database, administration, rows)

        assert row.problems == (Problem(Reason.PERSON_GONE, "email"),)

    @pytest.mark.parametrize(
        ("error", "problem"),
        [
            (InvalidPersonError("no", "last_name"), Problem(Reason.NOT_ACCEPTED, "last_name")),
            (CompanyNotFoundError("no"), Problem(Reason.UNKNOWN_COMPANY, "company")),
            (ForbiddenError("no"), Problem(Reason.DIRECTORY_REFUSED)),
        ],
    )
    def test_what_the_directory_does_not_accept_is_a_result_of_its_line(
        self, directory, database, administration, error, problem
    ):
        """Operations may have made Keycloak stricter than our rules are."""
        rows = dry_run_of(directory, administration, [a_line(2), a_line(3, "yan@acme.example")])
        directory.fail("create_user", error=error)

        done = applied(directory, database, administration, rows)

        assert outcomes(done) == [Outcome.REFUSED, Outcome.CREATE]
        assert done[0].problems == (problem,)

    def test_a_company_that_vanished_is_unknown(self, directory, database, administration):
        rows = dry_run_of(directory, administration, [a_line(2, company="bolt"), a_line(3)])
        directory.remove_company(BOLT)

        done = applied(directory, database, administration, rows)

        assert outcomes(done) == [Outcome.REFUSED] * 2
        assert done[0].problems == (Problem(Reason.UNKNOWN_COMPANY, "company"),)

    @pytest.mark.slow
    def test_a_right_that_ends_while_it_runs_ends_the_import_at_that_company(
        self, directory, database, administration, anne
    ):
        lines = [a_line(n, f"person{n}@acme.example") for n in range(2, RIGHTS_EVERY + 12)]
        rows = dry_run_of(directory, administration, lines)
        created = directory.create_user

        def create_user(*arguments):
            directory._groups["/acme/administrators"].discard(anne.id)
            return created(*arguments)

        directory.create_user = create_user

        done = applied(directory, database, administration, rows)

        assert outcomes(done) == [Outcome.CREATE] * RIGHTS_EVERY + [Outcome.REFUSED] * 10
        assert done[-1].problems == (Problem(Reason.UNKNOWN_COMPANY, "company"),)

    def test_nothing_is_done_for_somebody_who_administers_nothing_any_more(
        self, directory, database, administration, anne
    ):
        rows = dry_run_of(directory, administration, [a_line()])
        for company in ("acme", "bolt"):
            directory.remove_membership(anne.id, f"/{company}/administrators")

        assert outcomes(applied(directory, database, administration, rows)) == [Outcome.REFUSED]
        assert directory.mails == []

    @pytest.mark.parametrize("way", ["disabled", "gone"])
    def test_nothing_is_done_for_somebody_who_is_not_here_any_more(
        self, directory, database, administration, anne, way
    ):
        rows = dry_run_of(directory, administration, [a_line()])
        if way == "disabled":
            directory.disable(anne.id)
        else:
            del directory._people[anne.id]

        done = applied(directory, database, administration, rows)

        assert done[0].problems == (Problem(Reason.UNKNOWN_COMPANY, "company"),)
        assert directory.mails == []


class TestSideBySide:
    """What many lines do at the same time is what they do one after the other."""

    @pytest.mark.slow
    def test_everything_is_done_once(self, directory, database, administration, anne):
        yan = directory.add_user(a_profile("yan@cobalt.example"), [an_attachment("cobalt")])
        lines = [
            *(a_line(n, f"person{n}@acme.example") for n in range(2, 32)),
            *(a_line(n, f"person{n - 50}@acme.example", company="bolt") for n in range(52, 62)),
            *(a_line(n, yan.email, company=at) for n, at in ((70, "acme"), (71, "bolt"))),
            a_line(80, anne.email, role="user"),
        ]
        rows, recorded = dry_run_of(directory, administration, lines[:-1]), []
        rows += prepared(directory, administration, lines[-1:])
        directory.latency = 0.001

        done = applied(directory, database, administration, rows, at_once=8, record=recorded.append)

        assert outcomes(done) == [*[Outcome.CREATE] * 30, *[Outcome.ATTACH] * 12, Outcome.REFUSED]
        assert sorted(directory.mails) == sorted(f"person{n}@acme.example" for n in range(2, 32))
        assert attachments_of(directory, "person5@acme.example") == {an_attachment("acme"), an_attachment("bolt")}
        assert sorted(row.line.number for unit in recorded for row in unit) == [line.number for line in lines]

    def test_an_administrator_is_taken_away_after_all_else(self, directory, database, administration, anne):
        """However many lines are under way, his successor is there before he leaves."""
        cleo = directory.add_user(a_profile("cleo@acme.example"), [an_attachment("acme")])
        lines = [
            a_line(2, anne.email, role="user"),
            *(a_line(n, f"person{n}@acme.example") for n in range(3, 20)),
            a_line(20, cleo.email, role="administrator"),
        ]
        rows = prepared(directory, administration, lines)
        directory.latency = 0.001

        done = applied(directory, database, administration, rows, at_once=8)

        assert outcomes(done) == [Outcome.CHANGE, *[Outcome.CREATE] * 17, Outcome.CHANGE]

    def test_when_the_directory_goes_down_nothing_is_tried_any_more(self, directory, database, administration):
        rows = prepared(directory, administration, [a_line(n, f"person{n}@acme.example") for n in range(2, 42)])
        created = directory.create_user

        def create_user(profile, attachments, invitation):
            directory.down = directory.down or profile.email == "person10@acme.example"
            return created(profile, attachments, invitation)

        directory.create_user = create_user

        done = applied(directory, database, administration, rows, at_once=8)

        assert set(outcomes(done)) == {Outcome.CREATE, Outcome.FAILED, Outcome.NOT_TRIED}
        assert outcomes(done).count(Outcome.FAILED) <= 8

    def test_without_mails_the_accounts_wait_for_theirs(self, directory, database, administration):
        rows = prepared(directory, administration, [a_line(n, f"person{n}@acme.example") for n in range(2, 9)])

        done = applied(directory, database, administration, rows, mails=False, at_once=4)

        assert outcomes(done) == [Outcome.CREATE] * 7
        assert directory.mails == []
        assert directory.find_by_email("person2@acme.example").status() is ActivationStatus.NOT_SENT

    def test_a_stop_leaves_the_rest_as_it_was_planned(self, directory, database, administration):
        rows = prepared(directory, administration, [a_line(n, f"person{n}@acme.example") for n in range(2, 9)])
        stopping, recorded = Event(), []

        def record(unit):
            recorded.extend(unit)
            stopping.set()

        done = applied(directory, database, administration, rows, record=record, stopping=stopping)

        assert [row.line.number for row in recorded] == [2]
        assert [row.user is None for row in done] == [False, *[True] * 6]
        assert directory.mails == ["person2@acme.example"]


class TestTrouble:
    def test_a_mail_that_cannot_leave_is_said_and_the_account_is_there(self, directory, send):
        directory.mail = "refused"

        rows = send(a_line(2), a_line(3, company="bolt"))

        assert outcomes(rows) == [Outcome.CREATE, Outcome.ATTACH]
        assert not rows[0].mail_sent
        assert directory.find_by_email("zoe@acme.example").status() is ActivationStatus.NOT_SENT

    def test_a_mail_server_that_is_down_ends_creations_but_no_change(self, directory, send):
        """Each mail may take ten seconds to fail; accounts without a mail help nobody."""
        yan = directory.add_user(a_profile("yan@acme.example"), [an_attachment("acme")])
        directory.mail = "refused"

        rows = send(
            *(a_line(n, f"person{n}@acme.example") for n in range(2, GIVE_UP_AFTER + 4)),
            a_line(99, yan.email, affiliation="external"),
        )

        assert outcomes(rows) == [*[Outcome.CREATE] * GIVE_UP_AFTER, *[Outcome.NOT_TRIED] * 2, Outcome.CHANGE]
        assert rows[-2].problems == (Problem(Reason.MAIL_SERVER_REFUSES),)

    def test_when_the_directory_goes_down_the_rest_is_not_tried_and_sending_again_finishes(
        self, directory, database, administration, send
    ):
        lines = [a_line(n, f"person{n}@acme.example") for n in range(2, 7)]
        rows = dry_run_of(directory, administration, lines)
        created = directory.create_user

        def create_user(profile, attachments, invitation):
            directory.down = profile.email == "person4@acme.example"
            return created(profile, attachments, invitation)

        directory.create_user = create_user

        done = applied(directory, database, administration, rows)

        assert outcomes(done) == [
            Outcome.CREATE,
            Outcome.CREATE,
            Outcome.FAILED,
            Outcome.NOT_TRIED,
            Outcome.NOT_TRIED,
        ]

        directory.down, directory.create_user = False, created
        assert outcomes(send(*lines)) == [Outcome.UNCHANGED] * 2 + [Outcome.CREATE] * 3
        assert sorted(directory.mails) == [f"person{n}@acme.example" for n in range(2, 7)]

    def test_a_single_failure_stops_nothing(self, directory, database, administration):
        rows = dry_run_of(directory, administration, [a_line(n, f"person{n}@acme.example") for n in (2, 3, 4)])
        directory.fail("create_user", nth=2)

        done = applied(directory, database, administration, rows)

        assert outcomes(done) == [Outcome.CREATE, Outcome.FAILED, Outcome.CREATE]

    def test_failures_in_a_row_end_it_even_when_the_directory_seems_well(
        self, directory, database, administration
    ):
        rows = dry_run_of(directory, administration, [a_line(n, f"person{n}@acme.example") for n in range(2, 8)])

        def create_user(*_arguments):
            raise UnavailableError("on purpose")

        directory.create_user = create_user

        done = applied(directory, database, administration, rows)

        assert outcomes(done) == [Outcome.FAILED] * GIVE_UP_AFTER + [Outcome.NOT_TRIED] * 3

    @pytest.mark.slow
    @pytest.mark.parametrize("nth", range(1, 11))
    def test_wherever_a_call_fails_the_same_file_finishes_the_work(self, directory, send, anne, nth):
        """Every answer lost in turn: one account and at most one mail each, and never less than was there."""
        yan = directory.add_user(a_profile("yan@cobalt.example"), [an_attachment("cobalt")])
        lines = [a_line(2), a_line(3, company="bolt"), a_line(4, yan.email, affiliation="external")]
        directory.fail(nth=nth, effect="whole")

        try:
            send(*lines)
        except UnavailableError:
            pass  # it failed while reading, before anything was done
        assert directory._faults == []
        rows = send(*lines)

        assert {row.outcome for row in rows} <= {Outcome.UNCHANGED, Outcome.CREATE, Outcome.ATTACH}
        assert attachments_of(directory, "zoe@acme.example") == {an_attachment("acme"), an_attachment("bolt")}
        assert attachments_of(directory, yan.email) == {
            an_attachment("cobalt"),
            an_attachment("acme", external=True),
        }
        assert directory.mails.count("zoe@acme.example") <= 1
        assert attachments_of(directory, anne.email) == {
            an_attachment("acme", administrator=True),
            an_attachment("bolt", administrator=True),
        }


def test_every_column_of_a_line_is_one_of_the_file():
    """Our own lines have the columns of the contract, so the tests above are about real files."""
    assert set(a_line().cells) == set(COLUMNS)
    assert set(CompanyRole) | set(Affiliation) == {"administrator", "user", "internal", "external"}
