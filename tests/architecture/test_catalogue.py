"""The French catalogue is complete: every message of the code has its words, with the same places to fill."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from tests.architecture.portal import PACKAGE, ROOT

KEYWORDS = {"_": None, "_l": None, "lazy_gettext": None, "gettext": None, "ngettext": (1, 2)}
METHODS = [
    ("webapp/**.py", "python"),
    ("webapp/templates/**.html", "jinja2"),
    ("webapp/templates/**.txt", "jinja2"),
]
PLACE = re.compile(r"%\((\w+)\)([ds])")


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


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with (PACKAGE / "translations/fr/LC_MESSAGES/messages.po").open("rb") as source:
        return read_po(source, locale="fr")


@pytest.fixture(scope="module")
def translated(catalogue: Catalog) -> dict[str, Message]:
    return {(m.id[0] if isinstance(m.id, (tuple, list)) else m.id): m for m in catalogue if m.id}


def test_extraction_finds_messages():
    """Otherwise the other tests would compare nothing."""
    assert len(messages()) > 100
    assert "Add a user" in messages()


def test_every_message_is_translated(translated: dict[str, Message]):
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


def test_nothing_else_is_translated(translated: dict[str, Message]):
    """A message that the code has no more is removed."""
    assert sorted(set(translated) - set(messages())) == []


def test_same_places_to_fill(translated: dict[str, Message]):
    """A name that is missing or misspelt would be an error on the page."""
    wrong = [
        text
        for text, forms in messages().items()
        if text in translated
        for string in _strings(translated[text])
        if set(PLACE.findall(string)) != set(PLACE.findall(forms[-1]))
    ]
    assert wrong == []


def test_plurals_have_both_forms(catalogue: Catalog, translated: dict[str, Message]):
    """One, and more than one (in French, none is one)."""
    assert catalogue.num_plurals == 2
    assert catalogue.plural_expr == "(n > 1)"
    for text, forms in messages().items():
        if len(forms) > 1:
            assert len(_strings(translated[text])) == 2, text


def test_words_of_the_contract(translated: dict[str, Message]):
    """These words are promised (`contract.md`): changing one is a breaking change."""
    promised = {
        "Users": "Utilisateurs", "Add a user": "Ajouter un utilisateur", "Modify": "Modifier",
        "Attachment": "Rattachement", "Administrator": "Administrateur", "User": "Utilisateur",
        "Internal": "Interne", "External": "Externe", "Activation pending": "En cours d'activation",
        "Active": "Actif", "Expired": "Expiré", "Mail not sent": "Mail non envoyé", "Disabled": "Désactivé",
        "Resend": "Renvoyer", "My profile": "Mon profil", "Last name": "Nom", "First name": "Prénom",
        "Title": "Civilité", "Language": "Langue", "E-mail": "E-mail",
    }  # fmt: skip
    assert {text: translated[text].string for text in promised} == promised


def _strings(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, (tuple, list)) else (message.string,)
