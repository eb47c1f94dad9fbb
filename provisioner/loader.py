"""Files -> desired state: finds, reads and checks them, fills variables, and joins what they say.

All that is wrong with the shape of the files is collected and raised at once as `InvalidFilesError`, then all that
is wrong with what they say; each problem names file, line and key.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from provisioner.errors import InvalidFilesError, Problem, ProvisionerError
from provisioner.kinds import (
    authorization,
    client_policies,
    clients,
    companies,
    components,
    flows,
    groups,
    identity_providers,
    localization,
    organizations,
    profile,
    realm,
    required_actions,
    roles,
    scope_mappings,
    scopes,
    users,
)
from provisioner.kinds.files import RealmFile
from provisioner.model.state import Address, Kind, RealmState
from provisioner.reading import discovery
from provisioner.reading.documents import Document, read_documents
from provisioner.reading.joining import joined, place_of
from provisioner.reading.schema_reader import Reader
from provisioner.representation import COMPANIES, REALM

_COMPANY_KEYS = frozenset(COMPANIES.keys)
_DESIRED = (
    realm.desired,
    localization.desired,
    profile.desired,
    components.desired,
    required_actions.desired,
    flows.desired,
    scopes.desired,
    identity_providers.desired,
    clients.desired,
    roles.desired,
    scope_mappings.desired,
    client_policies.desired,
    groups.desired,
    users.desired,
    organizations.desired,
    authorization.desired,
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The desired state and the documents it comes from, as they were read: variables not filled.

    `notes` has what was left out of exports: what is no longer in Keycloak, and what no request can set.
    """

    desired: RealmState
    documents: tuple[Document, ...]
    notes: tuple[Problem, ...] = ()


def load(paths: Sequence[Path], environment: Mapping[str, str], realm_name: str | None = None) -> Loaded:
    """The state that the files under these paths describe.

    `realm_name` is the realm that the connection settings name; it and the files' own must agree.
    """
    reader = Reader(environment)
    return _understood(tuple(_documents(discovery.find(paths), reader)), reader, realm_name)


def load_documents(
    documents: Sequence[Document], environment: Mapping[str, str], realm_name: str | None = None
) -> Loaded:
    """The same of documents that were read before."""
    return _understood(tuple(documents), Reader(environment), realm_name)


def _understood(documents: tuple[Document, ...], reader: Reader, realm_name: str | None) -> Loaded:
    realm_files, company_files = _sorted(documents, reader)
    name = _realm_name(realm_files, realm_name, reader)
    _raise(reader)  # what follows relies on every document having its shape
    contains: set[Address] = set()
    resources = [
        resource
        for file in realm_files
        for desired in _DESIRED
        for resource in desired(RealmFile(name, file.content, file.source, reader.complain, contains.add))
    ]
    if any("companies" in file.content for file in company_files):
        contains |= {Address(Kind.COMPANY, ()), Address(Kind.COMPANY_SUBGROUP, ())}
    resources += companies.desired([(file.content, file.source) for file in company_files], reader.complain)
    desired = joined(resources, reader.problems)
    _raise(reader)
    state = replace(RealmState.of(name, desired), contains=frozenset(contains))
    return Loaded(state, documents, tuple(reader.notes))


def _raise(reader: Reader) -> None:
    if reader.problems:
        raise InvalidFilesError(reader.problems)


def _documents(found: Iterable[Path], reader: Reader) -> Iterable[Document]:
    for path in found:
        try:
            yield from read_documents(path)
        except InvalidFilesError as error:
            reader.problems.extend(error.problems)


def _sorted(documents: Iterable[Document], reader: Reader) -> tuple[list[Document], list[Document]]:
    """Realm files and company files, each checked against its table."""
    realm_files: list[Document] = []
    company_files: list[Document] = []
    for document in documents:
        if _is_company_file(document.content):
            company_files.append(reader.read_document(document, COMPANIES))
        else:
            realm_files.append(reader.read_document(document, REALM))
    return realm_files, company_files


def _is_company_file(content: Any) -> bool:
    return isinstance(content, dict) and "realm" not in content and bool(content.keys() & _COMPANY_KEYS)


def _realm_name(realm_files: Iterable[Document], wanted: str | None, reader: Reader) -> str:
    name, said_at = wanted, None
    for file in realm_files:
        own = file.content.get("realm")
        source = file.source.at("realm")
        if own and name is None:
            name, said_at = own, source
        elif own and own != name:
            other = place_of(said_at) if said_at else "KEYCLOAK_REALM"
            reader.complain(source, f"the realm is {own!r} here, but {name!r} in {other}")
    if name is None and not reader.problems:
        raise ProvisionerError("no file names a realm, and KEYCLOAK_REALM is not set")
    return name or ""
