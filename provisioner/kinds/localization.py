"""Texts of the realm, by language."""

from collections.abc import Iterable
from urllib.parse import quote

from provisioner.kinds.definition import Family, KindDefinition
from provisioner.kinds.kind import Kind
from provisioner.kinds.realm_file import RealmFile
from provisioner.kinds.server import Server
from provisioner.model.changes import Change
from provisioner.model.rules import Rule
from provisioner.model.state import Address, Json, RealmState, Resource

_KEY = "localizationTexts"


def desired(file: RealmFile) -> Iterable[Resource]:
    """Return the file's texts, one resource per language."""
    if _KEY in file.content:
        file.contains(Kind.LOCALIZATION)
    for locale, texts in file.content.get(_KEY, {}).items():
        yield Resource(Address(Kind.LOCALIZATION, (locale,)), texts, file.source.at(_KEY, locale))


def observe(server: Server) -> Iterable[Resource]:
    """Read the realm's texts."""
    if server.desired.mentions(Kind.LOCALIZATION):
        for locale in server.api.get("localization"):
            yield Resource(Address(Kind.LOCALIZATION, (locale,)), server.api.get(f"localization/{locale}"))


def write(server: Server, change: Change) -> None:
    """Adds and changes texts of the language, in one write; takes those away that are None; others stay."""
    path = f"localization/{change.address.names[0]}"
    texts = {key: text for key, text in (change.after or {}).items() if text is not None}
    if texts or not change.after:
        server.api.post(path, texts)
    for key in (change.after or {}).keys() - texts.keys():
        server.api.delete(f"{path}/{quote(key, safe='')}")


def delete(server: Server, change: Change) -> None:
    """Delete all texts of the language."""
    server.api.delete(f"localization/{change.address.names[0]}")


def represent(found: RealmState, to: Json) -> None:
    """Add `localizationTexts`."""
    texts = {resource.address.names[0]: resource.fields for resource in found.of_kind(Kind.LOCALIZATION)}
    if texts:
        to[_KEY] = dict(sorted(texts.items()))


FAMILY = Family(
    kinds=(
        KindDefinition(kind=Kind.LOCALIZATION, rule=Rule(is_map=True), create=write, update=write, delete=delete),
    ),
    desired=desired,
    observe=observe,
    represent=represent,
)
