"""The executions of a flow in the form of the admin API."""

from collections.abc import Iterable
from urllib.parse import quote

from provisioner.kinds.server import Server
from provisioner.model.state import Json

FLOWS = "authentication/flows"
BASIC = "basic-flow"


def executions(server: Server, alias: str) -> list[Json]:
    """Return the executions of the flow and its sub-flows as a flat list."""
    found: list[Json] = server.api.get(f"{FLOWS}/{quote(alias, safe='')}/executions")
    return found


def nested(flat: Iterable[Json]) -> list[Json]:
    """Return the executions nested: those of a sub-flow are in its `inner`."""
    levels: list[list[Json]] = [[]]
    for execution in flat:
        del levels[execution["level"] + 1 :]
        inner: list[Json] = []
        levels[-1].append({**execution, "inner": inner})
        levels.append(inner)
    return levels[0]


def type_of(raw: Json) -> str:
    """Return the type of a sub-flow, which only its possible requirements show."""
    choices = raw.get("requirementChoices", ())
    if "CONDITIONAL" in choices:
        return BASIC
    return "client-flow" if "ALTERNATIVE" in choices else "form-flow"
