"""What `make demo` has, on more than one: two portals and two Keycloaks behind HAProxy, on one PostgreSQL.

    localhost:PORTAL_PORT    HAProxy -> portal-1, portal-2        both on the database `portal`
    localhost:KEYCLOAK_PORT  HAProxy -> keycloak-1, keycloak-2    both on the database `keycloak`

The portals know nothing of each other but the tables they share. The Keycloaks find each other in theirs, and keep
sessions and the news of what has changed in caches that they share. Nothing is sticky: each request goes to
whichever server is next.
"""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import requests

from sandbox.content import REALM, SERVICE_ACCOUNT
from sandbox.errors import StartError
from sandbox.keycloak import InCluster, KeycloakServer
from sandbox.ports import LOOPBACK, Ports, free_ports
from sandbox.postgres import PASSWORD, USER, PostgresServer
from sandbox.reverse_proxy import ReverseProxy, Server, Site, State, found
from sandbox.stack import Stack
from sandbox.together import together

NODES = 2
PORTAL_AT_ONCE = 28
"""Fewer than the 32 threads of a portal: those left answer the proxy's checks and whoever comes by other ways."""
USES = 3
"""How often a new node is used before it gets requests."""
USE_SECONDS = 60.0


class Cluster(Stack):
    """As a `Stack`, with nothing kept: its databases go when it ends."""

    farewell = "Ending the cluster. Its databases go with it; its logs stay until the next one."

    def __init__(self, folder: Path, ports: Ports, **options: Any) -> None:
        super().__init__(folder, ports, **options)
        database, overview, *rest = free_ports(2 + 4 * NODES)
        portals, keycloaks, managements, nodes = (rest[each::4] for each in range(4))
        self.portals = {f"portal-{n}": port for n, port in enumerate(portals, 1)}
        """The port of each."""
        self.postgres = PostgresServer(folder / "postgres.log", database, ("portal", "keycloak"), self._programs)
        self.keycloaks = [
            KeycloakServer(
                folder / f"keycloak-{n}",
                port=port,
                management_port=management,
                programs=self._programs,
                version=self.keycloak.version,
                cluster=self._membership(f"keycloak-{n}", node),
            )
            for n, port, management, node in zip(range(1, NODES + 1), keycloaks, managements, nodes, strict=True)
        ]
        self.keycloak = self.keycloaks[0]
        self.proxy = ReverseProxy(folder, overview, self._sites(), self._programs)

    @property
    def addresses(self) -> list[tuple[str, str]]:
        """Those of all, then of each one behind the proxy."""
        return [
            *super().addresses,
            ("Reverse proxy", self.proxy.overview_url),
            *((name, f"http://localhost:{port}/readyz") for name, port in self.portals.items()),
            *((node.name, f"http://localhost:{node.management_port}/health") for node in self.keycloaks),
            ("PostgreSQL", self.postgres.address("portal").sqlalchemy),
            ("Logs", str(self.folder)),
        ]

    def environment(self) -> dict[str, str]:
        return super().environment() | {
            "DATABASE_URL": self.postgres.address("portal").sqlalchemy,
            "PROXIES": "1",
        }

    def stop(self) -> None:
        super().stop()
        self.postgres.forget()

    def restart_portal(self, name: str) -> None:
        """Replace one portal as `docs/operations.md` says: no new requests, SIGTERM, start, ready, requests."""
        self.proxy.set_state("portal", name, State.DRAIN)
        child = next(each for each in self._children if each.name == name)
        child.stop()
        self._children.remove(child)
        self._serve_portal(name, self.portals[name])
        self.proxy.give_back("portal", name)

    def rejoin(self, node: KeycloakServer) -> None:
        """Start a node that has ended; it gets requests once it has been used."""
        self._children = [each for each in self._children if each is not node.child]
        self._join(node)

    def _membership(self, name: str, port: int) -> InCluster:
        database = self.postgres.address("keycloak").jdbc
        return InCluster(name, f"http://localhost:{self.ports.keycloak_port}", database, USER, PASSWORD, port)

    def _sites(self) -> list[Site]:
        nodes = [Server(node.name, node.port, node.management_port) for node in self.keycloaks]
        portals = [Server(name, port) for name, port in self.portals.items()]
        return [
            Site("portal", self.ports.portal_port, "/livez", portals, PORTAL_AT_ONCE),
            Site("keycloak", self.ports.keycloak_port, "/health/ready", nodes, answers=f"/realms/{REALM}"),
        ]

    def _start(self) -> None:
        """The realm is applied while there is one node; the other programs wait for it."""
        found()
        with self._display.step("PostgreSQL"):
            self.postgres.start()
        with self._display.step("Reverse proxy"):
            self.proxy.start()
            self._children += [each for each in (self.proxy.child, self.postgres.child) if each is not None]
        answers = Event()
        together(self._start_mail, lambda: self._start_keycloak(answers))
        steps = [*(lambda node=node: self._join(node) for node in self.keycloaks[1:]), self._start_portals]
        together(*steps, *([self._start_service] if self._with_service else []))

    def _join(self, node: KeycloakServer) -> None:
        with self._display.step(node.name) as report:
            node.report = report
            self.proxy.set_state("keycloak", node.name, State.DRAIN)
            node.start()
            if node.child is None:
                raise StartError(f"{node.name} was not started", node.log)
            self._children.append(node.child)
            report("using it once")
            self._use(node)
            self.proxy.give_back("keycloak", node.name)

    def _use(self, node: KeycloakServer) -> None:
        """Ask it what portals ask all the time: the first tokens after a start take seconds, later ones do not."""
        server = f"http://{LOOPBACK}:{node.port}"
        client = {
            "grant_type": "client_credentials",
            "client_id": SERVICE_ACCOUNT,
            "client_secret": self.secrets.client_portal_directory_secret,
        }
        with requests.Session() as http:
            for _ in range(USES):
                tokens = f"{server}/realms/{REALM}/protocol/openid-connect/token"
                given = http.post(tokens, data=client, timeout=USE_SECONDS)
                given.raise_for_status()
                bearer = {"Authorization": f"Bearer {given.json()['access_token']}"}
                for path in ("users?max=20", "groups?max=20&briefRepresentation=false"):
                    page = f"{server}/admin/realms/{REALM}/{path}"
                    http.get(page, headers=bearer, timeout=USE_SECONDS).raise_for_status()

    def _start_portals(self) -> None:
        with self._display.step("Portals") as report:
            report("bringing their database up to date")
            self._upgrade_database()
            report("starting")
            together(*(lambda n=name, p=port: self._serve(n, p) for name, port in self.portals.items()))

    def _serve(self, name: str, port: int) -> None:
        self._serve_portal(name, port)
