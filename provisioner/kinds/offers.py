"""What a server offers: the ids of its providers and its themes, by what they are for.

A plan for a new realm knows nothing else of the server; for a realm that exists, this is read when something new
is to be made. Where the account may not read it, nothing is known and nothing is refused because of it.
"""

from collections.abc import Iterable, Mapping

from provisioner.kinds.flow_executions import BASIC
from provisioner.kinds.flow_trees import AUTHENTICATORS, FORM
from provisioner.kinds.kind import Kind
from provisioner.model.state import Json, RealmState

IDENTITY_PROVIDERS = "identity providers"
IDENTITY_PROVIDER_MAPPERS = "mappers of identity providers"
CLIENT_AUTHENTICATORS = "client authenticators"
PROTOCOLS = "protocols"
PROTOCOL_MAPPERS = "protocol mappers"
COMPONENTS = "components"
PASSWORD_POLICIES = "password policies"  # noqa: S105 (a name)
THEMES = "themes"

_IN_FLOWS = {
    BASIC: "authenticator",
    "client-flow": "client-authenticator",
    "form-flow": "form-action",
    FORM: "form-authenticator",
}
_ASKED_FOR = (
    Kind.IDENTITY_PROVIDER,
    Kind.IDENTITY_PROVIDER_MAPPER,
    Kind.COMPONENT,
    Kind.CLIENT,
    Kind.CLIENT_MAPPER,
)


def is_needed(desired: RealmState, observed: RealmState) -> bool:
    """Whether something is to be made that the server might not have a provider for."""
    return any(resource.address not in observed.resources for resource in desired.of_kind(*_ASKED_FOR))


def read(info: Json) -> Mapping[str, frozenset[str]]:
    """Return the offers in the server's information about itself; none of what it does not tell."""
    providers = info.get("providers") or {}
    if not providers:
        return {}

    def ids(*spis: str) -> Iterable[str]:
        return (id for spi in spis for id in (providers.get(spi) or {}).get("providers", ()))

    types = info.get("componentTypes") or {}
    themes = info.get("themes") or {}
    return {
        AUTHENTICATORS: frozenset(f"{place}/{id}" for place, spi in _IN_FLOWS.items() for id in ids(spi)),
        Kind.REQUIRED_ACTION: frozenset(ids("required-action")),
        IDENTITY_PROVIDERS: frozenset(ids("identity_provider", "social")),
        IDENTITY_PROVIDER_MAPPERS: frozenset(ids("identity-provider-mapper")),
        CLIENT_AUTHENTICATORS: frozenset(ids("client-authenticator")),
        PROTOCOLS: frozenset(ids("login-protocol")),
        PROTOCOL_MAPPERS: frozenset(ids("protocol-mapper")),
        COMPONENTS: frozenset(f"{type}/{each['id']}" for type, found in types.items() for each in found),
        PASSWORD_POLICIES: frozenset(each["id"] for each in info.get("passwordPolicies") or ()),
        THEMES: frozenset(f"{kind}/{each['name']}" for kind, found in themes.items() for each in found),
    }


def lacks(observed: RealmState, what: str, id: str | None) -> bool:
    """Whether the server is known to have no such provider."""
    return bool(id) and what in observed.offers and id not in observed.offers[what]


def unknown(observed: RealmState, what: str, id: str | None) -> str:
    """Return a warning about a provider that the server takes without having it, or an empty text."""
    return (
        f"the server has no {what.removesuffix('s')} {id}, and takes it all the same"
        if lacks(observed, what, id)
        else ""
    )
