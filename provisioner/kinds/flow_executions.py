"""The executions of a flow as the server gives them."""

from collections.abc import Iterable
from urllib.parse import quote

from provisioner.kinds.server import Server
from provisioner.model.state import Json

FLOWS = "authentication/flows"
BASIC = "basic-flow"


def executions(server: Server, alias: str) -> list[Json]:
    """The executions of the flow and of its sub-flows, one after the other, as Keycloak gives them."""
    found: list[Json] = server.api.get(f"{FLOWS}/{quote(alias, safe='')}/executions")
    return found


def nested(flat: Iterable[Json]) -> list[Json]:
    """The same as they stand in each other: a sub-flow has its own in `inner`."""
    levels: list[list[Json]] = [[]]
    for execution in flat:
        del levels[execution["level"] + 1 :]
        inner: list[Json] = []
        levels[-1].append({**execution, "inner": inner})
        levels.append(inner)
    return levels[0]


def type_of(raw: Json) -> str:
    """What kind of sub-flow it is: Keycloak tells it only by which requirements it could have."""
    choices = raw.get("requirementChoices", ())
    if "CONDITIONAL" in choices:
        return BASIC
    return "client-flow" if "ALTERNATIVE" in choices else "form-flow"
