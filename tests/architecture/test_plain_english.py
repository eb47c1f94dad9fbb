"""Code and documentation use the words that the glossary asks for, and none of those it rules out."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEADING = "## Words of code and documentation"
CODE = sorted(
    path for package in ("directory", "provisioner", "webapp") for path in (ROOT / package).rglob("*.py")
)
DOCS = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("README*.md")])
GLOSSARY = ROOT / "docs" / "glossary.md"


def ruled_out(glossary: str) -> tuple[str, ...]:
    """Return the words of the column « not » of the glossary's second table."""
    rows = [
        line.strip("| ").split("|") for line in glossary.split(HEADING, 1)[1].splitlines() if line.startswith("|")
    ]
    return tuple(word.strip() for row in rows[2:] for word in row[0].split(","))


def found_in(text: str, words: tuple[str, ...]) -> Iterator[str]:
    """Yield each ruled-out word of a text; what is quoted as code or from the screen (« ») does not count."""
    plain = re.sub(r"```.*?```|`[^`]*`|«[^»]*»|“[^”]*”|\]\([^)]*\)", " ", text, flags=re.DOTALL)
    pattern = re.compile(rf"\b({'|'.join(re.escape(word) for word in words)})\b", re.IGNORECASE)
    return (match[0].lower() for match in pattern.finditer(" ".join(plain.split())))


def prose_of(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of each docstring, message (a string of several words), comment and definition."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, " ".join(re.split(r"_|(?<=[a-z])(?=[A-Z])", node.name))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def in_code(source: str, words: tuple[str, ...]) -> list[tuple[int, str]]:
    """Return the line and the word of each ruled-out word of a module."""
    return [(line, word) for line, text in prose_of(source) for word in found_in(text, words)]


@pytest.fixture(scope="module")
def words() -> tuple[str, ...]:
    return ruled_out(GLOSSARY.read_text(encoding="utf-8"))


def test_the_table_has_words(words: tuple[str, ...]) -> None:
    """The table is read: an empty one would rule out nothing."""
    assert {"told", "nobody", "in vain", "whoever", "beside"} <= set(words)


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_code(path: Path, words: tuple[str, ...]) -> None:
    """No docstring, message, comment or name of a definition has a ruled-out word."""
    assert in_code(path.read_text(encoding="utf-8"), words) == []


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documentation(path: Path, words: tuple[str, ...]) -> None:
    """No page has a ruled-out word, outside the table itself."""
    text = path.read_text(encoding="utf-8")
    assert list(found_in(text.split(HEADING, 1)[0] if path == GLOSSARY else text, words)) == []


@pytest.mark.parametrize(
    "source",
    [
        '"""Whoever comes."""',
        'def f() -> None:\n    """Waits in\n    vain."""',
        'x = 1\n"""Told apart."""',
        "x = 1  # stands here",
        'print("the import goes on")',
        "def nobody() -> str: ...",
        "class ToldOf: ...",
        'x = f"it leads {y} back"',
    ],
)
def test_it_can_fail(source: str, words: tuple[str, ...]) -> None:
    """A ruled-out word is found in each kind of text, also across a line break."""
    assert in_code(source, words)


@pytest.mark.parametrize(
    "source", ['"""See `told`."""', 'x = "told"', '"""« Nobody »"""', "told = 1", '"""Untold."""']
)
def test_what_does_not_count(source: str, words: tuple[str, ...]) -> None:
    """Quoted code, words of the screen, values, variables and parts of other words are not prose."""
    assert not in_code(source, words)
