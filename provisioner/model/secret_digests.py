"""Salted digests of secrets that the server masks, kept on the server instead of the secrets.

scrypt with the parameters of RFC 7914, section 2, for interactive use: about 50 ms each, which slows down guessing
of weak passwords from a stolen digest.
"""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.model.rules import MASK, Rule
from provisioner.model.state import Address, Json, Resource

_COST, _BLOCK, _PARALLEL = 2**14, 8, 1
_SALT_BYTES = 16
NOT_SHOWN = "~"
"""The suffix of the name of a digest whose value the server does not return at all, not even masked."""


def digest(secret: str, salt: bytes | None = None) -> str:
    """Return `<salt>$<scrypt>`, both in base64, with a new salt unless one is given."""
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    found = hashlib.scrypt(secret.encode(), salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL, dklen=32)
    return f"{b64encode(salt).decode()}${b64encode(found).decode()}"


def matches(secret: str, known: str) -> bool:
    """Return whether the digest is that of the secret; False if `known` is no digest."""
    salt, separator, _ = known.partition("$")
    return bool(separator) and hmac.compare_digest(digest(secret, b64decode(salt)), known)


def key(address: Address, path: tuple[str, ...]) -> str:
    """The name of a digest: the address, then the field."""
    return str(Address(address.kind, address.names, path))


def secrets_of(resource: Resource, rule: Rule) -> Iterator[tuple[str, str]]:
    """Return the (name of the digest, secret) of every secret of the resource that the server will mask."""
    if rule.masks:
        yield from ((key(resource.address, path), secret) for path, secret in _secrets(resource.fields, rule, ()))


def _secrets(
    value: Any, rule: Rule, path: tuple[str, ...], within: bool = False
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the path and the value of each secret, and of each text `within` an object whose values the server
    masks."""
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        text = _text(inner)
        if (within or name in rule.secret) and text:
            yield (*path, name), text
        else:
            yield from _secrets(inner, rule, (*path, name), within or name in rule.masked_in)


def _text(value: Any) -> str:
    """Return a secret as text; some representations have it in a list of one item."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) else ""


def known_secrets(desired: Resource, present: Resource, digests: Mapping[str, str]) -> Json:
    """Return the observed fields, with the desired secret in place of a mask or a missing value if its digest
    matches."""
    return _known(desired.fields, present.fields, desired.address, digests, ())


def _known(
    desired: Json, present: Json, address: Address, digests: Mapping[str, str], path: tuple[str, ...]
) -> Json:
    found = dict(present)
    for name, value in desired.items():
        inner = present.get(name)
        if isinstance(value, dict) and isinstance(inner, dict):
            found[name] = _known(value, inner, address, digests, (*path, name))
        elif inner is None or _text(inner) == MASK:
            place = key(address, (*path, name)) + (NOT_SHOWN if inner is None else "")
            if matches(_text(value), digests.get(place, "")):
                found[name] = value
    return found
