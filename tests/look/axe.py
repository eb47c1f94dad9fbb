"""axe-core on a page that is shown, with the rules of WCAG 2.2 AA and its best practice."""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
"""The rules of `TAGS` that look at colours; a test keeps this list right."""
RUN = """async runOnly => {
  const found = await axe.run(document, {runOnly, resultTypes: ['violations'], preload: false});
  return found.violations.flatMap(rule => rule.nodes.map(
    node => `${rule.id}: ${node.target.join(' ')} ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`));
}"""


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with the page that is shown."""
    return _run(page, {"type": "tag", "values": TAGS})


def colour_violations(page: Page) -> list[str]:
    """Return what axe finds wrong with the colours alone: enough for a second colour scheme of the same page."""
    return _run(page, {"type": "rule", "values": COLOUR_RULES})


def _run(page: Page, run_only: dict[str, object]) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: list[str] = page.evaluate(RUN, run_only)
    return found
