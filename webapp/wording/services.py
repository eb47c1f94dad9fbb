"""Services as people read them: by name and description in their language, by id where they have none."""

from dataclasses import dataclass

from flask_babel import get_locale

from directory.model import Company


@dataclass(frozen=True, slots=True)
class ServiceWords:
    """One service of a company; the description and the address may be empty."""

    name: str
    description: str
    url: str


def service_words(company: Company) -> list[ServiceWords]:
    """The services of a company, in the reader's language."""
    language = str(get_locale() or "")
    return [ServiceWords(each.name(language), each.description(language), each.url) for each in company.catalogue]


def service_names(company: Company) -> list[str]:
    """The same by their names alone."""
    return [each.name for each in service_words(company)]
