"""Somebody in front of a browser: what people do, in their own words."""

import re
import time
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

import requests
from playwright.sync_api import Locator, Page, Response

from sandbox.keycloak import KeycloakServer
from sandbox.mail_catcher import MailCatcher

PASSWORD = "demonstration-2026"
NEW_PASSWORD = "un-mot-de-passe-bien-long-2026"
ACTIVATION_LINK = re.compile(r"http\S+/login-actions/action-token\S+")
PROMISED = 60.0
"""Seconds after which the rights at a service are those of Keycloak (the contract of the sample service)."""
_number = count(int(time.time()))


def new_address() -> str:
    """An address nobody has."""
    return f"personne{next(_number)}@nouvelle.example"


class Installation(Protocol):
    """What a person meets: `sandbox.stack.Stack`, or that of the compose file."""

    @property
    def portal_url(self) -> str: ...
    @property
    def service_url(self) -> str: ...
    @property
    def mail(self) -> MailCatcher: ...
    @property
    def keycloak(self) -> KeycloakServer: ...


@dataclass
class Person:
    """One person's browser on an installation that runs."""

    page: Page
    stack: Installation

    def opens(self, path: str) -> Response:
        """A page of the portal."""
        answer = self.page.goto(self.stack.portal_url + path)
        assert answer is not None
        return answer

    def opens_service(self, path: str = "/") -> Response:
        """A page of the sample service."""
        answer = self.page.goto(self.stack.service_url + path)
        assert answer is not None
        return answer

    def waits_until_refused(self, path: str) -> None:
        """Reload a page of the sample service until it answers 403; twice the promised time at most."""
        began = time.monotonic()
        status = self.opens_service(path).status
        while status == 200 and time.monotonic() - began < 2 * PROMISED:
            self.page.wait_for_timeout(1000)
            answer = self.page.reload()
            assert answer is not None
            status = answer.status
        assert status == 403

    def signs_in(self, email: str, password: str = PASSWORD, path: str = "/users") -> None:
        """To the portal, through Keycloak's page."""
        self.opens(path)
        self.types_password(email, password)

    def types_password(self, email: str, password: str = PASSWORD) -> None:
        """On Keycloak's page, where the browser is now."""
        self.page.fill("#username", email)
        self.page.fill("#password", password)
        self.page.click("#kc-login")
        self.page.wait_for_load_state()

    @property
    def is_asked_for_password(self) -> bool:
        return self.page.locator("input#password").count() > 0

    def row(self, email: str) -> Locator:
        """Somebody's row of the list."""
        return self.page.locator("table tbody tr", has_text=email)

    def opens_person(self, email: str) -> None:
        """Somebody's own page, from the list."""
        self.row(email).locator("th a").click()
        self.page.wait_for_load_state()

    def presses(self, name: str, within: Locator | None = None) -> None:
        """The one button whose accessible name starts so; return when the page that it leads to is whole."""
        (within or self.page.locator("main")).get_by_role("button", name=re.compile(f"^{re.escape(name)}")).click()
        self.page.wait_for_load_state()

    def clicks_once_loaded(self, selector: str) -> None:
        """A control of a page of Keycloak's that does something only once the page's scripts are loaded."""
        self.page.wait_for_selector(selector)
        self.page.wait_for_load_state()
        self.page.click(selector)

    def follows(self, name: str, within: Locator | None = None) -> None:
        """The one link whose accessible name starts so; return when the page that it leads to is whole."""
        (within or self.page.locator("main")).get_by_role("link", name=re.compile(f"^{re.escape(name)}")).click()
        self.page.wait_for_load_state()

    def ticks(self, company: str, role: str = "", affiliation: str = "") -> None:
        """« Rattachement » of a company, and what the person is there."""
        self.page.check(f"[name=company-{company}-attached]")
        if role:
            self.page.check(f"[name=company-{company}-role][value={role}]")
        if affiliation:
            self.page.check(f"[name=company-{company}-affiliation][value={affiliation}]")

    def unticks(self, company: str) -> None:
        self.page.uncheck(f"[name=company-{company}-attached]")

    def types_person(self, email: str) -> None:
        """« Ajouter un utilisateur », up to the boxes, for somebody new."""
        self.opens("/users")
        self.follows("Ajouter un utilisateur")
        self.page.fill("[name=email]", email)
        self.presses("Continuer")
        self.page.fill("[name=last_name]", "Zola")
        self.page.fill("[name=first_name]", "Émile")
        self.page.check("[name=title][value=m]")
        self.page.check("[name=locale][value=fr]")

    def creates(self, email: str, **boxes: tuple[str, str]) -> None:
        """« Ajouter un utilisateur », to the end; `boxes` are role and affiliation by company."""
        self.types_person(email)
        for company, (role, affiliation) in boxes.items():
            self.ticks(company, role, affiliation)
        self.presses("Continuer")
        self.presses("Créer le compte")

    def text(self) -> str:
        """All that the page says."""
        return self.page.inner_text("body")

    def mails(self) -> list[dict[str, Any]]:
        """What is in this installation's mail catcher, newest first."""
        found: list[dict[str, Any]] = requests.get(f"{self.stack.mail.url}/api/messages", timeout=10).json()
        return found

    def mails_to(self, email: str) -> list[dict[str, Any]]:
        return [mail for mail in self.mails() if email in mail["to"]]

    def activation_mails_to(self, email: str) -> list[dict[str, Any]]:
        """Those of them that hold a link to activate the account; the others tell of changes."""
        return [mail for mail in self.mails_to(email) if ACTIVATION_LINK.search(mail["text"])]

    def activation_link(self, email: str, mail: int = 0) -> str:
        """The link of an activation mail to that person, the newest by default."""
        found = ACTIVATION_LINK.search(self.activation_mails_to(email)[mail]["text"])
        assert found, "the mail has no link"
        return found.group(0)

    def activates(self, link: str, password: str = NEW_PASSWORD) -> int:
        """Open the link of the mail and choose a password; how many screens that took."""
        self.page.goto(link)
        screens = 1
        self.page.locator("#kc-info-message a, #kc-content-wrapper a").first.click()
        self.page.wait_for_selector("#password-new")
        screens += 1
        self.page.fill("#password-new", password)
        self.page.fill("#password-confirm", password)
        self.page.click("[type=submit]")
        self.page.wait_for_load_state()
        return screens + 1
