"""R17, R18 on more than one machine's worth of programs: `make cluster` under five requests a second.

Nothing is emulated: two portals, two Keycloaks, PostgreSQL and HAProxy are real processes. It takes minutes, so
`make faults` runs it and `make test` does not.
"""

import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest
import requests

from bench.traffic import TIMEOUT, Answer, Visits, errors, kinds, paced, percentile, session_of
from sandbox.administrator import admin_token
from sandbox.cluster import Cluster
from sandbox.content import REALM
from sandbox.errors import MissingProgramError
from sandbox.keycloak import KeycloakServer
from sandbox.ports import Ports, is_free
from sandbox.reverse_proxy import State, found
from sandbox.visitor import Visitor
from tests.waiting import until
from tests.web.typed import a_creation, a_row
from webapp.records.journal import Action, Outcome
from webapp.records.journal_reading import Search, read
from webapp.storage.database import Database

pytestmark = [
    pytest.mark.keycloak,
    pytest.mark.postgres,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not os.environ.get("FAULT_CLUSTER"), reason="takes minutes: `make faults` runs it"),
    pytest.mark.usefixtures("_proxy"),
]

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)
ROOT = Path(__file__).parents[2]
PROC = Path("/proc")
STOP_SECONDS = 15.0
RATE = 5.0
LONGEST = 600.0
OUTAGE = 10.0
"""Seconds after the kill of a Keycloak within which a request may fail."""
TOKEN_SECONDS = 60.0
"""The life of an access token: after it, each session has been renewed at the Keycloak that is left."""
ANNE = "anne.durand@acme.example"
THOMAS = "thomas.dubois@flandre.example"
SOPHIE, CLAIRE = "sophie.martin@deltasol.example", "claire.fontaine@estuaire.example"
READERS = (ANNE, THOMAS, SOPHIE, CLAIRE, "karim.benali@cevenne.example")
FLOOD = 50.0
FLOOD_SECONDS = 15.0
EXPORTS_AN_HOUR = 30
ROUNDS = 3


@pytest.fixture(scope="module")
def _proxy() -> None:
    try:
        found()
    except MissingProgramError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster"), Ports.free()) as running:
        yield running


class Administrator:
    """Somebody at the portal, with the cookies of one browser; by the proxy, or at one portal alone."""

    def __init__(self, cluster: Cluster, email: str) -> None:
        self._cluster = cluster
        self._visitor = Visitor()
        self.sign_in(f"{cluster.portal_url}/login", email)

    def sign_in(self, address: str, email: str) -> None:
        back = self._visitor.signs_in(address, email, password_of(self._cluster, email))
        self._visitor.http.get(back, timeout=30).raise_for_status()

    def gets(self, path: str, at: str = "", **query: str) -> requests.Response:
        address = f"{at or self._cluster.portal_url}{path}"
        return self._visitor.http.get(address, params=query, timeout=30, allow_redirects=False)

    def posts(self, path: str, fields: Mapping[str, str], at: str = "") -> int:
        """The status; that of the page with the token where it cannot be had."""
        page = self.gets("/profile", at)
        if not (token := re.search(r'name="csrf_token" value="([^"]+)"', page.text)) or not page.ok:
            return page.status_code
        address = f"{at or self._cluster.portal_url}{path}"
        body = {"csrf_token": token[1], **fields}
        return self._visitor.http.post(address, data=body, timeout=60, allow_redirects=False).status_code

    def creates(self, email: str, at: str = "") -> int:
        return self.posts("/users/new", a_creation(a_row("flandre-chaleur"), email=email), at)

    def is_let_in(self, service: str) -> bool:
        """Whether a service lets the browser in without a form of Keycloak's on the way."""
        page = self._visitor.http.get(f"{service}/login", timeout=30)
        return page.ok and page.url.startswith(service)


def password_of(cluster: Cluster, email: str) -> str:
    return next(one.password for one in cluster.content.people if one.email == email and one.password)


def at_realm(cluster: Cluster, path: str, method: str = "GET", **query: str) -> Any:
    """What the realm holds, in the words of its administration."""
    answer = requests.request(
        method,
        f"{cluster.keycloak.url}/admin/realms/{REALM}/{path}",
        params=query,
        headers={"Authorization": f"Bearer {admin_token(cluster.keycloak.url)}"},
        timeout=30,
    )
    answer.raise_for_status()
    return answer.json() if answer.content else None


def places_of(cluster: Cluster, email: str) -> list[list[str]]:
    """The groups of each account with that address."""
    found = at_realm(cluster, "users", email=email, exact="true")
    return [sorted(group["path"] for group in at_realm(cluster, f"users/{one['id']}/groups")) for one in found]


def portal_urls(cluster: Cluster) -> list[str]:
    return [f"http://localhost:{port}" for port in cluster.portals.values()]


@contextmanager
def under_load(cluster: Cluster) -> Iterator[Future[Sequence[Answer]]]:
    """Five lists a second for people who are signed in, through the proxy; all answers once the block is over."""
    over = Event()
    cookies = [session_of(cluster.portal_url, email, password_of(cluster, email)) for email in READERS]
    with Visits(f"{cluster.portal_url}/users", cookies) as visits, ThreadPoolExecutor(1) as pool:
        load = pool.submit(paced, visits, RATE, LONGEST, stop=over)
        try:
            time.sleep(5)
            yield load
            time.sleep(5)
        finally:
            over.set()


def at_once(*acts: Callable[[], int]) -> list[int]:
    barrier = Barrier(len(acts))

    def run(act: Callable[[], int]) -> int:
        barrier.wait(timeout=20)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_the_command_says_where_to_look_and_leaves_nothing(tmp_path: Path):
    """`make cluster`, then Ctrl-C: each part has an address, then neither processes nor a database are left."""
    ports = Ports.free()
    settings = {name.upper(): str(port) for name, port in vars(ports).items()}
    command = [sys.executable, "-m", "sandbox", "--folder", str(tmp_path / "var"), "cluster"]
    output = tmp_path / "output"
    with (
        output.open("w") as said,
        subprocess.Popen(
            command, cwd=ROOT, env=os.environ | settings, stdout=said, stderr=subprocess.STDOUT
        ) as process,
    ):
        until(lambda: "Ctrl-C ends it" in output.read_text() or process.poll() is not None, "ready", seconds=600)
        started = descendants(process.pid)
        (data,) = {data_folder(pid) for pid, name in started.items() if name == "postgres"} - {None}
        assert data.is_dir()
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        assert process.wait(60) == 0, output.read_text()
        assert time.monotonic() - began < STOP_SECONDS
    told = output.read_text()
    for name in (
        "Portal",
        "Reverse proxy",
        "portal-1",
        "portal-2",
        "keycloak-1",
        "keycloak-2",
        "PostgreSQL",
        "Logs",
    ):
        assert re.search(rf"^{name} +\S+", told, re.MULTILINE), name
    log.info("make cluster: %s", next(line for line in told.splitlines() if line.startswith("Ready after")))
    assert {"java", "haproxy", "postgres"} <= set(started.values())
    assert {pid: name for pid, name in started.items() if (PROC / str(pid)).exists()} == {}
    assert [name for name, port in vars(ports).items() if not is_free(port)] == []
    assert not data.exists()


def descendants(pid: int) -> dict[int, str]:
    """The name of each process that this one has started, and of those that they have."""
    children = [
        int(one)
        for task in (PROC / str(pid) / "task").iterdir()
        for one in (task / "children").read_text().split()
    ]
    found = {child: (PROC / str(child) / "comm").read_text().strip() for child in children}
    for child in children:
        found |= descendants(child)
    return found


def data_folder(pid: int) -> Path | None:
    """Where a server of PostgreSQL keeps its data; its helpers do not say it."""
    words = (PROC / str(pid) / "cmdline").read_text().split("\0")
    return Path(words[words.index("-D") + 1]) if "-D" in words else None


def test_two_portals_are_one(cluster: Cluster):
    """Signed in at one, known to the other; what one changes is in the other's list at once; one quota."""
    first, second = portal_urls(cluster)
    cluster.proxy.set_state("portal", "portal-2", State.DRAIN)
    thomas = Administrator(cluster, THOMAS)
    cluster.proxy.set_state("portal", "portal-2", State.READY)
    for number, (here, there) in enumerate([(first, second), (second, first)]):
        email = f"seen-{number}@flandre.example"
        assert email not in thomas.gets("/users", there).text
        assert thomas.creates(email, here) == 303
        assert email in thomas.gets("/users", there).text

    exports = [thomas.gets("/journal.csv", portal).status_code for portal in (first, second) * 15]
    assert exports == [200] * EXPORTS_AN_HOUR
    assert [thomas.gets("/journal.csv", portal).status_code for portal in (first, second)] == [429, 429]


def test_the_last_two_administrators_never_both_go(cluster: Cluster):
    """Each takes the other's role at the same moment, each at one portal: the lock is in the database."""
    group = at_realm(cluster, "group-by-path/estuaire/administrators")["id"]
    ids = {email: at_realm(cluster, "users", email=email, exact="true")[0]["id"] for email in (SOPHIE, CLAIRE)}
    people = {email: Administrator(cluster, email) for email in ids}
    for _ in range(ROUNDS):
        acts = [
            lambda email=email, other=other, portal=portal: people[email].posts(
                f"/users/{ids[other]}/attachments", {"confirm": "1", **a_row("estuaire")}, portal
            )
            for email, other, portal in zip((SOPHIE, CLAIRE), (CLAIRE, SOPHIE), portal_urls(cluster), strict=True)
        ]
        statuses = at_once(*acts)
        left = [member["id"] for member in at_realm(cluster, f"groups/{group}/members")]
        assert len(left) == 1, statuses
        assert statuses.count(303) == 1
        assert set(statuses) <= {303, 403, 404, 409}
        for user_id in ids.values():
            at_realm(cluster, f"users/{user_id}/groups/{group}", "PUT")


def test_more_than_the_machine_can_do(cluster: Cluster):
    """Each request is answered, by a list or by 503, nobody waits for long, and afterwards all is as before."""
    thomas = Administrator(cluster, THOMAS)
    cookies = [session_of(cluster.portal_url, email, password_of(cluster, email)) for email in READERS]
    with Visits(f"{cluster.portal_url}/users", cookies) as visits:
        answers = paced(visits, FLOOD, FLOOD_SECONDS, threads=round(FLOOD * FLOOD_SECONDS))
    began = time.perf_counter()
    until(lambda: thomas.gets("/users").status_code == 200, "a list again", seconds=OUTAGE)
    counted = Counter(one.status for one in answers)
    times = f"p50 {percentile(answers, 0.5):.1f} s, p95 {percentile(answers, 0.95):.1f} s"
    log.info("%s, %s", said(f"{FLOOD:g} a second for {FLOOD_SECONDS:g} s", answers), times)
    log.info("a list again after %.1f s", time.perf_counter() - began)
    assert set(counted) <= {200, 503}
    assert counted[200] > 0
    assert max(one.took for one in answers) < TIMEOUT


def test_a_rolling_restart_loses_no_request(cluster: Cluster):
    """Each portal is replaced as `docs/operations.md` says; whoever is signed in stays so."""
    before = cluster.pids
    with under_load(cluster) as load:
        for name in cluster.portals:
            cluster.restart_portal(name)
    answers = load.result()
    replaced = [name for name in cluster.portals if cluster.pids[name] != before[name]]
    assert replaced == ["portal-1", "portal-2"]
    log.info(said("rolling restart", answers))
    assert errors(answers) == []
    assert len(answers) > RATE * 10


def test_a_keycloak_is_killed_and_returns(cluster: Cluster):
    """Errors for ten seconds at most; sessions, and changes made before and meanwhile, are as they should be."""
    thomas = Administrator(cluster, THOMAS)
    victim, survivor = cluster.keycloaks
    assert thomas.creates("before@flandre.example") == 303
    meanwhile = [f"meanwhile-{number}@flandre.example" for number in range(8)]
    with under_load(cluster) as load:
        killed = time.perf_counter()
        kill(victim)
        tries = {email: tries_until_done(thomas, email) for email in meanwhile}
        until(lambda: cluster.proxy.status("keycloak", victim.name) == "DOWN", "left out", seconds=OUTAGE)
        log.info(
            "the node that is left says that it is ready: %s", cluster.proxy.status("keycloak", survivor.name)
        )
        time.sleep(max(0.0, killed + TOKEN_SECONDS + OUTAGE - time.perf_counter()))
        assert thomas.is_let_in(cluster.service_url)
        returned = time.perf_counter()
        cluster.rejoin(victim)
        seconds = time.perf_counter() - returned
        members = members_seen(survivor)
    answers = load.result()
    # The block waited five seconds with the load before the kill.
    late = [one for one in errors(answers) if not 5.0 <= one.due <= 5.0 + OUTAGE]
    log.info(said("one Keycloak of two killed", answers))
    log.info("changes meanwhile: %s; back and used after %.1f s", tries, seconds)
    assert late == []
    assert not [one for one in answers if one.status in {302, 401, 403}], "somebody was signed out"
    assert members == 2
    assert {email: places_of(cluster, email) for email in ("before@flandre.example", *meanwhile)} == {
        email: [["/flandre-chaleur"]] for email in ("before@flandre.example", *meanwhile)
    }
    assert [mails_to(cluster, email) for email in meanwhile] == [1] * len(meanwhile)
    assert [creations_noted(cluster, email) for email in meanwhile] == [1] * len(meanwhile)


def test_the_one_that_returned_is_enough(cluster: Cluster):
    """It serves alone who was signed in by the other, which is killed now."""
    thomas = Administrator(cluster, THOMAS)
    returned, other = cluster.keycloaks
    kill(other)
    until(lambda: cluster.proxy.status("keycloak", other.name) == "DOWN", "left out", seconds=OUTAGE)
    try:
        assert thomas.gets("/users").status_code == 200
        assert thomas.is_let_in(cluster.service_url)
    finally:
        cluster.rejoin(other)
    assert members_seen(returned) == 2


def kill(node: KeycloakServer) -> None:
    """With SIGKILL: nothing of an end of its own is done."""
    assert node.child is not None
    os.kill(node.child.pid, signal.SIGKILL)
    assert node.child.wait(10) == 128 + signal.SIGKILL


def tries_until_done(person: Administrator, email: str) -> int:
    """How often the form was sent until the change was done; each other answer said that it was not."""
    for attempt in range(1, 50):
        status = person.creates(email)
        if status == 303:
            return attempt
        assert status == 503, f"{email}: {status}"
        time.sleep(0.5)
    raise AssertionError(f"{email} was never created")


def members_seen(node: KeycloakServer) -> int:
    """How many nodes this one has heard of last."""
    views = re.findall(r"Received new cluster view for channel \S+ \[.*?\] \((\d+)\)", node.log.read_text())
    return int(views[-1])


def mails_to(cluster: Cluster, email: str) -> int:
    return sum(email in mail.to for mail in cluster.mail.store.all())


def creations_noted(cluster: Cluster, email: str) -> int:
    """How many lines of the journal say that the account was made."""
    database = Database(cluster.postgres.address("portal").sqlalchemy)
    try:
        search = Search(q=email, action=Action.CREATE)
        return sum(line.outcome is Outcome.DONE for line in read(database, ["flandre-chaleur"], search, 1).lines)
    finally:
        database.engine.dispose()


def said(name: str, answers: Sequence[Answer]) -> str:
    """The figures of `docs/reliability.md`: shown by `pytest -rP`."""
    return f"{name}: {kinds(answers)}; slowest {max(one.took for one in answers):.1f} s"
