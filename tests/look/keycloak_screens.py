"""What people meet beside the portal: Keycloak's pages, the mails, the sample service, all of them real."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from sandbox.stack import Stack
from tests.browser.people import NEW_PASSWORD, Person, new_address
from tests.browser.second_factors import Device, sets_up_codes, signs_out
from tests.chromium import PATIENCE

Take = Callable[[str, str, Page], None]
"""A picture: its name, the language, and the page."""

ANNE = "anne.durand@acme.example"
ONWARD = "a.pf-m-primary"
WRONG = ":is(.pf-m-error, [id^=input-error]):visible"


def walk(stack: Stack, chromium: Browser, locale: str, take: Take) -> None:
    """Past every page and mail in that language, as somebody new."""
    with somebody(chromium, stack, "fr") as anne, somebody(chromium, stack, locale) as person:
        pages = Pages(person, locale, take)
        pages.before_signing_in()
        email = pages.invited_by(anne)
        pages.activating(anne.activation_link(email))
        pages.mails(email)
        pages.passkey(email)
        pages.codes(email)
        pages.at_the_service()


@contextmanager
def somebody(chromium: Browser, stack: Stack, locale: str) -> Iterator[Person]:
    """A browser of his own, in a language."""
    context = chromium.new_context(locale=locale)
    context.set_default_timeout(PATIENCE)
    yield Person(context.new_page(), stack)
    context.close()


class Pages:
    """One person's way, in one language, a picture at each step."""

    def __init__(self, person: Person, locale: str, take: Take) -> None:
        self.person = person
        self.page = person.page
        self.locale = locale
        self._take = take

    def before_signing_in(self) -> None:
        """The sign-in and what can go wrong with it, the sign-out's question, an address that is none."""
        realm = f"{self.person.stack.keycloak.url}/realms/portal/protocol/openid-connect"
        self.person.opens("/login")
        self._takes("sign-in")
        self.person.types_password("nobody@acme.example", "wrong")
        self._takes("sign-in-wrong", WRONG)
        self.page.click("a[href*=reset-credentials]")
        self._takes("forgotten", "form[action*=reset-credentials]")
        for name, address in (("sign-out", "logout?"), ("error", "auth?client_id=nobody&")):
            self.page.goto(f"{realm}/{address}ui_locales={self.locale}")
            self._takes(name)

    def invited_by(self, anne: Person) -> str:
        """The address of an account in this language, at two companies."""
        email = new_address()
        anne.signs_in(ANNE)
        anne.types_person(email)
        anne.page.check(f"input[name=locale][value={self.locale}]")
        for company in ("acme", "borea"):
            anne.ticks(company, "user", "internal")
        anne.presses("Continuer")
        anne.presses("Créer le compte")
        anne.row(email).wait_for()
        return email

    def activating(self, link: str) -> None:
        """From the link of the mail to its end, and the link once more."""
        self.page.route("**/first-password.js", lambda route: route.abort())  # it skips the last of these pages
        self.page.goto(link)
        self._takes("guard")
        self.page.click(ONWARD)
        self._takes("password", "#password-new")
        for passwords, name, seen in (
            (("court", "autre"), "password-wrong", WRONG),
            ((NEW_PASSWORD, NEW_PASSWORD), "ready", "#kc-info-message"),
        ):
            self.page.fill("#password-new", passwords[0])
            self.page.fill("#password-confirm", passwords[1])
            self.page.click("[type=submit]")
            self._takes(name, seen)
        self.page.goto(link)
        self._takes("link-gone")
        self.page.goto(link[: link.index("key=") + 60])
        self._takes("link-cut", "#backToApplication")

    def mails(self, email: str) -> None:
        """As a mail program shows them."""
        for number, mail in enumerate(self.person.mails_to(email), 1):
            self.page.set_content(mail["html"])
            self._take(f"mail-{number}", self.locale, self.page)

    def passkey(self, email: str) -> None:
        """How it is set up, and asked for at the next sign-in."""
        self.page.on("dialog", lambda dialog: dialog.accept("Ordinateur"))
        device = Device(self.person)
        self.person.signs_in(email, NEW_PASSWORD, "/profile")
        self.page.click("form[action='/profile/password'] button")
        self._takes("password-change", "#kc-cancel")
        self.page.click("#kc-cancel")
        self.page.wait_for_url("**/profile")
        self._sets_up("passkey")
        self.page.click("#registerWebAuthn")
        self.page.wait_for_url("**/profile")
        self._signs_in_again(email)
        self._takes("passkey-asked", "#authenticateWebAuthnButton")
        device.forges(True)
        self.page.click("#authenticateWebAuthnButton")
        self._takes("passkey-wrong", "#kc-try-again")
        device.forges(False)
        with self.page.expect_navigation():  # its script listens once it is loaded
            self.page.click("#kc-try-again")
        self.person.clicks_once_loaded("#authenticateWebAuthnButton")
        self.page.wait_for_url("**/profile")

    def codes(self, email: str) -> None:
        """The same for codes, of two devices; who has more than one way chooses, by keyboard."""
        for device in ("Téléphone", "Tablette"):
            self._sets_up("code")
            self.page.click("#mode-manual")
            self._takes("code-by-hand", "#kc-totp-secret-key")
            sets_up_codes(self.person, set(), device)
            self.page.wait_for_url("**/profile")
        self._signs_in_again(email)
        self.page.click("#try-another-way")
        self._takes("ways-to-sign-in", "#kc-select-credential-form")
        self.page.locator("#kc-select-credential-form button").last.press("Enter")
        self._takes("code-asked", "#otp")
        self.page.select_option("#selectedCredentialId", label="Tablette")
        self.page.fill("#otp", "000000")
        self.page.click("#kc-login")
        self._takes("code-wrong", WRONG)

    def at_the_service(self) -> None:
        """What the sample service shows to everybody."""
        self.person.opens_service()
        self._take("service", self.locale, self.page)

    def _takes(self, name: str, seen: str = "") -> None:
        """The page, once this is on it."""
        if seen:
            self.page.wait_for_selector(seen)
        self._take(f"keycloak-{name}", self.locale, self.page)

    def _sets_up(self, kind: str) -> None:
        """« Mon profil » leads to it."""
        self.person.opens("/profile")
        self.page.click(f"form:has([name=kind][value={kind}]) button")
        self._takes(f"{kind}-set-up", "#kc-page-title")

    def _signs_in_again(self, email: str) -> None:
        signs_out(self.person)
        self.person.signs_in(email, NEW_PASSWORD, "/profile")
