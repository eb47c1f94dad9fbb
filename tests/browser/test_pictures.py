"""The pictures of the guide, taken of the running portal in each language; `make pictures` keeps them.

Each task of the guide is done as its text says, so a page that is no longer as described fails here.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from sandbox.stack import Stack
from tests.browser.camera import HEIGHT, SCALE, WIDTH, Camera
from tests.browser.people import NEW_PASSWORD, Person
from tests.chromium import PATIENCE
from tests.contract.realm import Admin
from webapp.wording.help_pages import TASKS

pytestmark = pytest.mark.browser

ANNE = "anne.durand@acme.example"
DOMAIN = "atelier.example"
PEOPLE = {
    "fr": (("Fabre", "Chloé"), ("Marchand", "Louis"), ("Perrin", "Alice")),
    "en": (("Carter", "Helen"), ("Hughes", "Oliver"), ("Walsh", "Grace")),
}
GO_ON = "main button.button-primary"
CONFIRM = "main button[name=confirm]"


@pytest.fixture
def visitor(chromium: Browser, stack: Stack) -> Iterator[Callable[[str], Person]]:
    """Somebody whose screen has the size of the pictures."""
    contexts = []

    def make(locale: str) -> Person:
        context = chromium.new_context(
            locale=locale, viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return Person(context.new_page(), stack)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def admin(stack: Stack) -> Admin:
    return Admin(stack.keycloak.url, "portal")


@contextmanager
def speaking(person: Person, locale: str) -> Iterator[None]:
    """The portal in that language, and in the one before afterwards."""

    def switch(to: str) -> None:
        person.opens("/profile")
        button = person.page.locator(f"header button[name=locale][value={to}]")
        if button.count():
            button.click()

    before = person.page.get_attribute("html", "lang") or "fr"
    switch(locale)
    try:
        yield
    finally:
        switch(before)


def opens(person: Person, path: str) -> None:
    """A page of the portal that has to be there for its picture."""
    answer = person.opens(path)
    assert answer.status == 200, person.page.inner_text("h1")


def email_of(first_name: str, last_name: str) -> str:
    plain = {"é": "e"}
    return "".join(plain.get(c, c) for c in f"{first_name}.{last_name}@{DOMAIN}".lower())


def type_person(anne: Person, locale: str, last_name: str, first_name: str) -> str:
    """« Ajouter un utilisateur », up to the boxes of one company."""
    email = email_of(first_name, last_name)
    opens(anne, "/users/new")
    anne.page.fill("[name=email]", email)
    anne.page.click(GO_ON)
    anne.page.fill("[name=last_name]", last_name)
    anne.page.fill("[name=first_name]", first_name)
    anne.page.check("[name=title][value=mme]")
    anne.page.check(f"[name=locale][value={locale}]")
    anne.ticks("acme", "user", "external")
    return email


def set_sent(admin: Admin, email: str, sent: datetime | None) -> None:
    """As if the mail had left then, or never."""
    (account,) = admin.get(f"/users?email={email}&exact=true").json()
    account["attributes"]["activationSentAt"] = [sent.isoformat(timespec="seconds")] if sent else []
    admin.put(f"/users/{account['id']}", json=account).raise_for_status()


def forget_mails(stack: Stack) -> None:
    """As if the mails had left longer ago than the pause between two to one person."""
    with closing(sqlite3.connect(stack.folder / "portal.sqlite", timeout=10)) as database, database:
        database.execute("DELETE FROM activation_mails")


def picture_creation(anne: Person, camera: Camera, admin: Admin, stack: Stack) -> None:
    """create, and three people whose mails left at different times."""
    now = datetime.now(UTC)
    sent = (now - timedelta(days=18), now - timedelta(days=33), None)
    for index, (last_name, first_name) in enumerate(PEOPLE[camera.locale]):
        email = type_person(anne, camera.locale, last_name, first_name)
        if index == 0:
            camera.takes("create-details", anne.page, ".form-actions")
        anne.page.click(GO_ON)
        if index == 0:
            camera.takes("create-review", anne.page)
        anne.page.click(CONFIRM)
        set_sent(admin, email, sent[index])
    forget_mails(stack)


def picture_pending(anne: Person, camera: Camera) -> None:
    """resend, person, invitation-text, correct"""
    opens(anne, f"/users?q={DOMAIN}")
    camera.takes("resend-list", anne.page, "tbody tr:last-child")
    first = email_of(*reversed(PEOPLE[camera.locale][0]))
    anne.opens_person(first)
    camera.takes("person-page", anne.page)
    anne.page.click("main .invitation-text summary")
    assert first in anne.page.input_value("#invitation")
    anne.page.click("main a[href*='/email']")
    camera.takes("correct-address", anne.page)
    opens(anne, f"/users?q={DOMAIN}")
    anne.opens_person(first)
    anne.page.click("main form[action*='/cancellation'] button")
    camera.takes("correct-cancel", anne.page)
    opens(anne, "/users")
    anne.page.click("main form[action*='/users/activations'] button")
    anne.page.click(CONFIRM)
    anne.page.wait_for_selector("main tbody tr")  # a progress page may come first
    camera.takes("resend-results", anne.page)


def picture_activation(anne: Person, holder: Person, camera: Camera) -> None:
    """activate, by the person whose mail was sent again"""
    email = email_of(*reversed(PEOPLE[camera.locale][1]))
    (mail, *_) = anne.mails_to(email)
    holder.page.goto(f"{anne.stack.mail.url}/messages/{mail['id']}/html")
    holder.page.evaluate("document.body.style.zoom = 1.3")
    camera.takes("activate-mail", holder.page)
    holder.page.goto(anne.activation_link(email))
    holder.page.locator("#kc-info-message a, #kc-content-wrapper a").first.click()
    holder.page.wait_for_selector("#password-new")
    camera.takes("activate-password", holder.page)
    holder.page.fill("#password-new", NEW_PASSWORD)
    holder.page.fill("#password-confirm", NEW_PASSWORD)
    holder.page.click("[type=submit]")
    holder.page.wait_for_load_state()


def opens_attachments(anne: Person, email: str) -> None:
    opens(anne, "/users")
    anne.row(email).locator("a[href*='/attachments']").first.click()


def picture_attachments(anne: Person, camera: Camera) -> None:
    """modify, many-companies, detach, attach, administrators; nothing is confirmed"""
    opens_attachments(anne, "lea.petit@acme.example")
    anne.ticks("acme", "administrator")
    camera.takes("modify-rows", anne.page)
    anne.page.click(GO_ON)
    camera.takes("modify-review", anne.page)
    opens_attachments(anne, "emma.bernard@acme.example")
    anne.unticks("borea")
    anne.page.click(GO_ON)
    camera.takes("detach-review", anne.page)
    opens(anne, "/users/new")
    anne.page.fill("[name=email]", "yann.legall@estuaire.example")
    anne.page.click(GO_ON)
    camera.takes("attach-known", anne.page)
    opens_attachments(anne, ANNE)
    anne.unticks("borea")
    anne.page.click(GO_ON)
    camera.takes("administrators-refused", anne.page)


def picture_list(anne: Person, camera: Camera) -> None:
    """list, several (not confirmed), import"""
    opens(anne, "/users")
    camera.takes("list-filters", anne.page)
    for email in ("lea.petit@acme.example", "emma.bernard@acme.example"):
        anne.row(email).locator("[name=user]").check()
    anne.page.select_option("#selection-action", "until")
    anne.page.fill("#selection-until", "2098-06-30")
    anne.page.click(".selection-bar button")
    anne.page.wait_for_load_state()
    assert anne.page.locator(CONFIRM).count() == 1
    opens(anne, "/users/import")
    lines = (
        "email;last_name;first_name;title;locale;company;role;affiliation",
        f"nora.colin@{DOMAIN};Colin;Nora;mme;fr;acme;user;internal",
        f"nora.colin@{DOMAIN};Colin;Nora;mme;fr;borea;user;external",
        "lea.petit@acme.example;Petit;Léa;mme;fr;borea;user;internal",
        "lea.petit@acme.example;Petit;Léa;mme;fr;acme;user;internal",
        f"david.roy@{DOMAIN};Roy;David;m;fr;inconnue;user;internal",
    )
    content = "\r\n".join(lines).encode()
    anne.page.set_input_files("[name=file]", {"name": "people.csv", "mimeType": "text/csv", "buffer": content})
    anne.page.click(GO_ON)
    camera.takes("import-review", anne.page, "tbody tr")


def picture_journal(anne: Person, camera: Camera) -> None:
    """journal"""
    opens(anne, "/journal")
    camera.takes("journal", anne.page, "tbody tr:nth-child(4)")
    anne.page.select_option("#action", "create")
    anne.page.click("main form.filters button")
    anne.page.wait_for_load_state()
    assert anne.page.locator("main tbody tr").count() >= len(PEOPLE[camera.locale])


def forget_reviews(stack: Stack) -> None:
    """As if no company had been reviewed."""
    with closing(sqlite3.connect(stack.folder / "portal.sqlite", timeout=10)) as database, database:
        database.execute("DELETE FROM review_items")
        database.execute("DELETE FROM reviews")


def picture_lifecycle(anne: Person, camera: Camera, stack: Stack) -> None:
    """ends, replace, review; nothing is confirmed, and the review is forgotten"""
    opens_attachments(anne, "lea.petit@acme.example")
    day = datetime.now(UTC).date().replace(month=6, day=30)
    anne.page.fill("[name=company-acme-until]", day.replace(year=day.year + 1).isoformat())
    anne.page.click(GO_ON)
    camera.takes("ends-review", anne.page)
    opens(anne, "/users")
    anne.opens_person("lea.petit@acme.example")
    anne.page.click("main a[href*='/replacement']")
    anne.page.fill("[name=email]", f"lea.moreau@{DOMAIN}")
    anne.page.click(GO_ON)
    camera.takes("replace-review", anne.page)
    forget_reviews(stack)
    opens(anne, "/reviews")
    anne.page.select_option("[name=company]", "acme")
    anne.page.fill("[name=until]", day.replace(year=day.year + 1).isoformat())
    anne.page.click(GO_ON)
    camera.takes("review-people", anne.page)
    forget_reviews(stack)


def picture_own(anne: Person, camera: Camera) -> None:
    """profile, leave, sign-in"""
    opens(anne, "/profile")
    camera.takes("profile", anne.page, "#my-attachments")
    anne.page.click("main form[action*='/companies/acme/leaving'] button")
    camera.takes("leave-question", anne.page)
    anne.opens_service("/login")
    assert not anne.is_asked_for_password
    camera.takes("sign-in-service", anne.page)


def forget(admin: Admin) -> None:
    """The people of the pictures, so that they can be made again."""
    for account in admin.get(f"/users?email=@{DOMAIN}").json():
        admin.delete(f"/users/{account['id']}").raise_for_status()


@pytest.mark.parametrize("locale", ["fr", "en"])
def test_each_task_can_be_done_as_it_is_pictured(
    locale: str, stack: Stack, visitor: Callable[[str], Person], admin: Admin, pictures: Path
) -> None:
    anne, holder, dark_room = visitor("fr-FR"), visitor(locale), visitor("en")
    camera = Camera(pictures, locale, dark_room.page)
    anne.signs_in(ANNE)
    forget(admin)
    try:
        with speaking(anne, locale):
            picture_creation(anne, camera, admin, stack)
            picture_pending(anne, camera)
            picture_activation(anne, holder, camera)
            picture_attachments(anne, camera)
            picture_lifecycle(anne, camera, stack)
            picture_list(anne, camera)
            picture_journal(anne, camera)
            picture_own(anne, camera)
    finally:
        forget(admin)
    taken = {path.name.split(".")[0] for path in pictures.glob(f"*.{locale}.webp")}
    texts = "".join(Path("webapp/templates/help", locale, f"{task}.html").read_text() for task in TASKS)
    assert taken >= set(re.findall(r"picture\('([\w-]+)'", texts))
