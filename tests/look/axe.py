"""axe-core on a page that is shown, with the rules of WCAG 2.2 AA and its best practice.

What the rules about colours find depends on elements and styles, not on words. They take most of axe's time, so
`Schemes` runs them once for each skeleton of a page: its elements with their attributes and states, without words.
"""

import hashlib
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
ADDRESS = "/axe.min.js"
SITES: set[str] = set()
"""The servers of the tests that have axe at `ADDRESS`."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
"""The rules of `TAGS` that look at colours; a test keeps this list right."""
WORDED = (
    "action alt aria-describedby aria-label aria-labelledby content data-ask data-done data-label data-none"
    " data-one data-other data-total datetime href hreflang lang placeholder src title"
).split()
"""The attributes whose values are words or addresses; a test keeps styles from asking for their values."""
SKELETON = """worded => {
  const states = one => [one.checked, one.selected, one.disabled, one.open].map(Number).join('');
  const isWorded = (one, a) => worded.includes(a.name) || (a.name === 'value' && one.tagName !== 'OPTION');
  const value = (one, a) => isWorded(one, a) ? '' : a.value;
  const written = one => `<${one.tagName}${states(one)} ` +
    [...one.attributes].map(a => `${a.name}=${value(one, a)}`).join(' ') + '>' +
    [...one.childNodes].map(node => node.nodeType === Node.ELEMENT_NODE ? written(node)
      : node.nodeType === Node.TEXT_NODE && node.data.trim() ? '.' : '').join('') + '</>';
  return written(document.documentElement);
}"""
RUN = """async ([runOnly, without]) => {
  const rules = Object.fromEntries(without.map(rule => [rule, {enabled: false}]));
  const found = await axe.run(document, {runOnly, rules, resultTypes: ['violations'], preload: false});
  return found.violations.flatMap(rule => rule.nodes.map(
    node => `${rule.id}: ${node.target.join(' ')} ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`));
}"""


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with the page that is shown."""
    return _run(page, {"type": "tag", "values": TAGS})


def colour_violations(page: Page) -> list[str]:
    """Return what axe finds wrong with the colours alone: enough for a second colour scheme of the same page."""
    return _run(page, {"type": "rule", "values": COLOUR_RULES})


def skeleton(page: Page) -> str:
    """Return a digest of the page without its words."""
    text: str = page.evaluate(SKELETON, WORDED)
    return hashlib.sha256(text.encode()).hexdigest()


class Schemes:
    """Looks at pages in light and in dark colours; leaves them light."""

    def __init__(self) -> None:
        self._faultless: set[str] = set()
        """The skeletons whose colours are right in both schemes."""

    def violations(self, page: Page) -> dict[str, list[str]]:
        """Return all that axe finds in light colours, and what is wrong with the dark ones."""
        shown = skeleton(page)
        if shown in self._faultless:
            return {"light": _run(page, {"type": "tag", "values": TAGS}, COLOUR_RULES), "dark": []}
        light = violations(page)
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        dark = colour_violations(page)
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        if not light and not dark:
            self._faultless.add(shown)
        return {"light": light, "dark": dark}


def load(page: Page) -> None:
    """Bring axe into the page: from its own server when that has it, for Chromium keeps what it has compiled."""
    site = page.evaluate("origin")
    if site in SITES:
        page.add_script_tag(url=site + ADDRESS)
    else:
        page.evaluate(AXE)


def _run(page: Page, run_only: dict[str, object], without: list[str] | None = None) -> list[str]:
    if not page.evaluate("'axe' in window"):
        load(page)
    found: list[str] = page.evaluate(RUN, [run_only, without or []])
    return found
