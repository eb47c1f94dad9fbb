"""A stack whose Keycloak keeps its data in PostgreSQL, as in production: one node, built for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.keycloak import InCluster, KeycloakServer
from sandbox.ports import Ports, free_ports
from sandbox.postgres import PASSWORD, USER, PostgresServer
from sandbox.stack import Stack

DATABASES = ("keycloak", "portal")


class StackOnPostgres(Stack):
    """As a `Stack`, with a PostgreSQL of its own, which goes when it ends; it has a database for a portal too."""

    def __init__(self, folder: Path, ports: Ports, **options: Any) -> None:
        super().__init__(folder, ports, **options)
        database, self._node_port = free_ports(2)
        self.postgres = PostgresServer(folder / "postgres.log", database, DATABASES, self._programs)
        self.keycloak = self.keycloak_of(self.keycloak.version)

    def keycloak_of(self, version: str) -> KeycloakServer:
        """A server of that version on the database, not started."""
        database = self.postgres.address("keycloak").jdbc
        return KeycloakServer(
            self.folder / "keycloak",
            port=self.ports.keycloak_port,
            management_port=self.ports.keycloak_management_port,
            version=version,
            programs=self._programs,
            cluster=InCluster(
                "Keycloak",
                f"http://localhost:{self.ports.keycloak_port}",
                database,
                USER,
                PASSWORD,
                self._node_port,
            ),
        )

    def stop(self) -> None:
        super().stop()
        self.postgres.forget()

    def _start(self) -> None:
        self.postgres.start()
        super()._start()
