"""A small tree of HTML, read by the standard library, and what every page of the portal must be like."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from directory.model import Locale

VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
BLOCKS = frozenset(
    "address article aside blockquote dl div fieldset form h1 h2 h3 hr main nav ol p section table ul".split()
)
INTERACTIVE = frozenset({"a", "button", "form"})
UNLABELLED = frozenset({"hidden", "submit", "button", "image"})


@dataclass(eq=False)
class Element:
    """One element with what is inside."""

    tag: str
    attributes: dict[str, str | None]
    parent: "Element | None" = None
    children: "list[Element | str]" = field(default_factory=list)
    inside: "list[Element]" = field(default_factory=list, repr=False)

    def __getitem__(self, name: str) -> str:
        """The value of an attribute; empty when it has none."""
        return self.attributes.get(name) or ""

    def __contains__(self, name: str) -> bool:
        return name in self.attributes

    def __iter__(self) -> "Iterator[Element]":
        """Every element inside, in the order of the document."""
        return iter(self.inside)

    def all(self, *tags: str, **attributes: str) -> "list[Element]":
        """The elements inside of one of these tags with these values of attributes (`class_` and so on)."""
        found = [element for element in self.inside if element.tag in tags] if tags else self.inside
        for name, value in attributes.items():
            if name == "class_":
                found = [element for element in found if value in element["class"].split()]
            else:
                found = [element for element in found if element[name.rstrip("_")] == value]
        return found

    def one(self, *tags: str, **attributes: str) -> "Element":
        """The only such element."""
        found = self.all(*tags, **attributes)
        assert len(found) == 1, f"{len(found)} elements {tags} {attributes}"
        return found[0]

    def within(self, *tags: str) -> "Element | None":
        """The nearest element of one of these tags around this one."""
        element = self.parent
        while element is not None and element.tag not in tags:
            element = element.parent
        return element

    @property
    def text(self) -> str:
        """What is read, in single spaces."""
        return " ".join(self._raw().split())

    def _raw(self) -> str:
        pieces = (child if isinstance(child, str) else child._raw() for child in self.children)
        return "".join(f" {piece} " if self.tag in BLOCKS else piece for piece in pieces)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("#document", {})
        self.open = self.root
        self.problems: list[str] = []
        self.doctype = False

    def handle_decl(self, decl: str) -> None:
        self.doctype = decl.lower() == "doctype html" and not any(
            isinstance(c, Element) for c in self.root.children
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), self.open)
        if len(element.attributes) != len(attrs):
            self.problems.append(f"<{tag}> repeats an attribute: {attrs}")
        self.open.children.append(element)
        around: Element | None = self.open
        while around is not None:
            around.inside.append(element)
            around = around.parent
        if tag not in VOID:
            self.open = element

    def handle_endtag(self, tag: str) -> None:
        if self.open.tag == tag and self.open.parent is not None:
            self.open = self.open.parent
        else:
            self.problems.append(f"</{tag}> closes <{self.open.tag}> {self.open['class'] or self.open['id']}")

    def handle_data(self, data: str) -> None:
        self.open.children.append(data)


def parse(text: str) -> tuple[Element, list[str]]:
    """The document, and what is wrong with its tags."""
    builder = _Builder()
    builder.feed(text)
    builder.close()
    problems = builder.problems
    if builder.open is not builder.root:
        problems.append(f"<{builder.open.tag}> is never closed")
    if not builder.doctype:
        problems.append("no <!doctype html> at the start")
    return builder.root, problems


def problems_of(page: Element, resolves: Callable[[str, str], bool]) -> list[str]:
    """What is wrong with a page; `resolves(address, method)` says whether the portal has such an address."""
    return [
        *_frame(page),
        *_ids(page),
        *_nesting(page),
        *_forms(page, resolves),
        *_controls(page),
        *_links(page, resolves),
        *_nothing_inline(page),
        *_tables(page),
    ]


def _frame(page: Element) -> Iterator[str]:
    if len(page.all("h1")) != 1 or not page.one("h1").text:
        yield f"needs exactly one h1 with words, has {[h1.text for h1 in page.all('h1')]}"
    titles = page.all("title")
    if len(titles) != 1 or not titles[0].text.removesuffix("– Attaché").strip():
        yield f"needs a title with words, has {[title.text for title in titles]}"
    if [html["lang"] in set(Locale) for html in page.all("html")] != [True]:
        yield "the html element needs a language of the portal"
    if len(page.all("main")) != 1:
        yield "needs exactly one main"
    if not page.all("meta", charset="utf-8"):
        yield "names no charset"
    if "%(" in page.text:
        yield "shows a message that was not filled"


def _ids(page: Element) -> Iterator[str]:
    times = Counter(element["id"] for element in page if "id" in element)
    yield from (f"id {name!r} occurs {number} times" for name, number in times.items() if number > 1 or not name)
    for element in page:
        for attribute in ("aria-describedby", "aria-labelledby", "aria-controls", "for"):
            yield from (
                f"<{element.tag}> {attribute} names {name!r}, which is not there"
                for name in element[attribute].split()
                if name not in times
            )


def _nesting(page: Element) -> Iterator[str]:
    for element in page:
        parent = element.parent
        assert parent is not None
        if element.tag in BLOCKS and element.within("p"):
            yield f"<{element.tag}> inside <p>: browsers close the paragraph before it"
        if element.tag in INTERACTIVE and element.within(
            *INTERACTIVE - {"form"} if element.tag != "form" else {"form"}
        ):
            yield f"<{element.tag}> inside another control or form"
        if element.tag == "li" and parent.tag not in {"ul", "ol"}:
            yield "<li> outside a list"
        if parent.tag in {"ul", "ol"} and element.tag != "li":
            yield f"<{element.tag}> directly inside <{parent.tag}>"
        if element.tag in {"dt", "dd"} and "dl" not in {parent.tag, parent.parent.tag if parent.parent else ""}:
            yield f"<{element.tag}> outside <dl>"


def _forms(page: Element, resolves: Callable[[str, str], bool]) -> Iterator[str]:
    for form in page.all("form"):
        method = (form["method"] or "get").upper()
        if not form["action"] or not resolves(form["action"], method):
            yield f"a form goes to {form['action']!r} with {method}, which is nowhere"
        tokens = [token["value"] for token in form.all("input", name="csrf_token")]
        if method == "POST" and (len(tokens) != 1 or not tokens[0]):
            yield f"the form to {form['action']} carries {len(tokens)} tokens"
        if method == "GET" and tokens:
            yield f"the form to {form['action']} puts its token into an address"
        if not form.all("button"):
            yield f"the form to {form['action']} has no button"


def _controls(page: Element) -> Iterator[str]:
    labelled = {label["for"] for label in page.all("label") if label.text}
    for control in page.all("input", "select", "textarea"):
        if control["type"] in UNLABELLED:
            continue
        around = control.within("label")
        if (
            not (around is not None and around.text)
            and control["id"] not in labelled
            and not control["aria-label"]
        ):
            yield f"{control.tag} {control['name']!r} has no label"
        if not control["name"]:
            yield f"{control.tag} {control['id']!r} has no name"
    for control in page.all("a", "button"):
        if not control.text and not control["aria-label"]:
            yield f"{control.tag} {control['href'] or control['name']!r} has no words"
    yield from (f"image {image['src']} has no alt" for image in page.all("img") if "alt" not in image)


def _links(page: Element, resolves: Callable[[str, str], bool]) -> Iterator[str]:
    ids = {element["id"] for element in page if "id" in element}
    for element in page.all("a", "link", "img", "script"):
        address = element["href"] or element["src"]
        if address.startswith("#"):
            if address[1:] not in ids:
                yield f"a link leads to {address}, which is not on the page"
        elif not resolves(address, "GET"):
            yield f"<{element.tag}> leads to {address!r}, which is nowhere"


def _nothing_inline(page: Element) -> Iterator[str]:
    for element in page:
        if element.tag == "style" or (element.tag == "script" and "src" not in element):
            yield f"<{element.tag}> inside the page"
        yield from (
            f"<{element.tag}> carries {name}"
            for name in element.attributes
            if name == "style" or name.startswith("on")
        )


def _tables(page: Element) -> Iterator[str]:
    for table in page.all("table"):
        if not table.all("caption") or not table.one("caption").text:
            yield "a table has no caption"
        yield from (
            f"<th> {th.text!r} has no scope" for th in table.all("th") if th["scope"] not in {"col", "row"}
        )
        for body in table.all("tbody"):
            yield from (
                f"a row has no header: {row.text!r}"
                for row in body.all("tr")
                if len(row.all("th", scope="row")) != 1
            )
