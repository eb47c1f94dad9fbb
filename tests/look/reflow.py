"""What small screens, large letters and a reader's own spacing do to a page that is shown."""

from playwright.sync_api import Page

WIDTHS = {"small desktop": 1000, "tablet": 800, "200 %": 640, "phone": 390, "400 %": 320}

OVERFLOW = """() => {
  const page = document.scrollingElement;
  if (page.scrollWidth <= page.clientWidth) return '';
  const wide = [...document.body.querySelectorAll('*')].filter(
    one => one.getBoundingClientRect().right > page.clientWidth + 1);
  return `${page.scrollWidth} > ${page.clientWidth}: ` + wide.slice(0, 3).map(one => one.outerHTML.slice(0, 120));
}"""
CUT = """() => [...document.body.querySelectorAll('*:not(input)')].filter(
  one => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1
).filter(one => {
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  const hides = [style.overflowX, style.overflowY].some(way => way === 'hidden' || way === 'clip');
  const unseen = box.width <= 1 || box.height <= 1 || style.clipPath !== 'none';
  return hides && !unseen;
}).map(one => one.outerHTML.slice(0, 120))"""
SMALL = """() => {
  const boxes = [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, summary, textarea')]
    .map(one => ({one, box: (one.closest('label') ?? one).getBoundingClientRect()}))
    .filter(({one, box}) => box.width > 1 && box.height > 1 && (box.width < 24 || box.height < 24));
  const isInText = one => one.matches('a') && getComputedStyle(one).display === 'inline';
  return boxes.filter(({one}) => one.checkVisibility({visibilityProperty: true}) && !isInText(one))
    .map(({one, box}) => `${one.outerHTML.slice(0, 120)} ${box.width} x ${box.height}`);
}"""
ORDER = """() => {
  const stops = [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]')];
  const jumps = stops.filter(one => one.tabIndex > 0).map(one => one.outerHTML.slice(0, 80));
  const boxes = stops.filter(one => one.tabIndex === 0 && one.checkVisibility() && one.closest('main'))
    .map(one => ({one, box: one.getBoundingClientRect()})).filter(({box}) => box.height > 1);
  const back = boxes.filter(({box}, n) => {
    const last = n ? boxes[n - 1].box : box;
    return box.bottom < last.top && box.left < last.right && last.left < box.right;
  });
  return [...jumps, ...back.map(({one}) => one.outerHTML.slice(0, 80))];
}"""
MOVING = """() => [...document.querySelectorAll('*')]
  .flatMap(one => ['', '::before', '::after'].map(part => getComputedStyle(one, part || null)))
  .filter(style => style.animationName !== 'none' || parseFloat(style.transitionDuration) > 0).length"""
SPACING = """
  * { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
  p { margin-bottom: 2em !important; }
"""

MEASURED = f"""([css, spacings]) => {{
  const wide = new CSSStyleSheet();
  wide.replaceSync(css);
  return spacings.map(spacing => {{
    document.adoptedStyleSheets = spacing === 'wide' ? [wide] : [];
    return [({OVERFLOW})(), ({CUT})(), ({SMALL})()];
  }});
}}"""


def faults_of_sizes(page: Page) -> dict[tuple[str, str], tuple[str, list[str], list[str]]]:
    """Return what overflows, is cut off or is too small to hit, at every width and with both spacings.

    Leaves the page at the narrowest width, with the reader's spacing.
    """
    found = {}
    spacings = ["ours", "wide"]
    for size, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 700})
        measured = page.evaluate(MEASURED, [SPACING, spacings])
        found.update({(size, spacing): tuple(one) for spacing, one in zip(spacings, measured, strict=True)})
        spacings.reverse()  # the next size begins with the spacing that is there: one layout less
    return {size: wrong for size, wrong in found.items() if any(wrong)}
