"""Secrets that the server masks: recognised again by a salted digest, kept on the server, never by the secret.

scrypt with the parameters of RFC 7914, section 2, for interactive use: about 50 ms each, so that a stolen digest
of a weak password is not read off at once.
"""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.model.rules import MASK, RULES, Rule
from provisioner.model.state import Address, Json, Resource

_COST, _BLOCK, _PARALLEL = 2**14, 8, 1
_SALT_BYTES = 16
NOT_SHOWN = "~"
"""Ends the name of a digest of what the server, having taken it, shows not even as a mask."""


def digest(secret: str, salt: bytes | None = None) -> str:
    """`<salt>$<scrypt of it>`, both in base64; a new salt unless one is given."""
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    found = hashlib.scrypt(secret.encode(), salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL, dklen=32)
    return f"{b64encode(salt).decode()}${b64encode(found).decode()}"


def matches(secret: str, known: str) -> bool:
    """Whether the digest is that of this secret; a text that is no digest is of none."""
    salt, separator, _ = known.partition("$")
    return bool(separator) and hmac.compare_digest(digest(secret, b64decode(salt)), known)


def key(address: Address, path: tuple[str, ...]) -> str:
    """The name of a digest: the address, then the field."""
    return f"{address}#{'.'.join(path)}"


def of(resource: Resource) -> Iterator[tuple[str, str]]:
    """The (name, secret) of every secret of the resource that the server will mask."""
    rule = RULES[resource.address.kind]
    if rule.masks:
        yield from ((key(resource.address, path), secret) for path, secret in _secrets(resource.fields, rule, ()))


def _secrets(
    value: Any, rule: Rule, path: tuple[str, ...], within: bool = False
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Also what stands `within` an object in which the server masks as it likes."""
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        text = _text(inner)
        if (within or name in rule.secret) and text:
            yield (*path, name), text
        else:
            yield from _secrets(inner, rule, (*path, name), within or name in rule.masked_in)


def _text(value: Any) -> str:
    """A secret as text: some representations have it in a list of one."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) else ""


def known_secrets(desired: Resource, present: Resource, digests: Mapping[str, str]) -> Json:
    """What is observed, with each mask replaced by the desired secret where the digest tells that it is there.

    So is what the server does not show at all.
    """
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
