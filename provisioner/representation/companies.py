"""Company files."""

from provisioner.representation.shape import STRINGS, Leaf, ListOf, Object, OneOf, keys

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
COMPANIES = Object(
    "Companies", {"companies": ListOf(_COMPANY, by=("id",)), "people": ListOf(_PERSON, by=("email",))}
)
