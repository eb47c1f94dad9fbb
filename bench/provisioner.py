"""What the provisioner costs: requests, its own and the server's CPU, and time, for companies without people.

One realm, one client, N companies; admin events off. "Cold" is a server just restarted. `python -m bench
provisioner` measures N of 50, 200 and 1,000; `BENCH_COMPANIES` names others (`50,200,1000,4000`).
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from bench.figures import Figure, at_most, exactly
from directory.encoding import company_group
from directory.model import Company
from sandbox.administrator import admin_token
from sandbox.keycloak import KeycloakServer

SIZES = tuple(int(size) for size in os.environ.get("BENCH_COMPANIES", "50,200,1000").split(","))
JUDGED = 1000
"""The size that has goals."""
ROOT = Path(__file__).parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
REPEATS = 5
ACCOUNT = "bench"
"""A service account, as operations use: a password costs the server a fifth of a second to check."""


@dataclass(frozen=True)
class Run:
    """One run of the command, in seconds: `wall` with the start of the program, `work` without; CPU of both."""

    wall: float
    work: float
    client_cpu: float
    server_cpu: float
    requests: tuple[tuple[str, str], ...]

    @property
    def counted(self) -> list[tuple[str, str]]:
        """The requests to the admin API: the token is none of them."""
        return [each for each in self.requests if not each[1].endswith("/token")]

    @property
    def writes(self) -> int:
        return sum(method != "GET" for method, _ in self.counted)

    @property
    def reads(self) -> list[str]:
        return [address for method, address in self.counted if method == "GET"]

    def __str__(self) -> str:
        cpu = f"CPU {self.client_cpu:.2f} + {self.server_cpu:.2f} s"
        return f"{self.wall:.2f} s, {len(self.counted)} requests, {cpu}"


class Bench:
    """A server and a folder of files for one size."""

    def __init__(self, server: KeycloakServer, folder: Path, size: int) -> None:
        self.server = server
        self.folder = folder
        self.size = size
        self.realm = f"bench-{folder.name}"
        folder.mkdir()
        realm = {"realm": self.realm, "enabled": True, "clients": [{"clientId": "service", "publicClient": True}]}
        (folder / "realm.json").write_text(json.dumps(realm), encoding="utf-8")
        self.write_companies()

    def write_companies(self, changed: str = "") -> None:
        lines = [
            f"  - id: company-{n:04}\n    name: Société {n}{changed if n == self.size // 2 else ''}\n"
            f"    services: [data, catalogue]\n"
            for n in range(self.size)
        ]
        (self.folder / "companies.yaml").write_text("companies:\n" + "".join(lines), encoding="utf-8")

    def run(self, *arguments: str, expect: int) -> Run:
        notes = self.folder.parent / "notes.json"
        environment = {
            **os.environ,
            "KEYCLOAK_URL": self.server.url,
            "KEYCLOAK_CLIENT_ID": ACCOUNT,
            "KEYCLOAK_CLIENT_SECRET": ACCOUNT,
            "KEYCLOAK_LOGIN_REALM": "master",
        }
        command = [sys.executable, "-m", "bench.counted_run", str(notes), *arguments, str(self.folder)]
        own, others, began = self._server_cpu(), _children_cpu(), time.perf_counter()
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        wall = time.perf_counter() - began
        if ended.returncode != expect:
            raise RuntimeError(f"{arguments}: status {ended.returncode}, not {expect}\n{ended.stderr}")
        told = json.loads(notes.read_text(encoding="utf-8"))
        made = tuple((method, address) for method, address in told["requests"])
        return Run(wall, told["seconds"], _children_cpu() - others, self._server_cpu() - own, made)

    def restart(self) -> None:
        self.server.stop()
        self.server.start()

    def bare(self, reads: list[str]) -> float:
        """Seconds that the same reads take with nothing around them, on one connection."""
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {admin_token(self.server.url)}"
            began = time.perf_counter()
            for address in reads:
                session.get(address, timeout=300).raise_for_status()
            return time.perf_counter() - began

    def one_post_per_group(self) -> float:
        """Seconds of the same companies, one POST for each group, one after the other, in a realm of its own."""
        name = f"{self.realm}-posts"
        base = f"{self.server.url}/admin/realms"
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {admin_token(self.server.url)}"
            session.post(base, json={"realm": name, "enabled": True}, timeout=60).raise_for_status()
            began = renewed = time.perf_counter()
            for n in range(self.size):
                if time.perf_counter() - renewed > 30:
                    session.headers["Authorization"] = f"Bearer {admin_token(self.server.url)}"
                    renewed = time.perf_counter()
                group = company_group(Company(f"company-{n:04}", f"Société {n}", ("data", "catalogue")))
                children = group.pop("subGroups")
                made = session.post(f"{base}/{name}/groups", json=group, timeout=60)
                made.raise_for_status()
                for child in children:
                    session.post(f"{made.headers['Location']}/children", json=child, timeout=60).raise_for_status()
            took = time.perf_counter() - began
            session.headers["Authorization"] = f"Bearer {admin_token(self.server.url)}"
            session.delete(f"{base}/{name}", timeout=300).raise_for_status()
            return took

    def _server_cpu(self) -> float:
        """CPU seconds of the server so far."""
        child = self.server.child
        stat = (
            Path(f"/proc/{child.pid if child else 0}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        )
        return (int(stat[11]) + int(stat[12])) / TICKS


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure() -> list[Figure]:
    """All steps at every size, then the start of the program."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="attache-bench-", ignore_cleanup_errors=True) as folder:
        with KeycloakServer(Path(folder) / "keycloak") as server:
            add_account(server.url)
            Bench(server, Path(folder) / "first", 50).run(
                "apply", "--yes", expect=0
            )  # the server's compilers warm up
            for size in SIZES:
                figures += _measured(Bench(server, Path(folder) / str(size), size))
    figures.append(_help())
    return figures


def add_account(url: str) -> None:
    """The service account, with all rights over all realms."""
    base = f"{url}/admin/realms/master"
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {admin_token(url)}"
        body = {
            "clientId": ACCOUNT,
            "secret": ACCOUNT,
            "serviceAccountsEnabled": True,
            "standardFlowEnabled": False,
        }
        session.post(f"{base}/clients", json=body, timeout=30).raise_for_status()
        (user,) = session.get(
            f"{base}/users", params={"username": f"service-account-{ACCOUNT}", "exact": "true"}, timeout=30
        ).json()
        role = session.get(f"{base}/roles/admin", timeout=30).json()
        path = f"{base}/users/{user['id']}/role-mappings/realm"
        session.post(path, json=[role], timeout=30).raise_for_status()


def _measured(bench: Bench) -> Iterator[Figure]:
    n = f"N = {bench.size}: "
    first = bench.run("apply", "--yes", expect=0)
    posts = bench.one_post_per_group()
    warm = min((bench.run("plan", expect=0) for _ in range(REPEATS)), key=lambda run: run.wall)
    bare = min(bench.bare(warm.reads) for _ in range(REPEATS))
    again = bench.run("apply", "--yes", expect=0)
    bench.write_companies(changed=" et fils")
    one = bench.run("apply", "--yes", expect=0)
    bench.restart()
    bare_cold = bench.bare(warm.reads)
    bench.restart()
    cold = bench.run("plan", expect=0)
    yield Figure(f"{n}first apply", str(first))
    yield Figure(f"{n}one POST per group", f"{posts:.2f} s")
    yield Figure(f"{n}plan, nothing changed, warm", str(warm))
    yield Figure(f"{n}the same reads alone, warm", f"{bare:.2f} s")
    yield Figure(f"{n}plan, nothing changed, cold", str(cold))
    yield Figure(f"{n}the same reads alone, cold", f"{bare_cold:.2f} s")
    yield Figure(f"{n}one attribute changed", str(one))
    yield exactly(f"{n}writes of an apply that changes nothing", again.writes, 0)
    yield exactly(f"{n}writes for one attribute", one.writes, 1)
    if bench.size == JUDGED:
        yield from _judged(n, first, posts, warm, bare, cold, bare_cold, one)


def _judged(
    n: str, first: Run, posts: float, warm: Run, bare: float, cold: Run, bare_cold: float, one: Run
) -> Iterator[Figure]:
    yield at_most(f"{n}requests of a plan", len(warm.counted), 40)
    yield at_most(f"{n}plan warm", warm.wall, 1.5, "s", 2)
    yield at_most(f"{n}plan warm, without the program's start, per its bare reads", warm.work / bare, 1.5, "", 2)
    yield at_most(f"{n}plan cold, per its bare reads cold", cold.wall / bare_cold, 1.2, "", 2)
    yield at_most(f"{n}one attribute changed", one.wall, 3, "s", 2)
    yield at_most(f"{n}requests of the first apply", len(first.counted), 80)
    yield at_most(f"{n}first apply, per one POST for each group", first.wall / posts, 0.25, "", 2)


def _help() -> Figure:
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "provisioner", "--help"], cwd=ROOT, stdout=subprocess.DEVNULL, check=True
        )
        times.append(time.perf_counter() - began)
    return at_most("provisioner --help", min(times), 0.5, "s", 2)
