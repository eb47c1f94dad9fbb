"""Several people at once: one difference, one confirmation, a result for each, undone with one click."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from directory.model import Attachment, User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from tests.web.conftest import ClientFor
from webapp.jobs import batches
from webapp.people.undo import SHORTLY
from webapp.records.journal import Action
from webapp.records.journal_reading import Search, read
from webapp.storage.database import Database, journal, notices, resendings

SELECTION = "/users/selection"
HEADERS = {"Sec-Fetch-Mode": "navigate"}


@pytest.fixture
def three(directory: FakeDirectory, second: User) -> list[User]:
    """Three members of Acme, the second also of Globex, the third also of a company that is another's."""
    return [
        directory.add_user(a_profile("a@acme.example", last_name="Abel"), [an_attachment("acme")]),
        directory.add_user(
            a_profile("b@acme.example", last_name="Bel"), [an_attachment("acme"), an_attachment("globex")]
        ),
        directory.add_user(
            a_profile("c@acme.example", last_name="Cel"), [an_attachment("acme"), an_attachment("initech")]
        ),
    ]


def ids(*users: User) -> list[str]:
    return [user.id for user in users]


def at(directory: FakeDirectory, user: User) -> set[str]:
    return {attachment.company_id for _, attachment in directory.attachments_of(user.id)}


def standing(directory: FakeDirectory, user: User, company: str) -> Attachment:
    return next(found for _, found in directory.attachments_of(user.id) if found.company_id == company)


def send(browser: Browser, users: list[str], action: str = "detach", **more: object) -> Page:
    return browser.post(SELECTION, {"user": users, "action": action, **more})


class TestDifference:
    def test_one_page_has_it_for_all_with_the_services(self, browser: Browser, three: list[User]):
        """Equal changes stand together; nothing is done yet."""
        page = send(browser, ids(*three), company="acme")
        assert page.status == 200
        assert page.h1 == "Vérifier et confirmer"
        (item,) = page.main.all("li", class_="difference-item")
        for words in ("Acme Énergie", "3 personnes", "Abel", "b@acme.example", "cataliz, data"):
            assert words in item.text
        assert "Globex" not in page.main.text

    def test_without_a_company_it_is_about_all_of_mine(self, browser: Browser, three: list[User]):
        page = send(browser, ids(*three))
        assert [i.one("bdi").text for i in page.main.all("strong", class_="difference-company")] == [
            "Acme Énergie",
            "Globex",
        ]
        assert "Initech" not in page.text

    def test_the_next_step_is_sent_what_this_one_shows(
        self, browser: Browser, three: list[User], directory: FakeDirectory
    ):
        page = send(browser, ids(*three), "role", role="administrator", company="acme")
        form = page.main.all("form", class_="confirm-panel")[0]
        sent = [(one["name"], one["value"]) for one in form.all("input", type="hidden")]
        data: dict[str, list[str]] = {}
        for name, value in sent:
            data.setdefault(name, []).append(value)
        done = browser.post(SELECTION, {**data, "confirm": "1"})
        assert done.status == 303
        assert all(standing(directory, user, "acme").administers for user in three)

    def test_people_who_are_as_wanted_are_named_apart(self, browser: Browser, three: list[User]):
        page = send(browser, ids(*three), "affiliation", affiliation="internal", company="acme")
        assert "Rien ne changerait" in page.main.text

    def test_last_administrators_are_refused_by_name(
        self, client_for: ClientFor, directory: FakeDirectory, three: list[User]
    ):
        lonely = directory.add_user(
            a_profile("l@x.example", last_name="Lone"), [an_attachment("initech", administrator=True)]
        )
        page = send(client_for(lonely), ids(lonely, three[2]), company="initech")
        assert page.status == 200
        refused = page.html.all(class_="banner-warning")[0].text
        assert "Lone" in refused
        assert "Initech" in refused
        assert "Cel" in page.main.one("li", class_="difference-item").text

    def test_both_administrators_at_once_leave_one(
        self, browser: Browser, administrator: User, second: User, directory: FakeDirectory
    ):
        """The actor comes last, so that the others are done while there are rights."""
        done = send(browser, ids(administrator, second), "role", role="user", company="acme", confirm="1")
        assert done.status == 303
        assert standing(directory, administrator, "acme").administers
        assert not standing(directory, second, "acme").administers
        assert "dernier administrateur actif" in browser.follow(done).row(administrator.email).text

    def test_only_refusals_are_409(self, client_for: ClientFor, directory: FakeDirectory):
        lonely = directory.add_user(
            a_profile("l@x.example", last_name="Lone"), [an_attachment("initech", administrator=True)]
        )
        for more in ({}, {"confirm": "1"}):
            page = send(client_for(lonely), ids(lonely), company="initech", **more)
            assert page.status == 409
            assert "Lone" in page.banners[0]
        assert at(directory, lonely) == {"initech"}


class TestDone:
    def test_a_result_per_person_one_line_each_one_mail_a_reader(
        self, browser: Browser, three: list[User], directory: FakeDirectory, database: Database
    ):
        done = send(browser, ids(*three), company="acme", confirm="1")
        assert done.status == 303
        assert done.location is not None
        assert done.location.endswith(SELECTION)
        assert [at(directory, user) for user in three] == [set(), {"globex"}, {"initech"}]
        page = browser.follow(done)
        assert "3 personnes ont été détachées" in page.banners[0]
        assert all("Modifié" in page.row(user.email).text for user in three)
        lines = read(database, ["acme"], Search(), 1).lines
        assert sorted(line.person.email for line in lines) == sorted(user.email for user in three)
        assert {line.action for line in lines} == {Action.DETACH}
        with database.engine.connect() as connection:
            batches = connection.execute(select(notices.c.batch)).scalars().all()
        assert len(batches) == 3
        assert len(set(batches)) == 1

    def test_a_role(self, browser: Browser, three: list[User], directory: FakeDirectory):
        send(browser, ids(*three), "role", role="administrator", company="acme", confirm="1")
        assert all(standing(directory, user, "acme").administers for user in three)
        assert not standing(directory, three[1], "globex").administers

    def test_an_affiliation_keeps_the_role(self, browser: Browser, second: User, directory: FakeDirectory):
        send(browser, ids(second), "affiliation", affiliation="external", company="acme", confirm="1")
        assert standing(directory, second, "acme") == an_attachment("acme", administrator=True, external=True)

    def test_an_end_date(self, browser: Browser, three: list[User], directory: FakeDirectory):
        send(browser, ids(*three), "until", until="2098-06-30", company="acme", confirm="1")
        assert {standing(directory, user, "acme").until for user in three} == {date(2098, 6, 30)}
        page = browser.follow(send(browser, ids(*three), "until", until="", company="acme", confirm="1"))
        assert "30 juin 2098" in page.row("a@acme.example").text
        assert {standing(directory, user, "acme").until for user in three} == {None}

    def test_it_is_undone_with_one_click(self, browser: Browser, three: list[User], directory: FakeDirectory):
        page = browser.follow(send(browser, ids(*three), confirm="1"))
        undone = browser.submit(page.form(f"{SELECTION}/undoing"))
        assert undone.status == 303
        assert [at(directory, user) for user in three] == [{"acme"}, {"acme", "globex"}, {"acme", "initech"}]
        page = browser.follow(undone)
        assert "3 personnes sont de nouveau comme avant" in page.banners[0]
        assert [form.action for form in page.forms] == []

    def test_what_somebody_else_changed_since_is_not_undone(
        self, browser: Browser, three: list[User], directory: FakeDirectory
    ):
        page = browser.follow(send(browser, ids(*three), company="acme", confirm="1"))
        directory.add_membership(three[0].id, "/acme")
        directory.add_membership(three[0].id, "/acme/externals")
        result = browser.follow(browser.submit(page.form(f"{SELECTION}/undoing")))
        assert "entre-temps" in result.row(three[0].email).text
        assert standing(directory, three[0], "acme") == an_attachment("acme", external=True)

    def test_after_ten_minutes_it_is_too_late(self, browser: Browser, three: list[User], database: Database):
        page = browser.follow(send(browser, ids(*three), company="acme", confirm="1"))
        with database.transaction() as connection:
            connection.execute(update(resendings).values(began_at=resendings.c.began_at - SHORTLY - 1))
            connection.execute(update(journal).values(at=journal.c.at - SHORTLY - 1))
        assert browser.submit(page.form(f"{SELECTION}/undoing")).status == 409
        assert browser.get(SELECTION).forms == []

    def test_nothing_to_undo_is_404(self, browser: Browser):
        assert browser.post(f"{SELECTION}/undoing").status == 404

    @pytest.mark.slow
    def test_more_than_twenty_go_on_in_the_background(self, browser: Browser, directory: FakeDirectory):
        many = [directory.add_user(a_profile(), [an_attachment("acme")]) for _ in range(21)]
        directory.latency = 0.01
        done = browser.post(
            SELECTION, {"user": ids(*many), "action": "detach", "company": "acme", "confirm": "1"}, headers=HEADERS
        )
        page = browser.follow(done)
        assert page.h1 == "Changements en cours"
        assert page.main.one("progress")["max"] == "21"
        assert "en cours" in browser.get("/users").banners[0]
        browser.app.extensions["attache"].selections.wait()
        assert all(at(directory, user) == set() for user in many)
        assert "21 personnes" in browser.get(SELECTION).banners[0]

    def test_another_one_at_the_same_time_is_409(
        self, browser: Browser, administrator: User, three: list[User], database: Database
    ):
        batches.begin(database, administrator.id, ["somebody"], {"asked": {"act": "detach"}, "made_by": "x"})
        for action in ("detach", "role"):
            page = send(browser, ids(*three), action, company="acme", role="administrator", confirm="1")
            assert page.status == 409
            assert SELECTION in [a["href"] for a in page.main.all("a")]

    def test_a_failure_is_said_and_stops_no_other(
        self, browser: Browser, three: list[User], directory: FakeDirectory
    ):
        directory.fail("change_attachment", nth=2)
        page = browser.follow(send(browser, ids(*three), company="acme", confirm="1"))
        assert "n’a pas répondu" in page.row(three[1].email).text
        assert [at(directory, user) for user in three] == [set(), {"acme", "globex"}, {"initech"}]


class TestResendAndExport:
    def test_only_those_who_wait_are_mailed(self, browser: Browser, three: list[User], directory: FakeDirectory):
        pending = directory.add_user(
            a_profile("p@acme.example", last_name="Pan"),
            [an_attachment("acme")],
            password_required=True,
            activation_sent_at=datetime.now(UTC) - timedelta(days=3),
        )
        page = send(browser, ids(pending, three[0]), "resend")
        assert page.status == 200
        assert "n’a pas besoin de mail d’activation" in page.main.text
        assert directory.mails == []
        done = send(browser, ids(pending, three[0]), "resend", confirm="1")
        assert done.status == 303
        assert len(directory.mails) == 1
        assert "Envoyé" in browser.follow(done).row("p@acme.example").text

    def test_who_is_gone_is_left_out_and_counted(self, browser: Browser, directory: FakeDirectory, second: User):
        pending = directory.add_user(a_profile(), [an_attachment("acme")], password_required=True)
        done = send(browser, [pending.id, "gone-meanwhile"], "resend", confirm="1")
        assert "1 des personnes choisies" in browser.follow(done).banners[0]
        assert len(directory.mails) == 1

    def test_nobody_who_waits_is_409(self, browser: Browser, three: list[User]):
        assert send(browser, ids(*three), "resend", confirm="1").status == 409

    def test_export_has_their_lines_at_my_companies(self, browser: Browser, three: list[User]):
        answer = send(browser, ids(three[1], three[2]), "export")
        assert answer.headers["Content-Type"].startswith("text/csv")
        lines = answer.body.split("\r\n")[1:-1]
        assert [(line.split(",")[0], line.split(",")[5]) for line in lines] == [
            ("b@acme.example", "acme"),
            ("b@acme.example", "globex"),
            ("c@acme.example", "acme"),
        ]


class TestBadInput:
    def test_nobody(self, browser: Browser):
        page = send(browser, [], "detach")
        assert page.status == 422
        assert page.h1 == "Plusieurs personnes à la fois"
        assert "Cochez au moins une personne" in page.errors["people"]

    def test_no_action_and_half_of_one(self, browser: Browser, three: list[User]):
        for action, more, field in (
            ("", {}, "action"),
            ("until", {"until": "2020-01-01"}, "until"),
            ("undo", {}, "action"),
            ("role", {"role": "boss"}, "role"),
        ):
            page = send(browser, ids(*three), action, company="acme", **more)
            assert page.status == 422
            assert f"selection-{field}" in page.errors
            ticked = [one["value"] for one in page.main.all("input", name="user")]
            assert sorted(ticked) == sorted(ids(*three)), "what was ticked is kept"
            chosen = [o["value"] for o in page.main.one("select", name="company").all("option") if "selected" in o]
            assert chosen == ["acme"]

    def test_201_people(self, browser: Browser, three: list[User]):
        page = send(browser, [*ids(*three), *(f"somebody-{n}" for n in range(198))], "detach", confirm="1")
        assert page.status == 422
        assert "201" in page.errors["people"]
        assert len(page.main.all("input", name="user")) == 3

    def test_201_people_of_the_whole_result(self, browser: Browser, directory: FakeDirectory):
        """« Tout sélectionner » is counted like boxes; all are still there to be unticked."""
        for n in range(201):
            directory.add_user(a_profile(last_name=f"Zed{n:03}"), [an_attachment("globex")])
        fields = {"everyone": "1", "next": "/users?q=zed", "action": "detach", "confirm": "1"}
        page = browser.post(SELECTION, fields)
        assert page.status == 422
        assert "201" in page.errors["people"]
        assert len(page.main.all("input", name="user")) == 201
        assert directory.called("change_attachment") == []

    def test_twice_the_same_is_once(self, browser: Browser, three: list[User]):
        page = send(browser, ids(three[0], three[0]) * 150, company="acme")
        assert page.status == 200
        assert "1 personne" in page.main.one("li", class_="difference-item").text

    def test_people_who_are_not_mine_are_as_if_they_did_not_exist(
        self, browser: Browser, directory: FakeDirectory, three: list[User]
    ):
        other = directory.add_user(a_profile("o@initech.example"), [an_attachment("initech")])
        pages = [send(browser, [three[0].id, one], company="acme") for one in (other.id, "nobody-at-all")]
        assert [page.status for page in pages] == [200, 200]
        assert pages[0].main.text == pages[1].main.text
        assert "1 des personnes choisies" in pages[0].banners[0]
        assert [send(browser, [one], confirm="1").status for one in (other.id, "nobody-at-all")] == [404, 404]
        assert at(directory, other) == {"initech"}

    def test_a_company_that_is_not_mine(self, browser: Browser, three: list[User]):
        for company in ("initech", "nowhere"):
            assert send(browser, ids(*three), company=company, confirm="1").status == 404

    def test_somebody_detached_meanwhile_is_not_attached_again(
        self, browser: Browser, three: list[User], directory: FakeDirectory
    ):
        directory.remove_membership(three[1].id, "/acme")
        done = send(browser, ids(*three), "role", role="administrator", company="acme", confirm="1")
        assert "Inchangé" in browser.follow(done).row("b@acme.example").text
        assert at(directory, three[1]) == {"globex"}

    def test_another_difference_than_the_one_seen_is_shown_first(
        self, browser: Browser, three: list[User], directory: FakeDirectory
    ):
        page = send(browser, ids(*three), company="acme")
        seen = page.main.one("input", name="seen")["value"]
        directory.add_membership(three[0].id, "/acme/administrators")
        again = send(browser, ids(*three), company="acme", confirm="1", seen=seen)
        assert again.status == 409
        assert "entre-temps" in again.banners[0]
        assert at(directory, three[0]) == {"acme"}

    def test_two_administrators_with_the_same_selection(
        self, browser: Browser, client_for: ClientFor, second: User, three: list[User], directory: FakeDirectory
    ):
        """The second one finds everything done."""
        other = client_for(second)
        seen = [
            send(one, ids(*three), company="acme").main.one("input", name="seen")["value"]
            for one in (browser, other)
        ]
        first = send(browser, ids(*three[1:]), company="acme", confirm="1", seen=seen[0])
        assert first.status == 303
        page = other.follow(send(other, ids(*three), company="acme", confirm="1", seen=seen[1]))
        assert "Modifié" in page.row("a@acme.example").text
        assert all(at(directory, user) <= {"globex", "initech"} for user in three)

    def test_who_was_detached_before_the_confirmation_is_counted(
        self, browser: Browser, client_for: ClientFor, second: User, three: list[User], directory: FakeDirectory
    ):
        """Both confirm the very same: the second one learns of everybody, by name where there still is one."""
        other = client_for(second)
        seen = [
            send(one, ids(*three), company="acme").main.one("input", name="seen")["value"]
            for one in (browser, other)
        ]
        assert send(browser, ids(*three), company="acme", confirm="1", seen=seen[0]).status == 303
        page = other.follow(send(other, ids(*three), company="acme", confirm="1", seen=seen[1]))
        assert "Inchangé" in page.row("b@acme.example").text
        assert "2 des personnes choisies ne sont plus rattachées" in page.banners[0]
        assert "a@acme.example" not in page.main.text

    def test_back_leads_to_what_was_chosen(self, browser: Browser, three: list[User]):
        page = send(browser, ids(*three), "role", role="administrator", company="acme", back="1")
        assert page.status == 200
        assert len(page.main.all("input", name="user")) == 3


class TestList:
    def test_no_two_fields_have_the_same_name(self, browser: Browser, three: list[User]):
        """The filters and the bar ask for a role, too; each name begins with the word that is seen."""
        labels = [label.text for label in browser.get("/users").main.all("label", class_="field-label")]
        assert len(set(labels)) == len(labels)
        assert {"Rôle", "Rôle – pour la sélection"} <= set(labels)

    def test_each_row_has_a_box_of_the_form_below(self, browser: Browser, three: list[User]):
        page = browser.get("/users?q=acme.example")
        boxes = page.main.all("input", type="checkbox", name="user")
        assert {box["form"] for box in boxes} == {"selection"}
        assert set(ids(*three)) <= {box["value"] for box in boxes}

    def test_select_all_of_the_page_without_a_script(self, browser: Browser, three: list[User]):
        page = browser.get("/users")
        assert not any("checked" in box for box in page.main.all("input", name="user"))
        (link,) = page.main.all("a", class_="select-page")
        page = browser.get(link["href"].partition("#")[0])
        assert all("checked" in box for box in page.main.all("input", name="user"))

    def test_the_whole_result(self, browser: Browser, directory: FakeDirectory, three: list[User]):
        for n in range(60):
            directory.add_user(a_profile(last_name=f"Zed{n:02}"), [an_attachment("globex")])
        page = browser.get("/users?company=globex&q=zed")
        assert "60" in page.main.one("input", name="everyone").within("label").text
        review = browser.post(
            SELECTION,
            {"everyone": "1", "next": "/users?company=globex&q=zed", "action": "detach", "company": "globex"},
        )
        assert "60 personnes" in review.main.one("li", class_="difference-item").text
