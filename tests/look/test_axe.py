"""Every page and state, judged by axe-core: both languages, both colour schemes, no violation at all."""

from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Page

from tests.architecture.portal import rules
from tests.look.gallery import Gallery
from tests.look.pages import NO_PAGES, PAGES
from tests.look.world import World

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async tags => {
  const found = await axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']});
  return found.violations.flatMap(rule => rule.nodes.map(
    node => `${rule.id}: ${node.target.join(' ')} ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`));
}"""


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands there."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: list[str] = page.evaluate(RUN, TAGS)
    return found


@pytest.mark.browser
@pytest.mark.parametrize("locale", ["fr", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_no_violation(name: str, locale: str, gallery: Gallery):
    """In light colours, and then in dark ones; and nothing on it is stopped by the portal's own headers."""
    page = gallery.show(PAGES[name], locale)
    found = {"light": violations(page)}
    page.emulate_media(color_scheme="dark")
    found["dark"] = violations(page)
    assert found == {"light": [], "dark": []}
    assert gallery.complaints == []


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
def test_what_the_headers_stop_is_heard(gallery: Gallery):
    """And they do stop what is not ours."""
    page = gallery.show(PAGES["new"])
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'hacked = 1'}))")
    assert page.evaluate("typeof hacked") == "undefined"
    assert "Content Security Policy" in " ".join(gallery.complaints)


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
