"""The rules for a person's data, held against the cases that Keycloak is asked about in the contract tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.model import Locale, Title
from directory.person_data import (
    EmailError,
    EmailFault,
    NameFault,
    email_spellings,
    locale_of,
    name_fault,
    normal_email,
    normal_name,
    prohibited_signs,
    title_of,
)
from tests.contract.test_creating import ADDRESSES, NAMES, NO_ADDRESSES, NO_NAMES

FOREIGN = "{name}@аcme.example"  # a Cyrillic letter


READ = "<{name}@acme.example>"  # as programs write the address of a mail


@pytest.mark.parametrize(
    "template", [each for each in NO_ADDRESSES if each == each.strip() and each not in {FOREIGN, READ}]
)
def test_an_address_that_keycloak_refuses_is_refused(template):
    with pytest.raises(ValueError, match=r"."):
        normal_email(template.format(name="anne"))


@pytest.mark.parametrize("template", [each for each in ADDRESSES if each.isascii() and "localhost" not in each])
def test_an_address_that_keycloak_accepts_is_kept(template):
    address = template.format(name="anne")
    assert normal_email(address) == address


@pytest.mark.parametrize("address", ["anne@société.example", FOREIGN.format(name="anne")])
def test_a_domain_is_written_as_in_the_dns(address):
    """In ASCII, so no letter looks like another one."""
    assert normal_email(address).isascii()


def test_a_domain_has_a_dot():
    """Keycloak would accept it; it is a mistake in typing."""
    with pytest.raises(ValueError, match="period"):
        normal_email("anne@localhost")


@pytest.mark.parametrize("typed", ["Anne@ACME.example", " anne@acme.example ", "anne@acme.example\t"])
def test_an_address_has_one_spelling(typed):
    assert normal_email(typed) == "anne@acme.example"


@pytest.mark.parametrize(
    "typed",
    [
        READ.format(name="anne"),
        "Anne Durand <anne@acme.example>",
        '"Durand, Anne" < Anne@acme.example >',
        "mailto:anne@acme.example",
        "MAILTO:anne@acme.example?subject=Bonjour",
        "<mailto:anne@acme.example>",
        "anne\uff20acme.example",
        "anne\ufe6bacme.example",
        "\ufeffanne@acme.example\u200b",
        "\u202aanne@acme.example\u202c",
        "\u00a0anne@acme.example\u2003\u200e",
    ],
)
def test_what_programs_put_around_an_address_is_left_out(typed):
    """Copied from a mail, a link, a spreadsheet or a text written from right to left."""
    assert normal_email(typed) == "anne@acme.example"


@pytest.mark.parametrize(
    ("typed", "fault", "signs"),
    [
        ("anne@ac\u00adme.example", EmailFault.INVISIBLE, "\u00ad"),
        ("an\u200bne@ac\u200b\u202eme.example", EmailFault.INVISIBLE, "\u200b\u202e"),
        (f"{'a' * 65}@acme.example", EmailFault.LOCAL_PART_TOO_LONG, ""),
        ("Anne <anne@acme.example> x", EmailFault.MALFORMED, ""),
        ("mailto:", EmailFault.MALFORMED, ""),
        ("anné@acme.example", EmailFault.MALFORMED, ""),
    ],
)
def test_what_is_wrong_with_an_address(typed, fault, signs):
    """Invisible characters inside are named; the length of the local part has a fault of its own."""
    with pytest.raises(EmailError) as caught:
        normal_email(typed)
    assert (caught.value.fault, caught.value.signs) == (fault, signs)


@pytest.mark.parametrize("email", ["anne@xn--socit-esab.example", "anne@société.example"])
def test_a_domain_with_accents_has_two_spellings(email):
    assert set(email_spellings(email)) == {"anne@xn--socit-esab.example", "anne@société.example"}


@pytest.mark.parametrize(
    "email", ["anne@acme.example", "émma@acme.example", "anne@xn--é", "anne@xn--a", "anne", ""]
)
def test_any_other_address_has_one_spelling(email):
    assert email_spellings(email) == (email,)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Durand\u200b", "Durand"),
        ("Du\u202epond", "Dupond"),
        ("Du\u00adpont", "Dupont"),
        ("\u2066Anne\u2069", "Anne"),
        ("He\u0301le\u0300ne", "Hélène"),
        ("He\u200b\u0301lène", "Hélène"),
        ("Anne\u200d", "Anne"),
        ("An\u200cne", "Anne"),
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("ක්\u200dරිස්", "ක්\u200dරිස්"),
        ("रक्\u200dषा", "रक्\u200dषा"),
        ("\u3164", ""),
    ],
)
def test_a_name_is_what_is_seen_of_it(typed, name):
    """Composed; without invisible characters, but joiners inside a script that is written with them."""
    assert normal_name(typed) == name
    assert normal_name(name) == name


@given(st.text())
def test_a_normal_name_stays_as_it_is(text):
    """Whatever was typed: a name that was stored is not another one the next time."""
    assert normal_name(normal_name(text)) == normal_name(text)


@pytest.mark.parametrize(("name", "signs"), [("Petit; <Grand;", ";<"), ("Du\r\nrand", "\r\n"), ("Durand", "")])
def test_the_signs_that_a_name_must_not_have(name, signs):
    """Each once, in their order."""
    assert prohibited_signs(name) == signs


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_keycloak_refuses_is_refused(name):
    """Keycloak counts as Java does, in units of UTF-16: only names of rare characters are refused by it alone."""
    if name.isascii() or len(name) < 100:
        assert name_fault(normal_name(name)) is not None


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_keycloak_accepts_is_accepted(name):
    assert name_fault(normal_name(name)) is None


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", NameFault.MISSING),
        ("\u3000", NameFault.MISSING),
        ("a" * 256, NameFault.TOO_LONG),
        ("a" * 255, None),
        ("An\nne", NameFault.PROHIBITED),
        ("An\u2028ne", NameFault.PROHIBITED),
        ("<b>", NameFault.PROHIBITED),
        ("D'Été-Ñandú", None),
    ],
)
def test_what_is_wrong_with_a_name(name, fault):
    assert name_fault(name) is fault


@pytest.mark.parametrize(("typed", "name"), [(" Anne ", "Anne"), ("\u00a0Anne", "Anne"), ("Anne\n", "Anne\n")])
def test_spaces_around_a_name_are_no_part_of_it(typed, name):
    """A line break is refused, not removed."""
    assert normal_name(typed) == name


@pytest.mark.parametrize(
    ("text", "title"), [("m", Title.M), ("mme", Title.MME), ("dr", None), ("", None), (None, None)]
)
def test_titles(text, title):
    assert title_of(text) is title


@pytest.mark.parametrize(
    ("text", "locale"), [("fr", Locale.FR), ("en", Locale.EN), ("de", Locale.FR), (None, Locale.FR)]
)
def test_languages(text, locale):
    assert locale_of(text) is locale
