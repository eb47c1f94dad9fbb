"""The keys in objects of free keys (attributes, configurations, texts), each of which an apply sets on its own."""

from collections.abc import Iterator

from provisioner.model.rules import Rule
from provisioner.model.state import Address, Json


def parts_of(address: Address, fields: Json, rule: Rule) -> Iterator[Address]:
    """Return the address of every key that the fields set."""
    if rule.is_map:
        yield from (_part(address, key) for key, value in fields.items() if value is not None)
    for name in rule.maps:
        values = fields.get(name)
        if isinstance(values, dict):
            yield from (_part(address, name, key) for key, value in values.items() if value is not None)


def _part(address: Address, *path: str) -> Address:
    return Address(address.kind, address.names, path)


def object_of(part: Address, fields: Json) -> Json | None:
    """Return the object that the key belongs to, as the fields of its resource have it; None where they do not."""
    found: object = fields
    for key in part.part[:-1]:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def value_of(part: Address, fields: Json) -> object:
    """Return the value of the key in the fields of its resource, None where it is not set."""
    return (object_of(part, fields) or {}).get(part.part[-1])


def nested(part: Address, value: object) -> Json:
    """Return the fields that have this value at the key and nothing else."""
    first, *rest = part.part
    for key in reversed(rest):
        value = {key: value}
    return {first: value}
