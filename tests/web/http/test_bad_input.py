"""Bad input: a clear message beside the field, what was typed kept, and nothing changed."""

from collections.abc import Iterator
from typing import Any

import pytest

from directory.errors import InvalidPersonError
from directory.model import User
from tests.builders import a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser
from tests.web.typed import a_creation, a_row

EMAILS = {
    "empty": "",
    "only spaces": "   ",
    "no at": "emma.acme.example",
    "two ats": "emma@@acme.example",
    "no domain": "emma@",
    "no local part": "@acme.example",
    "space inside": "emma bernard@acme.example",
    "line break inside": "emma@acme.example\r\nBcc: all@acme.example",
    "two addresses": "emma@acme.example,other@acme.example",
    "display name around nothing": "Emma <>",
    "two display names": "Emma <emma@acme.example> <other@acme.example>",
    "soft hyphen inside": "emma@ac\u00adme.example",
    "65 characters before the @": f"{'e' * 65}@acme.example",
    "accent before the @": "émma@acme.example",
    "dot at the end": "emma.@acme.example",
    "domain without dot": "emma@acme",
    "markup": "<script>@acme.example",
    "255 characters": f"emma@{'a' * 61}.{'b' * 61}.{'c' * 61}.{'d' * 61}.example",
    "null": "emma\x00@acme.example",
}
NAMES = {
    "empty": "",
    "only spaces": "   ",
    "only no-break spaces": "\u00a0\u00a0",
    "only wide spaces": "\u2003\u3000",
    "markup": "<script>alert(1)</script>",
    "CRLF": "Ber\r\nnard",
    "CRLF at the end": "Bernard\r\n",
    "line break only": "\r\n",
    "null": "Ber\x00nard",
    "256 characters": "x" * 256,
    "formula": "=HYPERLINK(1)",
    "line separator": "Ber\u2028nard",
}
CHOICES = ["", "dr", "MME", "m ", "fr", "none"]
LANGUAGES = ["", "de", "FR", "fr-FR", "m", "../en"]


def cases(values: dict[str, str]) -> Any:
    return pytest.mark.parametrize("typed", list(values.values()), ids=list(values))


@pytest.fixture
def pending(directory: FakeDirectory) -> User:
    """Somebody of Acme who was never mailed."""
    return directory.add_user(a_profile(), [an_attachment("acme")], password_required=True)


@pytest.fixture
def unchanged(directory: FakeDirectory, browser: Browser, pending: User) -> Iterator[None]:
    """Everything there is, to compare with at the end of a test."""
    before = directory.snapshot()
    yield
    assert directory.snapshot() == before


@pytest.mark.usefixtures("unchanged")
class TestCreation:
    """Both with and without `confirm`: a form that is wrong is wrong at every step."""

    @pytest.mark.slow
    @pytest.mark.parametrize("step", ["address", "details", "confirm"])
    @cases(EMAILS)
    def test_email(self, step: str, typed: str, browser: Browser):
        """422 at every step, the message beside the e-mail, the input kept in a field that can be corrected."""
        fields = {"address": {}, "details": a_creation(confirm=False), "confirm": a_creation()}[step]
        page = browser.post("/users/new", {**fields, "email": typed})
        assert page.status == 422
        assert "e-mail" in page.errors["email"]
        assert list(page.errors) == ["email"]
        assert page.html.one("input", id="email")["value"] == typed

    @pytest.mark.parametrize(
        "typed", ["mailto:emma@acme.example", "Emma <emma@acme.example>", "\u200bemma@acme.example"]
    )
    def test_an_address_is_read_as_it_is_pasted(self, typed: str, browser: Browser):
        """What mail programs and links put around an address is left out."""
        page = browser.post("/users/new", {"email": typed})
        assert page.status == 200
        assert page.form("/users/new").fields["email"] == "emma@acme.example"

    def test_the_other_spelling_of_a_domain_is_said(self, browser: Browser):
        """The account has the spelling of the DNS, which the person types to sign in."""
        page = browser.post("/users/new", {"email": "emma@société.example"})
        assert "emma@xn--socit-esab.example" in page.text
        assert "emma@société.example" in page.text

    @pytest.mark.parametrize(
        ("field", "typed", "words"),
        [
            ("last_name", "Petit; Grand", "Retirez « ; » du nom."),
            ("first_name", "Zoé\r\n(Léa)", "Retirez un saut de ligne, « ( », « ) » du prénom."),
            ("last_name", "Du\x07rand", "Retirez un caractère de contrôle (U+0007) du nom."),
            ("email", "em\u200bma@acme.example", "Retirez un caractère invisible (U+200B) de l’adresse e-mail."),
            ("email", f"{'e' * 65}@acme.example", "plus de 64 caractères avant le @"),
        ],
    )
    def test_what_to_remove_is_named_once(self, field: str, typed: str, words: str, browser: Browser):
        """The sign itself, or what it is when it cannot be seen, beside its field."""
        page = browser.post("/users/new", a_creation(confirm=False, **{field: typed}))
        assert list(page.errors) == [field]
        assert page.errors[field].count(words) == 1

    def test_somebody_with_one_name_is_told_what_to_type(self, browser: Browser):
        """Keycloak asks for two names."""
        page = browser.post("/users/new", {"email": "emma@acme.example"})
        assert "Un seul nom ?" in page.text

    def test_email_missing(self, browser: Browser):
        """A form without the field is a form with an empty one."""
        page = browser.post("/users/new", {"confirm": "1"})
        assert page.status == 422
        assert "email" in page.errors

    @pytest.mark.slow
    @pytest.mark.parametrize("field", ["last_name", "first_name"])
    @pytest.mark.parametrize("confirm", [False, True])
    @cases(NAMES)
    def test_name(self, field: str, confirm: bool, typed: str, browser: Browser):
        """422, the message beside that name and no other field."""
        page = browser.post("/users/new", a_creation(confirm=confirm, **{field: typed}))
        assert page.status == 422
        assert list(page.errors) == [field]
        assert page.errors[field]

    @pytest.mark.slow
    @pytest.mark.parametrize("typed", CHOICES)
    @pytest.mark.parametrize("confirm", [False, True])
    def test_title_outside_the_list(self, typed: str, confirm: bool, browser: Browser):
        """Only the two titles are titles."""
        page = browser.post("/users/new", a_creation(confirm=confirm, title=typed))
        assert (page.status, list(page.errors)) == (422, ["title"])

    @pytest.mark.slow
    @pytest.mark.parametrize("typed", LANGUAGES)
    @pytest.mark.parametrize("confirm", [False, True])
    def test_language_outside_the_list(self, typed: str, confirm: bool, browser: Browser):
        """Only the two languages are languages."""
        page = browser.post("/users/new", a_creation(confirm=confirm, locale=typed))
        assert (page.status, list(page.errors)) == (422, ["locale"])

    @pytest.mark.parametrize("missing", ["last_name", "first_name", "title", "locale"])
    def test_field_missing(self, missing: str, browser: Browser):
        """A field that was not sent is one left empty."""
        fields = a_creation()
        del fields[missing]
        page = browser.post("/users/new", fields)
        assert (page.status, list(page.errors)) == (422, [missing])

    @pytest.mark.slow
    @pytest.mark.parametrize("confirm", [False, True])
    @pytest.mark.parametrize(
        "row",
        [
            {"company-acme-role": "user", "company-acme-affiliation": "internal"},
            {**a_row("acme"), "company-acme-attached": ""},
            a_row("initech", administrator=True),
            a_row("nowhere"),
            a_row("ACME"),
            a_row("acme/administrators"),
        ],
        ids=["no box", "empty box", "foreign company", "no such company", "other spelling", "subgroup"],
    )
    def test_no_box_ticked(self, confirm: bool, row: dict[str, str], browser: Browser):
        """At least one company of mine; a company that is not mine, or does not exist, is an unknown field."""
        page = browser.post("/users/new", a_creation(row, confirm=confirm))
        assert (page.status, list(page.errors)) == (422, ["attachments"])
        assert "Initech" not in page.text

    def test_foreign_and_non_existent_company_answer_alike(self, browser: Browser):
        """Nothing tells a company that is not mine from one that is not there."""
        foreign = browser.post("/users/new", a_creation(a_row("initech")))
        absent = browser.post("/users/new", a_creation(a_row("nowhere")))
        assert foreign.main.text == absent.main.text
        assert foreign.status == absent.status

    @pytest.mark.slow
    @pytest.mark.parametrize("confirm", [False, True])
    @pytest.mark.parametrize("role", ["", "king", "Administrator", "external"])
    def test_role(self, confirm: bool, role: str, browser: Browser):
        """Required where the box is ticked; the message names the company."""
        row = {**a_row("acme"), "company-acme-role": role}
        page = browser.post("/users/new", a_creation(row, confirm=confirm))
        assert (page.status, list(page.errors)) == (422, ["company-acme-role"])
        assert "Acme Énergie" in page.html.one(id="error-summary").text

    @pytest.mark.slow
    @pytest.mark.parametrize("confirm", [False, True])
    @pytest.mark.parametrize("affiliation", ["", "partner", "user"])
    def test_affiliation(self, confirm: bool, affiliation: str, browser: Browser):
        """Required where the box is ticked."""
        row = {**a_row("acme"), "company-acme-affiliation": affiliation}
        page = browser.post("/users/new", a_creation(row, confirm=confirm))
        assert (page.status, list(page.errors)) == (422, ["company-acme-affiliation"])

    def test_everything_wrong_is_said_at_once(self, browser: Browser):
        """One answer names all that is wrong, above the form and beside each field, and keeps what is right."""
        wrong = a_creation(
            {**a_row("acme"), "company-acme-role": ""}, last_name="", first_name="Emma", title="", locale="en"
        )
        page = browser.post("/users/new", wrong)
        assert page.status == 422
        assert list(page.errors) == ["last_name", "title", "company-acme-role"]
        links = [link["href"] for link in page.html.one(id="error-summary").all("a")]
        assert links == ["#last_name", "#title", "#company-acme-role"]
        assert page.html.one("title").text.startswith("Erreur")
        kept = page.form("/users/new").fields
        assert (kept["email"], kept["first_name"], kept["locale"]) == ("emma.bernard@acme.example", "Emma", "en")
        assert kept["company-acme-attached"] == "1"
        assert kept["company-acme-affiliation"] == "internal"

    def test_what_was_typed_is_shown_as_text(self, browser: Browser):
        """Markup in a name is kept as it was typed, and is never markup of the page."""
        typed = '"><script>alert(1)</script>'
        page = browser.post("/users/new", a_creation(last_name=typed))
        assert page.html.one("input", id="last_name")["value"] == typed
        assert page.main.all("script") == []

    def test_a_value_sent_twice_counts_once(self, browser: Browser):
        """The first of two values is the value; a second one smuggles nothing in."""
        page = browser.post("/users/new", {**a_creation(), "last_name": ["", "Bernard"]})
        assert (page.status, list(page.errors)) == (422, ["last_name"])


class TestKnown:
    """For a known account only the boxes can be wrong."""

    @pytest.mark.parametrize("confirm", [{}, {"confirm": "1"}])
    def test_no_box(self, confirm: dict[str, str], browser: Browser, directory: FakeDirectory, stranger: User):
        """A known person whose boxes are all empty is attached nowhere, and the form says what to do."""
        before = directory.snapshot()
        page = browser.post("/users/new", {"email": stranger.email, "company-acme-role": "user", **confirm})
        assert (page.status, list(page.errors)) == (422, ["attachments"])
        assert "Stranger" in page.main.text, "the person stays on the page"
        assert directory.snapshot() == before

    @pytest.mark.parametrize("confirm", [{}, {"confirm": "1"}])
    def test_role(self, confirm: dict[str, str], browser: Browser, directory: FakeDirectory, stranger: User):
        """The role is required here too."""
        before = directory.snapshot()
        row = {**a_row("acme"), "company-acme-role": "owner"}
        page = browser.post("/users/new", {"email": stranger.email, **row, **confirm})
        assert (page.status, list(page.errors)) == (422, ["company-acme-role"])
        assert directory.snapshot() == before

    def test_upper_case_spelling_is_the_same_account(
        self, browser: Browser, directory: FakeDirectory, member: User
    ):
        """Another spelling of an address makes no second account and mails nobody."""
        page = browser.post("/users/new", a_creation(a_row("globex"), email=member.email.upper()))
        assert page.status == 303
        people = directory.snapshot()["people"]
        assert [user.email for user in people.values()].count(member.email) == 1
        assert len(people) == 2
        assert directory.mails == []
        assert an_attachment("globex") in [at for _, at in directory.attachments_of(member.id)]


class TestRefusedByKeycloak:
    """What looks right here and is refused there ends beside the field, like what is wrong here."""

    @pytest.mark.parametrize("field", ["last_name", "first_name", "email"])
    def test_field_is_named(self, field: str, browser: Browser, directory: FakeDirectory):
        """422 with a message at the field that Keycloak named."""
        directory.fail("create_user", error=InvalidPersonError("error-pattern-no-match", field))
        page = browser.post("/users/new", a_creation())
        assert (page.status, list(page.errors)) == (422, [field])
        assert directory.mails == []


@pytest.mark.usefixtures("unchanged")
class TestOthers:
    """The other forms refuse alike."""

    @pytest.mark.slow
    @cases(EMAILS)
    def test_corrected_address(self, typed: str, pending: User, browser: Browser):
        """A correction is judged as the first spelling was."""
        page = browser.post(f"/users/{pending.id}/email", {"email": typed})
        assert (page.status, list(page.errors)) == (422, ["email"])
        assert page.html.one("input", id="email")["value"] == typed

    @pytest.mark.slow
    @pytest.mark.parametrize("field", ["last_name", "first_name"])
    @cases(NAMES)
    def test_profile_name(self, field: str, typed: str, browser: Browser):
        """The holder's own names follow the same rules."""
        fields = {"last_name": "Durand", "first_name": "Anne", "title": "mme", "locale": "fr", field: typed}
        page = browser.post("/profile", fields)
        assert (page.status, list(page.errors)) == (422, [field])

    @pytest.mark.parametrize(
        ("field", "typed"), [("title", "dr"), ("title", ""), ("locale", "de"), ("locale", "")]
    )
    def test_profile_choice(self, field: str, typed: str, browser: Browser):
        """So do title and language."""
        fields = {"last_name": "Durand", "first_name": "Anne", "title": "mme", "locale": "fr", field: typed}
        page = browser.post("/profile", fields)
        assert (page.status, list(page.errors)) == (422, [field])

    @pytest.mark.parametrize("part", ["role", "affiliation"])
    @pytest.mark.parametrize("confirm", [{}, {"confirm": "1"}])
    def test_modify(self, part: str, confirm: dict[str, str], browser: Browser, administrator: User):
        """« Modifier » requires role and affiliation where the box is ticked, and keeps the other rows."""
        rows = {**a_row("acme", administrator=True), **a_row("globex", external=True), f"company-acme-{part}": "x"}
        page = browser.post(f"/users/{administrator.id}/attachments", {**rows, **confirm})
        assert (page.status, list(page.errors)) == (422, [f"company-acme-{part}"])
        assert page.forms[0].fields["company-globex-affiliation"] == "external"

    @pytest.mark.parametrize("locale", ["", "de", "FR"])
    def test_language(self, locale: str, browser: Browser):
        """A language the portal does not speak is refused."""
        assert browser.post("/language", {"locale": locale}).status == 422

    def test_too_large(self, browser: Browser):
        """A request of more than two megabytes is not read."""
        page = browser.post("/users/new", {"email": "x" * (2 * 1024 * 1024 + 1)}, token=True)
        assert page.status == 413
