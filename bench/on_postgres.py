"""The figures of `bench.lists` with Keycloak on PostgreSQL."""

from bench import lists
from bench.figures import Figure
from sandbox.on_postgres import StackOnPostgres


def measure() -> list[Figure]:
    """Return the figures; about eight minutes."""
    return lists.measure(StackOnPostgres)
