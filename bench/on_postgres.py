"""The figures of `bench.lists` with Keycloak on PostgreSQL, as it is in production: one node, built for it."""

from pathlib import Path
from typing import Any

from bench import lists
from bench.figures import Figure
from sandbox.keycloak import InCluster, KeycloakServer
from sandbox.ports import Ports, free_port
from sandbox.postgres import PASSWORD, USER, PostgresServer
from sandbox.stack import Stack


class StackOnPostgres(Stack):
    """As a `Stack`, with Keycloak's data in a PostgreSQL of its own, which goes when it ends."""

    def __init__(self, folder: Path, ports: Ports, **options: Any) -> None:
        super().__init__(folder, ports, **options)
        self.postgres = PostgresServer(folder / "postgres.log", free_port(), ("keycloak",), self._programs)
        database = self.postgres.address("keycloak").jdbc
        self.keycloak = KeycloakServer(
            folder / "keycloak",
            port=ports.keycloak_port,
            management_port=ports.keycloak_management_port,
            version=self.keycloak.version,
            programs=self._programs,
            cluster=InCluster("Keycloak", self.keycloak.url, database, USER, PASSWORD, free_port()),
        )

    def stop(self) -> None:
        super().stop()
        self.postgres.forget()

    def _start(self) -> None:
        self.postgres.start()
        super()._start()


def measure() -> list[Figure]:
    """Return the figures; about fifteen minutes."""
    return lists.measure(StackOnPostgres)
