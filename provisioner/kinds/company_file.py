"""Company files: the companies, their administrators, and the people whose accounts the files create."""

from collections.abc import Iterator, Mapping, Sequence

from directory.encoding import company_of
from directory.model import COMPANY_ID
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
SHAPE = Object("Companies", {"companies": ListOf(_COMPANY, by=("id",)), "people": ListOf(_PERSON, by=("email",))})

_LONGEST = 255
"""Characters of a text about a company."""
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
    administers: dict[str, list[str]] = {}
    for content, source in documents:
        for index, entry in enumerate(content.get("companies", ())):
            place = source.at("companies", index)
            _check_company(entry, place, add_error)
            yield from company.resources(entry, place)
            yield from _administrators(entry, place, administers, add_error)
    for content, source in documents:
        for index, entry in enumerate(content.get("people", ())):
            place = source.at("people", index)
            entry = {**entry, **_names(entry, place, add_error)}
            email = _email(entry["email"], place.at("email"), add_error)
            yield from attachment.person(entry, email, administers.get(email, ()), place)


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
    texts = [("name", entry["name"]), ("siren", entry.get("siren", "-"))]
    for key, text in [*texts, *(("services", service) for service in entry.get("services", ()))]:
        _check_length(text, source.at(key), add_error)


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
    entries = {each.address.names[0]: _entry(each) for each in found.of_kind(Kind.COMPANY)}
    return {id: {"companies": [entry]} for id, entry in sorted(entries.items())}


def _entry(resource: Resource) -> Json:
    (id,) = resource.address.names
    found = company_of({"name": id, "attributes": resource.fields["attributes"]})
    siren = {"siren": found.siren} if found.siren else {}
    return {"id": id, "name": found.name, **siren, "services": list(found.services)}


FORMAT = FileFormat(shape=SHAPE, folder="companies", desired=desired, represent=represent)
