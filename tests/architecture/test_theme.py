"""Keycloak's theme: the portal's look to the letter, both languages whole, and named where it is used."""

import json
import re
from pathlib import Path

import pytest

from directory.model import Locale

ROOT = Path(__file__).parents[2]
THEME = ROOT / "keycloak" / "themes" / "attache"
STATIC = ROOT / "webapp" / "static"
STYLE = (STATIC / "attache.css").read_text(encoding="utf-8")
LOGIN_STYLE = (THEME / "login" / "resources" / "css" / "attache.css").read_text(encoding="utf-8")
REALM = json.loads((ROOT / "keycloak" / "realm-export.json").read_text(encoding="utf-8"))
PARTS = ("login", "email")
TEMPLATES = sorted(THEME.rglob("*.ftl"))


def messages(part: str, language: str) -> dict[str, str]:
    """A file of messages, by key; a key twice is an error."""
    text = (THEME / part / "messages" / f"messages_{language}.properties").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pairs = [line.split("=", 1) for line in lines]
    found = dict(pairs)
    assert len(found) == len(pairs)
    return {
        key: value.encode("latin-1", "backslashreplace").decode("unicode-escape") for key, value in found.items()
    }


def tokens(css: str, block: str) -> dict[str, str]:
    """The custom properties of the first such block."""
    body = css[css.index(block) :].split("{", 1)[1].split("}", 1)[0]
    return dict(re.findall(r"(--[a-z-]+):\s*([^;]+);", body))


@pytest.mark.parametrize(("ours", "portal"), [(":root {", ":root {"), (".pf-v5-theme-dark {", "  :root {")])
def test_colours_are_the_portals(ours: str, portal: str) -> None:
    """Each token that the pages of Keycloak have is the portal's, in light and in dark."""
    there, here = tokens(STYLE, portal), tokens(LOGIN_STYLE, ours)
    assert len(here) > 15
    assert {name: here[name] for name in here if here[name] != there.get(name)} == {}


def test_copied_files_are_the_portals() -> None:
    """Fonts and logo: a theme can serve its own files only."""
    resources = THEME / "login" / "resources"
    fonts = sorted(resources.glob("fonts/*.woff2"))
    assert len(fonts) == 2
    for font in fonts:
        assert font.read_bytes() == (STATIC / "vendor" / "public-sans-5.3.0" / font.name).read_bytes()
    assert (resources / "img" / "logo.svg").read_bytes() == (STATIC / "logo.svg").read_bytes()


def test_mails_have_one_style() -> None:
    """The portal's own and Keycloak's."""
    style = (ROOT / "webapp" / "templates" / "mails" / "style.css").read_text(encoding="utf-8")
    layout = (THEME / "email" / "html" / "template.ftl").read_text(encoding="utf-8")
    assert f"<style>\n{style}</style>" in layout


@pytest.mark.parametrize("part", PARTS)
def test_every_language_has_every_message(part: str) -> None:
    """With the same values put into it."""
    first, *others = (messages(part, locale.value) for locale in Locale)
    for other in others:
        assert other.keys() == first.keys()
        for key in first:
            assert set(re.findall(r"\{(\d)", other[key])) == set(re.findall(r"\{(\d)", first[key])), key


@pytest.mark.parametrize("language", [locale.value for locale in Locale])
@pytest.mark.parametrize("part", PARTS)
def test_apostrophes_are_doubled(part: str, language: str) -> None:
    """Keycloak formats every message: a single one would vanish, and what follows it not be filled in."""
    for key, text in messages(part, language).items():
        assert "'" not in text.replace("''", ""), key


@pytest.mark.parametrize("part", PARTS)
def test_french_typography(part: str) -> None:
    """No line breaks before a double sign, nor inside « »."""
    for key, text in messages(part, "fr").items():
        assert not re.search(r"(?<!\u00a0)[;!?»]|(?<![\u00a0/p])(?<!http)(?<!https):|«(?!\u00a0)", text), key


def test_every_message_of_ours_is_used() -> None:
    """And every one that a template asks for is there."""
    sources = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES)
    asked = set(re.findall(r'"(attache[A-Za-z]+)"', sources))
    kept = {key for part in PARTS for key in messages(part, "fr") if key.startswith("attache")}
    assert asked == kept


def test_the_password_says_how_long_it_must_be() -> None:
    """As the realm's policy does."""
    (length,) = re.findall(r"\blength\((\d+)\)", REALM["passwordPolicy"])
    assert f"({length} caractères au moins)" in messages("login", "fr")["passwordNew"]
    assert f"(at least {length} characters)" in messages("login", "en")["passwordNew"]


def test_the_realm_wears_it() -> None:
    """And only administrators of the realm see what a mail says of who invites."""
    assert (REALM["loginTheme"], REALM["emailTheme"]) == (THEME.name, THEME.name)
    (profile,) = REALM["components"]["org.keycloak.userprofile.UserProfileProvider"]
    attributes = json.loads(profile["config"]["kc.user.profile.config"][0])["attributes"]
    (invitation,) = [one for one in attributes if one["name"] == "invitation"]
    assert invitation["permissions"] == {"view": ["admin"], "edit": ["admin"]}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(THEME)))
def test_templates_run_nothing(template: Path) -> None:
    """What is put in without escaping went through Keycloak's own cleaning; nothing is taken for a template."""
    source = template.read_text(encoding="utf-8")
    assert all("kcSanitize(" in line for line in source.splitlines() if "?no_esc" in line)
    assert not re.search(r"\?(eval|interpret|new|api)\b(?!_json)", source)
