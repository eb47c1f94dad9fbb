"""The page checker finds what it is there to find: one that saw nothing would look like peace."""

import pytest

from tests.web.browser import Browser
from tests.web.html import parse, problems_of
from webapp.http.guards import Access, access

FRAME = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Aide – Attaché</title></head>
<body><main><h1>Aide</h1>{}</main></body></html>"""
TOKEN = '<input type="hidden" name="csrf_token" value="t">'


def problems(body: str) -> list[str]:
    page, found = parse(FRAME.format(body))
    return [*found, *problems_of(page, lambda address, method: address == "/here")]


def test_fine_page_has_no_problems():
    assert problems(f'<form method="post" action="/here">{TOKEN}<button>Go</button></form>') == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<h1>Again</h1>", "exactly one h1"),
        ('<p id="a"></p><p id="a"></p>', "occurs 2 times"),
        ('<form method="post" action="/here"><button>Go</button></form>', "carries 0 tokens"),
        (f'<form method="post" action="/gone">{TOKEN}<button>Go</button></form>', "nowhere"),
        ('<form method="get" action="/here"><input name="q"><button>Go</button></form>', "no label"),
        ('<form method="get" action="/here"></form>', "no button"),
        ("<p style='color: red'>x</p>", "carries style"),
        ("<p onclick='x()'>x</p>", "carries onclick"),
        ("<script>x()</script>", "inside the page"),
        ("<a href='/gone'>x</a>", "nowhere"),
        ("<a href='#gone'>x</a>", "not on the page"),
        ("<a href='/here'></a>", "no words"),
        ("<p aria-describedby='gone'>x</p>", "not there"),
        ("<p><ul></ul></p>", "inside <p>"),
        ("<div><p>x</div></p>", "closes"),
        ("<div>", "closes"),
        ("<table><caption>c</caption><tbody><tr><td>x</td></tr></tbody></table>", "no header"),
        ("<table><tbody><tr><th scope='row'>x</th></tr></tbody></table>", "no caption"),
        ("<p>%(name)s</p>", "not filled"),
        ("<img src='/here'>", "no alt"),
        ("<ul><p>x</p></ul>", "directly inside"),
    ],
)  # fmt: skip
def test_each_fault_is_named(body: str, words: str):
    """One fault, found, and named in words that lead to it."""
    assert any(words in problem for problem in problems(body)), problems(body)


def test_browser_refuses_a_page_with_a_fault(browser: Browser):
    """The check is not optional: whoever fetches a page checks it."""
    broken = access(Access.PUBLIC)(lambda: "<!doctype html><html><body>no heading</body></html>")
    browser.app.view_functions["help.page"] = broken
    with pytest.raises(AssertionError, match="exactly one h1"):
        browser.get("/help")
