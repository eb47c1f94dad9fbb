"""The catalogues are complete: every message of the code has its words, with the same places to fill."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from directory.model import Locale
from tests.architecture.portal import PACKAGE, ROOT

KEYWORDS = {"_": None, "_l": None, "lazy_gettext": None, "gettext": None, "ngettext": (1, 2)}
METHODS = [
    ("webapp/**.py", "python"),
    ("webapp/templates/**.html", "jinja2"),
    ("webapp/templates/**.txt", "jinja2"),
]
PLACE = re.compile(r"%\((\w+)\)([ds])")


@cache
def messages() -> dict[str, tuple[str, ...]]:
    """Every message of the code with its plural, as `make translations` would extract them."""
    found: dict[str, tuple[str, ...]] = {}
    for _file, _line, message, _comments, _context in extract_from_dir(
        ROOT,
        METHODS,
        keywords=KEYWORDS,
        directory_filter=lambda path: (
            Path(path).name not in {"static", "tests"}
            and (Path(path) == ROOT or str(path).startswith(str(PACKAGE)))
        ),
    ):
        forms = message if isinstance(message, tuple) else (message,)
        found[forms[0]] = forms
    return found


LANGUAGES = sorted(path.parts[-3] for path in PACKAGE.glob("translations/*/LC_MESSAGES/messages.po"))


@pytest.fixture(scope="module", params=LANGUAGES)
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    with (PACKAGE / f"translations/{request.param}/LC_MESSAGES/messages.po").open("rb") as source:
        return read_po(source, locale=request.param)


@pytest.fixture(scope="module")
def translated(catalogue: Catalog) -> dict[str, Message]:
    return {(m.id[0] if isinstance(m.id, (tuple, list)) else m.id): m for m in catalogue if m.id}


def test_every_language_has_its_catalogue() -> None:
    """But English, which the code speaks."""
    assert {*LANGUAGES, "en"} == {locale.value for locale in Locale}


def test_the_realm_knows_every_language() -> None:
    """Its own pages and mails, and what a person may choose."""
    realm = json.loads((ROOT / "keycloak" / "realm-export.json").read_text(encoding="utf-8"))
    (provider,) = realm["components"]["org.keycloak.userprofile.UserProfileProvider"]
    profile = json.loads(provider["config"]["kc.user.profile.config"][0])
    (options,) = (
        one["validations"]["options"]["options"] for one in profile["attributes"] if one["name"] == "locale"
    )
    assert set(options) == set(realm["supportedLocales"]) == {locale.value for locale in Locale}


def test_extraction_finds_messages() -> None:
    """Otherwise the other tests would compare nothing."""
    assert len(messages()) > 100
    assert "Add a user" in messages()


def test_every_message_is_translated(translated: dict[str, Message]) -> None:
    """Each has words; none is marked as a guess."""
    lacking = [
        text
        for text in messages()
        if text not in translated
        or translated[text].fuzzy
        or not _strings(translated[text])
        or not all(_strings(translated[text]))
    ]
    assert lacking == []


def test_numbers_are_written_as_the_language_does() -> None:
    """`%(num)s` and not `%(num)d`, which knows no language."""
    assert [form for forms in messages().values() for form in forms if re.search(r"%\(\w+\)d", form)] == []


@pytest.mark.parametrize("suffix", ["py", "html", "txt"])
def test_dates_and_numbers_are_formatted_by_babel(suffix: str) -> None:
    """Nobody does it by hand, in the order and with the signs of his own language."""
    by_hand = re.compile(r"strftime|:,\}|:,?\.?\d*[df]\}|\|\s*(round|format|filesizeformat)\b|%[dmYHM][/.: -]%")
    sources = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob(f"*.{suffix}")}
    assert sources
    assert [str(path) for path, source in sources.items() if by_hand.search(source)] == []


def test_nothing_else_is_translated(translated: dict[str, Message]) -> None:
    """A message that the code has no more is removed."""
    assert sorted(set(translated) - set(messages())) == []


def test_same_places_to_fill(translated: dict[str, Message]) -> None:
    """A name that is missing or misspelt would be an error on the page."""
    wrong = [
        text
        for text, forms in messages().items()
        if text in translated
        for string in _strings(translated[text])
        if set(PLACE.findall(string)) != set(PLACE.findall(forms[-1]))
    ]
    assert wrong == []


def test_plurals_have_both_forms(catalogue: Catalog, translated: dict[str, Message]) -> None:
    """As many as the language has."""
    for text, forms in messages().items():
        if len(forms) > 1:
            assert len(_strings(translated[text])) == catalogue.num_plurals, text


def test_none_is_one_in_french(catalogue: Catalog) -> None:
    if str(catalogue.locale) == "fr":
        assert (catalogue.num_plurals, catalogue.plural_expr) == (2, "(n > 1)")


def test_words_of_the_contract() -> None:
    """These words are promised (`contract.md`): changing one is a breaking change."""
    with (PACKAGE / "translations/fr/LC_MESSAGES/messages.po").open("rb") as source:
        french = read_po(source, locale="fr")
    promised = {
        "Users": "Utilisateurs", "Add a user": "Ajouter un utilisateur", "Modify": "Modifier",
        "Attachment": "Rattachement", "Administrator": "Administrateur", "User": "Utilisateur",
        "Internal": "Interne", "External": "Externe", "Activation pending": "En cours d'activation",
        "Active": "Actif", "Expired": "Expiré", "Mail not sent": "Mail non envoyé", "Disabled": "Désactivé",
        "Resend": "Renvoyer", "My profile": "Mon profil", "Last name": "Nom", "First name": "Prénom",
        "Title": "Civilité", "Language": "Langue", "E-mail": "E-mail",
    }  # fmt: skip
    assert {text: french[text].string for text in promised} == promised


def _strings(message: Message) -> tuple[str, ...]:
    forms = message.string if isinstance(message.string, (tuple, list)) else [message.string]
    return tuple(form or "" for form in forms)


TORN = re.compile(r"(?<=\S) [:;!?»]|« ")
FRENCH_TEXTS = sorted({*PACKAGE.glob("templates/**/fr.html"), *PACKAGE.glob("templates/**/fr/*.html")})
TAG = re.compile(r"\{[{%#].*?[}%#]\}|<[^>]*>", re.S)


@pytest.mark.parametrize("path", FRENCH_TEXTS, ids=lambda path: "/".join(path.parts[-2:]))
def test_no_french_sign_begins_a_line_in_a_whole_text(path: Path) -> None:
    """What French sets apart with a space stays on the line of its word."""
    assert TORN.findall(TAG.sub("¤", path.read_text(encoding="utf-8"))) == []


def test_no_french_sign_begins_a_line_in_a_message() -> None:
    """The same of messages."""
    with (PACKAGE / "translations/fr/LC_MESSAGES/messages.po").open("rb") as source:
        words = [_strings(message) for message in read_po(source, locale="fr")]
    assert [text for forms in words for text in forms if TORN.search(text)] == []
