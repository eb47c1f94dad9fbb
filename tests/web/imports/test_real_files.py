"""Files as people save them: the small ones that real reports led to, and what the page says of each line."""

import io
from pathlib import Path

import pytest

from directory.model import User
from tests.builders import a_company, a_profile, an_attachment
from tests.fakes import FakeDirectory
from tests.web.browser import Browser, Page
from webapp.imports.csv_format import COLUMNS

CASES = Path(__file__).with_name("cases")
USER, EXTERNAL = "Nouveau compte Utilisateur, Interne", "Nouveau compte Utilisateur, Externe"

SAID: dict[str, dict[int, str]] = {
    "01-names.csv": {
        2: "Refusé Nom : retirez « / »",
        3: "Refusé Nom : retirez « ( », « ) »",
        4: "Refusé Nom : retirez « & »",
        **dict.fromkeys((5, 6, 7), USER),
    },
    "04-invisible.csv": {
        **dict.fromkeys((2, 3, 5, 6, 7, 8, 9), USER),
        4: "Refusé E-mail : retirez un trait d’union conditionnel (U+00AD)",
    },
    "05-decomposed.csv": dict.fromkeys((2, 3), USER),
    "11-same-address-twice.csv": {
        2: USER,
        3: "Ignorée répète la ligne 2",
        4: "Refusé Rôle : en contradiction avec la ligne 5, qui concerne la même personne",
        5: "Refusé Rôle : en contradiction avec la ligne 4, qui concerne la même personne",
        6: "Refusé Nom : en contradiction avec la ligne 7, qui concerne la même personne",
        7: "Refusé Nom : en contradiction avec la ligne 6, qui concerne la même personne",
    },
    "16-same-names.csv": {2: USER, 3: EXTERNAL, 4: EXTERNAL},
    "17-cells.csv": {
        2: USER,
        3: "Refusé Nom : retirez un saut de ligne, « ( », « ) »",
        5: "Refusé Nom : retirez « ; »",
        6: "Refusé E-mail : saisissez une adresse e-mail du type nom@societe.fr, sans accent avant le @",
        7: 'Refusé Nom : retirez « " »',
    },
    "19-french-words.csv": {2: USER, 3: "Nouveau compte Administrateur, Externe"},
    "19-mac.csv": {2: USER},
    "19-sep-line.csv": {3: USER},
}
STORED: dict[str, dict[str, tuple[str, str]]] = {
    "01-names.csv": {
        "sinead.o'brien@cases.example": ("O'Brien", "Sinéad"),
        "e01@cases.example": ("d’Aubigné", "Marie-Thérèse"),
        "f01@cases.example": ("Nguyễn-Lê", "Œuvrard Ægir"),
    },
    "04-invisible.csv": {
        "a04@cases.example": ("Durand", "Anne"),
        "b04@cases.example": ("Durand", "Benoît"),
        "d04@cases.example": ("Durand", "David"),
        "e04@cases.example": ("Durand", "Élise"),
        "f04@cases.example": ("Durand", "Farid"),
        "g04@cases.example": ("Durand", "Gaël"),
        "h04@cases.example": ("Durand", "Hugo"),
    },
    "05-decomposed.csv": dict.fromkeys(("a05@cases.example", "b05@cases.example"), ("Lefèvre", "Hélène")),
    "11-same-address-twice.csv": {"alice.11@cases.example": ("Durand", "Alice")},
    "16-same-names.csv": dict.fromkeys(
        ("marie.martin@cases.example", "m.martin@cases.example", "marie.martin@prestataire.example"),
        ("Martin", "Marie"),
    ),
    "17-cells.csv": {"a17@cases.example": ("Martin, dit le Grand", "Luc")},
    "19-french-words.csv": {"d19@cases.example": ("Durand", "Anne"), "e19@cases.example": ("Martin", "Luc")},
    "19-mac.csv": {},
    "19-sep-line.csv": {"a19@cases.example": ("Durand", "Anne")},
}


@pytest.fixture
def administrator(directory: FakeDirectory) -> User:
    """Reads French and administers the companies that the files name."""
    directory.add_company(a_company("borea", "Boréa"))
    return directory.add_user(
        a_profile("anne.durand@acme.example"),
        [an_attachment("acme", administrator=True), an_attachment("borea", administrator=True)],
    )


def send(browser: Browser, data: bytes, **fields: str) -> Page:
    page = browser.post("/users/import", {**fields, "file": (io.BytesIO(data), "people.csv")})
    return browser.follow(page) if page.status == 303 else page


def a_file(*lines: str, header: str = ",".join(COLUMNS)) -> bytes:
    return "\r\n".join([header, *lines, ""]).encode()


def results(page: Page) -> dict[int, str]:
    """What the page says of each line, by its number."""
    rows = [row.all("td") for row in page.main.all("tr") if row.all("td")]
    return {int(cells[0].text): cells[2].text for cells in rows}


@pytest.mark.slow
@pytest.mark.parametrize("name", SAID)
def test_a_file_of_people_as_it_was_saved(name: str, browser: Browser, directory: FakeDirectory) -> None:
    """Each line gets the right answer; confirmed, exactly the right people are there, with one mail each."""
    before = {user.email for user in directory.people()}

    page = send(browser, (CASES / name).read_bytes())
    assert results(page) == SAID[name]
    if name == "19-mac.csv":
        return  # its own test, below
    browser.submit(page.form("/users/import"), "confirm")

    made = {user.email: user.profile for user in directory.people() if user.email not in before}
    assert {email: (one.last_name, one.first_name) for email, one in made.items()} == STORED[name]
    assert sorted(directory.mails) == sorted(STORED[name])


class TestMacRoman:
    """A file of a Macintosh has no sign of its encoding, and Windows-1252 reads nearly all of it, wrong."""

    def test_it_is_doubted_with_both_readings(self, browser: Browser) -> None:
        """The page shows what would be stored, and what was meant."""
        page = send(browser, (CASES / "19-mac.csv").read_bytes())

        assert "Ligne 2 : MŽdŽric NoŽ serait enregistré" in page.banners[0]
        assert "Médéric Noé" in page.banners[0]

    def test_nothing_is_stored_without_a_word(self, browser: Browser, directory: FakeDirectory) -> None:
        """Confirmed at once, it is shown first; confirmed after that, it is done."""
        before = directory.snapshot()

        page = send(browser, (CASES / "19-mac.csv").read_bytes(), confirm="1")

        assert directory.snapshot() == before
        browser.submit(page.form("/users/import"), "confirm")
        assert directory.mails == ["f19@cases.example"]

    @pytest.mark.parametrize("name", ["Lefèvre-Œuvrard", "Šimunek", "Žižka", "d’Aubigné", "‘Olu"])
    def test_letters_of_windows_are_not_doubted(self, name: str, browser: Browser) -> None:
        """Names that Windows-1252 has for good."""
        line = f"zoe@acme.example,{name},Zoé,mme,fr,acme,user,internal"

        assert send(browser, a_file(line).decode().encode("cp1252")).banners == []


class TestWordsOfTheScreen:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        "header",
        [
            "E-mail,Nom,Prénom,Civilité,Langue,Société,Rôle,Interne/externe",
            "E-MAIL,NOM,PRENOM,CIVILITE,LANGUE,SOCIETE,ROLE,INTERNE/EXTERNE",
            "E-mail,Last name,First name,Title,Language,Company,Role,Internal/external",
        ],
    )
    @pytest.mark.parametrize(
        "cells",
        [
            "Mme,Français,Acme Énergie,Utilisateur,Interne",
            "MME,français,ACME ENERGIE,utilisateur,INTERNE",
            "Ms,English,acme,User,Internal",
            "mme,fr,acme,user,internal",
        ],
    )
    def test_columns_and_values_are_read_in_both_languages(
        self, header: str, cells: str, browser: Browser
    ) -> None:
        """In any case, with or without accents; a company by its id or its name."""
        page = send(browser, a_file(f"zoe@acme.example,Martin,Zoé,{cells}", header=header))

        assert results(page) == {2: USER}

    def test_a_name_of_two_companies_names_none(
        self, browser: Browser, directory: FakeDirectory, administrator: User
    ):
        """Which of them is meant is not ours to guess."""
        directory.add_company(a_company("borea-2", "Boréa"))
        directory.add_membership(administrator.id, "/borea-2")
        directory.add_membership(administrator.id, "/borea-2/administrators")

        page = send(browser, a_file("zoe@acme.example,Martin,Zoé,mme,fr,Boréa,user,internal"))

        assert "Société : société inconnue" in results(page)[2]

    def test_the_name_of_somebody_elses_company_is_unknown(self, browser: Browser) -> None:
        """As if it did not exist."""
        page = send(browser, a_file("zoe@acme.example,Martin,Zoé,mme,fr,Initech,user,internal"))

        assert "Société : société inconnue" in results(page)[2]

    def test_what_is_wrong_names_the_columns_as_the_screen_does(self, browser: Browser) -> None:
        page = send(browser, a_file("zoe@acme.example,Martin,,dr,de,acme,boss,x"))

        for words in (
            "Prénom : ",
            "Civilité : écrivez M. ou Mme",
            "Langue : écrivez Français ou English",
            "Rôle : écrivez Administrateur ou Utilisateur",
            "Interne/externe : écrivez Interne ou Externe",
        ):
            assert words in results(page)[2]

    def test_an_end_date_is_a_column_that_may_be_empty(self, browser: Browser) -> None:
        """As the screen, or Excel in French, writes it."""
        line = "@acme.example,Martin,Zoé,mme,fr,acme,user,internal"
        header = ",".join((*COLUMNS, "Jusqu’au"))

        page = send(browser, a_file(f"zoe{line},", f"yan{line},31/01/2090", header=header))

        assert results(page)[2] == USER
        assert "jusqu’au 31 janvier 2090" in results(page)[3]


class TestOtherPrograms:
    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
    def test_unicode_text_of_excel(self, encoding: str, browser: Browser) -> None:
        """UTF-16 with tabs."""
        mark = b"" if encoding == "utf-16" else b"\xfe\xff"
        text = a_file("zoe@acme.example,Lefèvre,Zoé,mme,fr,acme,user,internal").decode().replace(",", "\t")

        page = send(browser, mark + text.encode(encoding))

        assert "lu en UTF-16 avec des tabulations" in page.text
        assert page.row("Lefèvre Zoé")

    @pytest.mark.parametrize("start", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
    def test_a_workbook_is_recognised(self, start: bytes, browser: Browser) -> None:
        """`.xlsx` and `.xls`: what to do instead, in place of a wrong header."""
        page = send(browser, start + b"\x14\x00\x06\x00" * 20)

        assert page.status == 422
        assert "fichier Excel : enregistrez-le en CSV UTF-8" in page.errors["file"]

    @pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;;;;;;"])
    def test_the_line_that_names_the_separator(self, line: str, browser: Browser) -> None:
        """Excel reads it and some programs write it; it is no header."""
        data = a_file("zoe@acme.example,Martin,Zoé,mme,fr,acme,user,internal").decode().replace(",", ";")

        assert results(send(browser, f"{line}\r\n{data}".encode())) == {3: USER}


class TestHeading:
    def test_a_file_whose_every_line_is_refused_says_so(self, browser: Browser) -> None:
        """Not that there is nothing to do."""
        page = send(browser, a_file(*["zoe@acme.example,Martin,Zoé,mme,fr,nowhere,user,internal"] * 7))

        assert "7 lignes sont refusées" in page.banners[0]
        assert "rien à faire" not in page.text

    def test_a_known_address_without_names_shows_those_it_has(self, browser: Browser, member: User) -> None:
        page = send(browser, a_file(f"{member.email},,,,,acme,user,external"))

        assert page.row(f"Martin Chloé {member.email}")

    def test_taking_ones_own_administration_away_is_said_before(
        self, browser: Browser, directory: FakeDirectory, administrator: User
    ) -> None:
        """With the company, and that only one administrator is left there."""
        for one in ("bruno", "cleo"):
            directory.add_user(a_profile(f"{one}@acme.example"), [an_attachment("acme", administrator=True)])

        page = send(browser, a_file(f"{administrator.email},,,,,acme,user,internal"))
        assert ["Vous n’administrerez plus : Acme Énergie" in banner for banner in page.banners] == [True]

        page = send(
            browser,
            a_file(f"{administrator.email},,,,,acme,user,internal", "bruno@acme.example,,,,,acme,user,internal"),
        )
        assert "il ne reste qu’un administrateur actif à : Acme Énergie" in page.banners[1]

    def test_the_example_of_the_template_is_never_imported(
        self, browser: Browser, directory: FakeDirectory
    ) -> None:
        """It is named as what it is, sent back as it came or with a line below it."""
        template = browser.get("/users/import.csv?spreadsheet=1").body.encode()
        before = directory.snapshot()

        page = send(browser, template, confirm="1")
        assert results(page) == {2: "Ignorée exemple du modèle"}
        assert directory.snapshot() == before

        page = send(browser, template + b"zoe@acme.example;Martin;Zo\xc3\xa9;mme;fr;acme;user;internal\r\n")
        assert results(page) == {2: "Ignorée exemple du modèle", 3: USER}
