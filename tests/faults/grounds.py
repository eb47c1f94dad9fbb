"""Where the state machine plays: the directory in memory, and a real Keycloak behind the fault proxy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from directory.encoding import Place, Subgroup, attachments_of, user_of
from directory.gateway import Directory
from directory.keycloak_gateway.calls import TRIES
from directory.model import Attachment, User
from tests.builders import a_company, a_profile
from tests.contract.worlds import RealWorld
from tests.fakes import FakeDirectory
from tests.faults.proxy import Fault, FaultProxy, Kind

NAMES = ("amber", "birch", "cedar")
"""The companies; no other test has them."""
DOMAIN = "steps.example"

Effect = Literal["none", "half", "whole"]


@dataclass(frozen=True)
class Trouble:
    """The nth call of a verb (or of any) that fails before, within or after its effect.

    `lasting`: for as often as the portal repeats a call that may be repeated. Only a change of attachment fails
    within.
    """

    verb: str | None
    nth: int
    effect: Effect
    lasting: bool

    @property
    def of_verb(self) -> str | None:
        return "change_attachment" if self.effect == "half" else self.verb


@dataclass(frozen=True)
class Seen:
    """Everybody, and the paths of the groups that each is in, read without any fault."""

    people: tuple[User, ...]
    groups: Mapping[str, frozenset[str]]

    def at(self, user: User) -> dict[str, Attachment]:
        """What somebody holds, by company."""
        return {each.company_id: each for each in attachments_of(self.groups.get(user.id, ()))}


class Ground(Protocol):
    """A directory with the three companies, and calls that fail when they are to."""

    directory: Directory

    @property
    def met(self) -> int:
        """How many calls went wrong so far."""

    def begin(self) -> None:
        """Nobody is left, and no fault to come."""

    def add(self, email: str, attachments: Iterable[Attachment] = ()) -> User: ...

    def look(self) -> Seen: ...

    def fail(self, trouble: Trouble) -> None: ...


class FakeGround:
    """In memory: what fails is a verb, so the portal's repeats have failed already."""

    def __init__(self) -> None:
        self._met_before = 0
        self.directory = FakeDirectory()

    @property
    def met(self) -> int:
        return self._met_before + self.directory.failed

    def begin(self) -> None:
        self._met_before = self.met
        self.directory = FakeDirectory(*(a_company(name) for name in NAMES))

    def add(self, email: str, attachments: Iterable[Attachment] = ()) -> User:
        return self.directory.add_user(a_profile(email), attachments)

    def look(self) -> Seen:
        people = self.directory.people()
        return Seen(people, {user.id: frozenset(self.directory.groups_of(user.id)) for user in people})

    def fail(self, trouble: Trouble) -> None:
        self.directory.fail(trouble.of_verb, nth=trouble.nth, effect=trouble.effect)


MEMBERSHIP = ("PUT|DELETE", "/users/[^/]+/groups/")
CALLS = {
    None: ("[A-Z]+", "/realms/portal/"),
    "change_attachment": MEMBERSHIP,
    "create_user": ("POST", "/users$"),
    "send_activation": ("PUT", "/execute-actions-email"),
}
"""Method and path of a verb's call that changes something."""
KINDS: dict[Effect, Kind] = {"none": "503", "half": "reset before", "whole": "reset after"}


class RealGround:
    """A real Keycloak: what fails is a call on the wire. Companies are made once, and go with `close`."""

    def __init__(self, world: RealWorld, proxy: FaultProxy) -> None:
        self.directory = world.directory
        self._world = world
        self._admin = world.realm.admin
        self._proxy = proxy
        self._faults: list[Fault] = []
        for name in NAMES:
            world.realm.add_company(a_company(name))
        self._groups = {place.path: self._key_of(place) for name in NAMES for place in _places_of(name)}

    @property
    def met(self) -> int:
        return sum(fault.happened for fault in self._faults)

    def begin(self) -> None:
        self._proxy.clear()
        for account in self._accounts():
            self._admin.delete(f"/users/{account['id']}").raise_for_status()

    def close(self) -> None:
        self.begin()
        for name in NAMES:
            self._admin.delete(f"/groups/{self._groups[Place(name).path]}").raise_for_status()

    def add(self, email: str, attachments: Iterable[Attachment] = ()) -> User:
        return self._world.person(*attachments, profile=a_profile(email))

    def look(self) -> Seen:
        groups: dict[str, set[str]] = {}
        for path, key in self._groups.items():
            for member in self._admin.get(f"/groups/{key}/members", params={"max": 1000}).json():
                groups.setdefault(member["id"], set()).add(path)
        people = tuple(user_of(account) for account in self._accounts())
        return Seen(people, {user_id: frozenset(paths) for user_id, paths in groups.items()})

    def fail(self, trouble: Trouble) -> None:
        method, path = CALLS[trouble.of_verb]
        # Within a change: after at least one membership was made.
        nth = trouble.nth + (trouble.effect == "half")
        fault = Fault(KINDS[trouble.effect], method, path, nth=nth, times=TRIES if trouble.lasting else 1)
        self._faults.append(self._proxy.add(fault))

    def _accounts(self) -> list[dict]:
        query = {"email": f"@{DOMAIN}", "max": 100, "briefRepresentation": "false"}
        found: list[dict] = self._admin.get("/users", params=query).json()
        return found

    def _key_of(self, place: Place) -> str:
        return str(self._admin.get(f"/group-by-path{place.path}").json()["id"])


def _places_of(name: str) -> list[Place]:
    return [Place(name), *(Place(name, subgroup) for subgroup in Subgroup)]
