"""The map of the code in `docs/architecture.md`."""

import re

import pytest

from tests.architecture.portal import ROOT

TEXT = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def described(package: str) -> set[str]:
    """Return the rooms in the table of a package."""
    _, _, table = TEXT.partition(f"| room of `{package}/` |")
    assert table, f"no table of {package}"
    return set(re.findall(r"^\| `(\w+)/` \|", table.partition("\n\n")[0], re.MULTILINE))


@pytest.mark.parametrize("package", ["webapp", "provisioner"])
def test_rooms(package: str) -> None:
    """Each has a line that says what it holds, and no line is of a room that is gone."""
    assert described(package) == {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}


def test_paths_exist() -> None:
    """What the page leads to is there."""
    paths = re.findall(r"`((?:directory|provisioner|webapp|tests|keycloak)/[\w/.]*)`", TEXT)
    assert len(paths) > 8
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_two_flows_are_drawn() -> None:
    """A change in the portal and one by the provisioner, beside the packages."""
    assert TEXT.count("```mermaid") == 3


def test_the_readme_leads_there() -> None:
    """And the page is one page."""
    assert "(docs/architecture.md)" in README
    assert len(TEXT.split()) < 1000
