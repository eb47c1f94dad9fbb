"""The rules for a person's data, held against the cases that Keycloak is asked about in the contract tests."""

import pytest

from directory.model import Locale, Title
from directory.person_data import NameFault, locale_of, name_fault, normal_email, normal_name, title_of
from tests.contract.test_creating import ADDRESSES, NAMES, NO_ADDRESSES, NO_NAMES

FOREIGN = "{name}@аcme.example"  # a Cyrillic letter


@pytest.mark.parametrize("template", [each for each in NO_ADDRESSES if each == each.strip() and each != FOREIGN])
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
