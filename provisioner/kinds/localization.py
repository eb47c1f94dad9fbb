"""Texts of the realm's own, by language."""

from collections.abc import Iterable

from provisioner.kinds.files import RealmFile
from provisioner.kinds.server import Server
from provisioner.model.changes import Change
from provisioner.model.state import Address, Json, Kind, RealmState, Resource

_KEY = "localizationTexts"


def desired(file: RealmFile) -> Iterable[Resource]:
    """The file's texts, one resource per language."""
    if _KEY in file.content:
        file.contains(Kind.LOCALIZATION)
    for locale, texts in file.content.get(_KEY, {}).items():
        yield Resource(Address(Kind.LOCALIZATION, (locale,)), texts, file.source.at(_KEY, locale))


def observe(server: Server) -> Iterable[Resource]:
    """The realm's texts."""
    if server.desired.speaks_of(Kind.LOCALIZATION):
        for locale in server.api.get("localization"):
            yield Resource(Address(Kind.LOCALIZATION, (locale,)), server.api.get(f"localization/{locale}"))


def write(server: Server, change: Change) -> None:
    """Adds and changes texts of the language, in one write; others stay."""
    server.api.post(f"localization/{change.address.names[0]}", change.after or {})


def delete(server: Server, change: Change) -> None:
    """All texts of the language."""
    server.api.delete(f"localization/{change.address.names[0]}")


def represent(found: RealmState, to: Json) -> None:
    """As `localizationTexts`."""
    texts = {resource.address.names[0]: resource.fields for resource in found.of_kind(Kind.LOCALIZATION)}
    if texts:
        to[_KEY] = dict(sorted(texts.items()))
