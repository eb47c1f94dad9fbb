"""The tables as a JSON Schema, so that an editor helps with the files before the provisioner reads them."""

from re import escape

from provisioner.model.state import Json
from provisioner.representation import COMPANIES, DROPPED, REALM, Leaf, ListOf, MapOf, Object, OneOf, Shape, Text

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE = r"\$\{"
_TEXT: Json = {"type": ["string", "number", "boolean", "null"]}
_LEAVES: dict[Leaf, Json] = {
    Leaf.BOOL: {
        "type": ["boolean", "string", "null"],
        "pattern": rf"^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$|{_VARIABLE}",
    },
    Leaf.INT: {"type": ["integer", "string", "null"], "pattern": rf"^-?[0-9]+$|{_VARIABLE}"},
    Leaf.STR: _TEXT,
    Leaf.SECRET: _TEXT,
    Leaf.ANY: {},
}
_NOTHING: Json = {"type": "null"}


def schema() -> Json:
    """The JSON Schema of a document: a company file when it has a key of one, a realm file otherwise."""
    definitions: dict[str, Json] = {}
    is_company_file = {"anyOf": [{"required": [key]} for key in COMPANIES.keys], "not": {"required": ["realm"]}}
    return {
        "$schema": DIALECT,
        "title": "Files of the provisioner",
        "type": "object",
        "if": is_company_file,
        "then": _object(COMPANIES, definitions),
        "else": _object(REALM, definitions),
        "$defs": dict(sorted(definitions.items())),
    }


def _of(shape: Shape, definitions: dict[str, Json]) -> Json:
    match shape:
        case Leaf():
            return _LEAVES[shape]
        case Text(longest):
            return {**_TEXT, "maxLength": longest}
        case OneOf(values):
            return {"anyOf": [{"enum": list(values)}, {"type": "string", "pattern": _any_case(values)}, _NOTHING]}
        case ListOf(item):
            found = {"type": ["array", "null"], "items": _of(item, definitions)}
            return {**found, "type": ["array", "string", "null"]} if shape.lenient else found
        case MapOf(item):
            return {"type": ["object", "null"], "additionalProperties": _of(item, definitions)}
        case Object():
            return {"anyOf": [_object(shape, definitions), _NOTHING]}


def _object(shape: Object, definitions: dict[str, Json]) -> Json:
    """A reference to the object's definition, which is made at its first use: groups have groups inside."""
    if shape.name not in definitions:
        definition: Json = {}
        definitions[shape.name] = definition
        definition["type"] = "object"
        definition["properties"] = {
            **{key: _of(inner, definitions) for key, inner in shape.keys.items()},
            **{key: {"description": "Not read: the server writes it."} for key in sorted(shape.ignored)},
            **{key: {"description": f"Left out: {reason}."} for key, reason in shape.remarked.items()},
            **{
                key: {"deprecated": True, "description": f"In exports of Keycloak before {version}; not read."}
                for key, version in DROPPED.get(shape.name, {}).items()
            },
        }
        if shape.required:
            definition["required"] = list(shape.required)
        definition["additionalProperties"] = False
    return {"$ref": f"#/$defs/{shape.name}"}


def _any_case(values: tuple[str, ...]) -> str:
    """A pattern for these values in whatever case, and for variables."""
    spelled = "|".join("".join(map(_either_case, value)) for value in values)
    return f"^({spelled})$|{_VARIABLE}"


def _either_case(letter: str) -> str:
    return f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else escape(letter)
