"""R14: a portal process gets SIGKILL at chosen calls to a real Keycloak; the next one ends what it had begun."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from directory.model import Attachment, Company, User
from sandbox.stack import Stack
from tests.builders import an_attachment
from tests.contract.realm import Realm
from tests.contract.worlds import RealWorld, a_new_address
from tests.faults import portal_process
from tests.faults.four_companies import after, before, no_more_than_the_lesser, some
from tests.faults.mortal import running
from tests.faults.portal_process import PortalProcess
from tests.faults.proxy import EVERY, OURS, Fault, FaultProxy, Kind, one_after_the_other
from tests.faults.visiting import PortalVisitor
from tests.waiting import until
from tests.web.typed import a_creation, a_row

MEMBERSHIPS = f"{OURS}users/[^/]+/groups/"
KINDS: tuple[Kind, ...] = ("reset before", "reset after") if EVERY == 1 else ("reset after",)
"""Before the server has acted, and after."""
MEMBERSHIPS_APART = max(1, EVERY // 2)
"""Fewer than of all calls: only a few make or end a membership."""
INTERRUPTED = "Le portail s’est arrêté avant la fin."
PASSWORD = "of-these-tests-2026"
pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(3600)]


@dataclass(frozen=True)
class Administrator:
    """Of the four companies, signed in to the process; the session outlives it, being in its database."""

    world: RealWorld
    visitor: PortalVisitor


@pytest.fixture
def portal(tmp_path: Path, proxy: FaultProxy, stack: Stack) -> Iterator[PortalProcess]:
    settings = {name: value for name, value in stack.environment().items() if not name.lower().endswith("_proxy")}
    with portal_process.running(tmp_path, proxy.address, settings) as process:
        yield process


@pytest.fixture
def administrator(portal: PortalProcess, keycloak_realm: Realm, companies: list[Company]) -> Administrator:
    world = RealWorld(keycloak_realm)
    user = world.person(*(an_attachment(company, administrator=True) for company in companies))
    credential = {"type": "password", "value": PASSWORD, "temporary": False}
    keycloak_realm.admin.put(f"/users/{user.id}/reset-password", json=credential).raise_for_status()
    visitor = PortalVisitor(portal.address, keycloak_realm.portal_url)
    visitor.sign_in(user.email, PASSWORD)
    return Administrator(world, visitor)


def next_process(portal: PortalProcess, kind: str) -> None:
    """Start it again: the operation that it finds under way it ends, and says so."""
    said = len(portal.log.read_text(encoding="utf-8"))
    assert len(running(portal.database)) == 1, "it is written down"
    portal.start()
    until(lambda: running(portal.database) == [], "it is ended", seconds=60)
    line = re.compile(f"interrupted operation {kind} [0-9a-f]+: done")
    until(lambda: bool(line.search(portal.log.read_text(encoding="utf-8"), said)), "it is said", seconds=10)


def held(world: RealWorld, user: User) -> dict[str, Attachment]:
    return {at.company_id: at for _, at in world.directory.attachments_of(user.id)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_at_four_companies(
    kind: Kind, portal: PortalProcess, proxy: FaultProxy, administrator: Administrator, companies: list[Company]
):
    """At each membership that is made or ended: nobody has more than before and after; then it is as wanted."""
    world, names = administrator.world, [company.id for company in companies]
    wanted = some(after(names)).values()
    rows = [
        a_row(at.company_id, administrator=at.administers, external=at.affiliation == "external") for at in wanted
    ]
    fields: dict[str, object] = {"confirm": "1"}
    for row in rows:
        fields.update(row)

    def at(nth: int) -> Fault:
        return Fault(kind, "PUT|DELETE", MEMBERSHIPS, nth=nth, then=portal.kill)

    for fault in one_after_the_other(proxy, at, MEMBERSHIPS_APART):
        person = world.person(*some(before(names)).values())
        answer = administrator.visitor.posts(f"/users/{person.id}/attachments", fields)
        no_more_than_the_lesser(world.groups_of(person.id), names)
        assert answer == (None if fault.happened else 303)
        if fault.happened:
            next_process(portal, "change")
        assert held(world, person) == some(after(names))
        assert person.email in administrator.visitor.page(f"/journal?person={person.id}")
        until(lambda person=person: world.mails_to(person.email) > 0, "the mail about it", seconds=60)
        assert world.mails_to(person.email) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", f"{OURS}users$"), ("PUT", "/execute-actions-email")], ids=["account", "mail"]
)
def test_a_creation(
    method: str,
    path: str,
    kind: Kind,
    portal: PortalProcess,
    proxy: FaultProxy,
    administrator: Administrator,
    companies: list[Company],
):
    """One account, whole, in the list and in the journal; and one mail at most."""
    world, email = administrator.world, a_new_address()
    row = a_row(companies[0].id, administrator=True)
    fault = proxy.add(Fault(kind, method, path, then=portal.kill))
    assert administrator.visitor.posts("/users/new", a_creation(row, email=email)) is None
    assert fault.happened == 1
    next_process(portal, "create")
    assert world.count(email) == 1
    for page in ("/users?q=", "/journal?q="):
        assert email in administrator.visitor.page(f"{page}{email}")
    never_reached = (method, kind) == ("POST", "reset before")
    left = never_reached or (method, kind) == ("PUT", "reset after")
    assert world.mails_to(email) == (1 if left else 0)
    made = world.directory.find_by_email(email)
    assert made is not None
    assert held(world, made) == {companies[0].id: an_attachment(companies[0], administrator=True)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_selection(
    kind: Kind, portal: PortalProcess, proxy: FaultProxy, administrator: Administrator, companies: list[Company]
):
    """Its page says that it was interrupted; the same once more does what is left, for each person once."""
    world, company = administrator.world, companies[0]

    def at(nth: int) -> Fault:
        return Fault(kind, "DELETE", MEMBERSHIPS, nth=nth, then=portal.kill)

    for fault in one_after_the_other(proxy, at, MEMBERSHIPS_APART):
        people = [world.person(an_attachment(company, external=number < 2)) for number in range(4)]
        fields = {"user": [user.id for user in people], "action": "detach", "company": company.id, "confirm": "1"}
        answer = administrator.visitor.posts("/users/selection", fields)
        for user in people:
            groups = world.groups_of(user.id)
            assert not groups or f"/{company.id}" in groups, "nobody is in a subgroup alone"
        assert answer == (None if fault.happened else 303)
        if fault.happened:
            next_process(portal, "change")
            assert INTERRUPTED in administrator.visitor.page("/users/selection")
            left = [user.id for user in people if held(world, user)]
            if left:
                assert administrator.visitor.posts("/users/selection", {**fields, "user": left}) == 303
        assert [held(world, user) for user in people] == [{}] * 4
        for user in people:
            until(lambda user=user: world.mails_to(user.email) > 0, "the mail about it", seconds=60)
        assert [world.mails_to(user.email) for user in people] == [1] * 4
        journal = administrator.visitor.page(f"/journal?company={company.id}&action=detach")
        assert [journal.count(user.email) > 0 for user in people] == [True] * 4
