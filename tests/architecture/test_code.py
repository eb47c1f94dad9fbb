"""The code as a whole: who imports what, what is pinned, and what must not be written anywhere."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.architecture.portal import PACKAGE, ROOT

OURS = ("directory", "provisioner", "webapp", "sandbox")
USE_CASES = ("imports", "jobs", "listing", "people", "records", "resend_all", "selection", "storage")
GATEWAYS = ("directory/keycloak_gateway/", "provisioner/server/calls.py")


def sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), parsed(path)


@cache
def parsed(path: Path) -> ast.Module:
    """Nobody changes it."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(tree: ast.Module) -> set[str]:
    """The top-level names of what is imported, wherever in the file."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


class TestImports:
    def test_only_the_gateways_know_the_library(self) -> None:
        """One door to Keycloak for the portal, one for the provisioner."""
        users = [name for name, tree in sources(*OURS) if "keycloak" in imports(tree)]
        assert [name for name in users if not name.startswith(GATEWAYS)] == []
        assert all(any(name.startswith(gateway) for name in users) for gateway in GATEWAYS)

    def test_portal_and_provisioner_do_not_know_each_other(self) -> None:
        """Both sit on the directory."""
        assert [name for name, tree in sources("webapp") if "provisioner" in imports(tree)] == []
        assert [name for name, tree in sources("provisioner") if "webapp" in imports(tree)] == []
        assert [name for name, tree in sources("directory") if {"webapp", "provisioner"} & imports(tree)] == []

    def test_nothing_of_tests_or_sandbox_is_in_production(self) -> None:
        """Doubles stay where they belong."""
        bad = {"tests", "sandbox", "bench", "pytest", "responses", "hypothesis"}
        assert [name for name, tree in sources("directory", "provisioner", "webapp") if bad & imports(tree)] == []

    def test_use_cases_know_no_request(self) -> None:
        """They get what they need as arguments and run without the web; only the wording needs translations."""
        web = {"flask", "flask_babel", "flask_wtf", "werkzeug", "wtforms"}
        rooms = [f"webapp/{room}" for room in USE_CASES]
        assert [
            name for name, tree in sources(*rooms) if web & imports(tree) and not name.endswith("/wording.py")
        ] == []
        assert all((PACKAGE / room / "__init__.py").is_file() for room in USE_CASES)

    def test_no_data_folder_hides_the_library(self) -> None:
        """`keycloak/` holds data only; a `.py` in it would be imported instead of the library."""
        assert list((ROOT / "keycloak").rglob("*.py")) == []


class TestCode:
    def test_every_module_and_public_function_of_the_portal_says_what_it_promises(self) -> None:
        """A docstring on each module, and on each function and class that others call."""
        silent = []
        for name, tree in sources("webapp"):
            if name.endswith("__init__.py") or "/migrations/" in name:
                continue
            if not ast.get_docstring(tree):
                silent.append(name)
            for node in tree.body:
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                    if not ast.get_docstring(node):
                        silent.append(f"{name}:{node.name}")
        assert silent == []

    def test_nothing_is_printed(self) -> None:
        """The portal talks by pages and by its log."""
        prints = [
            name
            for name, tree in sources("directory", "webapp")
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        ]
        assert prints == []

    def test_messages_are_whole_strings(self) -> None:
        """An f-string inside `_()` would never be found in the catalogue."""
        wrong = [
            f"{name}:{node.lineno}"
            for name, tree in sources("webapp")
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"_", "_l", "gettext", "lazy_gettext", "ngettext"}
            and not (node.args and isinstance(node.args[0], ast.Constant))
            and name != "webapp/wording/labels.py"
        ]
        assert wrong == []

    def test_what_is_flashed_is_translated(self) -> None:
        """Everything said to a person goes through the catalogue; an id of a change or of a person is not said."""
        wrong = [
            f"{name}:{node.lineno}"
            for name, tree in sources("webapp")
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "flash"
            and getattr(node.args[1], "id", "") not in {"UNDO", "ADDED"}
            and not (
                isinstance(node.args[0], ast.Call) and getattr(node.args[0].func, "id", "") in {"_", "ngettext"}
            )
        ]
        assert wrong == []

    def test_portal_calls_only_the_verbs_of_the_directory_that_design_allows(self) -> None:
        """What its account could do besides (reset a password, delete an active person) it has no verb for."""
        from directory.gateway import Directory

        verbs = {name for name in vars(Directory) if not name.startswith("_")}
        assert verbs == {
            "attachments_of", "companies", "members", "administrators", "user", "dossier", "users",
            "find_by_email", "create_user", "never_activated", "made_before", "ending",
            "change_attachment", "send_activation", "record_activation_sent", "record_invitation",
            "correct_email", "delete_user",
            "check", "own_rights", "sign_in",
        }  # fmt: skip
        deleting = [
            name
            for name, tree in sources("webapp")
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr == "delete_user"
        ]
        assert set(deleting) == {"webapp/people/accounts.py"}, "the one place that checks that it was never active"


def test_every_package_is_distributed() -> None:
    """What is not named would be missing where the project is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert tuple(sorted(project["tool"]["uv"]["build-backend"]["module-name"])) == tuple(sorted(OURS))
