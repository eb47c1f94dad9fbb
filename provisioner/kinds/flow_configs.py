"""Configurations of authenticators that several executions share.

Keycloak deletes the configuration together with any execution that has it (measured, 26.7.5): the others would run
without theirs from then on.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from provisioner.errors import RejectedError
from provisioner.kinds.flow_executions import FLOWS, executions
from provisioner.kinds.server import Server
from provisioner.model.state import Json

_CONFIG, _EXECUTIONS = "authentication/config", "authentication/executions"


@contextmanager
def kept(server: Server, doomed: Iterable[Json]) -> Iterator[None]:
    """Around the deletion of these executions: what others shared with them is given back to them."""
    going = [raw for raw in doomed if raw.get("authenticationConfig")]
    sharing = _sharing(server, going) if going else {}
    configs = {id: server.api.get(f"{_CONFIG}/{id}") for id in sharing}
    for id, others in sharing.items():
        if len(others) > 1:
            alias = configs[id]["alias"]
            raise RejectedError(f"{len(others)} other executions have the configuration {alias} and would lose it")
    yield
    server.configurations.difference_update(str(raw.get("alias")) for raw in going)
    for id, (other,) in sharing.items():
        config = {key: configs[id].get(key) for key in ("alias", "config")}
        server.api.post(f"{_EXECUTIONS}/{other['id']}/config", config)
        server.configurations.add(str(config["alias"]))


def _sharing(server: Server, going: list[Json]) -> dict[str, list[Json]]:
    """The executions that stay and have a configuration of those that go, by the id of the configuration."""
    ids = {raw["authenticationConfig"] for raw in going}
    gone = {raw["id"] for raw in going}
    found: dict[str, list[Json]] = {}
    for flow in server.api.get(FLOWS):
        for raw in executions(server, flow["alias"]):
            if raw.get("authenticationConfig") in ids and raw["id"] not in gone:
                found.setdefault(raw["authenticationConfig"], []).append(raw)
    return found
