"""Eight tasks of every day, done by hand: no more clicks, fields and pages than the table of the figures says."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.look.gallery import Gallery
from tests.look.pages import View
from tests.look.world import World

pytestmark = pytest.mark.browser

FIGURES = Path(__file__).parents[2] / "docs" / "benchmarks.md"
HEADING = "### Clicks and pages of eight daily tasks"
END = datetime.now(UTC).date() + timedelta(days=90)


def table() -> dict[str, tuple[int, ...]]:
    """Clicks, fields and pages of each task, as they were reckoned by reading the pages."""
    section = FIGURES.read_text(encoding="utf-8").partition(HEADING)[2].partition("\n#")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return {task: tuple(map(int, now.split(", "))) for task, _before, now, *_ in rows[1:]}


@dataclass
class Hand:
    """Who works with the mouse and the keys, and how much there was of it."""

    page: Page
    clicks: int = 0
    fields: int = 0
    pages: int = 0

    def __post_init__(self) -> None:
        self.page.on("domcontentloaded", self._turn)

    def _turn(self, _page: Page) -> None:
        self.pages += 1

    def click(self, what: Locator) -> None:
        """A link, a button, a box or a radio."""
        self.clicks += 1
        what.click()

    def press(self, words: str, within: Locator | None = None) -> None:
        """The link or the button that begins with these words."""
        place = within or self.page.locator("main")
        self.click(place.get_by_role("link", name=words).or_(place.get_by_role("button", name=words)).first)

    def fill(self, selector: str, text: str) -> None:
        self.fields += 1
        self.page.locator(f"main {selector}").fill(text)

    def choose(self, selector: str, value: str) -> None:
        """One of a list."""
        self.fields += 1
        self.page.locator(f"main {selector}").select_option(value)

    def row(self, email: str) -> Locator:
        return self.page.get_by_role("row").filter(has_text=email)

    def rest(self) -> tuple[int, int, int]:
        """What there was of it, once the last page is there."""
        self.page.wait_for_load_state()
        self.page.remove_listener("domcontentloaded", self._turn)
        return self.clicks, self.fields, self.pages


def add_to_three_companies(hand: Hand, world: World) -> None:
    email = "nouvelle.personne@acme.example"
    hand.press("Ajouter un utilisateur")
    hand.fill("[name=email]", email)
    hand.press("Continuer")
    hand.fill("[name=last_name]", "Zola")
    hand.fill("[name=first_name]", "Émile")
    hand.click(hand.page.get_by_label("M.", exact=True))
    for number in ("07", "23", "41"):
        hand.fill("#find", f"filiale {number}")
        hand.click(hand.page.get_by_label(f"Rattachement – Filiale {number}"))
    hand.press("Continuer")
    hand.press("Créer le compte")
    expect(hand.page.locator(".banner-success")).to_contain_text("Zola")
    made = world.directory.find_by_email(email)
    assert made
    attached = {company.id for company, _ in world.directory.attachments_of(made.id)}
    assert attached == {"filiale-07", "filiale-23", "filiale-41"}


def change_a_role(hand: Hand, world: World) -> None:
    hand.press("Martin", hand.row("chloe@acme.example"))
    hand.press("Nommer administrateur", hand.page.get_by_role("row").filter(has_text="Acme Énergie"))
    hand.press("Confirmer")
    expect(hand.page.locator(".banner-success")).to_be_visible()
    assert at(world, "chloe", "acme").administers


def detach_five(hand: Hand, world: World) -> None:
    five = ("chloe", "hebrew", "arabic", "disabled", "long")
    for name in five:
        hand.click(hand.page.locator(f"[name=user][value='{world.ids[name]}']"))
    hand.choose("#selection-action", "detach")
    hand.choose("#selection-company", "acme")
    hand.press("Continuer", hand.page.locator(".selection-bar"))
    hand.press("Confirmer")
    expect(hand.page.locator(".badge-status", has_text="Modifié")).to_have_count(5)
    assert [at(world, name, "acme") for name in five] == [None] * 5


def mail_who_has_not_activated(hand: Hand, world: World) -> None:
    before = len(world.directory.mails)
    hand.press("Tout sélectionner sur cette page")
    hand.choose("#selection-action", "resend")
    hand.press("Continuer", hand.page.locator(".selection-bar"))
    found = hand.page.locator(".people").first.locator("li")
    expect(found).to_have_count(4)
    hand.press("Renvoyer")
    expect(hand.page.locator("tbody tr", has_text="Envoyé, valable 30 jours")).to_have_count(4)
    names = ("pending", "expired", "unsent", "arabic")
    assert sorted(world.directory.mails[before:]) == sorted(world.people[name].email for name in names)


def set_an_end(hand: Hand, world: World) -> None:
    hand.press("Modifier", hand.row("chloe@acme.example"))
    hand.fill("#company-acme-until", END.isoformat())
    hand.press("Continuer")
    hand.press("Confirmer")
    expect(hand.page.locator(".banner-success")).to_be_visible()
    assert at(world, "chloe", "acme").until == END


def undo_a_detachment(hand: Hand, world: World) -> None:
    hand.press("Annuler ce changement")
    expect(hand.page.locator(".banner-success")).to_be_visible()
    assert at(world, "chloe", "borea")


def find_somebodys_services(hand: Hand, world: World) -> None:
    hand.fill("#q", "nom40")
    expect(hand.page.locator("[data-part=list] tbody tr")).to_have_count(1)
    hand.press("Modifier", hand.row("many40@acme.example"))
    hand.click(hand.page.get_by_label("Seulement cochées"))
    shown = hand.page.locator(".attachment-table tbody tr:visible")
    expect(shown).to_have_count(5)
    assert shown.locator(".tags").all_inner_texts() == ["Données de comptage"] * 5


def export_a_search(hand: Hand, _world: World) -> None:
    hand.fill("#q", "mo")
    expect(hand.page.locator("[data-part=count]")).to_contain_text("trouvé")
    shown = set(hand.page.locator(".users-table .person-email").all_inner_texts())
    with hand.page.expect_download() as download:
        hand.press("CSV")
    with download.value.path().open(encoding="utf-8-sig", newline="") as file:
        exported = {row["email"] for row in csv.DictReader(file, delimiter=";")}
    assert exported == shown != set()


def at(world: World, name: str, company_id: str):
    """The person's attachment to the company, none when there is none."""
    found = world.directory.attachments_of(world.ids[name])
    return next((attachment for company, attachment in found if company.id == company_id), None)


def detach_one(page: Page, world: World) -> None:
    """What is to be undone; it counts for nothing."""
    page.goto(f"{world.site}/users/{world.ids['chloe']}/attachments")
    page.uncheck("[name=company-borea-attached]")
    page.click("main button.button-primary")
    page.click("main button[name=confirm]")
    expect(page.locator(".banner-success")).to_be_visible()
    assert at(world, "chloe", "borea") is None


def nothing(_page: Page, _world: World) -> None:
    """Has the world made anew after the task."""


Task = Callable[[Hand, World], None]
TASKS: dict[str, tuple[str, Callable[[Page, World], None], Task]] = {
    "add a person to three companies of fifty": ("paul", nothing, add_to_three_companies),
    "change a role": ("anne", nothing, change_a_role),
    "detach five people from a company": ("anne", nothing, detach_five),
    "find who has not activated (four people) and send the mail again": (
        "anne",
        nothing,
        mail_who_has_not_activated,
    ),
    "set an end date": ("anne", nothing, set_an_end),
    "undo a detachment": ("anne", detach_one, undo_a_detachment),
    "find a person in fifty companies and see their services": ("paul", nothing, find_somebodys_services),
    "export what a search shows": ("anne", nothing, export_a_search),
}


def test_the_table_has_these_tasks():
    assert list(table()) == list(TASKS)


@pytest.mark.parametrize("task", TASKS)
def test_the_task_takes_no_more_than_the_table_says(task: str, gallery: Gallery):
    """From the list, which is what one sees after signing in, until the page says that it is done; and it is."""
    actor, before, do = TASKS[task]
    hand = Hand(gallery.show(View("daily-task", actor, "/users", (before,))))
    do(hand, gallery.world)
    most = table()[task]
    used = hand.rest()
    assert all(have <= allowed for have, allowed in zip(used, most, strict=True)), f"{used} instead of {most}"
    assert gallery.lasting_complaints(hand.page) == []
