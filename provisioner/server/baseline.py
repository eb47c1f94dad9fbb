"""The resources that Keycloak 26.7 creates in a new realm.

`make baseline` writes `baseline.json` from a new realm on a real server, and a test compares the two. In its
texts, `{realm}` means the name of the realm.
"""

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from provisioner.kinds.kind import Kind
from provisioner.model.state import Address, RealmState, Resource

FILE = Path(__file__).with_name("baseline.json")
NAME = "{realm}"
_DEFAULT_ROLE = "default-roles-"
"""Followed by the name of the realm in lower case."""


@lru_cache(maxsize=4)
def state(realm: str) -> RealmState:
    """Return the state of a new realm of that name."""
    if not FILE.exists():
        return RealmState.of(realm, ())
    text = FILE.read_text(encoding="utf-8").replace(_DEFAULT_ROLE + NAME, _DEFAULT_ROLE + realm.lower())
    entries = json.loads(text.replace(NAME, realm))
    return RealmState.of(
        realm, (Resource(Address(Kind(kind), tuple(names)), fields) for kind, names, fields in entries)
    )


def before(realm: str) -> RealmState:
    """Return the state that a realm will have after its creation, for a comparison; without the realm's own
    settings."""
    made = state(realm)
    kept = (each for each in made.resources.values() if each.address.kind != Kind.REALM)
    return replace(made.with_resources(kept), exists=False, builtin=addresses(realm))


def addresses(realm: str) -> frozenset[Address]:
    """Return the addresses of all resources of a new realm."""
    return frozenset(state(realm).resources)
