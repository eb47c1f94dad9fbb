"""Which tests share a process when `pytest -n` runs several, and which begin first.

A group is a set of tests that share something costly: a server, a browser, the fixtures of one file. The groups of
`FIRST` take the longest, so they begin first; every other file is a group of its own and fills the gaps.
"""

from __future__ import annotations

import pytest

STACK = "stack"
"""The tests that use the session's Keycloak with its realm, portal and mail catcher."""
REALMS = "realms"
"""The tests that make realms of their own; they only need a Keycloak."""
OWN_SERVERS = "own servers"
LOOK = "look"
FIRST = (STACK, REALMS, LOOK, OWN_SERVERS)

REALM_FOLDERS = tuple(f"tests/keycloak/{name}/" for name in ("provisioner", "sign_in", "theme", "trust"))
OWN_SERVER_FILES = (
    "tests/sandbox/test_demo.py",
    "tests/sandbox/test_keycloak_server.py",
    "tests/deployment/",
)


def group_of(nodeid: str, *, needs_server: bool) -> str:
    """Return the group of a test.

    `needs_server` says whether the test is marked `keycloak` or `browser`.
    """
    if nodeid.startswith(OWN_SERVER_FILES):
        return OWN_SERVERS
    if nodeid.startswith(REALM_FOLDERS):
        return REALMS
    if needs_server and not _without_keycloak(nodeid):
        return STACK
    return LOOK if nodeid.startswith("tests/look/") else nodeid.partition("::")[0]


def _without_keycloak(nodeid: str) -> bool:
    """`tests/look` shows the portal on the directory in memory, but for Keycloak's own pages."""
    return nodeid.startswith("tests/look/") and "test_keycloak_screens" not in nodeid


def rank(group: str) -> int:
    """Return the place of a group in the order of running."""
    return FIRST.index(group) if group in FIRST else len(FIRST)


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test with its group; with several processes the long groups come first."""
    groups = {item: _group(item) for item in items}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank(groups[item]))


def _group(item: pytest.Item) -> str:
    marked = any(item.get_closest_marker(name) for name in ("keycloak", "browser"))
    needs_server = marked or item.nodeid.startswith("tests/keycloak/")  # its folders are marked later
    return group_of(item.nodeid, needs_server=needs_server)
