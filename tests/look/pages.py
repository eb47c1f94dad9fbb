"""Every page and state of the portal, and how to get there: one table, for whoever looks at them all.

::

    with serve(folder) as world:
        gallery = Gallery(world, chromium)
        page = gallery.show(PAGES["users"], "fr")      # a Playwright page: emulate, resize, look, take a picture

Each `View` has a name (fit for a file), an actor (a name of `World.people`, or VISITOR), an address in which
`{name}` stands for an id of `World.ids`, steps that lead on from there, and the status of the last answer. A step
is called with the page and the world.
"""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.look.world import FILE, LONG_EMAIL, World
from webapp.wording.help_pages import TASKS

Step = Callable[[Page, World], object]
VISITOR = "visitor"


@dataclass(frozen=True, slots=True)
class View:
    """One page as somebody sees it."""

    name: str
    actor: str
    path: str
    steps: tuple[Step, ...] = ()
    status: int = 200


def click(selector: str) -> Step:
    """The first of these, and whatever page that opens."""

    def act(page: Page, _world: World) -> None:
        page.locator(f"main {selector}").first.click()
        page.wait_for_load_state()

    return act


def fill(**values: str) -> Step:
    """Text fields, by name."""

    def act(page: Page, _world: World) -> None:
        for name, value in values.items():
            page.fill(f"main [name={name}]", value)

    return act


def choose(**values: str) -> Step:
    """Radios, by name."""

    def act(page: Page, _world: World) -> None:
        for name, value in values.items():
            page.check(f"main [name={name}][value={value}]")

    return act


def attach(company: str, role: str = "user", affiliation: str = "external") -> Step:
    """Tick a company and say what the person is there."""

    def act(page: Page, _world: World) -> None:
        page.check(f"[name=company-{company}-attached]")
        page.check(f"[name=company-{company}-role][value={role}]")
        page.check(f"[name=company-{company}-affiliation][value={affiliation}]")

    return act


def detach(company: str) -> Step:
    """Take the tick away."""
    return lambda page, _world: page.uncheck(f"[name=company-{company}-attached]")


def to_the_end(page: Page, _world: World) -> None:
    """The bar that stays in sight is where it belongs then, and covers nothing."""
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")


def tick_all(page: Page, _world: World) -> None:
    """All companies, and yes to the question."""
    page.once("dialog", lambda dialog: dialog.accept())
    page.check(".all-box")


def upload(content: str) -> Step:
    """Choose a file."""
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": content.encode()}
    return lambda page, _world: page.set_input_files("[name=file]", [file])  # type: ignore[list-item]


def spoil_token(page: Page, _world: World) -> None:
    """As if the session had been another one when the form was opened."""
    page.evaluate("document.querySelectorAll('[name=csrf_token]').forEach(one => { one.value = 'old' })")


def lose_session(page: Page, _world: World) -> None:
    """The browser's cookie is gone; the next view has it again."""
    page.context.clear_cookies()


def forget_role(page: Page, _world: World) -> None:
    """A company ticked without a role, which only an unusual browser can send."""
    page.check("[name=company-nour-attached]")
    page.evaluate("document.querySelectorAll('[name=company-nour-role]').forEach(one => { one.checked = false })")


def meanwhile(name: str, company: str) -> Step:
    """Somebody else changes the person, behind the open page."""
    return lambda _page, world: world.directory.add_membership(world.ids[name], f"/{company}/administrators")


def down(_page: Page, world: World) -> None:
    """Keycloak cannot be reached from now on."""
    world.directory.down = True


def refuse_mails(_page: Page, world: World) -> None:
    """The mail server takes nothing from now on."""
    world.directory.mail = "refused"


def stop_half_way(_page: Page, world: World) -> None:
    """The second company of the next change cannot be done."""
    world.directory.fail("change_attachment", nth=2)


def activate(name: str) -> Step:
    """The person activates the account, behind the open page."""
    return lambda _page, world: world.directory.activate(world.ids[name])


def activate_address(email: str) -> Step:
    """The account with that address, made on the way, is activated behind the open page."""

    def act(_page: Page, world: World) -> None:
        made = world.directory.find_by_email(email)
        assert made, f"nobody has the address {email}"
        world.directory.activate(made.id)

    return act


def again(selector: str) -> Step:
    """Go back to the page before and send the same once more, as if it had been open in another tab."""

    def act(page: Page, _world: World) -> None:
        page.go_back()
        with page.expect_navigation():
            page.locator(f"main {selector}").first.evaluate("button => button.form.submit()")

    return act


def go(path: str) -> Step:
    """Another address."""
    return lambda page, world: page.goto(world.site + path)


def break_help(_page: Page, world: World) -> None:
    world.breaks()


def resending(_page: Page, world: World) -> None:
    """Anne's mails are being sent again: two of five are done."""
    world.resends("anne", "pending", "unsent", "expired", "arabic", "long")


def changing(_page: Page, world: World) -> None:
    """Several people are being changed: one of three is done."""
    world.changes("anne", "chloe", "long", "hebrew")


def select(*names: str, action: str = "detach", **values: str) -> Step:
    """Tick these people of the list, and choose what is to be done."""

    def act(page: Page, world: World) -> None:
        for name in names:
            page.check(f"[name=user][value='{world.ids[name]}']")
        page.select_option("#selection-action", action)
        for name, value in values.items():
            page.select_option(f"#selection-{name}", value)

    return act


def cut_off(_page: Page, world: World) -> None:
    """The portal stops before all mails have left."""
    world.stops_resending()


NEXT = "button.button-primary"
CONFIRM = "button[name=confirm]"
RESEND = "form[action$='/activation'] button"
CANCEL = "form[action$='/cancellation'] button"
SELECTED = ".selection-bar button"
RESEND_ALL = "form[action='/users/activations'] button"
NEW = (fill(email="nouvelle.personne@acme.example"), click(NEXT))
PERSON = (fill(last_name="Zola", first_name="Émile"), choose(title="m", locale="fr"))
KNOWN = (fill(email="ophelie@delta.example"), click(NEXT))
OTHER_EMAIL = "chloe@autre.example"
UNDO = ".banner form button"
REPLACED = (fill(email=OTHER_EMAIL), click(NEXT), click(CONFIRM))
QUICK_ROLE = ".person-table .quick-cell button"
CHLOE = "/users/{chloe}/attachments"
PENDING = "/users?q=Morel"
BAD_FILE = (
    FILE + "not an address,Faux,Fanny,mme,fr,nowhere,user,internal\nchloe@acme.example,,,,,borea,user,internal\n"
)

_VIEWS = (
    # For everybody.
    View("welcome", VISITOR, "/"),
    View("help", VISITOR, "/help"),
    *(View(f"help-{task}", VISITOR, f"/help/{task}") for task in TASKS),
    View("accessibility", VISITOR, "/accessibility"),
    View("personal-data", VISITOR, "/personal-data"),
    View("sign-in-refused", VISITOR, "/login/callback", status=400),
    View("not-found", VISITOR, "/nothing-here", status=404),
    View("wrong-method", VISITOR, "/logout", status=405),
    View("broken", VISITOR, "/", (break_help, go("/help")), 500),
    # The list.
    View("users", "anne", "/users"),
    View("users-one-company", "solene", "/users"),
    View("users-fifty-companies", "paul", "/users"),
    View("users-page-2", "paul", "/users?page=2&sort=-last_name"),
    View("users-all-companies-of-one", "paul", "/users", (click("details.chips-more summary"),)),
    View("users-found", "anne", "/users?q=mo&status=pending&role=user"),
    View("users-nobody-found", "anne", "/users?q=personne-de-ce-nom"),
    View("users-address-not-followed", "anne", "/users?company=nowhere&status=odd&page=99"),
    View("users-unfinished-change", "bruno", "/users"),
    View("users-no-administrator-left", "iris", "/users"),
    # Several people at once.
    View("selection", "anne", "/users", (select("chloe", "long", action="role"), to_the_end)),
    View("selection-nobody", "anne", "/users", (select(), click(SELECTED)), 422),
    View("selection-no-action", "anne", "/users", (select("chloe", "long", action=""), click(SELECTED)), 422),
    View("selection-review", "anne", "/users", (select("chloe", "long", "anne", "bruno"), click(SELECTED))),
    View("selection-refused", "solene", "/users", (select("solene"), click(SELECTED)), 409),
    View("selection-of-fifty", "paul", "/users?select=page", (select(company="filiale-09"), click(SELECTED))),
    View("selection-done", "anne", "/users", (select("chloe", "long"), click(SELECTED), click(CONFIRM))),
    View("selection-resend", "anne", "/users", (select("chloe", "expired", action="resend"), click(SELECTED))),
    View("selection-running", "anne", "/help", (changing, go("/users/selection?refresh=no"))),
    View("selection-led-back-to", "anne", "/help", (changing, go("/users"))),
    View("selection-nothing-done", "anne", "/users/selection"),
    # One person.
    View("person", "anne", "/users/{chloe}"),
    View("person-pending", "anne", "/users/{pending}"),
    View("person-pending-text", "anne", "/users/{pending}", (click(".invitation-text summary"),)),
    View("person-expired", "anne", "/users/{expired}"),
    View("person-unsent", "anne", "/users/{unsent}"),
    View("person-disabled", "anne", "/users/{disabled}"),
    View("person-long", "anne", "/users/{long}"),
    View("person-right-to-left", "anne", "/users/{arabic}"),
    View("person-many-companies", "paul", "/users/{many08}"),
    View("person-oneself", "anne", "/users/{anne}"),
    View("person-role-review", "anne", "/users/{chloe}", (click(QUICK_ROLE),)),
    View("person-role-changed", "anne", "/users/{chloe}", (click(QUICK_ROLE), click(CONFIRM))),
    View("person-not-mine", "anne", "/users/{unknown}", status=404),
    # One more person.
    View("new", "anne", "/users/new"),
    View("new-wrong", "anne", "/users/new", (fill(email="no address"), click(NEXT)), 422),
    View("new-details", "anne", "/users/new", NEW),
    View("new-details-wrong", "anne", "/users/new", (*NEW, click(NEXT)), 422),
    View("new-fifty-companies", "paul", "/users/new", NEW),
    View(
        "new-review",
        "anne",
        "/users/new",
        (*NEW, *PERSON, attach("acme"), attach("nour", "administrator"), click(NEXT)),
    ),
    View("new-done", "anne", "/users/new", (*NEW, *PERSON, attach("acme"), click(NEXT), click(CONFIRM))),
    View(
        "new-mail-not-sent",
        "anne",
        "/users/new",
        (*NEW, *PERSON, attach("acme"), click(NEXT), refuse_mails, click(CONFIRM)),
    ),
    View("new-known", "anne", "/users/new", KNOWN),
    View("new-known-long", "anne", "/users/new", (fill(email=LONG_EMAIL), click(NEXT))),
    View("new-known-review", "anne", "/users/new", (*KNOWN, attach("borea"), click(NEXT))),
    View(
        "new-unavailable",
        "anne",
        "/users/new",
        (*NEW, *PERSON, attach("acme"), attach("sud-ouest"), down, click(NEXT)),
        503,
    ),
    # Modify.
    View("modify", "anne", CHLOE),
    View("modify-long", "anne", "/users/{long}/attachments"),
    View("modify-right-to-left", "anne", "/users/{arabic}/attachments"),
    View("modify-fifty-companies", "paul", "/users/{many08}/attachments"),
    View(
        "modify-fifty-companies-review",
        "paul",
        "/users/{many08}/attachments",
        (tick_all, click(NEXT)),
    ),
    View("modify-nothing-changed", "anne", CHLOE, (click(NEXT),)),
    View(
        "modify-wrong",
        "anne",
        CHLOE,
        (forget_role, click(NEXT)),
        422,
    ),
    View(
        "modify-review",
        "anne",
        CHLOE,
        (attach("acme", "administrator"), detach("borea"), attach("nour"), click(NEXT)),
    ),
    View("modify-conflict", "anne", CHLOE, (meanwhile("chloe", "acme"), detach("acme"), click(NEXT)), 409),
    View("modify-done", "anne", CHLOE, (detach("borea"), click(NEXT), click(CONFIRM))),
    View(
        "modify-undone",
        "anne",
        CHLOE,
        (detach("borea"), click(NEXT), click(CONFIRM), click(".banner form button")),
    ),
    View("modify-last-administrator", "anne", "/users/{anne}/attachments", (detach("nour"), click(NEXT)), 409),
    View(
        "modify-half-done",
        "anne",
        CHLOE,
        (attach("acme", "administrator"), attach("nour"), click(NEXT), stop_half_way, click(CONFIRM)),
        503,
    ),
    View("modify-wrong-day", "anne", CHLOE, (fill(**{"company-acme-until": "2020-01-01"}), click(NEXT)), 422),
    View(
        "modify-new-end",
        "anne",
        "/users/{long}/attachments",
        (fill(**{"company-acme-until": "2099-12-31"}), click(NEXT)),
    ),
    View("endings", "anne", "/endings"),
    View("endings-none", "solene", "/endings"),
    View("replacement", "anne", "/users/{chloe}/replacement"),
    View("replacement-wrong", "anne", "/users/{chloe}/replacement", (click(NEXT),), 422),
    View(
        "replacement-review", "anne", "/users/{anne}/replacement", (fill(email="anne@autre.example"), click(NEXT))
    ),
    View(
        "replacement-known",
        "anne",
        "/users/{chloe}/replacement",
        (fill(email="ophelie@delta.example"), click(NEXT)),
        409,
    ),
    View("replacement-pending", "anne", "/users/{pending}/replacement", status=409),
    View("replacement-done", "anne", "/users/{chloe}/replacement", REPLACED),
    View("replacement-undone", "anne", "/users/{chloe}/replacement", (*REPLACED, click(UNDO))),
    View(
        "replacement-not-undone",
        "anne",
        "/users/{chloe}/replacement",
        (*REPLACED, activate_address(OTHER_EMAIL), click(UNDO)),
        409,
    ),
    # Access reviews.
    View("reviews", "anne", "/reviews"),
    View("reviews-none", "solene", "/reviews"),
    View("reviews-wrong", "anne", "/reviews", (click(NEXT),), 422),
    View("review", "anne", "/reviews/{review}"),
    View("review-nobody-ticked", "anne", "/reviews/{review}", (click(NEXT),), 422),
    View("review-question", "anne", "/reviews/{review}", (click("input[name=user]"), click("[value=detach]"))),
    View("review-ended", "anne", "/reviews/{review_ended}"),
    # Accounts that are not active yet.
    View("resend-done", "anne", PENDING, (click(RESEND),)),
    View("resend-too-soon", "anne", PENDING, (click(RESEND), again(RESEND)), 429),
    View("resend-not-needed", "anne", PENDING, (activate("pending"), click(RESEND)), 409),
    View("resend-mail-refused", "anne", PENDING, (refuse_mails, click(RESEND)), 503),
    View("resend-all", "anne", "/users", (click(RESEND_ALL),)),
    View("resend-all-done", "anne", "/users", (click(RESEND_ALL), click(CONFIRM))),
    View("resend-all-nothing", "anne", "/users/activations"),
    View("resend-all-running", "anne", "/help", (resending, go("/users/activations?refresh=no"))),
    View("resend-all-renews-itself", "anne", "/help", (resending, go("/users/activations"))),
    View("resend-all-led-back-to", "anne", "/users", (resending, go("/users"))),
    View("resend-all-interrupted", "anne", "/help", (resending, cut_off, go("/users/activations"))),
    View("correct", "anne", "/users/{pending}/email"),
    View("correct-wrong", "anne", "/users/{pending}/email", (fill(email=""), click(NEXT)), 422),
    View("cancel", "anne", "/users/{pending}", (click(CANCEL),)),
    View("expired-form", "anne", PENDING, (spoil_token, click(RESEND)), 400),
    View("expired-form-kept", "anne", "/profile", (spoil_token, fill(last_name="Zola"), click(NEXT)), 400),
    View("session-ended", "anne", PENDING, (lose_session, click(RESEND)), 401),
    View("session-ended-kept", "anne", "/profile", (lose_session, fill(last_name="Zola"), click(NEXT)), 401),
    # Files.
    View("import", "bruno", "/users/import"),
    View("import-wrong", "anne", "/users/import", (click(NEXT),), 422),
    View("import-review", "bruno", "/users/import", (upload(BAD_FILE), click(NEXT))),
    View("import-running", "anne", "/users/import/{import_running}?refresh=no"),
    View("import-renews-itself", "anne", "/users/import/{import_running}"),
    View("import-one-at-a-time", "anne", "/users/import", (upload(FILE), click(NEXT), click(CONFIRM)), 409),
    View("import-result", "bruno", "/users/import/{import_done}"),
    View("import-interrupted", "bruno", "/users/import/{import_interrupted}"),
    # The journal.
    View("journal", "anne", "/journal"),
    View("journal-of-one-person", "anne", "/journal", (click(".journal-whom a"),)),
    View("journal-no-line", "anne", "/journal?q=personne-de-ce-nom"),
    View("journal-empty", "solene", "/journal"),
    View("journal-address-not-followed", "anne", "/journal?from=yesterday"),
    # One's own.
    View("profile", "chloe", "/profile"),
    View("profile-last-administrator", "anne", "/profile"),
    View("profile-fifty-companies", "paul", "/profile?company=filiale-09"),
    View("profile-no-company", "noe", "/profile"),
    View("profile-wrong", "chloe", "/profile", (fill(last_name="", first_name="a<b"), click(NEXT)), 422),
    View("profile-saved", "chloe", "/profile", (click(NEXT),)),
    View("leave", "chloe", "/profile", (click("form[action$='/leaving'] button"),)),
    View("no-administrator", "chloe", "/users", status=403),
    View("unavailable", "anne", "/help", (down, go("/users")), 503),
)

PAGES = {view.name: view for view in _VIEWS}

NO_PAGES = {
    "/login": "leads to Keycloak",
    "/users.csv": "a file",
    "/users/import.csv": "a file",
    "/users/import/<id:import_id>.csv": "a file",
    "/journal.csv": "a file",
    "/reviews/<id:review_id>.csv": "a file",
    "/livez": "for machines",
    "/readyz": "for machines",
    "/metrics": "for machines",
}
"""What answers to GET and is no page, with the reason."""
