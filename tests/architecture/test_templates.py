"""Templates: each used, none with code or style inside, every word in the catalogue."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment, meta, nodes

from tests.architecture.portal import PACKAGE, TEMPLATES, WRITTEN, rules
from webapp.wording.help_pages import TASKS

ENVIRONMENT = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
FILES = {str(path.relative_to(TEMPLATES)): path for path in sorted(TEMPLATES.rglob("*.html"))}
SOURCES = {name: path.read_text(encoding="utf-8") for name, path in FILES.items()}
TREES = {name: ENVIRONMENT.parse(source) for name, source in SOURCES.items()}
GUIDE = {f"help/{locale.value}/{name}.html" for locale in WRITTEN for name in ("index", *TASKS)} | {
    f"{text}/{locale.value}.html" for text in ("accessibility", "privacy") for locale in WRITTEN
}
"""Whole texts, included by the name of the task in the reader's language."""
MAIL_STYLE = '<style>\n{% include "mails/style.css" %}\n</style>'
every_template = pytest.mark.parametrize("name", list(FILES))


def imported(name: str) -> dict[str, set[str]]:
    """The macros that a template imports, by the template they come from."""
    found: dict[str, set[str]] = {}
    for statement in TREES[name].find_all(nodes.FromImport):
        assert isinstance(statement.template, nodes.Const)
        names = {entry if isinstance(entry, str) else entry[0] for entry in statement.names}
        found.setdefault(str(statement.template.value), set()).update(names)
    return found


def called(name: str) -> set[str]:
    """The names that a template calls."""
    calls = TREES[name].find_all(nodes.Call)
    return {call.node.name for call in calls if isinstance(call.node, nodes.Name)}


@cache
def rendered() -> frozenset[str]:
    """The templates that Python names."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".html"):
                found.add(node.value)
    return frozenset(found)


def test_every_template_is_used() -> None:
    """Named by a view, or by a template that is; and nothing names one that is not there."""
    reached, todo = set(), {*rendered(), *GUIDE}
    while todo:
        name = todo.pop()
        assert name in FILES, f"{name} is named and not there"
        reached.add(name)
        named = {str(other) for other in meta.find_referenced_templates(TREES[name]) if other}
        todo |= {other for other in named if other.endswith(".html")} - reached
    assert set(FILES) - reached == set()


@every_template
def test_every_import_is_used(name: str) -> None:
    """A macro that is imported is called."""
    unused = {macro for macros in imported(name).values() for macro in macros} - called(name)
    assert unused == set()


def test_every_macro_is_used_and_there() -> None:
    """A macro nobody calls is removed; one that is imported exists."""
    defined = {name: {macro.name for macro in tree.find_all(nodes.Macro)} for name, tree in TREES.items()}
    wanted: dict[str, set[str]] = {name: called(name) & defined[name] for name in FILES}
    for name in FILES:
        for source, macros in imported(name).items():
            assert macros <= defined[source], f"{name} imports {macros - defined[source]} from {source}"
            wanted[source] |= macros
    assert {name: unused for name in FILES if (unused := defined[name] - wanted[name])} == {}


@every_template
def test_nothing_is_trusted(name: str) -> None:
    """Every value is escaped, always."""
    filters = {node.name for node in TREES[name].find_all(nodes.Filter)}
    assert not filters & {"safe", "xmlattr", "forceescape", "striptags", "tojson"}
    assert not list(TREES[name].find_all(nodes.ScopedEvalContextModifier)), "no autoescape block"


@every_template
def test_nothing_inline(name: str) -> None:
    """No style, no script and no handler inside a page: the headers would stop them anyway. A mail has no other
    place for its style than its head."""
    source = SOURCES[name]
    if name == "mails/layout.html":
        source = source.replace(MAIL_STYLE, "")
    scripts = re.findall(r"<\s*script\b.*", source, re.I)
    ours = """<script type="module" src="{{ url_for('static', filename='attache.js') }}"></script>"""
    assert scripts == ([ours] if name == "layout.html" else []), "one file of ours, from the frame of every page"
    assert not re.search(r"<\s*style\b", source, re.I)
    assert not re.search(r"\s(style|on[a-z]+)\s*=", source, re.I)
    assert "javascript:" not in source.lower()


@every_template
def test_every_post_form_carries_the_token(name: str) -> None:
    """From the one macro."""
    for form in re.findall(r"<form\b.*?</form>", SOURCES[name], re.S):
        if 'method="post"' in form:
            assert form.count("csrf()") == 1
        else:
            assert 'method="get"' in form
            assert "csrf" not in form


@every_template
def test_addresses_are_made_not_written(name: str) -> None:
    """Links come from `url_for` with an endpoint that exists, or from whoever calls the macro."""
    endpoints = {rule.endpoint for rule in rules()} | {"static"}
    for call in TREES[name].find_all(nodes.Call):
        if (
            isinstance(call.node, nodes.Name)
            and call.node.name == "url_for"
            and isinstance(call.args[0], nodes.Const)
        ):
            assert call.args[0].value in endpoints
    written = re.findall(r'\b(?:href|action|src)="([^"{][^"]*)"', SOURCES[name])
    assert [address for address in written if not address.startswith(("#", "mailto:{{"))] == []


@every_template
def test_every_word_is_in_the_catalogue(name: str) -> None:
    """No word of a language outside `_()`, but names of things; a text of the guide is whole in its language."""
    if name in GUIDE:
        return
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->|<[^>]*>", " ", SOURCES[name], flags=re.S)
    bare = re.sub(r'[a-z-]+="[^"]*"', " ", bare)  # an attribute that a macro writes outside of a tag
    assert set(re.findall(r"[^\W\d_]{2,}", bare)) <= {"Attaché"}


@every_template
def test_pages_extend_the_layout(name: str) -> None:
    """Whatever a view renders stands in the frame, and has a title of its own."""
    if name not in rendered():
        return
    tree = TREES[name]
    parents = [
        node.template.value for node in tree.find_all(nodes.Extends) if isinstance(node.template, nodes.Const)
    ]
    if name.startswith("mails/"):
        assert parents == ["mails/layout.html"]
        return
    assert parents == ["layout.html"]
    assert "page_title" in {block.name for block in tree.find_all(nodes.Block)}


def test_no_markup_is_made_in_python() -> None:
    """A string becomes markup in a template, where it is escaped."""
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "Markup" not in source, path.name
        assert not re.search(r"render_template_string|\|\s*safe", source), path.name


def test_templates_are_ruled_by_strict_undefined() -> None:
    """A name that is not there is an error, not an empty place."""
    source = Path(PACKAGE / "app.py").read_text(encoding="utf-8")
    assert "jinja_env.undefined = StrictUndefined" in source
