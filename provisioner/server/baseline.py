"""What Keycloak 26.7 puts into a new realm on its own, as data beside this module: resources as a state has them.

`baseline.json` is written by `make baseline` from a realm made for that on a real server; a test compares the two.
Texts in it name the realm `{realm}`.
"""

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from provisioner.model.state import Address, Kind, RealmState, Resource

FILE = Path(__file__).with_name("baseline.json")
NAME = "{realm}"
_DEFAULT_ROLE = "default-roles-"
"""Followed by the realm's name in small letters."""


@lru_cache(maxsize=4)
def state(realm: str) -> RealmState:
    """A new realm of that name."""
    if not FILE.exists():
        return RealmState.of(realm, ())
    text = FILE.read_text(encoding="utf-8").replace(_DEFAULT_ROLE + NAME, _DEFAULT_ROLE + realm.lower())
    told = json.loads(text.replace(NAME, realm))
    return RealmState.of(
        realm, (Resource(Address(Kind(kind), tuple(names)), fields) for kind, names, fields in told)
    )


def before(realm: str) -> RealmState:
    """What a realm that is to be made can be compared with: everything but the realm itself."""
    made = state(realm)
    kept = (each for each in made.resources.values() if each.address.kind is not Kind.REALM)
    return replace(made.with_resources(kept), exists=False, builtin=addresses(realm))


def addresses(realm: str) -> frozenset[Address]:
    """The addresses of all that is in it."""
    return frozenset(state(realm).resources)
