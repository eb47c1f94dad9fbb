"""What the portal's one script adds; and that each page does its work without it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Response, expect

from tests.look.gallery import Gallery
from tests.look.pages import NEXT, PAGES, detach, fill
from tests.look.world import World
from webapp.imports import store as import_store
from webapp.imports.plan import Outcome, Row
from webapp.jobs import batches
from webapp.resend_all import store as resend_store
from webapp.resend_all.store import Resent

pytestmark = pytest.mark.browser

BOXES = ".attach-box"
ALL = "main [name=all]"
COUNT = ".changes-count"


@pytest.fixture
def asked() -> list[str]:
    """The addresses that a page asked for."""
    return []


def listen(page: Page, asked: list[str]) -> None:
    def note(response: Response) -> None:
        if "/users" in response.url:
            asked.append(response.url)

    page.on("response", note)


class TestAllCompanies:
    def test_ticks_and_unticks_every_box(self, gallery: Gallery):
        page = gallery.show(PAGES["modify"])
        boxes = page.locator(BOXES)
        assert [box.is_checked() for box in boxes.all()] == [True, True, False, False]
        assert page.locator(ALL).evaluate("one => one.indeterminate")
        page.check(ALL)
        assert all(box.is_checked() for box in boxes.all())
        page.uncheck(ALL)
        assert not any(box.is_checked() for box in boxes.all())

    def test_follows_the_boxes(self, gallery: Gallery):
        page = gallery.show(PAGES["modify"])
        for box in page.locator(BOXES).all():
            box.check()
        assert page.is_checked(ALL)
        page.locator(BOXES).first.uncheck()
        assert not page.is_checked(ALL)

    def test_what_it_ticks_is_saved(self, gallery: Gallery):
        """It is a shorter way to the same boxes: the server hears of nothing else."""
        page = gallery.show(PAGES["modify"])
        page.check(ALL)
        page.click(f"main {NEXT}")
        assert page.locator(".difference-item").count() == 2

    def test_is_not_there_without_scripts(self, make_gallery: Callable[..., Gallery]):
        page = make_gallery(javascript=False).show(PAGES["modify"])
        assert not page.is_visible(ALL)


class TestManyCompanies:
    def test_finds_as_one_types_and_shows_the_ticked_ones(self, gallery: Gallery):
        page = gallery.show(PAGES["modify-fifty-companies"])
        rows = page.locator(".attachment-table tbody tr:visible")
        assert rows.count() == 50
        page.fill("#find", "FILIALE 01")
        assert rows.count() == 1
        page.fill("#find", "nulle part")
        assert rows.count() == 0
        assert page.inner_text(".rows-found") == "Aucune société ne correspond."
        page.fill("#find", "")
        page.check(".only-ticked")
        assert rows.count() == 9

    def test_one_role_for_the_ticked_ones(self, gallery: Gallery):
        page = gallery.show(PAGES["modify-fifty-companies"])
        page.select_option("#all-role", "administrator")
        assert page.locator("[name$='-role'][value=administrator]:checked").count() == 9
        assert "9 changements" in page.inner_text(".form-actions .changes-count")

    def test_all_of_many_asks_first(self, gallery: Gallery):
        page = gallery.show(PAGES["modify-fifty-companies"])
        said: list[str] = []
        page.once("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.locator(ALL).click()
        assert said == ["Cocher les 50 sociétés\u00a0?"]
        assert page.locator(f"{BOXES}:checked").count() == 9

    def test_what_leads_on_is_always_in_sight(self, gallery: Gallery):
        """And a row that is not ticked says its name only."""
        page = gallery.show(PAGES["modify-fifty-companies"])
        expect(page.get_by_role("button", name="Continuer")).to_be_in_viewport()
        heights = page.locator(".attachment-table tbody tr:not(:has(.attach-box:checked))")
        assert not page.is_visible("#company-filiale-01-role")
        box = heights.first.bounding_box()
        assert box is not None
        assert box["height"] <= 48

    def test_pages_of_twenty_without_scripts(self, make_gallery: Callable[..., Gallery]):
        page = make_gallery(javascript=False).show(PAGES["modify-fifty-companies"])
        rows = page.locator(".attachment-table tbody tr:visible")
        assert rows.count() == 20
        page.check("#company-filiale-01-attached")
        page.click("[name=rows_page][value='3']")
        expect(rows).to_have_count(10)
        page.click("[name=rows_page][value=ticked]")
        expect(page.locator("#company-filiale-01-attached")).to_be_visible()
        expect(rows).to_have_count(10)


class TestSelection:
    def test_counts_and_stays_in_sight(self, gallery: Gallery):
        page = gallery.show(PAGES["users-fifty-companies"])
        count = page.locator(".selection-count")
        assert count.inner_text() == "Personne n’est sélectionné"
        page.locator("[name=user]").first.check()
        assert count.inner_text() == "1 personne sélectionnée"
        expect(page.locator(".selection-bar button")).to_be_in_viewport()
        page.click(".select-page")
        assert count.inner_text() == "50 personnes sélectionnées"
        page.check("[name=everyone]")
        assert count.inner_text() == "61 personnes sélectionnées"

    def test_a_search_keeps_who_is_ticked(self, gallery: Gallery):
        page = gallery.show(PAGES["users"])
        page.check(f"[name=user][value='{gallery.world.ids['chloe']}']")
        page.fill("#q", "morel")
        expect(page.locator("[name=user][type=checkbox]")).to_have_count(1)
        assert page.inner_text(".selection-count") == "1 personne sélectionnée"
        page.fill("#q", "")
        expect(page.locator("[name=user][type=checkbox]")).to_have_count(10)
        assert page.is_checked(f"[name=user][value='{gallery.world.ids['chloe']}']")

    def test_an_action_shows_the_value_it_takes(self, gallery: Gallery):
        page = gallery.show(PAGES["users"])
        assert not page.is_visible("#selection-role")
        page.select_option("#selection-action", "role")
        assert page.is_visible("#selection-role")
        assert not page.is_visible("#selection-until")


class TestCount:
    def test_counts_companies_that_change(self, gallery: Gallery):
        """A box, a role, an affiliation; the role of a company that is not ticked changes nothing."""
        page = gallery.show(PAGES["modify"])
        assert page.inner_text(COUNT) == ""
        page.check("[name=company-acme-role][value=administrator]")
        assert page.inner_text(COUNT) == "1 changement à vérifier"
        page.check("[name=company-acme-affiliation][value=external]")
        assert page.inner_text(COUNT) == "1 changement à vérifier"
        page.check("[name=company-nour-role][value=administrator]")
        assert page.inner_text(COUNT) == "1 changement à vérifier"
        page.uncheck("[name=company-borea-attached]")
        assert page.inner_text(COUNT) == "2 changements à vérifier"
        page.check("[name=company-borea-attached]")
        page.check("[name=company-acme-affiliation][value=internal]")
        page.check("[name=company-acme-role][value=user]")
        assert page.inner_text(COUNT) == ""

    def test_is_told_to_who_does_not_see(self, gallery: Gallery):
        assert gallery.show(PAGES["modify"], "en").get_attribute(COUNT, "role") == "status"

    def test_is_of_the_person_not_of_the_form(self, gallery: Gallery):
        """« Modifier » comes back to boxes that differ from what is so."""
        page = gallery.show(PAGES["modify-review"])
        page.click("main button[name=back]")
        assert page.inner_text(COUNT) == "3 changements à vérifier"

    def test_of_somebody_new(self, gallery: Gallery):
        page = gallery.show(PAGES["new-details"], "en")
        page.check("[name=company-acme-attached]")
        assert page.inner_text(COUNT) == "1 change to check"
        page.check(ALL)
        assert page.inner_text(COUNT) == "4 changes to check"


class TestUnsaved:
    """The browser's own question, asked only when there is something to lose."""

    @pytest.fixture
    def questions(self) -> list[str]:
        return []

    def watched(self, page: Page, questions: list[str]) -> Page:
        def answer(dialog: object) -> None:
            questions.append(dialog.type)  # type: ignore[attr-defined]
            dialog.accept()  # type: ignore[attr-defined]

        page.once("dialog", answer)
        return page

    @pytest.mark.parametrize(
        ("name", "change"),
        [
            ("modify", detach("acme")),
            ("new-details", fill(last_name="Zola")),
            ("new", fill(email="z")),
            ("profile", fill(first_name="Zoé")),
        ],
    )
    def test_asks_before_what_was_typed_is_lost(
        self, name: str, change: Callable, gallery: Gallery, rich_world: World, questions: list[str]
    ):
        page = self.watched(gallery.show(PAGES[name]), questions)
        change(page, rich_world)
        page.locator("header .brand").click()
        page.wait_for_url(lambda address: "/attachments" not in address and "/new" not in address)
        assert questions == ["beforeunload"]

    def test_does_not_ask_when_all_is_as_it_was(self, gallery: Gallery, rich_world: World, questions: list[str]):
        page = self.watched(gallery.show(PAGES["modify"]), questions)
        page.uncheck("[name=company-acme-attached]")
        page.check("[name=company-acme-attached]")
        page.locator("header .brand").click()
        page.wait_for_url("**/users")
        assert questions == []

    @pytest.mark.parametrize("way", [".form-actions a", NEXT])
    def test_does_not_ask_who_goes_on_or_cancels(
        self, way: str, gallery: Gallery, rich_world: World, questions: list[str]
    ):
        page = self.watched(gallery.show(PAGES["modify"]), questions)
        detach("acme")(page, rich_world)
        page.locator(f"main {way}").first.click()
        page.wait_for_load_state()
        assert questions == []


class TestSearch:
    def test_list_follows_the_typing(self, gallery: Gallery, asked: list[str]):
        """One question for several keys, the focus and the text stay, and the address is that of the list."""
        page = gallery.show(PAGES["users"])
        listen(page, asked)
        page.focus("#q")
        page.keyboard.type("Moral", delay=20)
        page.keyboard.press("Backspace")
        page.keyboard.press("Backspace")
        page.keyboard.type("el", delay=20)
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator(".list-count")).to_have_text(re.compile("1 personne trouvée"))
        assert page.url.endswith("/users?q=Morel")
        assert asked == [page.url]
        assert page.evaluate("document.activeElement.id") == "q"
        assert page.input_value("#q") == "Morel"
        assert "1 personne trouvée" in page.title()
        assert "q=Morel" in str(page.get_attribute("a[href*='users.csv']", "href"))
        assert page.get_attribute(".language-switch [name=next]", "value") == "/users?q=Morel"
        page.fill("#q", "")
        expect(page.locator("tbody tr")).to_have_count(10)
        assert page.url.endswith("/users")

    def test_filters_too(self, gallery: Gallery):
        """In sight on a desktop, one tap away on a phone."""
        page = gallery.show(PAGES["users"])
        page.set_viewport_size({"width": 390, "height": 844})
        assert not page.is_visible("#status")
        page.click("details.filters-more summary")
        page.select_option("#status", "disabled")
        expect(page.locator("tbody tr")).to_have_count(1)
        assert page.url.endswith("/users?status=disabled")
        assert page.is_visible("#status"), "what is open stays open"
        page.set_viewport_size({"width": 1280, "height": 900})
        assert page.is_visible("#status")

    def test_count_is_told_to_who_does_not_see(self, gallery: Gallery):
        """The same element says each new number, so that a screen reader does."""
        page = gallery.show(PAGES["users"])
        count = page.locator(".list-count").element_handle()
        page.fill("#q", "nobody of that name")
        expect(page.locator(".empty-state")).to_be_visible()
        assert count is not None
        assert count.evaluate("one => one.isConnected && one.getAttribute('role')") == "status"
        assert page.locator("main").get_by_role("link", name="Effacer les filtres").count() == 2

    def test_link_of_the_list_works_after_it(self, gallery: Gallery):
        page = gallery.show(PAGES["users"])
        page.fill("#q", "Morel")
        expect(page.locator("tbody tr")).to_have_count(1)
        page.click("tbody a[href*='/attachments']")
        page.click(".form-actions a")
        page.wait_for_url("**/users?q=Morel")

    def test_trouble_is_shown_by_the_page_itself(self, gallery: Gallery, rich_world: World):
        page = gallery.show(PAGES["users"])
        rich_world.directory.down = True
        page.fill("#q", "Morel")
        page.wait_for_selector("h1:has-text('Le service')")
        rich_world.reset()


def test_progress_is_exchanged_in_place_and_the_end_is_a_page(gallery: Gallery, rich_world: World):
    """The reader is not thrown back to the top every two seconds; the result opens by itself."""
    page = gallery.show(PAGES["import-renews-itself"])
    page.evaluate("window.still = true")
    page.focus("main p a")
    lines = {line.number: line for line in import_store.work_of(rich_world.database, _running(rich_world))[2]}
    one = next(iter(lines.values()))
    import_store.record(rich_world.database, _running(rich_world), [Row(one, Outcome.UNCHANGED)])
    expect(page.locator("label[for=progress]")).to_have_text(re.compile("^2"))
    assert page.evaluate("window.still"), "the page was not loaded again"
    assert page.evaluate("document.activeElement.tagName") == "A"
    import_store.finish(rich_world.database, _running(rich_world))
    page.wait_for_selector(".outcomes")
    rich_world.reset()


def _running(world: World) -> str:
    return world.ids["import_running"]


def test_progress_of_mails_is_exchanged_in_place_too(gallery: Gallery, rich_world: World):
    page = gallery.show(PAGES["resend-all-renews-itself"])
    page.evaluate("window.still = true")
    ids = [rich_world.ids[name] for name in ("expired", "arabic", "long")]
    anne = rich_world.ids["anne"]
    batch = resend_store.latest(rich_world.database, anne)
    assert batch is not None
    assert batches.record(rich_world.database, anne, batch.mark, {ids[0]: Resent.SENT})
    expect(page.locator("label[for=progress]")).to_have_text(re.compile("^3"))
    assert page.evaluate("window.still"), "the page was not loaded again"
    batches.record(rich_world.database, anne, batch.mark, dict.fromkeys(ids, Resent.SENT))
    expect(page.locator("tbody tr")).to_have_count(5)
    rich_world.reset()


def test_text_of_an_invitation_is_copied(gallery: Gallery):
    """With one click; where nothing can be copied there is no button."""
    page = gallery.show(PAGES["person-pending-text"])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("[data-copy]")
    expect(page.locator(".copy-line [role=status]")).to_have_text("Copié")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "pending@acme.example" in copied
    assert copied == page.input_value("#invitation")
