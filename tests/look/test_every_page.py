"""One visit to every page and state in both languages: axe, small screens, large letters, the keyboard's order.

axe finds no violation in light colours, and none of its rules about colours in dark ones. The rest is
`tests.look.reflow`: WCAG 2.2, 1.4.4 (200 %), 1.4.10 (400 % of 1280 pixels are 320), 1.4.12 (text spacing), 2.5.8
(target size).
"""

import re
from pathlib import Path

import pytest

from tests.architecture.portal import rules
from tests.look.axe import COLOUR_RULES, TAGS, WORDED, Schemes, colour_violations, load, skeleton, violations
from tests.look.gallery import Gallery
from tests.look.pages import NO_PAGES, PAGES
from tests.look.reflow import MOVING, ORDER, faults_of_sizes
from tests.look.world import World

STATIC = Path(__file__).parents[2] / "webapp" / "static"


@pytest.fixture(scope="module")
def schemes() -> Schemes:
    return Schemes()


@pytest.mark.browser
@pytest.mark.parametrize("locale", ["fr", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wrong(name: str, locale: str, gallery: Gallery, schemes: Schemes):
    """Nothing on the page is stopped by the portal's own headers either."""
    page = gallery.show(PAGES[name], locale)
    assert schemes.violations(page) == {"light": [], "dark": []}
    assert gallery.lasting_complaints(page) == []
    assert page.evaluate(ORDER) == [], "no stop of the keyboard lies above the one before, none jumps the queue"
    assert page.evaluate(MOVING) == 0, "the gallery's people prefer reduced motion"
    assert faults_of_sizes(page) == {}


@pytest.mark.browser
def test_axe_sees_what_is_wrong(gallery: Gallery):
    """A test that finds nothing has to be able to: a control without a name, words one cannot read."""
    page = gallery.show(PAGES["new"])
    page.evaluate("document.querySelector('label[for=email]').remove()")
    page.evaluate("document.querySelector('h1').style.color = '#ddd'")
    found = " ".join(violations(page))
    assert "label:" in found
    assert "color-contrast:" in found


@pytest.mark.browser
def test_the_rules_about_colours_are_those_of_axe(gallery: Gallery):
    """Every rule of the tags that axe itself files under colour runs in dark colours too."""
    page = gallery.show(PAGES["new"])
    load(page)
    rules = page.evaluate(
        "tags => axe.getRules(tags).filter(r => r.tags.includes('cat.color')).map(r => r.ruleId)", TAGS
    )
    assert sorted(rules) == sorted(COLOUR_RULES)
    page.evaluate("document.querySelector('h1').style.color = '#ddd'")
    assert "color-contrast:" in " ".join(colour_violations(page))


@pytest.mark.browser
def test_the_skeleton_of_a_page_is_what_its_colours_depend_on(gallery: Gallery):
    """The same in both languages; another one with another class, state or element."""
    page = gallery.show(PAGES["new"], "fr")
    french = skeleton(page)
    page.evaluate("document.querySelector('h1').className += ' text-muted'")
    assert skeleton(page) != french
    page = gallery.show(PAGES["new"], "en")
    assert skeleton(page) == french
    page.evaluate("document.querySelector('#email').disabled = true")
    assert skeleton(page) != french


def test_styles_ask_for_no_words():
    """Else two pages with one skeleton could have other colours."""
    asked = re.compile(rf":lang\(|\[\s*({'|'.join(WORDED)})\s*[~|^$*]?=")
    sheets = list(STATIC.rglob("*.css"))
    assert sheets
    assert [sheet.name for sheet in sheets if asked.search(sheet.read_text(encoding="utf-8"))] == []


@pytest.mark.browser
def test_colours_are_judged_for_each_skeleton(gallery: Gallery):
    """A wrong one is found again; a right one is not looked at again, the other rules are."""
    schemes = Schemes()
    page = gallery.show(PAGES["new"])
    assert schemes.violations(page) == {"light": [], "dark": []}
    page.evaluate("document.querySelector('label[for=email]').textContent = ''")
    assert "label:" in " ".join(schemes.violations(page)["light"])
    for _ in range(2):
        page.evaluate("document.querySelector('h1').style.color = '#ddd'")
        found = schemes.violations(page)
        assert "color-contrast:" in " ".join([*found["light"], *found["dark"]])


@pytest.mark.browser
def test_what_the_headers_stop_is_heard(gallery: Gallery):
    """And they do stop what is not ours."""
    page = gallery.show(PAGES["new"])
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'hacked = 1'}))")
    assert page.evaluate("typeof hacked") == "undefined"
    assert "Content Security Policy" in " ".join(gallery.lasting_complaints(page))
    gallery.complaints.clear()
    page.evaluate("""document.querySelector('h1').style.backgroundImage = 'url("data:image/png;base64,AA")'""")
    page.wait_for_timeout(200)
    assert "data:image/" in " ".join(gallery.lasting_complaints(page))
    page.evaluate("document.querySelector('h1').style.backgroundImage = 'none'")
    assert gallery.lasting_complaints(page) == []


@pytest.mark.browser
def test_every_address_is_in_the_table(rich_world: World):
    """A new page is looked at as well, or somebody says why it is no page."""
    map_ = rich_world.app.url_map.bind("127.0.0.1")
    shown = set()
    for view in PAGES.values():
        if "nothing-here" in view.path or view.status == 405:
            continue
        rule, _ids = map_.match(
            view.path.format(**rich_world.ids).partition("?")[0], method="GET", return_rule=True
        )
        shown.add(rule.rule)
    addresses = {rule.rule for rule in rules("GET")}
    assert addresses - shown == set(NO_PAGES)
    assert not shown & set(NO_PAGES)
