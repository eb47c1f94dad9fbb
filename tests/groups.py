"""Which tests share a process when `pytest -n` runs several, which begin first, and how whole folders are marked.

A group is a set of tests that share something costly: a server, a browser, the fixtures of one file. The groups of
`FIRST` take the longest, so they begin first; every other file is a group of its own and fills the gaps.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

STACK = "stack"
"""The tests that use the demo's realm, portal and mail catcher."""
REALMS = "realms"
"""The tests that make realms of their own, on the same Keycloak (`tests/one_keycloak.py`)."""
LOOK = "look"
"""The tests that look at the portal on the directory in memory with a real browser."""
OWN_SERVERS = "own servers"
EARLY = "tests/keycloak/portal/"
"""The first of its group: it reads every account of the realm again and again, the fewer the faster."""
FIRST = (STACK, REALMS, LOOK, OWN_SERVERS)

GROUPS = {
    "tests/deployment/": OWN_SERVERS,
    "tests/sandbox/test_demo.py": OWN_SERVERS,
    "tests/sandbox/test_keycloak_server.py": OWN_SERVERS,
    **{f"tests/keycloak/{name}/": REALMS for name in ("lifecycle", "provisioner", "sign_in", "theme", "trust")},
    "tests/keycloak/": STACK,
    "tests/browser/": STACK,
    "tests/contract/": STACK,
    "tests/faults/test_keycloak.py": STACK,
    "tests/faults/test_long_run.py": STACK,
    "tests/faults/test_nth_call.py": STACK,
    "tests/faults/test_sigkill.py": STACK,
    "tests/faults/test_silent_mail.py": STACK,
    "tests/faults/test_stateful.py": STACK,
    "tests/faults/test_upgrade.py": OWN_SERVERS,
    "tests/look/test_keycloak_screens.py": STACK,
    "tests/look/": LOOK,
}
"""The group of each path; the first that fits counts."""
MARKS = {"tests/keycloak/": "keycloak", "tests/faults/": "slow"}
"""The mark of every test below a folder. Faults are slow: processes are killed, calls hang until given up."""


def group_of(nodeid: str) -> str:
    """Return the group of a test."""
    found = (group for path, group in GROUPS.items() if nodeid.startswith(path))
    return next(found, nodeid.partition("::")[0])


def marks_of(nodeid: str) -> list[str]:
    """Return the marks that a test has for the folder it is in."""
    return [mark for folder, mark in MARKS.items() if nodeid.startswith(folder)]


def rank(group: str) -> int:
    """Return the place of a group in the order of running."""
    return FIRST.index(group) if group in FIRST else len(FIRST)


def place(nodeid: str) -> tuple[int, bool]:
    """Return where a test stands in the order of running, to sort by."""
    return rank(group_of(nodeid)), not nodeid.startswith(EARLY)


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives whole groups to processes, in the order of the collection.

    xdist's own `--dist loadgroup` writes the group into `Item._nodeid`, which pytest 9.2 no longer reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    """Schedule by groups whatever `--dist` says."""
    return GroupScheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark whole folders, before `-m` looks; put the long groups first in a process of several."""
    for item in items:
        for mark in marks_of(item.nodeid):
            item.add_marker(mark)
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: place(item.nodeid))
