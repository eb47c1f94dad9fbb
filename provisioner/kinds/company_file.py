"""Company files: the companies, their administrators, and the people whose accounts the files create."""

import json
from collections.abc import Iterator, Mapping, Sequence

from directory.encoding import VALUE_LENGTH, company_of, service_texts
from directory.model import COMPANY_ID, Company, Locale, Service
from directory.person_data import NAME_LENGTH, NameFault, name_fault, normal_email, normal_name
from provisioner.kinds import attachment, company
from provisioner.kinds.definition import FileFormat
from provisioner.kinds.kind import Kind
from provisioner.kinds.realm_file import AddError, Contains
from provisioner.model.state import Address, Json, RealmState, Resource, Source
from provisioner.representation import Leaf, ListOf, Object, OneOf
from provisioner.representation.shape import STRINGS, keys

_COMPANY = Object(
    "Company",
    {**keys(Leaf.STR, "id name siren"), "services": STRINGS, "administrators": STRINGS},
    required=("id", "name"),
)
_PERSON = Object(
    "Person",
    {
        **keys(Leaf.STR, "email last_name first_name"),
        "title": OneOf(("m", "mme")),
        "locale": OneOf(("fr", "en")),
    },
    required=("email", "last_name", "first_name"),
)
_TEXTS = Object("Texts", keys(Leaf.STR, " ".join(Locale)))
_SERVICE = Object("Service", {**keys(Leaf.STR, "id url"), "name": _TEXTS, "description": _TEXTS}, required=("id",))
SHAPE = Object(
    "Companies",
    {
        "companies": ListOf(_COMPANY, by=("id",)),
        "services": ListOf(_SERVICE, by=("id",)),
        "people": ListOf(_PERSON, by=("email",)),
    },
)

_LONGEST = 255
"""Characters of a text about a company."""
_SERVICES_FILE = "_services"
"""The file of an export that has all services: no id of a company has an underscore."""
_FAULTS = {
    NameFault.MISSING: f"must have 1 to {NAME_LENGTH} characters",
    NameFault.TOO_LONG: f"must have 1 to {NAME_LENGTH} characters",
    NameFault.PROHIBITED: "must not have characters that are no part of a name, such as < > & / or a line break",
}


def desired(
    documents: Sequence[tuple[Json, Source]], add_error: AddError, contains: Contains
) -> Iterator[Resource]:
    """Return the companies and people of all company files of a run."""
    if any("companies" in content for content, _ in documents):
        contains(Address(Kind.COMPANY, ()))
        contains(Address(Kind.COMPANY_SUBGROUP, ()))
    described = _services(documents, add_error)
    administers: dict[str, list[str]] = {}
    for content, source in documents:
        for index, entry in enumerate(content.get("companies", ())):
            place = source.at("companies", index)
            _check_company(entry, place, add_error)
            yield from company.resources(entry, described, place)
            yield from _administrators(entry, place, administers, add_error)
    for content, source in documents:
        for index, entry in enumerate(content.get("people", ())):
            place = source.at("people", index)
            entry = {**entry, **_names(entry, place, add_error)}
            email = _email(entry["email"], place.at("email"), add_error)
            yield from attachment.person(entry, email, administers.get(email, ()), place)


def _services(documents: Sequence[tuple[Json, Source]], add_error: AddError) -> dict[str, Service]:
    """Return what all files say of services, by id; a service of two files must be the same in both."""
    found: dict[str, tuple[Service, Source]] = {}
    for content, source in documents:
        for index, entry in enumerate(content.get("services", ())):
            place = source.at("services", index)
            service = Service(
                entry["id"],
                tuple(sorted(entry.get("name", {}).items())),
                tuple(sorted(entry.get("description", {}).items())),
                entry.get("url", ""),
            )
            _check_service(service, place, add_error)
            first, there = found.setdefault(service.id, (service, place))
            if first != service:
                add_error(place, f"the service {service.id} is different in {there.file}: {there.key}")
    return {id: service for id, (service, _) in found.items()}


def _check_service(service: Service, source: Source, add_error: AddError) -> None:
    _check_length(service.id, source.at("id"), add_error)
    texts = [*_keyed("name", service.names), *_keyed("description", service.descriptions)]
    for keys_, text in texts:
        if not text.strip():
            add_error(source.at(*keys_), "must not be empty")
    if service.url and not service.url.startswith(("https://", "http://")):
        add_error(source.at("url"), "must begin with https:// or http://")
    for value in service_texts([service]):
        if len(value) > VALUE_LENGTH:
            _, kind, locale, text = json.loads(value)
            place = source.at(kind, locale) if locale else source.at(kind)
            add_error(place, f"is {len(value) - VALUE_LENGTH} characters too long: Keycloak keeps {VALUE_LENGTH}")


def _keyed(kind: str, texts: Sequence[tuple[str, str]]) -> list[tuple[tuple[str, str], str]]:
    return [((kind, locale), text) for locale, text in texts]


def _administrators(
    entry: Json, source: Source, administers: dict[str, list[str]], add_error: AddError
) -> Iterator[Resource]:
    for index, text in enumerate(entry.get("administrators", ())):
        place = source.at("administrators", index)
        email = _email(text, place, add_error)
        administers.setdefault(email, []).append(entry["id"])
        yield attachment.administrator(entry["id"], email, place)


def _check_company(entry: Json, source: Source, add_error: AddError) -> None:
    if not COMPANY_ID.fullmatch(entry["id"]):
        add_error(source.at("id"), f"must match {COMPANY_ID.pattern}")
    services = entry.get("services", [])
    texts = [("name", entry["name"]), ("siren", entry.get("siren", "-"))]
    for key, text in [*texts, *(("services", service) for service in services)]:
        _check_length(text, source.at(key), add_error)
    for index, service in enumerate(services):
        if service in services[:index]:
            add_error(source.at("services", index), f"the company has the service {service} already")


def _names(entry: Json, source: Source, add_error: AddError) -> Json:
    """Return both names as they are stored."""
    names = {key: normal_name(entry[key]) for key in ("last_name", "first_name")}
    for key, name in names.items():
        if fault := name_fault(name):
            add_error(source.at(key), _FAULTS[fault])
    return names


def _check_length(text: str, source: Source, add_error: AddError) -> None:
    if not text.strip() or len(text) > _LONGEST:
        add_error(source, f"must have 1 to {_LONGEST} characters")


def _email(text: str, source: Source, add_error: AddError) -> str:
    try:
        return normal_email(text)
    except ValueError:
        add_error(source, "must be an e-mail address")
        return text.lower()


def represent(found: RealmState) -> Mapping[str, Json]:
    """Return the content of one file for each company, by its id."""
    companies = {each.address.names[0]: _company(each) for each in found.of_kind(Kind.COMPANY)}
    files: dict[str, Json] = {id: {"companies": [_entry(each)]} for id, each in sorted(companies.items())}
    services = {service.id: service for each in companies.values() for service in each.described}
    if services:
        files[_SERVICES_FILE] = {"services": [_service(services[id]) for id in sorted(services)]}
    return files


def _company(resource: Resource) -> Company:
    (id,) = resource.address.names
    return company_of({"name": id, "attributes": resource.fields["attributes"]})


def _service(service: Service) -> Json:
    said = {
        "name": dict(service.names),
        "description": dict(service.descriptions),
        "url": service.url,
    }
    return {"id": service.id, **{key: value for key, value in said.items() if value}}


def _entry(found: Company) -> Json:
    siren = {"siren": found.siren} if found.siren else {}
    return {"id": found.id, "name": found.name, **siren, "services": list(found.services)}


FORMAT = FileFormat(shape=SHAPE, folder="companies", desired=desired, represent=represent)
