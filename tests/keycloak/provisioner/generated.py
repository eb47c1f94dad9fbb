"""Realm files drawn at random: names that refer to each other, values that Keycloak accepts."""

from typing import Any

from hypothesis import strategies as st

from provisioner.model.state import Json

TEXTS = st.text("aéñ'\"&<${}\\ .-_", min_size=1, max_size=12).map(lambda text: f"x{text}x")
SWITCH = st.booleans()
SECONDS = st.integers(60, 100_000)
VALUES = st.lists(TEXTS, min_size=1, max_size=3)
NAMES = ("alpha", "beta gamma", "delta.é", "epsilon-1")


def some(names: tuple[str, ...] = NAMES) -> st.SearchStrategy[list[str]]:
    """Return a strategy for several of these names, each once."""
    return st.lists(st.sampled_from(names), max_size=3, unique=True)


def _optional(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=keys)


SETTINGS = _optional(
    displayName=TEXTS,
    registrationAllowed=SWITCH,
    loginWithEmailAllowed=SWITCH,
    rememberMe=SWITCH,
    verifyEmail=SWITCH,
    bruteForceProtected=SWITCH,
    failureFactor=st.integers(1, 100),
    accessTokenLifespan=SECONDS,
    ssoSessionIdleTimeout=SECONDS,
    actionTokenGeneratedByAdminLifespan=SECONDS,
    sslRequired=st.sampled_from(["all", "external", "none"]),
    passwordPolicy=st.sampled_from(["length(8)", "length(12) and notUsername(undefined)", ""]),
    eventsEnabled=SWITCH,
    eventsExpiration=SECONDS,
    attributes=st.dictionaries(st.sampled_from(["own.one", "own.two"]), TEXTS, max_size=2),
)


@st.composite
def _roles(draw: st.DrawFn, names: list[str]) -> list[Json]:
    """Each role may be made of those before it."""
    found: list[Json] = []
    for index, name in enumerate(names):
        role: Json = {"name": name, **draw(_optional(description=TEXTS, attributes=_attributes()))}
        parts = draw(some(tuple(names[:index]))) if index else []
        if parts:
            role |= {"composite": True, "composites": {"realm": parts}}
        found.append(role)
    return found


def _attributes() -> st.SearchStrategy[Json]:
    return st.dictionaries(st.sampled_from(["floor", "tag", "a.b"]), VALUES, max_size=2)


@st.composite
def _groups(draw: st.DrawFn, path: str, roles: list[str], depth: int) -> list[Json]:
    found = []
    for name in draw(some()):
        group: Json = {"name": name, "path": f"{path}/{name}", **draw(_optional(attributes=_attributes()))}
        if roles:
            group |= draw(_optional(realmRoles=some(tuple(roles))))
        if depth:
            group["subGroups"] = draw(_groups(group["path"], roles, depth - 1))
        found.append(group)
    return found


MAPPERS = st.builds(
    lambda name, claim: {
        "name": name,
        "protocol": "openid-connect",
        "protocolMapper": "oidc-hardcoded-claim-mapper",
        "config": {"claim.name": claim, "claim.value": "1", "jsonType.label": "String", "id.token.claim": "true"},
    },
    st.sampled_from(NAMES),
    st.sampled_from(["one", "two"]),
)


def _mappers() -> st.SearchStrategy[list[Json]]:
    return st.lists(MAPPERS, max_size=2, unique_by=lambda mapper: mapper["name"])


@st.composite
def _client(draw: st.DrawFn, name: str, scopes: list[str]) -> Json:
    is_public = draw(SWITCH)
    client: Json = {"clientId": name, "protocol": "openid-connect", "publicClient": is_public}
    if not is_public:
        client |= {"secret": "only-a-test", "serviceAccountsEnabled": draw(SWITCH)}
    pages = st.lists(st.sampled_from(["https://a.example/*", "https://b.example/in"]), unique=True)
    client |= draw(
        _optional(
            name=TEXTS,
            description=TEXTS,
            enabled=SWITCH,
            redirectUris=pages,
            webOrigins=st.lists(st.sampled_from(["https://a.example", "+"]), unique=True),
            standardFlowEnabled=SWITCH,
            directAccessGrantsEnabled=SWITCH,
            fullScopeAllowed=SWITCH,
            consentRequired=SWITCH,
            attributes=st.dictionaries(st.sampled_from(["own.one", "own.two"]), TEXTS, max_size=2),
            protocolMappers=_mappers(),
        )
    )
    if scopes:
        client |= draw(_optional(defaultClientScopes=some(tuple(scopes))))
    return client


@st.composite
def _user(draw: st.DrawFn, name: str, roles: list[str], groups: list[Json]) -> Json:
    user: Json = {"username": name, "email": f"{name}@cases.example", "firstName": "A", "lastName": "B"}
    user |= draw(_optional(enabled=SWITCH, emailVerified=SWITCH))
    if roles:
        user |= draw(_optional(realmRoles=some(tuple(roles))))
    if groups:
        user |= draw(_optional(groups=some(tuple(group["path"] for group in groups))))
    return user


@st.composite
def realm_files(draw: st.DrawFn) -> Json:
    """Return a strategy for realm files in which every section that is there refers only to what the file has."""
    roles = draw(some())
    scopes = draw(some(("alpha", "beta_gamma", "epsilon-1")))
    groups = draw(_groups("", roles, depth=2))
    return {
        "realm": "REALM",
        "enabled": True,
        **draw(SETTINGS),
        "roles": {"realm": draw(_roles(roles))},
        "groups": groups,
        "clientScopes": [
            {
                "name": name,
                "protocol": "openid-connect",
                **draw(_optional(description=TEXTS, protocolMappers=_mappers())),
            }
            for name in scopes
        ],
        "clients": [draw(_client(name, scopes)) for name in draw(some(("desk", "app.é", "job")))],
        "users": [draw(_user(name, roles, groups)) for name in draw(some(("anne", "bruno", "chloe")))],
        **draw(
            _optional(
                internationalizationEnabled=st.just(True),
                supportedLocales=st.just(["en", "fr"]),
                localizationTexts=st.dictionaries(
                    st.sampled_from(["en", "fr"]),
                    st.dictionaries(st.sampled_from(["doLogIn", "own"]), TEXTS, min_size=1, max_size=2),
                    max_size=2,
                ),
            )
        ),
    }
