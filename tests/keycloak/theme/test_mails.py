"""The mail that activates an account: both parts, both languages, whatever the names are."""

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from directory.model import Invitation
from tests.keycloak.theme.conftest import Invite
from tests.web.html import Element, parse

LINK = re.compile(r"https?://\S+/login-actions/action-token\?\S+")
FRENCH_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
SAID = {"by": "Anne Durand", "to": ["Acme Énergie", "Globex"], "others": 0}
WORDS = {
    "fr": (
        "Bonjour Émile Zola,",
        "Anne Durand vous invite à utiliser les services de\u00a0:",
        "Attaché est le portail où une société décide qui travaille pour elle.",
        "Ce lien fonctionne 30 jours, jusqu’au ",
        "Passé ce délai, demandez un nouveau message à un administrateur de votre société.",
        "Ce message n’est pas pour vous\u00a0? Ne faites rien",
        "les réponses ne sont pas lues",
    ),
    "en": (
        "Hello Émile Zola,",
        "Anne Durand invites you to use the services of:",
        "Attaché is the portal where a company decides who works for it.",
        "This link works for 30 days, until ",
        "After that, ask an administrator of your company for a new message.",
        "Is this message not for you? Do nothing",
        "replies are not read",
    ),
}
SUBJECTS = {"fr": "Activez votre compte Attaché", "en": "Activate your Attaché account"}


def page_of(html: str) -> Element:
    page, problems = parse(html)
    assert problems == []
    return page


def shown(html: str) -> str:
    """What a person reads of the HTML part, on one line."""
    return re.sub(r" ([,.])", r"\1", page_of(html).one("body").text)


def in_words(day: datetime, language: str) -> str:
    if language == "en":
        return f"{day.day} {day:%B} {day.year} at "
    return f"{'1er' if day.day == 1 else day.day} {FRENCH_MONTHS[day.month - 1]} {day.year} à "


@pytest.mark.parametrize("language", ["fr", "en"])
def test_it_says_who_invites_where_and_until_when(invite: Invite, language: str):
    """In the person's language; the HTML says the same as the text, with a button and the bare link.

    The link names its portal and its language, and does not end with its key, where a mail program adds signs."""
    mail = invite(language, invitation=SAID, firstName="Émile", lastName="Zola")
    ends = datetime.now(ZoneInfo("Europe/Paris")) + timedelta(days=30)
    assert (mail.subject, mail.sender) == (SUBJECTS[language], "Attaché <no-reply@portal.example>")
    text, html = mail.text, shown(mail.html)
    for words in (*WORDS[language], "Acme Énergie", "Globex", in_words(ends, language)):
        assert words in text
        assert " ".join(words.split()) in html
    assert re.search(r"^- Acme Énergie$", text, re.M)
    assert f'<html lang="{language}"' in mail.html
    (link,) = LINK.findall(text)
    query = parse_qs(urlsplit(link).query)
    assert (query["client_id"], query["kc_locale"]) == (["portal"], [language])
    assert list(query)[-1] != "key"
    page = page_of(mail.html)
    assert [a["href"] for a in page.all("a")] == [link, link]
    assert page.all("a")[0]["class"] == "button"
    assert page.all("a")[1].text.strip() == link
    assert re.findall(r"\$\{|\battache[A-Z]\w+", text + html) == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_names_are_text(invite: Invite, language: str):
    """Markup, placeholders, a message's key and line breaks in a name are shown as they are, on one line."""
    nasty = {
        "by": "<img src=x onerror=alert(1)> ${7*7} {0}",
        "to": ["<b>Acme</b>\r\nBcc: all@acme.example", "username", "${realmName}", "l'<i>été</i> & Co"],
        "others": 0,
    }
    mail = invite(language, invitation=nasty, firstName="O'Brien", lastName="attacheNotYou")
    assert mail.subject == SUBJECTS[language]
    assert len(mail.to) == 1
    for part in (mail.text, shown(mail.html)):
        for name in (
            "O'Brien attacheNotYou,",
            "<img src=x onerror=alert(1)> ${7*7} {0} ",
            "<b>Acme</b> Bcc: all@acme.example",
            "username",
            "${realmName}",
            "l'<i>été</i> & Co",
        ):
            assert name in part
    page = page_of(mail.html)
    assert page.all("img") == []
    assert page.all("i") == []
    assert page.all("b") == []


@pytest.mark.parametrize(("count", "words"), [(6, "et une autre société"), (50, "et 45 autres sociétés")])
def test_of_many_companies_the_first_and_a_number(invite: Invite, count: int, words: str):
    """The list stays short; the number is right, in one and in many."""
    said = Invitation.to([f"Société {n:02}" for n in range(count)], by="Anne Durand")
    mail = invite(invitation={"by": said.by, "to": list(said.companies), "others": said.others})
    for part in (mail.text, shown(mail.html)):
        assert re.findall(r"Société \d\d", part) == [f"Société {n:02}" for n in range(5)]
        assert words in part


@pytest.mark.parametrize("kept", [None, "", "nonsense", '{"by": "", "to": [], "others": 0}'])
def test_without_anybody_who_invites(invite: Invite, kept: str | None):
    """As for a company's first administrator, whom operations make."""
    mail = invite(invitation=kept)
    for part in (mail.text, shown(mail.html)):
        assert "Un compte a été créé pour vous." in part
        assert "invite" not in part


def test_company_without_a_person_who_invites(invite: Invite):
    mail = invite(invitation={"by": "", "to": ["Acme Énergie"], "others": 0})
    assert "à utiliser les services de\u00a0:" in mail.text
    assert "- Acme Énergie" in mail.text


@pytest.mark.parametrize(
    ("language", "asked"),
    [
        ("fr", "choisir un mot de passe, associer une application d’authentification"),
        ("en", "choose a password, set up an authenticator app"),
    ],
)
def test_other_actions_that_operations_ask_for(invite: Invite, language: str, asked: str):
    """No word of an activation; the actions by name."""
    mail = invite(language, actions=("UPDATE_PASSWORD", "CONFIGURE_TOTP"), invitation=SAID)
    for part in (mail.text, shown(mail.html)):
        assert asked in part
        assert "Anne Durand" not in part


def test_nothing_is_fetched_when_it_is_read(invite: Invite):
    """No picture, no font, no style sheet: reading it tells nobody."""
    mail = invite(invitation=SAID)
    assert re.findall(r"\b(?:src|background)=|url\(|@import|<link", mail.html) == []
