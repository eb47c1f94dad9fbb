"""What Keycloak's response codes mean; the gateways of the portal and of the provisioner share it.

The library python-keycloak (7.1.1) types its errors by HTTP verb, which says nothing about what went wrong. Each
gateway raises errors of its own for these meanings.
"""

from enum import Enum, auto


class Meaning(Enum):
    """What a call failed of; closed."""

    UNREACHED = auto()
    """No answer at all."""
    NOT_SIGNED_IN = auto()
    FORBIDDEN = auto()
    NOT_FOUND = auto()
    CONFLICT = auto()
    REFUSED = auto()
    """Understood and refused, or not understood."""
    FAILED = auto()
    """Keycloak itself failed: 500, and not a proxy's 502 to 504."""
    UNAVAILABLE = auto()


_MEANINGS = {
    None: Meaning.UNREACHED,
    401: Meaning.NOT_SIGNED_IN,
    403: Meaning.FORBIDDEN,
    404: Meaning.NOT_FOUND,
    409: Meaning.CONFLICT,
    500: Meaning.FAILED,
}


def meaning_of(code: int | None) -> Meaning:
    """Return the meaning of the response code of a failed call; no code: Keycloak was not reached."""
    if code is not None and code > 500:
        return Meaning.UNAVAILABLE
    return _MEANINGS.get(code, Meaning.REFUSED)
