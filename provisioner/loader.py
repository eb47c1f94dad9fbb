"""The desired state from files: find, read and check them, fill in variables, and join their resources.

Errors in the form of the files are collected and raised together as `InvalidFilesError`, then errors in their
content. Each has file, line and key.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from provisioner.errors import InvalidFilesError, Problem, ProvisionerError
from provisioner.kinds.definition import FileFormat
from provisioner.kinds.realm_file import RealmFile
from provisioner.kinds.registry import FAMILIES, FORMATS, KINDS
from provisioner.model.state import Address, RealmState
from provisioner.reading import discovery
from provisioner.reading.documents import Document, read_documents
from provisioner.reading.joining import joined, place_of
from provisioner.reading.schema_reader import Reader
from provisioner.representation import REALM

_SECRETS = frozenset[str]().union(*(definition.rule.secret for definition in KINDS.values()))


@dataclass(frozen=True, slots=True)
class Loaded:
    """The desired state and the documents it was made from, with variables not filled in.

    `notes` are the keys that were left out: those that Keycloak no longer has, and those that no request can set.
    """

    desired: RealmState
    documents: tuple[Document, ...]
    notes: tuple[Problem, ...] = ()


def load(paths: Sequence[Path], environment: Mapping[str, str], realm_name: str | None = None) -> Loaded:
    """Return the state that the files under these paths describe.

    `realm_name` is the realm of the connection settings. It and the realm in the files must agree.
    """
    reader = Reader(environment, _SECRETS)
    return _interpreted(tuple(_documents(discovery.find(paths), reader)), reader, realm_name)


def load_documents(
    documents: Sequence[Document], environment: Mapping[str, str], realm_name: str | None = None
) -> Loaded:
    """The same of documents that were read before."""
    return _interpreted(tuple(documents), Reader(environment, _SECRETS), realm_name)


def _interpreted(documents: tuple[Document, ...], reader: Reader, realm_name: str | None) -> Loaded:
    realm_files, others = _checked(documents, reader)
    name = _realm_name(realm_files, realm_name, reader)
    _raise_problems(reader)  # the rest requires that every document has the right form
    contains: set[Address] = set()
    resources = [
        resource
        for file in realm_files
        for family in FAMILIES
        for resource in family.desired(RealmFile(name, file.content, file.source, reader.add_error, contains.add))
    ]
    for format, found in zip(FORMATS, others, strict=True):
        contents = [(each.content, each.source) for each in found]
        resources.extend(format.desired(contents, reader.add_error, contains.add))
    desired = joined(resources, reader.problems)
    _raise_problems(reader)
    state = replace(RealmState.of(name, desired), contains=frozenset(contains))
    return Loaded(state, documents, tuple(reader.notes))


def _raise_problems(reader: Reader) -> None:
    if reader.problems:
        raise InvalidFilesError(reader.problems)


def _documents(found: Iterable[Path], reader: Reader) -> Iterable[Document]:
    for path in found:
        try:
            yield from read_documents(path)
        except InvalidFilesError as error:
            reader.problems.extend(error.problems)


def _checked(documents: Iterable[Document], reader: Reader) -> tuple[list[Document], list[list[Document]]]:
    """Return the realm files and the files of each other format, all checked against their tables."""
    realm_files: list[Document] = []
    others: list[list[Document]] = [[] for _ in FORMATS]
    for document in documents:
        for format, found in zip(FORMATS, others, strict=True):
            if _is_of(format, document.content):
                found.append(reader.read_document(document, format.shape))
                break
        else:
            realm_files.append(reader.read_document(document, REALM))
    return realm_files, others


def _is_of(format: FileFormat, content: Any) -> bool:
    return isinstance(content, dict) and "realm" not in content and bool(content.keys() & format.shape.keys.keys())


def _realm_name(realm_files: Iterable[Document], wanted: str | None, reader: Reader) -> str:
    name, named_at = wanted, None
    for file in realm_files:
        own = file.content.get("realm")
        source = file.source.at("realm")
        if own and name is None:
            name, named_at = own, source
        elif own and own != name:
            other = place_of(named_at) if named_at else "KEYCLOAK_REALM"
            reader.add_error(source, f"the realm is {own!r} here, but {name!r} in {other}")
    if name is None and not reader.problems:
        raise ProvisionerError("no file names a realm, and KEYCLOAK_REALM is not set")
    return name or ""
